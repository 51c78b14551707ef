//! Making runs of the log: of entries that are not covered, and of those that were changed.

use std::ops::Range;

use rusqlite::Connection;

use super::{CHANGED_MAX, SLICE_TERMS, SORT_BYTES_MAX};
use crate::index::Fault;
use crate::index::belief::{believed, last_alteration, leaf, log_token};
use crate::index::build::Builder;
use crate::index::file::{IndexFile, Recent};
use crate::index::merge::Merging;
use crate::index::record::{Covered, Merge};
use crate::index::run::Run;
use crate::index::tail::Terms;
use crate::read;

/// Covers up to so many entries more of a trail. Answers what the file says then, and whether pages
/// are free by now that may hold what the log has no more.
pub(super) fn cover(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    entries: u64,
) -> Result<(Covered, bool), Fault> {
    let moment = log.unchecked_transaction().map_err(Fault::of_log)?;
    let mut covered = file.covered(trail)?.unwrap_or_default();
    let Some(extent) = read::extent_of(&moment, trail).map_err(Fault::Other)? else {
        return Ok((covered, false));
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
    let end = extent.size.min(first.saturating_add(entries));
    if first < end {
        let run = build(&moment, file, trail, (first, end))?;
        let last = leaf(&moment, trail, run.end - 1).map_err(Fault::Other)?;
        covered.leaf = last.unwrap_or_default();
        covered.runs.push(run);
    }
    file.keep_covered(trail, &covered)?;
    Ok((covered, has_freed))
}

/// Makes a run of entries of the log, of as many as memory goes.
fn build(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    (first, end): (u64, u64),
) -> Result<Run, Fault> {
    let mut terms = Terms::default();
    let gathered = terms.gather(log, trail, (first, end), SORT_BYTES_MAX);
    let end = gathered.map_err(Fault::Other)?;
    terms.sort();
    let mut builder = Builder::new(file.epoch, next_run(file)?);
    for place in 0..terms.len() {
        if let Some((key, seq)) = terms.get(place) {
            builder.push(key, seq);
        }
    }
    let (run, blocks) = builder.end(first, end);
    file.put(blocks)?;
    Ok(run)
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
                while next < end {
                    let stretch = (next, end.min(next.saturating_add(entries)));
                    let part = build(&moment, file, trail, stretch)?;
                    next = part.end;
                    covered.runs.push(part);
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
    fresh.sort();
    let mut without = changed;
    without.insert(0, 0..first);
    let mark = Merge {
        token: 0,
        run: next_run(file)?,
        slices: 0,
    };
    let ids = (file.epoch, mark);
    let mut merging = Merging::new(trail, ids, (first, vec![run.clone()]), without, fresh);
    loop {
        let slice = merging.slice(&Recent::of(file), SLICE_TERMS)?;
        file.put(slice.blocks)?;
        if let Some(run) = slice.whole {
            return Ok(run);
        }
    }
}
