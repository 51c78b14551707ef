//! The folder of a spool: one numbered place for each process that uses it at once.
//!
//! ```text
//! <folder>/<n>/lock                  held by the process whose place it is
//!             /<number>.spool        segments, oldest first
//!             /dead-letters          events that can never be recorded, each with the reason
//!             /damaged               lines whose checksum did not fit
//!             /losses                what was given up and not yet recorded as such
//!             /losses-<n>            the same of a place that was taken over, until it is read
//! ```
//!
//! A process takes the first place that nobody holds, and takes over what others that ended have
//! left in theirs. Folders have mode 0700, files 0600.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use indelible_core::state::StateDir;

use crate::error::SpoolError;
use crate::segment::{numbers, path_of};

/// The most processes that may use one folder at once.
const PLACES_MAX: usize = 256;

/// What was given up and not yet recorded as such.
pub(crate) const LOSSES: &str = "losses";

/// A place that this process holds.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    _lock: File,
}

impl Place {
    /// The first free place of `folder`, made where it is missing, with what was left in others.
    pub fn take(folder: &Path) -> Result<Self, SpoolError> {
        for number in 0..PLACES_MAX {
            let path = folder.join(number.to_string());
            StateDir::create_private(&path).map_err(SpoolError::at(&path))?;
            if let Some(place) = Self::lock(path)? {
                place.take_over(folder)?;
                return Ok(place);
            }
        }
        Err(SpoolError::Crowded {
            path: folder.to_owned(),
            count: PLACES_MAX,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `None` where another process holds it.
    fn lock(path: PathBuf) -> Result<Option<Self>, SpoolError> {
        let file = path.join("lock");
        let at = SpoolError::at(&file);
        let lock = match StateDir::private_file(&file) {
            Ok(lock) => lock,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(&file).map_err(&at)?
            }
            Err(error) => return Err(at(error)),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(at(error)),
        }
    }

    /// Moves the segments of places that nobody holds behind those here, and their losses beside.
    /// What they have set aside stays where it is.
    fn take_over(&self, folder: &Path) -> Result<(), SpoolError> {
        let mut next = numbers(&self.path)?.last().map_or(0, |last| last + 1);
        for path in places(folder)? {
            if path == self.path {
                continue;
            }
            let Some(left) = Self::lock(path)? else {
                continue;
            };
            for number in numbers(&left.path)? {
                let (from, to) = (path_of(&left.path, number), path_of(&self.path, next));
                fs::rename(&from, &to).map_err(SpoolError::at(&from))?;
                next += 1;
            }
            for from in losses_of(&left.path)? {
                let free = |n: &u64| !self.path.join(format!("{LOSSES}-{n}")).exists();
                let to = (0..).find(free).unwrap_or_default();
                let to = self.path.join(format!("{LOSSES}-{to}"));
                fs::rename(&from, &to).map_err(SpoolError::at(&from))?;
            }
            sync(&self.path)?;
            sync(&left.path)?;
        }
        Ok(())
    }
}

/// The numbered places of a folder, in order; none where the folder is missing.
pub(crate) fn places(folder: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    let at = SpoolError::at(folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(error)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(&at)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<usize>().ok()));
    }
    numbers.sort_unstable();
    let path = |number: usize| folder.join(number.to_string());
    Ok(numbers.into_iter().map(path).collect())
}

/// The files of a place that say what was given up: its own first, then what it took over.
pub(crate) fn losses_of(place: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    let at = SpoolError::at(place);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(place).map_err(&at)? {
        let name = entry.map_err(&at)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| match name.strip_prefix(LOSSES)? {
                "" => Some(None),
                number => Some(Some(number.strip_prefix('-')?.parse::<u64>().ok()?)),
            });
        numbers.extend(number);
    }
    numbers.sort_unstable();
    let path = |number: Option<u64>| match number {
        None => place.join(LOSSES),
        Some(number) => place.join(format!("{LOSSES}-{number}")),
    };
    Ok(numbers.into_iter().map(path).collect())
}

/// Whether a process holds the place.
pub(crate) fn is_held(place: &Path) -> bool {
    let lock = OpenOptions::new().write(true).open(place.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> Result<(), SpoolError> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(SpoolError::at(folder))
}

/// Appends a line to a file of its own, durably; the file is made where it is missing.
pub(crate) fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut file = match StateDir::private_file(path) {
        Ok(file) => {
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
            file
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            OpenOptions::new().append(true).open(path)?
        }
        Err(error) => return Err(error),
    };
    file.write_all(line)?;
    file.sync_all()
}
