//! Merging runs, one merge at a time, whichever process does it.

use std::ops::Range;

use super::{SLICE_TERMS, STANDS_STILL_MAX, Work, busy, random};
use crate::index::Fault;
use crate::index::file::Recent;
use crate::index::merge::{self, Merging};
use crate::index::record::{Covered, Merge};
use crate::index::run::Run;
use crate::index::tail::Terms;

/// How the beginning of a merge went.
enum Begun {
    Marked(Merge),
    /// Another process has one under way, met so often.
    Not(Merge, u32),
    /// The runs are others by now.
    Elsewhere(Covered),
}

impl Work {
    /// Takes a step of a merge, if one is due.
    pub(super) fn merges(&mut self) -> Result<bool, Fault> {
        if self.merging.is_none() {
            let due = self.trails.iter().find_map(|(trail, known)| {
                let runs = &known.covered.as_ref()?.runs;
                Some((*trail, runs[merge::due(runs)?].to_vec()))
            });
            let Some((trail, sources)) = due else {
                return Ok(false);
            };
            let first = sources.first().map_or(0, |run| run.first);
            if !self.begins(trail, (first, sources), Vec::new(), Terms::default())? {
                return Ok(false);
            }
        }
        Ok(self.goes_on(SLICE_TERMS)?.is_some())
    }

    /// Begins a merge, unless another process has one under way.
    fn begins(
        &mut self,
        trail: i64,
        (first, sources): (u64, Vec<Run>),
        without: Vec<Range<u64>>,
        fresh: Terms,
    ) -> Result<bool, Fault> {
        let other = self.other;
        let (log, file) = self.both()?;
        let token = u64::from_le_bytes(random(log)?);
        let begun = busy(file.change(|| {
            let now = file.covered(trail)?.unwrap_or_default();
            if stands(&now.runs, &sources).is_none() {
                // Somebody else has made other runs of them.
                return Ok(Begun::Elsewhere(now));
            }
            let mut meta = file.meta()?;
            if let Some(there) = meta.merging {
                let met = other.filter(|(merge, _)| *merge == there);
                let met = met.map_or(0, |(_, times)| times);
                if met < STANDS_STILL_MAX {
                    return Ok(Begun::Not(there, met + 1));
                }
                file.remove(there.run)?;
            }
            let run = meta.next_run;
            meta.next_run += 1;
            let mark = Merge {
                token,
                run,
                slices: 0,
            };
            meta.merging = Some(mark);
            file.keep_meta(&meta)?;
            Ok(Begun::Marked(mark))
        }))?;
        let epoch = file.epoch;
        match begun {
            Some(Begun::Marked(mark)) => {
                self.other = None;
                let ids = (epoch, mark);
                self.merging = Some(Merging::new(trail, ids, (first, sources), without, fresh));
                Ok(true)
            }
            Some(Begun::Not(other, times)) => {
                self.other = Some((other, times));
                Ok(false)
            }
            Some(Begun::Elsewhere(now)) => {
                self.keep(trail, now);
                Ok(false)
            }
            None => Ok(false),
        }
    }

    /// Takes a step of the merge under way: `None` where it had to be given up, else whether it is
    /// over.
    fn goes_on(&mut self, terms: usize) -> Result<Option<bool>, Fault> {
        let Some(mut merging) = self.merging.take() else {
            return Ok(None);
        };
        let (_, file) = self.both()?;
        let (mut covered, mut is_touched, before) = (None, false, merging.mark);
        let stepped = file.change(|| {
            let mut meta = file.meta()?;
            if meta.merging != Some(merging.mark) {
                return Ok(None);
            }
            is_touched = true;
            let slice = merging.slice(&Recent::of(file), terms)?;
            file.put(slice.blocks)?;
            let Some(run) = slice.whole else {
                merging.mark.slices += 1;
                meta.merging = Some(merging.mark);
                file.keep_meta(&meta)?;
                return Ok(Some(false));
            };
            meta.merging = None;
            file.keep_meta(&meta)?;
            let mut now = file.covered(merging.trail)?.unwrap_or_default();
            if !replace(&mut now.runs, &merging.sources, run) {
                // Somebody else has made other runs of them.
                file.remove(merging.mark.run)?;
                return Ok(None);
            }
            for source in &merging.sources {
                file.remove(source.id)?;
            }
            file.keep_covered(merging.trail, &now)?;
            covered = Some(now);
            Ok(Some(true))
        });
        let trail = merging.trail;
        match stepped {
            Err(fault) if !is_touched => {
                self.merging = Some(merging);
                Err(fault)
            }
            Err(fault) => {
                // A slice that was not written was taken out of the merge already: what the file
                // has of it is nobody's now.
                self.other = Some((before, STANDS_STILL_MAX));
                Err(fault)
            }
            Ok(None) => {
                if let Some(known) = self.trails.get_mut(&trail) {
                    known.covered = None;
                }
                Ok(None)
            }
            Ok(Some(true)) => {
                if let Some(covered) = covered {
                    self.keep(trail, covered);
                }
                Ok(Some(true))
            }
            Ok(Some(false)) => {
                self.merging = Some(merging);
                Ok(Some(false))
            }
        }
    }

    /// Takes away what a merge has written that is not over: this one, or whichever it is.
    pub(super) fn gives_up_merge(&mut self, which: Option<Merge>) -> Result<(), Fault> {
        self.merging = None;
        let Some((file, _)) = &self.file else {
            return Ok(());
        };
        file.change(|| {
            let mut meta = file.meta()?;
            let is_meant = |merge: &Merge| which.is_none_or(|which| which == *merge);
            if let Some(merge) = meta.merging.take_if(|merge| is_meant(merge)) {
                file.remove(merge.run)?;
                file.keep_meta(&meta)?;
            }
            Ok(())
        })
    }
}

/// Puts a run in the place of those that it was made of; whether they are still there.
fn replace(runs: &mut Vec<Run>, sources: &[Run], run: Run) -> bool {
    let place = stands(runs, sources);
    if let Some(place) = place {
        runs.splice(place..place + sources.len(), [run]);
    }
    place.is_some()
}

/// Where the sources of a merge stand among the runs of a trail.
fn stands(runs: &[Run], sources: &[Run]) -> Option<usize> {
    runs.windows(sources.len().max(1))
        .position(|there| there == sources)
}
