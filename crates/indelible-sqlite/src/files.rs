//! The files of a database that is open: they must stay what they are.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indelible_core::store::StoreError;

use crate::error::{SqliteError, unavailable};

/// Which file it is, whatever its name: device and number, given to no other file while somebody
/// has it open.
pub(crate) type FileId = (u64, u64);

/// The database's file and its write-ahead log, for as long as connections to them are open.
///
/// Once one of them is gone or another one, nothing of what those connections say is believed:
/// they write and read what nobody else will ever see. New ones are opened when all of them are
/// closed, because connections of one process share what they know of the files.
pub(crate) struct Files {
    database: PathBuf,
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the database and the log, where files have numbers.
    ids: Option<[Option<FileId>; 2]>,
    are_displaced: bool,
    /// Open connections.
    open: u32,
}

/// While this is held nobody of this process opens an index, or takes one away. A connection opens
/// its file first and what stands beside it later, by name: where these are of another file by then
/// SQLite does not see that the same process has them open, and cuts the shared memory back under
/// whoever uses it, which ends the process.
pub(crate) fn opening() -> MutexGuard<'static, ()> {
    static OPENING: Mutex<()> = Mutex::new(());
    OPENING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open connection. It must be closed before this is dropped.
pub(crate) struct Open(Arc<Files>);

impl Files {
    /// Those of the database at `path`, in which no link is left.
    pub(crate) fn of(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            database: path.to_owned(),
            log: beside(path, "-wal"),
            state: Mutex::default(),
        })
    }

    /// Room for one more connection.
    ///
    /// # Errors
    /// `Unavailable` where connections to files that are gone are still at work.
    pub(crate) fn open(self: &Arc<Self>) -> Result<Open, StoreError> {
        let mut state = self.lock();
        if state.are_displaced && state.open > 0 {
            return Err(unavailable(SqliteError::Displaced));
        }
        if state.open == 0 {
            (state.are_displaced, state.ids) = (false, None);
        }
        state.open += 1;
        Ok(Open(Arc::clone(self)))
    }

    /// Remembers the files as they are now, unless they are known. The log must be open.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn remember(&self) -> std::io::Result<()> {
        let ids = [id_now(&self.database)?, id_now(&self.log)?];
        self.lock().ids.get_or_insert(ids);
        Ok(())
    }

    /// Whether they are still those that were opened; yes, where that is not known.
    ///
    /// # Errors
    /// Those of the file system, which tell nothing.
    pub(crate) fn are_there(&self) -> std::io::Result<bool> {
        let (ids, are_displaced) = {
            let state = self.lock();
            (state.ids, state.are_displaced)
        };
        let Some(ids) = ids else {
            return Ok(!are_displaced);
        };
        let now = [id_now(&self.database), id_now(&self.log)];
        for (was, is) in ids.into_iter().zip(now) {
            let is_gone = match is {
                Ok(is) => is != was,
                Err(error) if error.kind() == ErrorKind::NotFound => true,
                Err(error) => return Err(error),
            };
            if is_gone {
                let mut state = self.lock();
                // Another connection may have found out before, and the files be opened anew.
                state.are_displaced |= state.ids == Some(ids);
                return Ok(false);
            }
        }
        Ok(!are_displaced)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

/// The file that is at a path now, `None` where files have no numbers.
pub(crate) fn id_now(path: &Path) -> std::io::Result<Option<FileId>> {
    let file = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(Some((file.dev(), file.ino())))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(None)
    }
}

/// How the name of the index of a database ends.
pub(crate) const INDEX: &str = "-index";

/// What SQLite keeps beside a database, by how its name ends.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
