//! Making runs of the log: of entries that are not covered, and of those that were changed.

use std::ops::Range;
use std::thread::ScopedJoinHandle;

use indelible_core::store::StoreError;
use rusqlite::Connection;

use super::{CHANGED_MAX, SLICE_TERMS, SORT_BYTES_MAX, Upkeep, busy};
use crate::error::unavailable;
use crate::index::Fault;
use crate::index::belief::{believed, last_alteration, leaf, log_token};
use crate::index::build::Builder;
use crate::index::file::IndexFile;
use crate::index::merge::Merging;
use crate::index::recent::Recent;
use crate::index::record::{Covered, Merge};
use crate::index::run::Run;
use crate::index::tail::Terms;
use crate::read;

impl Upkeep {
    /// Covers up to so many runs of the trail that lacks most, where it lacks so many entries; whether
    /// it did.
    pub(super) fn covers(&mut self, least: u64, runs: u64) -> Result<bool, Fault> {
        self.look()?;
        let longest = self.trails.iter().max_by_key(|(_, known)| known.tail());
        let Some((&trail, _)) = longest.filter(|(_, known)| known.tail() >= least.max(1)) else {
            return Ok(false);
        };
        let entries = self.entries;
        let written = self.tallies.pending();
        let (done, of) = self.progress();
        let watch = self.watch.clone();
        let told = |more| {
            let steps = watch.as_ref();
            // Whoever watched may have stopped.
            let _ = steps.map(|steps| steps.send((done + more, of)));
        };
        let (log, file) = self.both()?;
        let covered = file.change(|| {
            let covered = cover(log, file, trail, (entries, runs), &told)?;
            file.add_written(written)?;
            Ok(covered)
        });
        if let Err(Fault::Other(StoreError::Corrupt { .. })) = covered
            && let Some(known) = self.trails.get_mut(&trail)
        {
            known.is_unreadable = true;
        }
        match busy(covered)? {
            Some(stretch) => {
                self.tallies.kept(stretch.entries);
                self.is_unswept |= stretch.has_freed;
                self.keep(trail, stretch.covered);
                Ok(true)
            }
            // Another process covers it.
            None => Ok(false),
        }
    }

    /// Keeps in mind what the file says of a trail.
    pub(super) fn keep(&mut self, trail: i64, covered: Covered) {
        if let Some(known) = self.trails.get_mut(&trail) {
            (known.covered, known.is_doubted) = (Some(covered), false);
        }
    }
}

/// What covering has come to.
struct Stretch {
    /// What the file says of the trail then.
    covered: Covered,
    /// Entries that it covers more.
    entries: u64,
    /// Whether pages are free by now that may hold what the log has no more.
    has_freed: bool,
}

/// Covers up to so many runs more of a trail, of so many entries each, and tells of each.
fn cover(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    (entries, runs): (u64, u64),
    told: &dyn Fn(u64),
) -> Result<Stretch, Fault> {
    let moment = log.unchecked_transaction().map_err(Fault::of_log)?;
    let mut covered = file.covered(trail)?.unwrap_or_default();
    let Some(extent) = read::extent_of(&moment, trail).map_err(Fault::Other)? else {
        return Ok(Stretch {
            covered,
            entries: 0,
            has_freed: false,
        });
    };
    let is_of_log = believed(&moment, extent, &covered).map_err(Fault::Other)?;
    let has_freed = is_of_log.is_none() && !covered.runs.is_empty();
    if is_of_log.is_none() {
        if has_freed {
            file.disown(&covered.runs)?;
        }
        covered = Covered {
            altered: last_alteration(&moment, trail).map_err(Fault::Other)?,
            log: log_token(&moment).map_err(Fault::Other)?,
            ..Covered::default()
        };
    }
    let first = covered.runs.last().map_or(extent.first_kept, |run| run.end);
    let most = entries.saturating_mul(runs);
    let end = extent.size.min(first.saturating_add(most));
    let mut more = 0;
    if first < end {
        let runs = build(&moment, file, trail, (first, end), entries, told)?;
        more = runs.iter().map(Run::len).sum();
        let last = leaf(&moment, trail, first + more - 1).map_err(Fault::Other)?;
        covered.leaf = last.unwrap_or_default();
        covered.runs.extend(runs);
    }
    file.keep_covered(trail, &covered)?;
    Ok(Stretch {
        covered,
        entries: more,
        has_freed,
    })
}

/// Makes runs of entries of the log, of so many each or of as many as memory goes, and one at least.
/// While the terms of one are sorted and packed, those of the next one are gathered.
fn build(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    (first, end): (u64, u64),
    entries: u64,
    told: &dyn Fn(u64),
) -> Result<Vec<Run>, Fault> {
    let mut runs: Vec<Run> = Vec::new();
    let mut keep = |packing: Packing<'_>| {
        let panicked = |_| Fault::Other(unavailable("the thread that sorts ended"));
        let (run, blocks) = packing.join().map_err(panicked)?;
        file.put(blocks)?;
        told(run.end - first);
        runs.push(run);
        Ok::<_, Fault>(())
    };
    std::thread::scope(|threads| {
        let mut packing: Option<Packing<'_>> = None;
        let mut next = first;
        while next < end {
            let mut terms = Terms::default();
            let stretch = (next, end.min(next.saturating_add(entries)));
            let up_to = match terms.gather(log, trail, stretch, SORT_BYTES_MAX) {
                Ok(up_to) => up_to,
                // What could be read is covered, and it is met again.
                Err(_) if packing.is_some() => break,
                Err(error) => return Err(Fault::Other(error)),
            };
            let builder = Builder::new(file.epoch, next_run(file)?);
            let of_entries = (next, up_to);
            let pack = move || pack(builder, terms, of_entries);
            let spawned = std::thread::Builder::new()
                .name("indelible-sort".to_owned())
                .spawn_scoped(threads, pack);
            let spawned = spawned.map_err(|error| Fault::Other(unavailable(error)))?;
            if let Some(before) = packing.replace(spawned) {
                keep(before)?;
            }
            next = up_to;
        }
        packing.map_or(Ok(()), &mut keep)
    })?;
    Ok(runs)
}

type Packing<'t> = ScopedJoinHandle<'t, (Run, Vec<(u64, Vec<u8>)>)>;

fn pack(
    mut builder: Builder,
    terms: Terms,
    (first, end): (u64, u64),
) -> (Run, Vec<(u64, Vec<u8>)>) {
    for (key, seqs) in terms.sorted().groups() {
        builder.push(key, seqs);
    }
    builder.end(first, end)
}

pub(in crate::index) fn next_run(file: &IndexFile) -> Result<u64, Fault> {
    let mut meta = file.meta()?;
    let run = meta.next_run;
    meta.next_run += 1;
    file.keep_meta(&meta)?;
    Ok(run)
}

/// Writes runs anew without what was removed, and with changed entries as they are now. Answers
/// what the file says then; nothing where it says nothing of the trail.
pub(super) fn rewrite(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    entries: u64,
) -> Result<Option<Covered>, Fault> {
    let moment = log.unchecked_transaction().map_err(Fault::of_log)?;
    let Some(mut covered) = file.covered(trail)? else {
        return Ok(None);
    };
    let Some(extent) = read::extent_of(&moment, trail).map_err(Fault::Other)? else {
        // The database of before had it.
        for run in &covered.runs {
            file.remove(run.id)?;
        }
        file.forget(trail)?;
        return Ok(None);
    };
    let believed = believed(&moment, extent, &covered).map_err(Fault::Other)?;
    let kept = extent.first_kept;
    let runs = std::mem::take(&mut covered.runs);
    if let Some(altered) = &believed {
        for run in &runs {
            let (first, end) = (run.first.max(kept), run.end);
            let changed: Vec<Range<u64>> = altered
                .iter()
                .map(|range| range.start.max(first)..range.end.min(end))
                .filter(|range| range.start < range.end)
                .collect();
            if first == run.first && changed.is_empty() {
                covered.runs.push(run.clone());
                continue;
            }
            let count: u64 = changed.iter().map(|range| range.end - range.start).sum();
            if count > CHANGED_MAX {
                let mut next = first;
                // One that ends early is gone on with, and tells then what it could not read.
                while next < end {
                    let parts = build(&moment, file, trail, (next, end), entries, &|_| ())?;
                    next = parts.last().map_or(end, |part| part.end);
                    covered.runs.extend(parts);
                }
            } else if first < end {
                covered
                    .runs
                    .push(changed_run(&moment, file, trail, (run, first), changed)?);
            }
        }
        covered.altered = last_alteration(&moment, trail).map_err(Fault::Other)?;
    }
    let stays = |run: &Run| covered.runs.iter().any(|kept| kept.id == run.id);
    for run in runs.iter().filter(|run| !stays(run)) {
        file.remove(run.id)?;
    }
    if believed.is_none() {
        covered = Covered::default();
    }
    file.keep_covered(trail, &covered)?;
    Ok(Some(covered))
}

/// A run with some of its entries as they are in the log now.
fn changed_run(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    (run, first): (&Run, u64),
    changed: Vec<Range<u64>>,
) -> Result<Run, Fault> {
    let mut fresh = Terms::default();
    for range in &changed {
        let mut next = range.start;
        while next < range.end {
            let gathered = fresh.gather(log, trail, (next, range.end), usize::MAX);
            next = gathered.map_err(Fault::Other)?;
        }
    }
    let mut without = changed;
    without.insert(0, 0..first);
    let mark = Merge {
        token: 0,
        run: next_run(file)?,
        slices: 0,
    };
    let ids = (file.epoch, mark);
    let mut merging = Merging::new(
        trail,
        ids,
        (first, vec![run.clone()]),
        without,
        fresh.sorted(),
    );
    loop {
        let slice = merging.slice(&Recent::of(file), SLICE_TERMS)?;
        file.put(slice.blocks)?;
        if let Some(run) = slice.whole {
            return Ok(run);
        }
    }
}
