//! Naming the rows of the id table and of the index that differ, once sums have told where.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use uuid::Uuid;

use super::digest::{Layout, Rows};
use super::reading::{Trail, unreadable};
use super::report::{FindingKind, Findings, entries};
use super::scan::{PAGE_ROWS, key_moves};
use super::walk::columns;
use crate::entry::{Columns, StoredEntry};
use crate::store::{Projected, ProjectionKind, StoreError, Term, TermField, each_term};

/// A table with the sums of both sides.
pub(super) struct Table {
    pub kind: ProjectionKind,
    pub layout: Layout,
    /// What the entries give.
    pub expected: Vec<u128>,
    /// What is stored.
    pub stored: Vec<u128>,
}

/// What the derived tables say of entries whose own columns are in doubt.
pub(super) type Hints = BTreeMap<u64, Vec<Hint>>;

/// A stored row that the entry does not give, or the other way round.
pub(super) enum Hint {
    /// The id table has this id for the entry.
    Id(Uuid),
    /// The index has this value for the entry.
    Stored(TermField, Vec<u8>),
    /// The index lacks this value of the entry.
    Lacking(TermField, Vec<u8>),
}

/// Buckets that are looked at closer.
const DETAILED_MAX: usize = 16;
/// Entries with hints at most.
const HINTS_MAX: usize = 256;

/// Compares the sums of a table and names the rows that differ. Answers of how many entries the rows
/// changed meanwhile, so that nothing is said of them.
///
/// What the entries give and what is stored are read at different moments, between which an erasure
/// changes both. So each difference is looked at twice: what changes in between is none.
pub(super) async fn name(
    trail: Trail<'_>,
    mut table: Table,
    rows: &Rows,
    findings: &mut Findings,
    hints: &mut Hints,
) -> Result<u64, StoreError> {
    let mut unchecked = 0;
    loop {
        let ranges = table.differing_ranges();
        if ranges.is_empty() {
            return Ok(unchecked);
        }
        let Some(mut finer) = table.read(trail, &ranges, rows, findings).await? else {
            return Ok(unchecked);
        };
        let Some(again) = table.read(trail, &ranges, rows, findings).await? else {
            return Ok(unchecked);
        };
        unchecked += finer.keep_what_stays(&again);
        finer.keep_few(findings);
        if finer.layout.is_narrowest() {
            let ranges = finer.differing_ranges();
            match finer.kind {
                _ if ranges.is_empty() => {}
                ProjectionKind::Id => ids(trail, &ranges, findings, hints).await?,
                _ => terms(trail, &ranges, findings, hints).await?,
            }
            return Ok(unchecked);
        }
        table = finer;
    }
}

impl Table {
    /// The buckets that differ.
    fn differing(&self) -> impl Iterator<Item = usize> {
        (0..self.layout.len()).filter(|bucket| self.difference(*bucket) != 0)
    }

    /// By how much the sums of a bucket differ.
    fn difference(&self, bucket: usize) -> u128 {
        self.stored[bucket].wrapping_sub(self.expected[bucket])
    }

    /// The entries of the buckets that differ.
    fn differing_ranges(&self) -> Vec<Range<u64>> {
        joined(self.differing().map(|bucket| self.layout.range(bucket)))
    }

    /// Leaves the difference of a bucket out.
    fn forget(&mut self, bucket: usize) {
        self.stored[bucket] = self.expected[bucket];
    }

    /// Keeps the differences that are the same in a second reading; answers how many entries are in
    /// the buckets of others that are not gone.
    fn keep_what_stays(&mut self, again: &Self) -> u64 {
        let mut moving = 0;
        for bucket in 0..self.layout.len() {
            let (before, now) = (self.difference(bucket), again.difference(bucket));
            if before != now {
                self.forget(bucket);
            }
            if before != now && now != 0 {
                let range = self.layout.range(bucket);
                moving += range.end - range.start;
            }
        }
        moving
    }

    /// Keeps the first few buckets that differ; of the others only a finding is made.
    fn keep_few(&mut self, findings: &mut Findings) {
        let further: Vec<_> = self.differing().skip(DETAILED_MAX).collect();
        for range in joined(further.iter().map(|bucket| self.layout.range(*bucket))) {
            let detail = format!("{} of {} differ", self.what(), entries(&range));
            findings.push(range.start, FindingKind::IndexDiffers, detail);
        }
        for bucket in further {
            self.forget(bucket);
        }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            ProjectionKind::Id => "rows of the id table",
            _ => "index rows",
        }
    }

    /// The same table as it is now, only `ranges` of it, in buckets as narrow as can be.
    async fn read(
        &self,
        trail: Trail<'_>,
        ranges: &[Range<u64>],
        rows: &Rows,
        findings: &mut Findings,
    ) -> Result<Option<Self>, StoreError> {
        let layout = Layout::over(ranges.to_vec());
        let (mut expected, mut stored) = (vec![0_u128; layout.len()], vec![0_u128; layout.len()]);
        let (mut hashes, kind) = (rows.clone(), self.kind);
        let mut add = |sums: &mut Vec<u128>, row: &Projected| {
            let (seq, hash) = match row {
                Projected::Id { id, seq } => (*seq, hashes.id(id, *seq)),
                Projected::Term(t) => (t.seq, hashes.term(t.field, &t.value, t.seq)),
                _ => return,
            };
            if let Some(bucket) = layout.bucket(seq) {
                sums[bucket] = sums[bucket].wrapping_add(hash);
            }
        };
        each_derived(trail, kind, ranges, &mut |row| add(&mut expected, &row)).await?;
        if !each_stored(trail, kind, &mut |row| add(&mut stored, &row), findings).await? {
            return Ok(None);
        }
        Ok(Some(Self {
            kind,
            layout,
            expected,
            stored,
        }))
    }
}

/// Ranges that rise, those that touch as one.
fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

async fn ids(
    trail: Trail<'_>,
    ranges: &[Range<u64>],
    findings: &mut Findings,
    hints: &mut Hints,
) -> Result<(), StoreError> {
    let mut surplus: BTreeMap<(Uuid, u64), i64> = BTreeMap::new();
    let mut known = HashSet::new();
    let kind = ProjectionKind::Id;
    each_derived(trail, kind, ranges, &mut |row| {
        if let Projected::Id { id, seq } = row {
            known.insert(id);
            *surplus.entry((id, seq)).or_default() -= 1;
        }
    })
    .await?;
    let mut take = |row: Projected| {
        if let Projected::Id { id, seq } = row
            && (known.contains(&id) || within(ranges, seq))
        {
            *surplus.entry((id, seq)).or_default() += 1;
        }
    };
    if !each_stored(trail, kind, &mut take, findings).await? {
        return Ok(());
    }
    surplus.retain(|_, count| *count != 0);
    let leads_to = |id: Uuid| {
        let rows = surplus.range((id, 0)..=(id, u64::MAX));
        rows.filter(|(_, count)| **count > 0)
            .map(|((_, seq), _)| *seq)
            .next()
    };
    for ((id, seq), count) in &surplus {
        let lacks = surplus
            .range((*id, 0)..=(*id, u64::MAX))
            .any(|(_, count)| *count < 0);
        match (*count < 0, leads_to(*id)) {
            (true, Some(other)) => {
                let detail = format!("the id of entry {seq} leads to {other}");
                findings.push(*seq, FindingKind::IdWrong, detail);
            }
            (true, None) => {
                let detail = format!("the id of entry {seq} leads nowhere");
                findings.push(*seq, FindingKind::IdMissing, detail);
            }
            (false, _) => {
                hint(hints, *seq, Hint::Id(*id));
                if !lacks {
                    let detail = format!("an id that entry {seq} does not have leads to it");
                    findings.push(*seq, FindingKind::IdExtra, detail);
                }
            }
        }
    }
    Ok(())
}

async fn terms(
    trail: Trail<'_>,
    ranges: &[Range<u64>],
    findings: &mut Findings,
    hints: &mut Hints,
) -> Result<(), StoreError> {
    let Some(mut surplus) = surplus(trail, ranges, findings).await? else {
        return Ok(());
    };
    if !surplus.is_empty() {
        let Some(again) = self::surplus(trail, ranges, findings).await? else {
            return Ok(());
        };
        surplus.retain(|place, count| again.get(place) == Some(count));
    }
    for ((seq, field, value), count) in surplus {
        let what = field_name(field);
        if count < 0 {
            let detail = format!("the index lacks the {what} of entry {seq}");
            findings.push(seq, FindingKind::IndexRowMissing, detail);
            hint(hints, seq, Hint::Lacking(field, value));
        } else {
            let a = if what.starts_with(['a', 'i', 'o']) {
                "an"
            } else {
                "a"
            };
            let detail = format!("the index has {a} {what} that entry {seq} does not have");
            findings.push(seq, FindingKind::IndexRowExtra, detail);
            hint(hints, seq, Hint::Stored(field, value));
        }
    }
    Ok(())
}

/// Rows of the index by how much oftener they are stored than the entries give them.
type Surplus = BTreeMap<(u64, TermField, Vec<u8>), i64>;

/// The rows of entries in `ranges` that are on one side alone; nothing, with a finding, where the
/// stored ones cannot be read.
async fn surplus(
    trail: Trail<'_>,
    ranges: &[Range<u64>],
    findings: &mut Findings,
) -> Result<Option<Surplus>, StoreError> {
    let mut surplus = Surplus::new();
    let mut count = |row: Projected, change: i64| {
        if let Projected::Term(Term { field, value, seq }) = row
            && within(ranges, seq)
        {
            let place = (seq, field, value);
            let count = surplus.entry(place.clone()).or_default();
            *count += change;
            // Most rows are on both sides: only those on one take up room in the end.
            if *count == 0 {
                surplus.remove(&place);
            }
        }
    };
    let kind = ProjectionKind::Term;
    each_derived(trail, kind, ranges, &mut |row| count(row, -1)).await?;
    let is_read = each_stored(trail, kind, &mut |row| count(row, 1), findings).await?;
    Ok(is_read.then_some(surplus))
}

fn hint(hints: &mut Hints, seq: u64, hint: Hint) {
    if hints.len() < HINTS_MAX || hints.contains_key(&seq) {
        hints.entry(seq).or_default().push(hint);
    }
}

fn within(ranges: &[Range<u64>], seq: u64) -> bool {
    ranges.iter().any(|range| range.contains(&seq))
}

/// The name of an indexed field, as in an event.
pub(super) fn field_name(field: TermField) -> &'static str {
    match field {
        TermField::UserId => "user_id",
        TermField::Action => "action",
        TermField::ResourceType => "resource_type",
        TermField::ResourceId => "resource_id",
        TermField::IpAddress => "ip_address",
        TermField::CorrelationId => "correlation_id",
        TermField::Tag => "tag",
        TermField::Outcome => "outcome",
    }
}

/// Calls `each` with the rows of a table that the entries of `ranges` give.
async fn each_derived(
    trail: Trail<'_>,
    kind: ProjectionKind,
    ranges: &[Range<u64>],
    each: &mut (dyn FnMut(Projected) + Send),
) -> Result<(), StoreError> {
    for range in ranges {
        let each = &mut |mut entry| derived(kind, &mut entry, each);
        trail.each_entry(range.clone(), each).await?;
    }
    Ok(())
}

fn derived(kind: ProjectionKind, entry: &mut StoredEntry, each: &mut dyn FnMut(Projected)) {
    let seq = entry.seq;
    if kind == ProjectionKind::Id {
        return each(Projected::Id { id: entry.id, seq });
    }
    // What is unreadable was told of in the first pass, and had no columns there either.
    let columns = columns(entry).unwrap_or_else(|_| Columns::default());
    each_term(entry, &columns, &mut |field, value| {
        each(Projected::Term(Term {
            field,
            value: value.to_vec(),
            seq,
        }));
    });
}

/// Calls `each` with all stored rows of a table; false, with a finding, where they cannot be
/// read.
pub(super) async fn each_stored(
    trail: Trail<'_>,
    kind: ProjectionKind,
    each: &mut (dyn FnMut(Projected) + Send),
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let mut after: Option<Projected> = None;
    loop {
        let page = trail
            .store
            .projection(trail.name, kind, after.as_ref(), PAGE_ROWS)
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                findings.extend([unreadable(error)?]);
                return Ok(false);
            }
        };
        let last = page.last().cloned();
        let is_full = page.len() == PAGE_ROWS && key_moves(after.as_ref(), last.as_ref());
        page.into_iter().for_each(&mut *each);
        if !is_full {
            return Ok(true);
        }
        after = last;
    }
}
