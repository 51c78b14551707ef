//! Doing what removal entries say, and going on where another process ended.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::plan::extend;
use super::stated::Stated;
use super::{EXPIRED, Kept, POLICY, Retained, RetentionProgress};
use crate::engine::audit::Audit;
use crate::engine::included::Tree;
use crate::engine::{Engine, Shared, erasure, hold, prove};
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::filter::Filter;
use crate::store::{Find, Removal, StoreError};
use crate::trail::TrailName;

/// The kind of registry rows that say how far retention is in a trail.
pub(in crate::engine) const KIND: &str = "retention";
/// Removal entries that are read at once.
const CHUNK: usize = 64;
/// Entries that are removed under one look at the holds.
const STRETCH_ENTRIES: u64 = 1024;
/// For one part of the time that a step takes, writers have so many for themselves.
const SHARE: u32 = 4;
/// The longest pause between two steps.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Where entries are taken away.
pub(super) fn removal(shared: &Shared) -> Result<&dyn Removal, AuditError> {
    let removal = shared.ground.store.removal();
    removal.ok_or_else(erasure::cannot_erase)
}

/// Notes that something is about to be recorded and done, so that the next start looks for it.
pub(super) async fn begin(shared: &Shared, trail: &TrailName) -> Result<(), AuditError> {
    let registry = &shared.ground.registry;
    loop {
        let row = registry.get(KIND, trail.as_str()).await?;
        let done = row.as_ref().and_then(|row| row.value["done"].as_u64());
        let begun = json!({"done": done.unwrap_or(0), "is_begun": true});
        let version = row.map(|row| row.version);
        // Whoever was faster may have noted that all is done.
        let put = registry.put(KIND, trail.as_str(), version, Some(&begun));
        if put.await?.is_some() {
            return Ok(());
        }
    }
}

/// Whether something was begun that is not done.
pub(super) async fn is_begun(shared: &Shared, trail: &TrailName) -> Result<bool, AuditError> {
    let row = shared.ground.registry.get(KIND, trail.as_str()).await?;
    Ok(row.is_some_and(|row| row.value["is_begun"] == true))
}

/// Does what the removal entries of a trail say that was not done yet.
pub(super) async fn carry_out(
    audit: &Audit,
    progress: &mut (dyn FnMut(RetentionProgress) + Send),
) -> Result<Retained, AuditError> {
    let (shared, trail) = (&audit.engine.shared, &audit.trail);
    let ground = &shared.ground;
    let row = ground.registry.get(KIND, trail.as_str()).await?;
    let mut retained = Retained {
        first_kept: ground.store.first_kept(trail).await?,
        ..Retained::default()
    };
    let begun = row.as_ref().filter(|row| row.value["is_begun"] == true);
    let Some(row) = begun else {
        return Ok(retained);
    };
    let done = row.value["done"].as_u64().unwrap_or(0);
    let (mut first_kept, mut erasures, mut next) = (0, Vec::new(), done);
    let mut tree = Tree::of(audit);
    loop {
        let find = Find {
            filter: Filter {
                actions: Some(vec![EXPIRED.as_str().to_owned()]),
                ..Filter::default()
            },
            below: u64::MAX,
            from: Some(next),
            skip: 0,
            limit: CHUNK,
        };
        let entries = ground.store.find(trail, &find).await?;
        // The newest first.
        let Some(newest) = entries.first() else { break };
        next = newest.seq + 1;
        for entry in &entries {
            if !entry.erases.is_empty() && !tree.has(entry).await? {
                return Err(prove::altered(entry.seq));
            }
            if let Some(place) = removed_before(&entry.erases, entry.seq) {
                repeats_policy(audit, entry, place).await?;
                first_kept = first_kept.max(place);
            }
            let parts = entry.erases.iter().filter(|e| !e.parts.is_empty());
            erasures.extend(parts.cloned());
        }
    }
    let removal = removal(shared)?;
    let from = retained.first_kept;
    let mut watch = hold::Watch::of(audit).await?;
    retained.first_kept = trim(audit, (from, first_kept), &mut watch, progress).await?;
    retained.entries = retained.first_kept - from;
    // What was held since it was recorded stays, and is looked for again by the next run.
    let mut is_held_back = retained.first_kept < first_kept;
    if !erasures.is_empty() {
        progress(RetentionProgress::Blank);
        let all = entries_of(&erasures);
        erasures = not_held(audit, erasures, watch.look().await?).await?;
        is_held_back |= entries_of(&erasures) < all;
        retained.parts = removal.erase(trail, &erasures).await?;
        if let Err(error) = removal.purge(trail, &erasures).await {
            retained.unpurged = Some(error.to_string());
        }
    }
    retained.is_held_back = is_held_back;
    if retained.unpurged.is_none() && !is_held_back {
        let done = json!({"done": next, "is_begun": false});
        // Of two that have done it, one has said so.
        let put = ground
            .registry
            .put(KIND, trail.as_str(), Some(row.version), Some(&done));
        put.await?;
    }
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
    let removal = removal(shared)?;
    let mut reached = from;
    while reached < first_kept {
        let wanted = first_kept.min(reached.saturating_add(STRETCH_ENTRIES));
        let holds = watch.look().await?;
        let held = first_held(audit, reached..wanted, holds).await?;
        let end = held.unwrap_or(wanted);
        while reached < end {
            let begun = shared.ground.clock.elapsed();
            let next = removal.trim(trail, end).await?;
            if next <= reached {
                return Ok(reached);
            }
            reached = next;
            progress(RetentionProgress::Remove(reached - from, first_kept - from));
            let took = shared.ground.clock.elapsed().saturating_sub(begun);
            let pause = took.saturating_mul(SHARE).min(PAUSE_MAX);
            if reached < first_kept && !pause.is_zero() {
                yield_for(pause).await;
            }
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

/// The parts of entries that no hold in force names.
async fn not_held(
    audit: &Audit,
    erasures: Vec<Erasure>,
    holds: &mut hold::InForce,
) -> Result<Vec<Erasure>, AuditError> {
    if holds.is_empty() {
        return Ok(erasures);
    }
    let store = &audit.engine.shared.ground.store;
    let mut free = Vec::new();
    for range in erasures {
        let mut first = range.first;
        while first <= range.last {
            let end = range.last.min(first + (STRETCH_ENTRIES - 1)) + 1;
            let entries = store.entries(&audit.trail, first..end).await?;
            holds.look_at(&entries).await?;
            for entry in entries {
                if holds.of(&entry)?.is_none() {
                    extend(&mut free, entry.seq, range.parts.clone());
                }
            }
            first = end;
        }
    }
    Ok(free)
}

fn entries_of(erasures: &[Erasure]) -> u64 {
    let counts = erasures.iter().map(|range| range.last - range.first + 1);
    counts.sum()
}

#[expect(
    clippy::disallowed_methods,
    reason = "writers get their time between two steps; nothing is waited for"
)]
async fn yield_for(pause: Duration) {
    tokio::time::sleep(pause).await;
}

/// Goes on, at the start of a process that writes for long, with what was cut short.
///
/// # Errors
/// [`AuditError::Store`]; that this process may not remove anything is none.
pub(in crate::engine) async fn resume(shared: &Arc<Shared>) -> Result<(), AuditError> {
    for (trail, row) in shared.ground.registry.list(KIND).await? {
        let Ok(trail) = trail.parse::<TrailName>() else {
            continue;
        };
        if row.value["is_begun"] != true {
            continue;
        }
        let engine = Engine::of(shared);
        match carry_out(&engine.trail(trail), &mut |_| {}).await {
            Ok(_) => {}
            // Another process, whose role may, will be about it.
            Err(AuditError::Store(error)) if matches!(*error, StoreError::Unsupported(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
