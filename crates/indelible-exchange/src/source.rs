//! Where records come from: files, folders, patterns, standard input.

mod opened;

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use indelible_core::Timestamp;

pub(crate) use opened::{Fault, Opened, open};

use crate::error::ImportError;

/// One input of an import.
pub struct Source {
    place: Place,
    name: Arc<str>,
    bytes: Option<u64>,
    /// When the file was last changed, where the system tells.
    modified: Option<Timestamp>,
    /// What else the system tells files apart by.
    stamp: Vec<u8>,
    /// Whether somebody named this very file, rather than a folder or pattern that it is in.
    named: bool,
}

enum Place {
    File(PathBuf),
    StandardInput,
    Reader(Box<dyn Read + Send>),
    /// Nothing to open, for this reason.
    Nothing(&'static str),
}

/// Finds the inputs: files as they are given, folders with all the files in them and below, in
/// the order of their paths; names that are not there as patterns with `*`, `?`, `[…]` and `**`;
/// `-` as standard input. A file that is named twice counts once.
///
/// Hidden folders are not entered, and links to folders not followed, inside a folder or pattern.
///
/// # Errors
/// [`ImportError::NotFound`], [`ImportError::Pattern`], or a folder that cannot be listed.
pub fn plan<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Source>, ImportError> {
    let mut plan = Plan::default();
    for path in paths {
        plan.add(path.as_ref())?;
    }
    Ok(plan.sources)
}

impl Source {
    /// An input that the caller has open; plain or gzip, of unknown length.
    pub fn reader(name: impl Into<Arc<str>>, reader: impl Read + Send + 'static) -> Self {
        let place = Place::Reader(Box::new(reader));
        Self {
            place,
            name: name.into(),
            bytes: None,
            modified: None,
            stamp: Vec::new(),
            named: true,
        }
    }

    /// The name as in messages; `-` for standard input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes there are to read, gzip as it lies on the disk; `None` where that is not known.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// What tells the file from every other and from itself after a change: where it lies, how
    /// long it is, when it was changed, and what else the system knows. `None` for what is no
    /// file.
    pub(crate) fn identity(&self) -> Option<(PathBuf, u64, i64, &[u8])> {
        match &self.place {
            Place::File(path) => {
                let path = fs::canonicalize(path).ok()?;
                let modified = self.modified?.as_micros();
                Some((path, self.bytes?, modified, &self.stamp))
            }
            Place::Nothing(_) => Some((PathBuf::from(&*self.name), 0, 0, &[])),
            Place::StandardInput | Place::Reader(_) => None,
        }
    }

    pub(crate) fn modified(&self) -> Option<Timestamp> {
        self.modified.filter(|time| time.as_micros() > 0)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("bytes", &self.bytes)
            .finish()
    }
}

#[derive(Default)]
struct Plan {
    sources: Vec<Source>,
    known: HashSet<PathBuf>,
}

impl Plan {
    fn add(&mut self, path: &Path) -> Result<(), ImportError> {
        if path.as_os_str() == "-" {
            let source = Source {
                place: Place::StandardInput,
                name: "-".into(),
                bytes: None,
                modified: None,
                stamp: Vec::new(),
                named: true,
            };
            if self.known.insert(path.to_owned()) {
                self.sources.push(source);
            }
            return Ok(());
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => self.add_folder(path),
            Ok(found) => {
                self.add_file(path, &found, true);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.add_pattern(path),
            Err(source) => Err(unreadable(path, source)),
        }
    }

    fn add_pattern(&mut self, path: &Path) -> Result<(), ImportError> {
        let not_found = || ImportError::NotFound(path.to_owned());
        let pattern = path
            .to_str()
            .filter(|name| name.contains(['*', '?', '[']))
            .ok_or_else(not_found)?;
        let matches = glob::glob(pattern).map_err(|source| ImportError::Pattern {
            pattern: pattern.to_owned(),
            source,
        })?;
        let mut any = false;
        for found in matches {
            let found = found.map_err(|e| {
                let file = e.path().to_owned();
                unreadable(&file, e.into())
            })?;
            any = true;
            self.add_found(&found)?;
        }
        if any { Ok(()) } else { Err(not_found()) }
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), ImportError> {
        let listing = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
        let mut inside = Vec::new();
        for item in listing {
            inside.push(item.map_err(|source| unreadable(folder, source))?.path());
        }
        inside.sort();
        inside.iter().try_for_each(|path| self.add_found(path))
    }

    /// Adds what a folder or pattern holds: nobody has said of it that it is data.
    fn add_found(&mut self, path: &Path) -> Result<(), ImportError> {
        let found = fs::symlink_metadata(path).map_err(|source| unreadable(path, source))?;
        if found.is_dir() {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            if hidden {
                self.pass_over(path, "a hidden folder");
                return Ok(());
            }
            return self.add_folder(path);
        }
        match fs::metadata(path) {
            Ok(target) if target.is_file() => self.add_file(path, &target, false),
            Ok(target) if target.is_dir() => self.pass_over(path, "a link to a folder"),
            Ok(_) => self.pass_over(path, "neither file nor folder"),
            Err(_) => self.pass_over(path, "a link that leads nowhere"),
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, found: &Metadata, named: bool) {
        let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.known.insert(identity) {
            let name = path.to_string_lossy().into();
            self.sources.push(Source {
                place: Place::File(path.to_owned()),
                name,
                bytes: found.is_file().then_some(found.len()),
                modified: modified(found),
                stamp: stamp(found),
                named,
            });
        }
    }

    fn pass_over(&mut self, path: &Path, reason: &'static str) {
        let name = path.to_string_lossy().into();
        let place = Place::Nothing(reason);
        self.sources.push(Source {
            place,
            name,
            bytes: Some(0),
            modified: None,
            stamp: Vec::new(),
            named: false,
        });
    }
}

fn modified(found: &Metadata) -> Option<Timestamp> {
    let since = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros())
        .ok()
        .map(Timestamp::from_micros)
}

/// Device, inode, and the time of the inode's change, which nobody sets: a file that was put in the
/// place of another may have its length and its time of change.
#[cfg(unix)]
fn stamp(found: &Metadata) -> Vec<u8> {
    use std::os::unix::fs::MetadataExt as _;
    let changed = [found.ctime(), found.ctime_nsec()].map(i64::to_be_bytes);
    let place = [found.dev(), found.ino()].map(u64::to_be_bytes);
    [place, changed].concat().concat()
}

#[cfg(not(unix))]
fn stamp(_: &Metadata) -> Vec<u8> {
    Vec::new()
}

fn unreadable(path: &Path, source: std::io::Error) -> ImportError {
    ImportError::Read {
        file: path.to_string_lossy().into_owned(),
        source,
    }
}
