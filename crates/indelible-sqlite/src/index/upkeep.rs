//! What the thread of the index does: covers the log, merges, takes away what was erased.

mod making;
mod merging;
mod sweeping;
mod tallies;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::Fault;
use super::file::{self, IndexFile};
use super::handle::Shared;
use super::merge::{FAN_IN, MAKING_FAN_IN, Merging};
use super::record::{Covered, Merge};
use crate::connection;
use crate::error::unavailable;
use crate::files::{self, FileId, Files, Open};
use crate::open::Options;
use crate::read::{self, Extent};
use crate::wal::Wal;
pub(super) use making::next_run;
use tallies::Tallies;

/// Bytes of terms that are sorted at once.
const SORT_BYTES_MAX: usize = 32 << 20;
/// Terms of one slice of a merge: some milliseconds.
const SLICE_TERMS: usize = 65_536;
/// Entries that are worth an index when the database is closed.
const CLOSE_ENTRIES: u64 = 64;
/// Entries of a merge at most that is done when the database is closed: some hundredths of a second.
const CLOSE_MERGE_ENTRIES: u64 = 16_384;
/// Changed entries of a run whose terms are kept in memory while it is written anew.
const CHANGED_MAX: u64 = 4_096;
/// How often the merge of another process may be met as it was before it counts as given up.
const STANDS_STILL_MAX: u32 = 64;
/// How long a purge waits for another process that writes.
const PURGE_PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Upkeep {
    log_path: PathBuf,
    log_files: Arc<Files>,
    path: PathBuf,
    files: Arc<Files>,
    busy_timeout: Duration,
    /// Entries that are covered at once.
    entries: u64,
    /// The connections before what counts them: so they are dropped.
    log: Option<(Connection, Open)>,
    file: Option<(IndexFile, Open)>,
    trails: BTreeMap<i64, Known>,
    tallies: Tallies,
    /// Who watches how far it is, as [`Self::progress`] tells it.
    pub watch: Option<mpsc::UnboundedSender<(u64, u64)>>,
    merging: Option<Merging>,
    /// A merge that nobody goes on with, since a step of it failed here.
    given_up: Option<Merge>,
    /// Whether something that was removed from the log may stand in the file.
    is_unswept: bool,
}

/// How much is done at once.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Runs that are made in one transaction.
    runs: u64,
    /// Runs that become one.
    fan_in: usize,
}

/// While entries are recorded.
pub(super) const STEADY: Pace = Pace {
    runs: 1,
    fan_in: FAN_IN,
};
/// While the index is made.
pub(super) const MAKING: Pace = Pace {
    runs: 8,
    fan_in: MAKING_FAN_IN,
};

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
        let covered = self.covered.as_ref().filter(|_| !self.is_doubted);
        let covered = covered.filter(|covered| covered.is_within(self.extent));
        let end = covered.map_or(self.extent.first_kept, Covered::end);
        self.extent.size.saturating_sub(end)
    }
}

impl Upkeep {
    pub fn new(
        (log_path, log_files): (PathBuf, Arc<Files>),
        (log_wal, shared): (Arc<Wal>, Arc<Shared>),
        (path, files): (PathBuf, Arc<Files>),
        options: &Options,
    ) -> Self {
        Self {
            log_path,
            log_files,
            tallies: Tallies::of((log_wal, Wal::of(&path)), shared),
            path,
            files,
            busy_timeout: options.busy_timeout,
            entries: options.index_entries.max(1).into(),
            log: None,
            file: None,
            trails: BTreeMap::new(),
            watch: None,
            merging: None,
            given_up: None,
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
        self.guarded(|work| Ok(work.covers(least, 1)? || work.merges(FAN_IN, u64::MAX)?))
    }

    /// Covers a stretch of the trail that lacks most, if it lacks so many entries; whether it did.
    pub fn flush(&mut self, least: u64) -> Result<bool, Fault> {
        self.guarded(|work| work.covers(least, 1))
    }

    /// Merges what is due once nothing more is made.
    pub fn merge_all(&mut self) -> Result<(), Fault> {
        self.guarded(|work| {
            work.patiently(PURGE_PATIENCE, |work| {
                while work.merges(FAN_IN, u64::MAX)? {}
                Ok(())
            })
        })
    }

    /// Takes the file away that somebody found damaged, unless another one is there by now.
    pub fn damaged(&mut self, file: Option<FileId>) {
        if files::id_now(&self.path).is_ok_and(|now| now == file) {
            // What cannot be taken away is found damaged again.
            let _ = self.discard();
        }
    }

    /// Takes the file away: it is made anew.
    fn discard(&mut self) -> Result<(), StoreError> {
        self.close_file();
        self.trails.clear();
        self.take_away()?;
        self.is_unswept = false;
        Ok(())
    }

    fn take_away(&self) -> Result<(), StoreError> {
        let _opening = files::opening();
        self.tallies.index_wal().forget();
        file::discard(&self.path).map_err(unavailable)
    }

    /// Does something that waits for other processes that write.
    fn patiently<T>(
        &mut self,
        patience: Duration,
        body: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.file()?.db.busy_timeout(patience)?;
        let done = body(self);
        if let Some((file, _)) = &self.file {
            file.db.busy_timeout(Duration::ZERO)?;
        }
        done
    }

    /// As `flush`, for somebody who waits: another process is waited for, and what is due is merged.
    pub fn advance(&mut self, Pace { runs, fan_in }: Pace) -> Result<bool, Fault> {
        self.guarded(|work| {
            work.patiently(PURGE_PATIENCE, |work| {
                let covered = work.covers(1, runs)?;
                while work.merges(fan_in, u64::MAX)? {}
                Ok(covered)
            })
        })
    }

    /// Covers what is worth it and lets go of everything.
    pub fn close(&mut self) {
        // One stretch: nobody is to wait long, and what is not covered is read from the log.
        let _ = self.flush(CLOSE_ENTRIES);
        if self.merging.is_none() {
            // Those who record now and then and end would leave a run each.
            let _ = self.guarded(|work| {
                while work.merges(FAN_IN, CLOSE_MERGE_ENTRIES)? {}
                Ok(())
            });
        }
        if self.is_unswept {
            // Whoever opens it next finds that it is left.
            let _ = self.purge();
        }
        let mine = self.merging.as_ref().map(|merging| merging.mark);
        if mine.is_some() {
            let _ = self.guarded(|work| work.gives_up_merge(mine));
        }
        if let Some((file, _)) = &self.file {
            let written = self.tallies.last();
            let _ = file.change(|| file.add_written(written));
            let _ = file.empty_log();
        }
        self.close_file();
        self.log = None;
    }

    /// Does something, and takes away a file that turns out to be damaged.
    fn guarded<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.file.is_some() && !self.files.are_there().unwrap_or(false) {
            self.close_file();
        }
        self.let_go();
        let done = body(self);
        if matches!(done, Err(Fault::Damage(_))) {
            // What cannot be taken away is found damaged again.
            let _ = self.discard();
        }
        done
    }

    fn close_file(&mut self) {
        self.merging = None;
        self.file = None;
        for known in self.trails.values_mut() {
            known.covered = None;
        }
    }

    /// Lets go of a log that is not the database's any more.
    pub fn let_go(&mut self) {
        if self.log.is_some() && !self.log_files.are_there().unwrap_or(false) {
            self.log = None;
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
            let epoch = u64::from_le_bytes(random(self.log()?)?);
            let _opening = files::opening();
            let open = self.files.open()?;
            let file = IndexFile::writing(&self.path, epoch, self.tallies.index_wal())?;
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
        let extents = read::extents(self.log()?).map_err(Fault::Other)?;
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
        .map_err(Fault::of_log)
}
