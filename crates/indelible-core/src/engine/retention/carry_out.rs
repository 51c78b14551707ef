//! Doing what removal entries say.

use std::ops::Range;

use serde_json::json;

use super::parts::blank;
use super::row::Known;
use super::stated::Stated;
use super::{EXPIRED, Kept, POLICY, Retained, RetentionProgress};
use crate::engine::audit::Audit;
use crate::engine::erasure::Purging;
use crate::engine::included::Tree;
use crate::engine::pace::{PIECE_ENTRIES, Pace};
use crate::engine::{Shared, erasure, hold, prove};
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::filter::Filter;
use crate::store::{Find, Removal};

/// Removal entries that are read at once.
const CHUNK: usize = 64;

/// Where entries are taken away.
pub(super) fn removal(shared: &Shared) -> Result<&dyn Removal, AuditError> {
    let removal = shared.ground.store.removal();
    removal.ok_or_else(erasure::cannot_erase)
}

/// The removal entries of a trail in a range, the oldest first.
pub(super) struct Removals<'a> {
    audit: &'a Audit,
    tree: Tree,
    left: Range<u64>,
}

impl<'a> Removals<'a> {
    pub fn of(audit: &'a Audit, range: Range<u64>) -> Self {
        Self {
            audit,
            tree: Tree::of(audit),
            left: range,
        }
    }

    /// A few more of them, `None` at the end.
    ///
    /// # Errors
    /// [`AuditError::Store`], `Corrupt` where one is not as it was recorded.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredEntry>>, AuditError> {
        let find = Find {
            filter: Filter {
                actions: Some(vec![EXPIRED.as_str().to_owned()]),
                ..Filter::default()
            },
            below: self.left.end,
            from: Some(self.left.start),
            skip: 0,
            limit: CHUNK,
        };
        let store = &self.audit.engine.shared.ground.store;
        let mut entries = store.find(&self.audit.trail, &find).await?;
        // The newest first.
        let Some(newest) = entries.first() else {
            return Ok(None);
        };
        self.left.start = newest.seq + 1;
        entries.reverse();
        for entry in &entries {
            if !entry.erases.is_empty() && !self.tree.has(entry).await? {
                return Err(prove::altered(entry.seq));
            }
        }
        Ok(Some(entries))
    }
}

/// Does what the removal entries of a trail say that was not done yet.
pub(super) async fn carry_out(
    audit: &Audit,
    purging: Purging,
    progress: &mut (dyn FnMut(RetentionProgress) + Send),
) -> Result<Retained, AuditError> {
    let (shared, trail) = (&audit.engine.shared, &audit.trail);
    let from = shared.ground.store.first_kept(trail).await?;
    let mut retained = Retained {
        first_kept: from,
        ..Retained::default()
    };
    let Some(mut known) = Known::of(shared, trail).await? else {
        return Ok(retained);
    };
    let done = known.row.done;
    let (mut first_kept, mut has_parts, mut next) = (0, false, done);
    let mut removals = Removals::of(audit, done..u64::MAX);
    while let Some(entries) = removals.next().await? {
        for entry in &entries {
            if let Some(place) = removed_before(&entry.erases, entry.seq) {
                repeats_policy(audit, entry, place).await?;
                first_kept = first_kept.max(place);
            }
            has_parts |= entry.erases.iter().any(|range| !range.parts.is_empty());
            next = entry.seq + 1;
        }
    }
    // One that was recorded while another process noted that all is done is found nevertheless.
    if !known.row.is_begun && next == done {
        return Ok(retained);
    }
    let mut watch = hold::Watch::of(audit).await?;
    retained.first_kept = trim(audit, (from, first_kept), &mut watch, progress).await?;
    retained.entries = retained.first_kept - from;
    // What was held since it was recorded stays, and is looked for again by the next run.
    retained.is_held_back = retained.first_kept < first_kept;
    let mut row = known.row.clone();
    if has_parts {
        let blanked = blank(audit, done..next, &mut watch, &mut known, progress).await?;
        retained.parts = blanked.parts;
        retained.is_held_back |= blanked.is_held_back;
        row = blanked.purge(audit, &known, purging, &mut retained).await?;
    }
    row.is_begun = retained.is_held_back || retained.unpurged.is_some();
    if !row.is_begun {
        (row.done, row.is_purged) = (next, true);
    }
    known.put(shared, trail, &row).await?;
    Ok(retained)
}

/// The place before which an entry says that all entries were removed.
pub(crate) fn removed_before(erases: &[Erasure], seq: u64) -> Option<u64> {
    let whole = erases.iter().filter(|erasure| erasure.parts.is_empty());
    let places = whole.filter(|erasure| erasure.first == 0 && erasure.last < seq);
    places.map(|erasure| erasure.last + 1).max()
}

/// Where the entry that says the policy goes with what is removed, this one, which repeats the
/// policy, says it from now on.
async fn repeats_policy(audit: &Audit, entry: &StoredEntry, place: u64) -> Result<(), AuditError> {
    let registry = &audit.engine.shared.ground.registry;
    let Some(row) = registry.get(POLICY, audit.trail.as_str()).await? else {
        return Ok(());
    };
    let Ok(mut kept) = serde_json::from_value::<Kept>(row.value) else {
        return Ok(());
    };
    let stays = audit
        .seq_of(kept.entry)
        .await?
        .is_none_or(|seq| seq >= place);
    if stays {
        return Ok(());
    }
    let said = Stated::of(audit).await?.policy(entry.seq).await?;
    if said.as_ref() == Some(&kept.policy) {
        kept.entry = entry.id;
        let (version, kept) = (Some(row.version), json!(kept));
        registry
            .put(POLICY, audit.trail.as_str(), version, Some(&kept))
            .await?;
    }
    Ok(())
}

/// Removes entries in steps, between which writers have their time. Ends before an entry that was
/// held since: holds are looked at again for each stretch.
async fn trim(
    audit: &Audit,
    (from, first_kept): (u64, u64),
    watch: &mut hold::Watch<'_>,
    progress: &mut (dyn FnMut(RetentionProgress) + Send),
) -> Result<u64, AuditError> {
    let (shared, trail) = (&audit.engine.shared, &audit.trail);
    let (mut reached, mut pace) = (from, Pace::of(shared));
    while reached < first_kept {
        let wanted = first_kept.min(reached.saturating_add(PIECE_ENTRIES));
        let holds = watch.look().await?;
        let held = first_held(audit, reached..wanted, holds).await?;
        let end = held.unwrap_or(wanted);
        while reached < end {
            pace.give_way().await;
            let next = removal(shared)?.trim(trail, end).await?;
            if next <= reached {
                return Ok(reached);
            }
            reached = next;
            progress(RetentionProgress::Remove(reached - from, first_kept - from));
        }
        if end < wanted {
            break;
        }
    }
    Ok(reached)
}

/// The first entry of a stretch that a hold in force names.
async fn first_held(
    audit: &Audit,
    stretch: Range<u64>,
    holds: &mut hold::InForce,
) -> Result<Option<u64>, AuditError> {
    if holds.is_empty() {
        return Ok(None);
    }
    let store = &audit.engine.shared.ground.store;
    let entries = store.entries(&audit.trail, stretch).await?;
    holds.look_at(&entries).await?;
    for entry in entries {
        if holds.of(&entry)?.is_some() {
            return Ok(Some(entry.seq));
        }
    }
    Ok(None)
}
