//! Blanking the parts that removal entries name, of entries that stay.

use std::ops::Range;

use super::carry_out::{Removals, removal};
use super::ranges::Ranges;
use super::row::{self, Known};
use super::{Retained, RetentionProgress};
use crate::engine::audit::Audit;
use crate::engine::erasure::{Purging, Stretches, rests, tell};
use crate::engine::hold;
use crate::engine::pace::{Pace, pieces};
use crate::entry::Erasure;
use crate::error::AuditError;

/// What was blanked.
pub(super) struct Blanked {
    /// The parts that went.
    pub parts: u64,
    /// Whether any stay, because their entries are held.
    pub is_held_back: bool,
    /// Where all of it was, and what earlier runs have blanked.
    stretches: Stretches,
}

/// Blanks what the removal entries in a range name, in pieces, between which writers have their
/// time. Holds are looked at for each of them.
pub(super) async fn blank(
    audit: &Audit,
    due: Range<u64>,
    watch: &mut hold::Watch<'_>,
    known: &mut Known,
    progress: &mut (dyn FnMut(RetentionProgress) + Send),
) -> Result<Blanked, AuditError> {
    let (shared, trail) = (&audit.engine.shared, &audit.trail);
    let (mut parts, mut is_held_back, mut is_owed) = (0, false, false);
    let (mut stretches, mut pace) = (Stretches::within(due.end), Pace::of(shared));
    let mut removals = Removals::of(audit, due);
    while let Some(entries) = removals.next().await? {
        for entry in entries {
            let named = entry.erases.iter().filter(|range| !range.parts.is_empty());
            let named: Vec<_> = named.filter_map(|range| before(range, entry.seq)).collect();
            named.iter().for_each(|range| stretches.add(range));
            for piece in pieces(&named) {
                pace.give_way().await;
                let holds = watch.look().await?;
                let free = match is_owed && holds.is_empty() {
                    true => piece,
                    false => {
                        let (free, is_held) = free(audit, &piece, holds).await?;
                        is_held_back |= is_held;
                        free
                    }
                };
                if free.is_empty() {
                    continue;
                }
                if !std::mem::replace(&mut is_owed, true) {
                    *known = row::owe(shared, trail).await?;
                }
                parts += removal(shared)?.erase(trail, &free).await?;
                progress(RetentionProgress::Blank);
            }
        }
    }
    Ok(Blanked {
        parts,
        is_held_back,
        stretches,
    })
}

impl Blanked {
    /// Purges where something was blanked that is not known to be purged; answers for how the row is
    /// to have it.
    pub async fn purge(
        self,
        audit: &Audit,
        known: &Known,
        purging: Purging,
        retained: &mut Retained,
    ) -> Result<row::Row, AuditError> {
        let (shared, trail) = (&audit.engine.shared, &audit.trail);
        let mut row = known.row.clone();
        if row.is_purged {
            return Ok(row);
        }
        let now = shared.ground.clock.now();
        if let Some(until) = row.rest.until(now)
            && purging == Purging::WhenDue
            && self.parts == 0
        {
            retained.unpurged = Some(rests(until));
            return Ok(row);
        }
        let ranges = self.stretches.ranges();
        // To be given up no more, before the row says how it ended.
        shared.turns.of(trail).keep();
        match removal(shared)?.purge(trail, &ranges).await {
            Ok(_) => {
                row.is_purged = true;
                row.rest = Default::default();
            }
            Err(error) => {
                tell(trail, &error);
                retained.unpurged = Some(error.to_string());
                row.rest.lengthen(now);
            }
        }
        Ok(row)
    }
}

/// What of a range stands before a place.
fn before(range: &Erasure, place: u64) -> Option<Erasure> {
    let last = range.last.min(place.checked_sub(1)?);
    (range.first <= last).then(|| Erasure {
        last,
        ..range.clone()
    })
}

/// The parts that are there of entries that no hold in force names, and whether any are of others.
async fn free(
    audit: &Audit,
    piece: &[Erasure],
    holds: &mut hold::InForce,
) -> Result<(Vec<Erasure>, bool), AuditError> {
    let store = &audit.engine.shared.ground.store;
    let (mut free, mut is_held) = (Ranges::default(), false);
    for range in piece {
        let seqs = range.first..range.last + 1;
        let entries = store.entries(&audit.trail, seqs).await?;
        holds.look_at(&entries).await?;
        for entry in entries {
            let mut parts = range.parts.clone();
            parts.retain(|kind| entry.parts.get(*kind).is_some());
            if parts.is_empty() {
                continue;
            }
            match holds.of(&entry)? {
                Some(_) => is_held = true,
                None => free.add(entry.seq, &parts),
            }
        }
    }
    Ok((free.erasures().collect(), is_held))
}
