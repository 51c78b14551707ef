//! Merging runs, one merge at a time, whichever process does it.

use super::{SLICE_TERMS, STANDS_STILL_MAX, Upkeep, busy, random};
use crate::index::Fault;
use crate::index::merge::{self, Merging};
use crate::index::recent::Recent;
use crate::index::record::{Covered, Merge};
use crate::index::run::Run;
use crate::index::tail::Sorted;

/// How the beginning of a merge went.
enum Begun {
    Marked(Merge),
    /// Another process has one under way.
    Not,
    /// The runs are others by now.
    Elsewhere(Covered),
}

/// What a step of a merge came to.
enum Step {
    GoesOn,
    Over(Covered),
    /// Somebody else has taken it over, or made other runs of its sources.
    GivenUp,
}

impl Upkeep {
    /// Takes a step of a merge, if one of so many runs is due that has no more entries than `most`.
    pub(super) fn merges(&mut self, fan_in: usize, most: u64) -> Result<bool, Fault> {
        if self.merging.is_none() {
            let due = self.trails.iter().find_map(|(trail, known)| {
                let runs = &known.covered.as_ref()?.runs;
                let due = &runs[merge::due(runs, fan_in)?];
                let entries: u64 = due.iter().map(Run::len).sum();
                (entries <= most).then(|| (*trail, due.to_vec()))
            });
            let Some((trail, sources)) = due else {
                return Ok(false);
            };
            let first = sources.first().map_or(0, |run| run.first);
            if !self.begins(trail, (first, sources))? {
                return Ok(false);
            }
        }
        self.goes_on()
    }

    /// Begins a merge, unless another process has one under way.
    pub(super) fn begins(
        &mut self,
        trail: i64,
        (first, sources): (u64, Vec<Run>),
    ) -> Result<bool, Fault> {
        let given_up = self.given_up;
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
                if meta.met < STANDS_STILL_MAX && given_up != Some(there) {
                    meta.met += 1;
                    file.keep_meta(&meta)?;
                    return Ok(Begun::Not);
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
            (meta.merging, meta.met) = (Some(mark), 0);
            file.keep_meta(&meta)?;
            Ok(Begun::Marked(mark))
        }))?;
        let epoch = file.epoch;
        match begun {
            Some(Begun::Marked(mark)) => {
                self.given_up = None;
                let ids = (epoch, mark);
                let (without, fresh) = (Vec::new(), Sorted::default());
                self.merging = Some(Merging::new(trail, ids, (first, sources), without, fresh));
                Ok(true)
            }
            Some(Begun::Elsewhere(now)) => {
                self.keep(trail, now);
                Ok(false)
            }
            Some(Begun::Not) | None => Ok(false),
        }
    }

    /// Takes a step of the merge under way; false where it had to be given up.
    fn goes_on(&mut self) -> Result<bool, Fault> {
        let Some(mut merging) = self.merging.take() else {
            return Ok(false);
        };
        let (_, file) = self.both()?;
        let (mut is_touched, before) = (false, merging.mark);
        let stepped = file.change(|| {
            let mut meta = file.meta()?;
            if meta.merging != Some(merging.mark) {
                return Ok(Step::GivenUp);
            }
            is_touched = true;
            let slice = merging.slice(&Recent::of(file), SLICE_TERMS)?;
            file.put(slice.blocks)?;
            let Some(run) = slice.whole else {
                merging.mark.slices += 1;
                (meta.merging, meta.met) = (Some(merging.mark), 0);
                file.keep_meta(&meta)?;
                return Ok(Step::GoesOn);
            };
            meta.merging = None;
            file.keep_meta(&meta)?;
            let mut now = file.covered(merging.trail)?.unwrap_or_default();
            if !replace(&mut now.runs, &merging.sources, run) {
                // Somebody else has made other runs of them.
                file.remove(merging.mark.run)?;
                return Ok(Step::GivenUp);
            }
            for source in &merging.sources {
                file.remove(source.id)?;
            }
            file.keep_covered(merging.trail, &now)?;
            Ok(Step::Over(now))
        });
        match stepped {
            Ok(Step::GoesOn) => self.merging = Some(merging),
            Ok(Step::Over(covered)) => self.keep(merging.trail, covered),
            Ok(Step::GivenUp) => {
                if let Some(known) = self.trails.get_mut(&merging.trail) {
                    known.covered = None;
                }
                return Ok(false);
            }
            Err(fault) if !is_touched => {
                self.merging = Some(merging);
                return Err(fault);
            }
            Err(fault) => {
                // A slice that was not written was taken out of the merge already: what the file
                // has of it is nobody's now.
                self.given_up = Some(before);
                return Err(fault);
            }
        }
        Ok(true)
    }

    /// Takes away what a merge has written that is not over: this one, or whichever it is.
    pub(super) fn gives_up_merge(&mut self, which: Option<Merge>) -> Result<(), Fault> {
        self.merging = None;
        let Some((file, _)) = &self.file else {
            return Ok(());
        };
        file.change(|| file.give_up_merge(which))
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
