//! Evidence packs as they are written: in pieces, from a few entries at a time.

mod secrets;
mod selection;

use std::ops::Range;

use indelible_merkle::{Frontier, Hash, consistency_proof, inclusion_proof, verify_inclusion};
use sha2::{Digest, Sha256};

use super::nodes::NodeCache;
use super::prove::{Signed, altered, missing};
use super::{Audit, load};
use crate::entry::{Columns, StoredEntry};
use crate::error::AuditError;
use crate::pack::{
    Coverage, EntryLine, Manifest, PackRange, PackRequest, Shown, Sums, frontier_line, head_line,
    link_line, manifest_line, trailer_line,
};
use crate::part::PartKind;
use crate::query::{QueryError, plan};
use crate::store::StoreError;
use selection::Selection;

/// Entries that are read at once.
const ENTRIES_AHEAD: u64 = 128;
/// The most bytes that are kept of who asked and of what made a pack.
const NAME_BYTES_MAX: usize = 255;

/// A pack that is being written. Each piece is whole lines; memory does not grow with the range.
pub struct PackSource {
    audit: Audit,
    manifest: Manifest,
    without: Vec<PartKind>,
    first: Option<Signed>,
    last: Signed,
    stage: Stage,
    /// In a complete pack.
    frontier: Frontier,
    nodes: NodeCache,
    sha: Sha256,
    sums: Sums,
    skeleton: Vec<u8>,
}

enum Stage {
    Heading,
    /// All entries from this seq on.
    Complete(u64),
    Selection(Selection),
    Trailer,
    Done,
}

impl Audit {
    /// Begins an evidence pack (`docs/formats/pack.md`). `None` where the trail has no entry. Of who
    /// asked and what makes it the pack shows what an entry would keep: secrets and NUL are replaced.
    ///
    /// # Errors
    /// [`AuditError::Query`] for a question that is ill-formed, a range that the trail does not
    /// have or, without the signing key, has no checkpoint of, and a question that the redaction
    /// rules would change: a pack would show it. As [`Audit::checkpoint`].
    pub async fn pack(&self, request: PackRequest) -> Result<Option<PackSource>, AuditError> {
        self.pack_of(request, None).await
    }

    /// As [`Audit::pack`], of the entries that are of any of these actions besides, aliases not
    /// followed: what a control of a framework asks for.
    ///
    /// # Errors
    /// As [`Audit::pack`]; a question that names an action of its own, and no action at all.
    pub async fn pack_of_actions(
        &self,
        request: PackRequest,
        actions: Vec<String>,
    ) -> Result<Option<PackSource>, AuditError> {
        if request.query.action.is_some() || actions.is_empty() {
            let problem = "the actions are named once, and there is one at least";
            return Err(QueryError::new("action", problem).into());
        }
        self.pack_of(request, Some(actions)).await
    }

    async fn pack_of(
        &self,
        request: PackRequest,
        actions: Option<Vec<String>>,
    ) -> Result<Option<PackSource>, AuditError> {
        let query = &request.query;
        for (field, is_set) in [
            ("limit", query.limit.is_some()),
            ("offset", query.offset.is_some()),
            ("cursor", query.cursor.is_some()),
        ] {
            if is_set {
                return Err(QueryError::new(field, "a pack holds all entries that match").into());
            }
        }
        self.check_shown()?;
        let shared = &self.engine.shared;
        let mut question = plan(query, &self.trail, &shared.door)?.filter;
        if let Some(actions) = actions {
            question.actions = Some(actions);
        }
        secrets::take_out(&mut question, &shared.ground.redactor)?;
        let Some(newest) = self.signed().await? else {
            return Ok(None);
        };
        let range = PackRange {
            first: self.first_of_pack(request.first).await?,
            size: query.as_of.unwrap_or(newest.size),
        };
        if range.size == 0 || range.size > newest.size {
            let problem = format!("the newest checkpoint is of {} entries", newest.size);
            return Err(QueryError::new("as_of", problem).into());
        }
        if range.first > range.size {
            let problem = format!(
                "the range ends with {} entries before it begins",
                range.size
            );
            return Err(QueryError::new("from", problem).into());
        }
        let last = self.end_of_range(&newest, ("as_of", range.size)).await?;
        let first = match range.first {
            0 => None,
            size => Some(self.end_of_range(&newest, ("from", size)).await?),
        };
        let origin = last.note.lines().next().unwrap_or_default().to_owned();
        let mut without = request.without;
        without.sort_by_key(|part| part.as_str());
        without.dedup();
        // As an entry would keep it: readable to any verifier, and without secrets.
        let kept = |field, name: &str| shared.door.as_stored(field, name, NAME_BYTES_MAX);
        let manifest = Manifest {
            trail: self.trail.clone(),
            origin,
            range,
            coverage: request.coverage,
            question,
            without: without.clone(),
            created: request.created,
            asked_by: request.asked_by.map(|name| kept("asked_by", &name)),
            software: kept("software", &request.software),
        };
        let mut source = PackSource {
            audit: self.clone(),
            manifest,
            without,
            first,
            last,
            stage: Stage::Heading,
            frontier: Frontier::new(),
            nodes: NodeCache::new(range.size),
            sha: Sha256::new(),
            sums: Sums::default(),
            skeleton: Vec::with_capacity(512),
        };
        if source.manifest.coverage == Coverage::Complete {
            let store = &*shared.ground.store;
            let frontier = load::frontier(store, &self.trail, range.first).await?;
            source.frontier = frontier.ok_or_else(missing)?;
        }
        Ok(Some(source))
    }

    /// A head of the range. Which sizes are to be had is said where the signing key is not there.
    async fn end_of_range(
        &self,
        newest: &Signed,
        (field, size): (&'static str, u64),
    ) -> Result<Signed, AuditError> {
        match self.signed_at(newest, size).await {
            Err(AuditError::Refused { .. }) => {
                let problem = format!(
                    "without the signing key there is only the checkpoint of {} entries",
                    newest.size
                );
                Err(QueryError::new(field, problem).into())
            }
            signed => signed,
        }
    }
}

impl PackSource {
    /// The entries that the pack is about.
    pub fn range(&self) -> PackRange {
        self.manifest.range
    }

    /// Which entries of the range have a line.
    pub fn coverage(&self) -> Coverage {
        self.manifest.coverage
    }

    /// The parts that are withheld, sorted, each once.
    pub fn without(&self) -> &[PartKind] {
        &self.without
    }

    /// The entries written so far that have a line.
    pub fn entries(&self) -> u64 {
        self.sums.entries
    }

    /// Those of them that match.
    pub fn opened(&self) -> u64 {
        self.sums.opened
    }

    /// The seq up to which entries were written.
    pub fn position(&self) -> u64 {
        match &self.stage {
            Stage::Heading => self.manifest.range.first,
            Stage::Complete(seq) => *seq,
            Stage::Selection(selection) => selection.position(),
            Stage::Trailer | Stage::Done => self.manifest.range.size,
        }
    }

    /// Whether its last line was written.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// What the pack is to prove, in the words of its format.
    pub fn proved(&self) -> Vec<&'static str> {
        self.manifest.proved()
    }

    /// What it is not to prove.
    pub fn not_proved(&self) -> Vec<&'static str> {
        self.manifest.not_proved()
    }

    /// The next lines; `None` after the last. A pack without its last line proves nothing.
    ///
    /// # Errors
    /// [`AuditError::Store`], also where what is stored is not what was recorded.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, AuditError> {
        let mut out = Vec::new();
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Done => return Ok(None),
            Stage::Heading => {
                self.heading(&mut out).await?;
                self.stage = match self.manifest.coverage {
                    Coverage::Complete => Stage::Complete(self.manifest.range.first),
                    Coverage::Selection => Stage::Selection(self.select().await?),
                };
            }
            Stage::Complete(seq) => {
                let end = self.manifest.range.size.min(seq + ENTRIES_AHEAD);
                self.complete(seq..end, &mut out).await?;
                self.stage = match end == self.manifest.range.size {
                    true => Stage::Trailer,
                    false => Stage::Complete(end),
                };
            }
            Stage::Selection(mut selection) => {
                self.stage = match selection.take(ENTRIES_AHEAD) {
                    Some(seqs) => {
                        self.selected(&seqs, &mut out).await?;
                        Stage::Selection(selection)
                    }
                    None => Stage::Trailer,
                };
            }
            Stage::Trailer => {
                let is_complete = self.manifest.coverage == Coverage::Complete;
                if is_complete && self.frontier.root() != self.last.root {
                    return Err(missing().into());
                }
                let sha256 = Hash::from_bytes(self.sha.clone().finalize().into());
                trailer_line(&self.sums, &sha256, &mut out);
            }
        }
        self.sha.update(&out);
        Ok(Some(out))
    }

    async fn heading(&mut self, out: &mut Vec<u8>) -> Result<(), AuditError> {
        manifest_line(&self.manifest.to_value(), out);
        if let Some(first) = &self.first {
            head_line("first", &first.note, out);
        }
        head_line("last", &self.last.note, out);
        let PackRange { first, size } = self.manifest.range;
        if first == 0 {
            return Ok(());
        }
        if self.manifest.coverage == Coverage::Complete {
            frontier_line(self.frontier.hashes(), out);
            return Ok(());
        }
        let store = &*self.audit.engine.shared.ground.store;
        let ranges = indelible_merkle::plan::consistency_ranges(first, size);
        let nodes = load::nodes(store, &self.audit.trail, ranges).await?;
        let nodes = nodes.ok_or_else(missing)?;
        let proof = consistency_proof(first, size, &nodes).map_err(|_| missing())?;
        link_line(&proof, out);
        Ok(())
    }

    async fn complete(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), AuditError> {
        let entries = self.read(range).await?;
        for entry in &entries {
            self.frontier.push(entry.leaf_hash, &mut |_, _| {});
            let is_match = self.matches(entry)?;
            self.write(entry, is_match, None, out);
        }
        Ok(())
    }

    async fn selected(&mut self, seqs: &[u64], out: &mut Vec<u8>) -> Result<(), AuditError> {
        for run in selection::runs(seqs) {
            let entries = self.read(run).await?;
            for entry in entries.iter().filter(|entry| seqs.contains(&entry.seq)) {
                let is_match = self.matches(entry)?;
                if !is_match && entry.erases.is_empty() {
                    let problem = "what matched was erased while the pack was made; make it again";
                    return Err(QueryError::new("question", problem).into());
                }
                let path = self.path(entry).await?;
                self.write(entry, is_match, Some(path), out);
            }
        }
        Ok(())
    }

    /// The entries of a range, each as it was recorded.
    async fn read(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, AuditError> {
        let store = &self.audit.engine.shared.ground.store;
        let entries = store.entries(&self.audit.trail, range.clone()).await?;
        if !entries.iter().map(|entry| entry.seq).eq(range.clone()) {
            let problem = "it is missing; `indelible verify` says more";
            return Err(StoreError::damaged_row(range.start, problem).into());
        }
        for entry in &entries {
            self.audit.check_entry(entry)?;
        }
        Ok(entries)
    }

    fn matches(&self, entry: &StoredEntry) -> Result<bool, AuditError> {
        let filter = &self.manifest.question;
        if !filter.asks_parts() {
            return Ok(filter.matches_skeleton(entry));
        }
        let found = Columns::derive(entry).and_then(|columns| filter.matches(entry, &columns));
        found.map_err(|unreadable| {
            StoreError::Corrupt {
                what: format!("the {} part", unreadable.part),
                seq: Some(unreadable.seq),
                problem: unreadable.source.to_string(),
            }
            .into()
        })
    }

    async fn path(&mut self, entry: &StoredEntry) -> Result<Vec<Hash>, AuditError> {
        let (seq, size) = (entry.seq, self.last.size);
        let store = &*self.audit.engine.shared.ground.store;
        let ranges = indelible_merkle::plan::inclusion_ranges(seq, size);
        self.nodes.fill(store, &self.audit.trail, ranges).await?;
        let path = inclusion_proof(seq, size, &self.nodes).map_err(|_| missing())?;
        verify_inclusion(&entry.leaf_hash, seq, size, &path, &self.last.root)
            .map_err(|_| altered(seq))?;
        Ok(path)
    }

    fn write(
        &mut self,
        entry: &StoredEntry,
        is_match: bool,
        path: Option<Vec<Hash>>,
        out: &mut Vec<u8>,
    ) {
        self.skeleton.clear();
        entry.write_skeleton(&self.audit.trail, &mut self.skeleton);
        let shown = |kind| {
            entry.part_hashes.get(kind).as_ref()?;
            let shown = match entry.parts.get(kind) {
                None => Shown::Erased,
                Some(_) if self.without.contains(&kind) => Shown::Withheld,
                Some(part) => Shown::Open(part),
            };
            Some((kind, shown))
        };
        let line = EntryLine {
            seq: entry.seq,
            skeleton: &self.skeleton,
            parts: is_match.then(|| PartKind::ALL.into_iter().filter_map(shown).collect()),
            path,
        };
        line.write(out);
        line.count(&mut self.sums);
    }
}
