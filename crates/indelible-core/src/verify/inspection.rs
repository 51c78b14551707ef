//! A second look at what the pass over the entries found, to call it by its name.

use super::difference::{Hint, Hints, field_name};
use super::reading::{CHUNK_ENTRIES, Trail};
use super::report::{FindingKind, Findings, entries};
use super::rollup::Surplus;
use crate::entry::StoredEntry;
use crate::outcome::Outcome;
use crate::part::PartKind;
use crate::store::{StoreError, TermField};

/// Entries of one contradicted range that are looked at.
const RANGE_ENTRIES_MAX: u64 = 4096;

/// Says of entries that the tree does not hold whether they were moved, doubled or put in. The
/// ranges rise.
pub(super) async fn misplaced(
    trail: Trail<'_>,
    ranges: &[std::ops::Range<u64>],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut run: Option<Run> = None;
    for range in ranges {
        let mut start = range.start;
        while start < range.end.min(range.start + RANGE_ENTRIES_MAX) {
            let end = range.end.min(start + CHUNK_ENTRIES);
            let rows = trail.entries(start..end).await?.entries;
            let ids: Vec<_> = rows.iter().map(|entry| entry.id).collect();
            let seqs = match trail.store.seqs(trail.name, &ids).await {
                Ok(seqs) => seqs,
                // The table's own findings say that it cannot be read.
                Err(StoreError::Corrupt { .. }) => return Ok(()),
                Err(error) => return Err(error),
            };
            for (entry, recorded) in rows.iter().zip(seqs) {
                let shift = match recorded {
                    Some(recorded) if recorded == entry.seq => None,
                    Some(recorded) => Some(Shift::From(recorded.wrapping_sub(entry.seq))),
                    None => Some(Shift::Unknown),
                };
                match (&mut run, shift) {
                    (Some(run), Some(shift)) if run.takes(entry.seq, shift) => {
                        run.range.end = entry.seq + 1;
                    }
                    (_, shift) => {
                        let ended = run.take();
                        run = shift.map(|shift| Run {
                            range: entry.seq..entry.seq + 1,
                            shift,
                        });
                        tell(trail, ended, findings).await?;
                    }
                }
            }
            start = end;
        }
    }
    tell(trail, run, findings).await
}

/// Neighbouring entries with the same fate.
struct Run {
    range: std::ops::Range<u64>,
    shift: Shift,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// The id table leads to the seq that is so much larger, modulo 2^64.
    From(u64),
    /// The id table does not know the entry.
    Unknown,
}

impl Run {
    fn takes(&self, seq: u64, shift: Shift) -> bool {
        self.range.end == seq && self.shift == shift
    }
}

async fn tell(
    trail: Trail<'_>,
    run: Option<Run>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some(Run { range, shift }) = run else {
        return Ok(());
    };
    let first = range.start;
    let (kind, detail) = match shift {
        Shift::Unknown => (
            FindingKind::EntryInserted,
            format!("no id leads to {}", entries(&range)),
        ),
        Shift::From(by) => {
            let recorded = first.wrapping_add(by);
            let there = trail
                .entries(recorded..recorded.saturating_add(1))
                .await?
                .entries;
            let here = trail.entries(first..first + 1).await?.entries;
            let is_same = matches!((&*here, &*there), ([a], [b]) if a.id == b.id);
            if is_same {
                let detail = format!(
                    "{} stand a second time at {first}",
                    entries(&(recorded..recorded.saturating_add(range.end - first)))
                );
                (FindingKind::Duplicated, detail)
            } else {
                let detail = format!(
                    "at {} stands what was recorded at {recorded}",
                    entries(&range)
                );
                (FindingKind::Reordered, detail)
            }
        }
    };
    findings.push(first, kind, detail);
    Ok(())
}

/// What the derived tables still have of what stood in the entries.
pub(super) struct Tables<'a> {
    pub hints: &'a Hints,
    pub surplus: &'a Surplus,
}

/// Names the columns of entries that no longer give their leaf, as far as the derived tables and
/// the neighbours tell what stood there.
pub(super) async fn columns(
    trail: Trail<'_>,
    seqs: &[u64],
    tables: &Tables<'_>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for &seq in seqs {
        let around = trail
            .entries(seq.saturating_sub(1)..seq.saturating_add(2))
            .await?
            .entries;
        let Some(entry) = around.iter().find(|entry| entry.seq == seq) else {
            continue;
        };
        let hints = tables.hints.get(&seq).map_or(&[][..], Vec::as_slice);
        let named = by_hints(trail, entry, hints)
            .or_else(|| by_counts(trail, entry, tables.surplus))
            .or_else(|| by_neighbours(trail, entry, &around))
            .unwrap_or_else(|| by_elimination(trail, entry, hints));
        let detail = format!("{named} no longer what the leaf was made of");
        findings.reword(seq, FindingKind::ColumnDiffers, &detail);
    }
    Ok(())
}

/// Puts back what the derived tables still have.
fn by_hints(trail: Trail<'_>, entry: &StoredEntry, hints: &[Hint]) -> Option<String> {
    let mut mended = entry.clone();
    let mut names = Vec::new();
    for hint in hints {
        let name = match hint {
            Hint::Id(id) => {
                mended.id = *id;
                "id"
            }
            Hint::Lacking(TermField::Tag, value) => {
                mended.tags.retain(|tag| tag.as_bytes() != value);
                "tags"
            }
            Hint::Stored(field, value) => {
                let Ok(value) = String::from_utf8(value.clone()) else {
                    continue;
                };
                match field {
                    TermField::Action => mended.action = value,
                    TermField::ResourceType => mended.resource_type = value,
                    TermField::Outcome => mended.outcome = value.parse::<Outcome>().ok()?,
                    TermField::Tag => mended.tags.push(value),
                    _ => continue,
                }
                if *field == TermField::Tag {
                    "tags"
                } else {
                    field_name(*field)
                }
            }
            Hint::Lacking(..) => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    mended.tags.sort();
    let is_mended = mended.derived_leaf(trail.name, &mut Vec::new()) == entry.leaf_hash;
    (is_mended && !names.is_empty()).then(|| are(&names))
}

/// Puts back an action and an outcome that were counted and are not there.
fn by_counts(trail: Trail<'_>, entry: &StoredEntry, surplus: &Surplus) -> Option<String> {
    let mut mended = entry.clone();
    surplus.iter().find_map(|(action, outcome)| {
        mended.action.clone_from(action);
        mended.outcome = *outcome;
        let differs = [
            ("action", *action != entry.action),
            ("outcome", *outcome != entry.outcome),
        ];
        let names = differs.iter().filter(|(_, differs)| *differs);
        let names: Vec<_> = names.map(|(name, _)| *name).collect();
        let leaf = mended.derived_leaf(trail.name, &mut Vec::new());
        (leaf == entry.leaf_hash && !names.is_empty()).then(|| are(&names))
    })
}

/// Entries of one commit share their time of recording.
fn by_neighbours(trail: Trail<'_>, entry: &StoredEntry, around: &[StoredEntry]) -> Option<String> {
    let mut mended = entry.clone();
    around.iter().find_map(|neighbour| {
        mended.created_at = neighbour.created_at;
        let leaf = mended.derived_leaf(trail.name, &mut Vec::new());
        (leaf == entry.leaf_hash).then(|| are(&["created_at"]))
    })
}

/// What is left when all that other rows confirm is taken away.
fn by_elimination(trail: Trail<'_>, entry: &StoredEntry, hints: &[Hint]) -> String {
    let mut names = vec!["occurred_at", "created_at", "erases"];
    if !trail.store.keeps_index_rows() {
        names.extend(["action", "resource_type", "outcome", "tags"]);
    }
    for hint in hints {
        let name = match hint {
            Hint::Id(_) => "id",
            Hint::Stored(TermField::Tag, _) | Hint::Lacking(TermField::Tag, _) => "tags",
            Hint::Stored(field, _) | Hint::Lacking(field, _) => field_name(*field),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // A hash whose part is there was compared with the part.
    for kind in PartKind::ALL {
        if entry.parts.get(kind).is_none() {
            names.push(match kind {
                PartKind::Actor => "actor_hash",
                PartKind::Target => "target_hash",
                PartKind::Details => "details_hash",
            });
        }
    }
    format!("one or more of the columns {} are", names.join(", "))
}

fn are(names: &[&str]) -> String {
    match names {
        [name] => format!("the column {name} is"),
        names => format!("the columns {} are", names.join(", ")),
    }
}

/// Says of parts that entries list as erased whether they are there again.
pub(super) async fn undone(
    trail: Trail<'_>,
    listed: Vec<(PartKind, std::ops::Range<u64>)>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for (part, range) in listed {
        let tell = &mut |entry: StoredEntry| {
            if entry.parts.get(part).is_some() {
                let detail = format!("the {part} of entry {} was erased and is there", entry.seq);
                findings.push(entry.seq, FindingKind::ErasureUndone, detail);
            }
        };
        trail.each_entry(range, tell).await?;
    }
    Ok(())
}
