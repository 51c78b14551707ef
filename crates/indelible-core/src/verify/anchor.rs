//! Checkpoints that were kept outside the database, and what they say of it.

use indelible_merkle::note::Note;
use indelible_merkle::{Checkpoint, Hash, frontier_at, plan};

use super::keys::KeyChain;
use super::reading::Trail;
use super::report::{FindingKind, Findings};
use super::{KeptCheckpoint, Request};
use crate::rotation::KeyRotation;
use crate::store::{Head, StoreError};
use crate::trail::TrailName;

/// A size and root that the trail must have had.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    pub size: u64,
    pub root: Hash,
    source: String,
    /// Whether the entries it names were lost before the trail was succeeded.
    is_superseded: bool,
}

impl Anchor {
    /// Reports that the trail's history is another one.
    pub fn report(&self, findings: &mut Findings) {
        if self.is_superseded {
            return self.superseded(findings);
        }
        let detail = format!(
            "the first {} entries are not those of {}",
            self.size, self.source
        );
        findings.push(None, FindingKind::Forked, detail);
    }

    /// Reports that what would show it was removed.
    pub fn hidden(&self, first_kept: u64, findings: &mut Findings) {
        let detail = format!(
            "{} names {} entries: the trail begins with entry {first_kept}, and of what went only \
             sizes that are a multiple of 256 can be compared",
            self.source, self.size
        );
        findings.push(None, FindingKind::CheckpointNotComparable, detail);
    }

    fn superseded(&self, findings: &mut Findings) {
        let detail = format!(
            "{} names {} entries of an earlier incarnation, which the succession left behind",
            self.source, self.size
        );
        findings.push(None, FindingKind::CheckpointSuperseded, detail);
    }
}

/// The installation and the incarnation that an origin names, where it is one of this trail's:
/// `<installation>/<trail>`, plus `/<incarnation>` after the first.
pub(super) fn lineage<'a>(origin: &'a str, trail: &TrailName) -> Option<(&'a str, u32)> {
    let mut parts = origin.split('/');
    let installation = parts.next()?;
    if parts.next()? != trail.as_str() {
        return None;
    }
    let incarnation = match parts.next() {
        None => 1,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n: &u32| *n > 1 && n.to_string() == text)?,
    };
    parts
        .next()
        .is_none()
        .then_some((installation, incarnation))
}

/// The keys that a request trusts, with those that follow from them; without any, the head's own.
pub(super) fn chain(
    trail: &TrailName,
    request: &Request,
    head: &Head,
    findings: &mut Findings,
) -> KeyChain {
    let mut rotations = Vec::new();
    for text in &request.rotations {
        match KeyRotation::open(text) {
            Ok(rotation) if lineage(rotation.origin(), trail).is_some() => rotations.push(rotation),
            Ok(rotation) => {
                let detail = format!("a key rotation is of {}, another trail", rotation.origin());
                findings.push(None, FindingKind::CheckpointForeign, detail);
            }
            Err(error) => {
                let detail = format!("a key rotation is not to be trusted: {error}");
                findings.push(None, FindingKind::CheckpointBadSignature, detail);
            }
        }
    }
    let trusted = match request.trusted.as_slice() {
        [] => std::slice::from_ref(&head.key),
        trusted => trusted,
    };
    let keys = KeyChain::new(trusted.iter().cloned(), rotations);
    for rotation in keys.loose() {
        let detail = format!(
            "a key rotation at {} entries is between keys none of which is trusted",
            rotation.size()
        );
        findings.push(None, FindingKind::CheckpointBadSignature, detail);
    }
    keys
}

/// Checks all checkpoints of a request and answers those that the entries can be compared with,
/// by size.
pub(super) fn admit(
    trail: &TrailName,
    (request, keys): (&Request, &KeyChain),
    head: &Head,
    findings: &mut Findings,
) -> Vec<Anchor> {
    let mark = request
        .mark
        .iter()
        .map(|note| ("the high-water mark", note));
    let kept = request
        .checkpoints
        .iter()
        .map(|KeptCheckpoint { source, note }| (&**source, note));
    let mut signed: Vec<(&str, Checkpoint)> = Vec::new();
    for (source, note) in mark.chain(kept) {
        let checkpoint = open((source, note), keys, findings);
        signed.extend(checkpoint.map(|checkpoint| (source, checkpoint)));
    }
    for rotation in keys.rotations() {
        // The keys were checked: their name is the origin.
        let checkpoint = Checkpoint::new(rotation.origin(), rotation.size(), rotation.root());
        signed.extend(
            checkpoint
                .ok()
                .map(|checkpoint| ("a key rotation", checkpoint)),
        );
    }
    let since = request.since.iter().cloned();
    signed.extend(since.map(|checkpoint| ("the checkpoint to begin with", checkpoint)));
    // The origin says it, and the head's own column is compared with the origin.
    let number = |origin: &str| lineage(origin, trail).map(|(_, incarnation)| incarnation);
    let present = number(head.key.name()).unwrap_or(head.incarnation);
    // Anybody can write a later incarnation into the head, to pass entries off as lost before it:
    // it is believed when something is signed under it.
    let is_confirmed = signed
        .iter()
        .any(|(_, c)| number(c.origin()) == Some(present));
    let frame = Frame {
        trail,
        head,
        present,
        is_confirmed,
    };
    let mut anchors: Vec<Anchor> = signed
        .iter()
        .filter_map(|(source, c)| frame.place(source, c, findings))
        .collect();
    anchors.sort_by_key(|anchor| anchor.size);
    anchors
}

fn open(
    (source, text): (&str, &str),
    keys: &KeyChain,
    findings: &mut Findings,
) -> Option<Checkpoint> {
    let origin = Note::parse(text)
        .ok()
        .and_then(|note| note.text().parse::<Checkpoint>().ok());
    let origin = origin.as_ref().map(Checkpoint::origin);
    let error = match keys.open(text, origin.unwrap_or_default()) {
        Ok(checkpoint) => return Some(checkpoint),
        Err(error) => error,
    };
    let (kind, detail) = match origin {
        Some(origin) if keys.keys(origin).is_empty() => (
            FindingKind::CheckpointForeign,
            format!("{source} is of {origin}, which is another trail or installation"),
        ),
        _ => (
            FindingKind::CheckpointBadSignature,
            format!("{source} is not to be trusted: {error}"),
        ),
    };
    findings.push(None, kind, detail);
    None
}

/// What a checkpoint is placed in.
struct Frame<'a> {
    trail: &'a TrailName,
    head: &'a Head,
    /// The incarnation that the head names.
    present: u32,
    /// Whether something is signed under it.
    is_confirmed: bool,
}

impl Frame<'_> {
    fn place(
        &self,
        source: &str,
        checkpoint: &Checkpoint,
        findings: &mut Findings,
    ) -> Option<Anchor> {
        let (size, root, present) = (checkpoint.size(), checkpoint.root(), self.present);
        let Some((_, incarnation)) = lineage(checkpoint.origin(), self.trail) else {
            let detail = format!("{source} is of {}, another trail", checkpoint.origin());
            findings.push(None, FindingKind::CheckpointForeign, detail);
            return None;
        };
        let is_superseded =
            self.is_confirmed && incarnation < present && size > self.head.incarnation_start;
        let anchor = Anchor {
            size,
            root,
            source: source.to_owned(),
            is_superseded,
        };
        if incarnation > present {
            let detail = format!(
                "{source} is of incarnation {incarnation}, the head of {present}: an older copy \
                 was put in its place"
            );
            findings.push(None, FindingKind::RolledBack, detail);
            return None;
        }
        if size <= self.head.size {
            return Some(anchor);
        }
        if is_superseded {
            anchor.superseded(findings);
        } else {
            let detail = format!(
                "{source} names {size} entries, the head only {}: an older copy was put in its \
                 place, or the end was cut off",
                self.head.size
            );
            findings.push(self.head.size, FindingKind::RolledBack, detail);
        }
        None
    }
}

/// Compares with the stored nodes those checkpoints that lie before the first entry to be looked
/// at, and answers how many.
pub(super) async fn compare_stored(
    trail: Trail<'_>,
    anchors: &[Anchor],
    findings: &mut Findings,
) -> Result<u64, StoreError> {
    let mut compared = 0;
    for anchor in anchors {
        let nodes = stored_edge(trail, anchor.size, findings).await?;
        compared += 1;
        match frontier_at(anchor.size, &nodes) {
            Ok(frontier) if frontier.root() == anchor.root => {}
            Ok(_) => anchor.report(findings),
            Err(missing) => {
                let first = missing.index << missing.height;
                findings.push(first, FindingKind::NodeMissing, missing.to_string());
            }
        }
    }
    Ok(compared)
}

/// The stored hashes at the edge of the tree of `size` leaves.
pub(super) async fn stored_edge(
    trail: Trail<'_>,
    size: u64,
    findings: &mut Findings,
) -> Result<indelible_merkle::NodeSet, StoreError> {
    let mut nodes = indelible_merkle::NodeSet::new();
    for range in plan::root_ranges(size) {
        let read = trail
            .store
            .hashes(trail.name, range.height, range.start..range.end)
            .await;
        match read {
            Ok(rows) => {
                let complete = rows
                    .iter()
                    .map(|(index, _)| *index)
                    .eq(range.start..range.end);
                let hashes = rows.into_iter().map(|(_, hash)| hash).collect();
                // Rows that are missing are told by whoever asks for them.
                let _ = complete.then(|| nodes.insert(range, hashes));
            }
            Err(error) => {
                let finding = super::reading::unreadable(error)?;
                findings.push(finding.seq, finding.kind, finding.detail);
            }
        }
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_name_installation_trail_and_incarnation() {
        let trail = "acme".parse().expect("a name");
        assert_eq!(lineage("house/acme", &trail), Some(("house", 1)));
        assert_eq!(lineage("house/acme/12", &trail), Some(("house", 12)));
        for other in [
            "house",
            "house/other",
            "acme",
            "house/acme/1",
            "house/acme/02",
            "house/acme/2/3",
        ] {
            assert_eq!(lineage(other, &trail), None, "{other}");
        }
    }
}
