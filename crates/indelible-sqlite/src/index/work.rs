//! What the thread of the index does: covers the log, merges, takes away what was erased.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::{Connection, OptionalExtension};

use super::Fault;
use super::build::Builder;
use super::cover::{believed, last_alteration, leaf, log_token};
use super::file::{self, IndexFile, Recent};
use super::merge::{self, Merging};
use super::record::{Covered, Merge};
use super::run::Run;
use super::tail::Terms;
use crate::connection;
use crate::error::{SqliteError, refused, unavailable};
use crate::files::{self, FileId, Files, Open};
use crate::open::Options;
use crate::read::Extent;

/// Bytes of terms that are sorted at once.
const SORT_BYTES_MAX: usize = 32 << 20;
/// Terms of one slice of a merge: some milliseconds.
const SLICE_TERMS: usize = 65_536;
/// Entries that are worth an index when the database is closed.
const CLOSE_ENTRIES: u64 = 64;
/// Changed entries of a run whose terms are kept in memory while it is written anew.
const CHANGED_MAX: u64 = 4_096;
/// How often the merge of another process may be met as it was before it counts as given up.
const STANDS_STILL_MAX: u32 = 64;
/// How long a purge waits for another process that writes.
const PURGE_PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Work {
    log_path: PathBuf,
    log_files: Arc<Files>,
    path: PathBuf,
    files: Arc<Files>,
    busy_timeout: Duration,
    /// Entries that are covered at once.
    entries: u64,
    log: Option<(Connection, Open)>,
    file: Option<(IndexFile, Open)>,
    trails: BTreeMap<i64, Known>,
    merging: Option<Merging>,
    /// The merge of another process, and how often it was met.
    other: Option<(Merge, u32)>,
    /// Whether something that was removed from the log may stand in the file.
    is_unswept: bool,
}

/// How the beginning of a merge went.
enum Begun {
    Marked(Merge),
    /// Another process has one under way, met so often.
    Not(Merge, u32),
    /// The runs are others by now.
    Elsewhere(Covered),
}

/// What is known of a trail.
struct Known {
    extent: Extent,
    /// As the file says; nothing where that was not read yet.
    covered: Option<Covered>,
    /// Whether its log could not be read: it is not tried again.
    is_unreadable: bool,
    /// Whether somebody did not believe what the file says of it.
    is_doubted: bool,
}

impl Known {
    fn tail(&self) -> u64 {
        if self.is_unreadable {
            return 0;
        }
        let Extent {
            size, first_kept, ..
        } = self.extent;
        // What is of a longer log, or lacks the beginning of this one, is not believed.
        let fits = |covered: &&Covered| covered.end() <= size && covered.first() <= first_kept;
        let covered = self.covered.as_ref().filter(|_| !self.is_doubted);
        let end = covered.filter(fits).map_or(0, Covered::end);
        self.extent
            .size
            .saturating_sub(end.max(self.extent.first_kept))
    }
}

impl Work {
    pub fn new(
        (log_path, log_files): (PathBuf, Arc<Files>),
        (path, files): (PathBuf, Arc<Files>),
        options: &Options,
    ) -> Self {
        Self {
            log_path,
            log_files,
            path,
            files,
            busy_timeout: options.busy_timeout,
            entries: options.index_entries.max(1).into(),
            log: None,
            file: None,
            trails: BTreeMap::new(),
            merging: None,
            other: None,
            is_unswept: false,
        }
    }

    /// Entries that are not covered, as far as is known.
    pub fn lag(&self) -> u64 {
        self.trails.values().map(Known::tail).sum()
    }

    /// Entries that are covered, and how many there are, as far as is known.
    pub fn progress(&self) -> (u64, u64) {
        let kept = |known: &Known| known.extent.size.saturating_sub(known.extent.first_kept);
        let of: u64 = self.trails.values().map(kept).sum();
        (of.saturating_sub(self.lag()), of)
    }

    /// Whether less is left than is covered at once.
    pub fn is_abreast(&self) -> bool {
        self.file.is_some() && self.lag() < self.entries
    }

    /// Up to where the trails of the log go now.
    pub fn ends(&mut self) -> BTreeMap<i64, u64> {
        // What cannot be looked at cannot be covered either.
        let _ = self.guarded(Self::look);
        let ends = self.trails.iter();
        ends.map(|(trail, known)| (*trail, known.extent.size))
            .collect()
    }

    /// Whether all trails are covered so far, as far as they can be.
    pub fn has_reached(&self, ends: &BTreeMap<i64, u64>) -> bool {
        self.trails.iter().all(|(trail, known)| {
            let end = ends.get(trail).copied().unwrap_or_default();
            known.tail() <= known.extent.size.saturating_sub(end)
        })
    }

    /// Looks at all trails again, whatever is known of them.
    pub fn doubt(&mut self) {
        for known in self.trails.values_mut() {
            (known.is_doubted, known.is_unreadable) = (true, false);
        }
    }

    /// One step: covers a stretch, where so many entries are left or a whole run is, or merges.
    /// Whether there may be another step at once.
    pub fn step(&mut self, least: u64) -> Result<bool, Fault> {
        let least = least.min(self.entries);
        self.guarded(|work| Ok(work.covers(least)? || work.merges()?))
    }

    /// Covers a stretch of the trail that lacks most, if it lacks so many entries; whether it did.
    pub fn flush(&mut self, least: u64) -> Result<bool, Fault> {
        self.guarded(|work| work.covers(least))
    }

    /// Takes the file away that somebody found damaged, unless another one is there by now.
    pub fn damaged(&mut self, file: Option<FileId>) {
        if files::id_now(&self.path).is_ok_and(|now| now == file) {
            self.discard();
        }
    }

    /// Takes the file away: it is made anew.
    fn discard(&mut self) {
        self.close_file();
        self.trails.clear();
        self.is_unswept = false;
        // What cannot be taken away is found damaged again.
        let _ = file::discard(&self.path);
    }

    /// Entries were removed from the log.
    pub fn has_lost(&mut self) {
        self.is_unswept = true;
    }

    /// Whether something that was removed from the log may stand in the file.
    pub fn is_unswept(&self) -> bool {
        self.is_unswept
    }

    /// Takes away what the file holds, or the file where that cannot be done. It stays where it
    /// can, so that whoever reads it goes on.
    pub fn empty(&mut self) -> Result<(), StoreError> {
        self.merging = None;
        self.trails.clear();
        if self.file.is_none() && !self.path.exists() {
            return Ok(());
        }
        let emptied = self.guarded(|work| {
            work.patiently(|work| {
                let file = work.file()?;
                file.change(|| file.clear())
            })
        });
        match emptied {
            Ok(()) | Err(Fault::Damage(_)) => Ok(()),
            Err(fault) => Err(fault.told()),
        }
    }

    /// Does something that waits for other processes that write.
    fn patiently<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.file()?.db.busy_timeout(PURGE_PATIENCE)?;
        let done = body(self);
        self.file()?.db.busy_timeout(Duration::ZERO)?;
        done
    }

    /// As `flush`, for somebody who waits: another process is waited for, and what is due is merged.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        self.guarded(|work| {
            let covered = work.patiently(|work| work.covers(1))?;
            while work.merges()? {}
            Ok(covered)
        })
    }

    /// Covers what is worth it and lets go of everything.
    pub fn close(&mut self) {
        // One stretch: nobody is to wait long, and what is not covered is read from the log.
        let _ = self.flush(CLOSE_ENTRIES);
        if self.is_unswept {
            // Whoever opens it next finds that it is left.
            let _ = self.purge();
        }
        let mine = self.merging.as_ref().map(|merging| merging.mark);
        if mine.is_some() {
            let _ = self.guarded(|work| work.gives_up_merge(mine));
        }
        if let Some((file, _)) = &self.file {
            let _ = truncate(&file.db);
        }
        self.close_file();
        self.close_log();
    }

    /// Leaves nothing of what was erased or removed in the file, or no file. Waits a little for
    /// those who read it.
    pub fn purge(&mut self) -> Result<(), StoreError> {
        self.sweep(PURGE_PATIENCE)
    }

    /// As [`Self::purge`], with so much patience.
    pub fn sweep(&mut self, patience: Duration) -> Result<(), StoreError> {
        if self.file.is_none() && !self.path.exists() {
            self.is_unswept = false;
            return Ok(());
        }
        let purged = self.guarded(|work| {
            work.file()?.db.busy_timeout(patience)?;
            let swept = work.sweeps();
            if let Some((file, _)) = &work.file {
                file.db.busy_timeout(Duration::ZERO)?;
            }
            swept
        });
        match purged {
            Ok(()) => Ok(()),
            Err(Fault::Damage(_)) => {
                self.discard();
                Ok(())
            }
            Err(Fault::Busy) => Err(unavailable(SqliteError::Read)),
            Err(Fault::Other(error)) => Err(error),
        }
    }

    fn sweeps(&mut self) -> Result<(), Fault> {
        self.gives_up_merge(None)?;
        self.look()?;
        let file = self.file()?;
        file.change(|| {
            let mut meta = file.meta()?;
            meta.is_unswept = true;
            file.keep_meta(&meta)
        })?;
        for trail in file.trails()? {
            self.rewrites(trail)?;
        }
        let file = self.file()?;
        truncate(&file.db)?;
        connection::vacuum(&file.db)?;
        truncate(&file.db)?;
        file.change(|| {
            let mut meta = file.meta()?;
            meta.is_unswept = false;
            file.keep_meta(&meta)
        })?;
        self.is_unswept = false;
        Ok(())
    }

    /// Does something, and takes away a file that turns out to be damaged.
    fn guarded<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.file.is_some() && !self.files.are_there().unwrap_or(false) {
            self.close_file();
        }
        self.let_go();
        let done = body(self);
        if matches!(done, Err(Fault::Damage(_))) {
            self.discard();
        }
        done
    }

    fn close_file(&mut self) {
        self.merging = None;
        if let Some((file, open)) = self.file.take() {
            drop(file);
            drop(open);
        }
        for known in self.trails.values_mut() {
            known.covered = None;
        }
    }

    /// Lets go of a log that is not the database's any more.
    pub fn let_go(&mut self) {
        if self.log.is_some() && !self.log_files.are_there().unwrap_or(false) {
            self.close_log();
        }
    }

    fn close_log(&mut self) {
        if let Some((log, open)) = self.log.take() {
            drop(log);
            drop(open);
        }
    }

    fn log(&mut self) -> Result<&Connection, Fault> {
        if self.log.is_none() {
            let open = self.log_files.open().map_err(Fault::Other)?;
            let log = connection::reading(&self.log_path, self.busy_timeout);
            let log = log.map_err(Fault::Other)?;
            self.log = Some((log, open));
        }
        match &self.log {
            Some((log, _)) => Ok(log),
            None => Err(Fault::Other(unavailable("the log is closed"))),
        }
    }

    fn file(&mut self) -> Result<&IndexFile, Fault> {
        if self.file.is_none() {
            let open = self.files.open()?;
            let epoch = u64::from_le_bytes(random(self.log()?)?);
            let file = IndexFile::writing(&self.path, epoch)?;
            self.files
                .remember()
                .map_err(|error| Fault::Other(unavailable(error)))?;
            self.is_unswept |= file.meta()?.is_unswept;
            self.file = Some((file, open));
        }
        match &self.file {
            Some((file, _)) => Ok(file),
            None => Err(Fault::Other(unavailable("the index is closed"))),
        }
    }

    /// Both, opened.
    fn both(&mut self) -> Result<(&Connection, &IndexFile), Fault> {
        self.log()?;
        self.file()?;
        match (&self.log, &self.file) {
            (Some((log, _)), Some((file, _))) => Ok((log, file)),
            _ => Err(Fault::Other(unavailable("the index is closed"))),
        }
    }

    /// Looks how far the trails are.
    fn look(&mut self) -> Result<(), Fault> {
        let extents = extents(self.log()?).map_err(Fault::Other)?;
        self.trails
            .retain(|trail, _| extents.iter().any(|extent| extent.trail == *trail));
        for extent in extents {
            let known = self.trails.entry(extent.trail).or_insert(Known {
                extent,
                covered: None,
                is_unreadable: false,
                is_doubted: false,
            });
            known.extent = extent;
        }
        let unknown = |(trail, known): (&i64, &Known)| known.covered.is_none().then_some(*trail);
        let unknown: Vec<i64> = self.trails.iter().filter_map(unknown).collect();
        if unknown.is_empty() || (self.file.is_none() && !self.path.exists()) {
            return Ok(());
        }
        for trail in unknown {
            let covered = self.file()?.covered(trail)?.unwrap_or_default();
            if let Some(known) = self.trails.get_mut(&trail) {
                known.covered = Some(covered);
            }
        }
        let has_lost = |known: &Known| {
            let first = known.covered.as_ref().map(Covered::first);
            first.is_some_and(|first| first < known.extent.first_kept)
        };
        self.is_unswept |= self.trails.values().any(has_lost);
        Ok(())
    }

    fn covers(&mut self, least: u64) -> Result<bool, Fault> {
        self.look()?;
        let longest = self.trails.iter().max_by_key(|(_, known)| known.tail());
        let Some((&trail, _)) = longest.filter(|(_, known)| known.tail() >= least.max(1)) else {
            return Ok(false);
        };
        let entries = self.entries;
        let (log, file) = self.both()?;
        let covered = file.change(|| cover(log, file, trail, entries));
        if let Err(Fault::Other(StoreError::Corrupt { .. })) = covered
            && let Some(known) = self.trails.get_mut(&trail)
        {
            known.is_unreadable = true;
        }
        match busy(covered)? {
            Some(covered) => {
                self.keep(trail, covered);
                Ok(true)
            }
            // Another process covers it.
            None => Ok(false),
        }
    }

    fn keep(&mut self, trail: i64, covered: Covered) {
        if let Some(known) = self.trails.get_mut(&trail) {
            (known.covered, known.is_doubted) = (Some(covered), false);
        }
    }

    /// Takes a step of a merge, if one is due.
    fn merges(&mut self) -> Result<bool, Fault> {
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
    fn gives_up_merge(&mut self, which: Option<Merge>) -> Result<(), Fault> {
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

    /// Writes the runs of a trail anew in which something stands that the log has no more.
    fn rewrites(&mut self, trail: i64) -> Result<(), Fault> {
        let entries = self.entries;
        let (log, file) = self.both()?;
        let rewritten = file.change(|| rewrite(log, file, trail, entries))?;
        if let Some(covered) = rewritten {
            self.keep(trail, covered);
        }
        Ok(())
    }
}

/// Covers up to so many entries more of a trail.
fn cover(log: &Connection, file: &IndexFile, trail: i64, entries: u64) -> Result<Covered, Fault> {
    let moment = log.unchecked_transaction().map_err(of_log)?;
    let mut covered = file.covered(trail)?.unwrap_or_default();
    let Some(extent) = extent(&moment, trail)? else {
        return Ok(covered);
    };
    let is_of_log = believed(&moment, extent, &covered).map_err(Fault::Other)?;
    if is_of_log.is_none() {
        for run in &covered.runs {
            file.remove(run.id)?;
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
    Ok(covered)
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

pub(super) fn next_run(file: &IndexFile) -> Result<u64, Fault> {
    let mut meta = file.meta()?;
    let run = meta.next_run;
    meta.next_run += 1;
    file.keep_meta(&meta)?;
    Ok(run)
}

/// Writes runs anew without what was removed, and with changed entries as they are now. Answers
/// what the file says then; nothing where it says nothing of the trail.
fn rewrite(
    log: &Connection,
    file: &IndexFile,
    trail: i64,
    entries: u64,
) -> Result<Option<Covered>, Fault> {
    let moment = log.unchecked_transaction().map_err(of_log)?;
    let Some(mut covered) = file.covered(trail)? else {
        return Ok(None);
    };
    let Some(extent) = extent(&moment, trail)? else {
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

/// How far the trails of the log are.
pub(super) fn extents(log: &Connection) -> Result<Vec<Extent>, StoreError> {
    let mut get = log
        .prepare_cached(
            "SELECT h.trail, h.size, coalesce(k.first_kept, 0) \
             FROM head AS h LEFT JOIN kept AS k ON k.trail = h.trail",
        )
        .map_err(refused)?;
    let rows = get.query_map([], read_extent).map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

fn extent(log: &Connection, trail: i64) -> Result<Option<Extent>, Fault> {
    let mut get = log
        .prepare_cached(
            "SELECT h.trail, h.size, coalesce(k.first_kept, 0) \
             FROM head AS h LEFT JOIN kept AS k ON k.trail = h.trail WHERE h.trail = ?1",
        )
        .map_err(of_log)?;
    get.query_row([trail], read_extent)
        .optional()
        .map_err(of_log)
}

fn read_extent(row: &rusqlite::Row<'_>) -> rusqlite::Result<Extent> {
    Ok(Extent {
        trail: row.get(0)?,
        size: row.get(1)?,
        first_kept: row.get(2)?,
    })
}

/// An error of the log says nothing of the index.
fn of_log(error: rusqlite::Error) -> Fault {
    Fault::Other(refused(error))
}

/// What was done; nothing where another process was at it.
fn busy<T>(done: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match done {
        Err(Fault::Busy) => Ok(None),
        done => done.map(Some),
    }
}

fn random(log: &Connection) -> Result<[u8; 8], Fault> {
    log.query_row("SELECT randomblob(8)", [], |row| row.get(0))
        .map_err(of_log)
}

/// Copies the write-ahead log into the file and empties it.
fn truncate(db: &Connection) -> Result<(), Fault> {
    let busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0)
    })?;
    match busy {
        0 => Ok(()),
        _ => Err(Fault::Other(unavailable(SqliteError::Read))),
    }
}
