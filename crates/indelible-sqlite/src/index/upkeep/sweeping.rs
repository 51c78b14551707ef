//! Leaving nothing in the file of what the log has no more.

use std::time::Duration;

use indelible_core::store::StoreError;

use super::making::rewrite;
use super::{PURGE_PATIENCE, Upkeep};
use crate::connection;
use crate::error::{SqliteError, unavailable};
use crate::index::Fault;
use crate::index::record::Covered;

impl Upkeep {
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
            work.patiently(PURGE_PATIENCE, |work| {
                let file = work.file()?;
                file.change(|| file.clear())?;
                work.is_unswept = true;
                Ok(())
            })
        });
        match emptied {
            Ok(()) | Err(Fault::Damage(_)) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Leaves nothing of what was erased or removed in the file, or no file. Waits a little for
    /// those who read it.
    pub fn purge(&mut self) -> Result<(), StoreError> {
        self.sweep(PURGE_PATIENCE)
    }

    /// As [`Self::purge`], with so much patience.
    pub fn sweep(&mut self, patience: Duration) -> Result<(), StoreError> {
        if self.file.is_none() && !self.path.exists() {
            // What stood beside it may have been left behind, and holds the same.
            self.take_away()?;
            self.is_unswept = false;
            return Ok(());
        }
        let purged = self.guarded(|work| work.patiently(patience, Self::sweeps));
        match purged {
            Ok(()) => Ok(()),
            Err(Fault::Damage(_)) => self.discard(),
            Err(Fault::Busy) => Err(unavailable(SqliteError::Read)),
            Err(Fault::Other(error)) => Err(error),
        }
    }

    fn sweeps(&mut self) -> Result<(), Fault> {
        let freed = self.takes_away()?;
        // Another process may have freed pages since they were.
        self.is_unswept = !self.file()?.mark_swept(freed)?;
        Ok(())
    }

    /// Leaves nothing in the file of what was freed until then; answers how often that was.
    pub(super) fn takes_away(&mut self) -> Result<u64, Fault> {
        self.gives_up_merge(None)?;
        self.look()?;
        let file = self.file()?;
        file.change(|| file.mark_unswept())?;
        for trail in file.trails()? {
            self.rewrites(trail)?;
        }
        let file = self.file()?;
        let freed = file.meta()?.freed;
        file.empty_log()?;
        connection::vacuum(&file.db)?;
        file.empty_log()?;
        Ok(freed)
    }

    /// Writes the runs of a trail anew in which something stands that the log has no more.
    pub(super) fn rewrites(&mut self, trail: i64) -> Result<(), Fault> {
        let entries = self.entries;
        let (log, file) = self.both()?;
        let rewritten = file.change(|| {
            // Another process may have begun one since, of the runs that go now.
            file.give_up_merge(None)?;
            file.mark_unswept()?;
            rewrite(log, file, trail, entries)
        });
        match rewritten {
            // A fault of the log must not keep what was erased where nobody may find it.
            Err(Fault::Other(StoreError::Corrupt { .. })) => self.forgets(trail),
            rewritten => {
                if let Some(covered) = rewritten? {
                    self.keep(trail, covered);
                }
                Ok(())
            }
        }
    }

    /// Takes away all that the file holds of a trail.
    fn forgets(&mut self, trail: i64) -> Result<(), Fault> {
        let file = self.file()?;
        file.change(|| {
            let covered = file.covered(trail)?.unwrap_or_default();
            file.disown(&covered.runs)?;
            file.forget(trail)
        })?;
        self.keep(trail, Covered::default());
        Ok(())
    }
}
