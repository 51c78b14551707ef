//! What is known of the server, in memory and in a file.
//!
//! ```text
//! <verifier key>
//!
//! <the last checkpoint, a signed note>
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use indelible_merkle::{Checkpoint, VerifierKey};

/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A key that is trusted, and the last checkpoint that was checked against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub key: VerifierKey,
    pub checkpoint: Checkpoint,
    /// The checkpoint as it was signed.
    pub note: String,
}

/// Why what is known of the server cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// A file or folder failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not hold what it should.
    #[error(
        "{}: it holds no verifier key with a checkpoint that the key has signed ({problem}); \
         bring it back, or remove it to trust the server anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Where it is kept.
pub(crate) struct Kept {
    file: Option<PathBuf>,
    /// The one origin that counts, where the caller has named it: of another one nothing is known.
    origin: Option<String>,
    /// What was read or kept last.
    last: Mutex<Option<Known>>,
}

impl Kept {
    /// Reads what is known.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn open(file: Option<PathBuf>, origin: Option<String>) -> Result<Self, KeptError> {
        let kept = Self {
            file,
            origin,
            last: Mutex::new(None),
        };
        kept.read()?;
        Ok(kept)
    }

    /// The file, for messages.
    pub fn place(&self) -> Option<String> {
        self.file.as_ref().map(|file| file.display().to_string())
    }

    /// The size of the last checkpoint that this process has seen checked.
    pub fn size(&self) -> u64 {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map_or(0, |known| known.checkpoint.size())
    }

    /// What is known now, to other processes too.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn read(&self) -> Result<Option<Known>, KeptError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            *last = self.of_origin(read(file)?);
        }
        Ok(last.clone())
    }

    /// Keeps what is known now in the place of `before`. `false` where something else is known
    /// meanwhile, and nothing was changed.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn replace(&self, before: Option<&Known>, now: Known) -> Result<bool, KeptError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            // Held until the end of the function; the file itself is replaced, so cannot be it.
            let _lock = lock(file)?;
            *last = self.of_origin(read(file)?);
            if last.as_ref() == before {
                write(file, &now).map_err(at(file))?;
            }
        }
        if last.as_ref() != before {
            return Ok(false);
        }
        *last = Some(now);
        Ok(true)
    }

    fn of_origin(&self, known: Option<Known>) -> Option<Known> {
        known.filter(|known| {
            let origin = self.origin.as_deref();
            origin.is_none_or(|origin| origin == known.key.name())
        })
    }
}

fn read(file: &Path) -> Result<Option<Known>, KeptError> {
    let mut text = String::new();
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(file)(error)),
    };
    let damaged = |problem: String| KeptError::Damaged {
        path: file.to_owned(),
        problem,
    };
    opened
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => damaged("it is not UTF-8".to_owned()),
            _ => at(file)(error),
        })?;
    let (key, note) = text
        .split_once("\n\n")
        .ok_or_else(|| damaged("there is no empty line".to_owned()))?;
    let key: VerifierKey = key.parse().map_err(|e| damaged(format!("{e}")))?;
    let opened = Checkpoint::open(note, std::slice::from_ref(&key));
    let opened = opened.map_err(|e| damaged(e.to_string()))?;
    Ok(Some(Known {
        key,
        checkpoint: opened.into_checkpoint(),
        note: note.to_owned(),
    }))
}

fn write(file: &Path, known: &Known) -> io::Result<()> {
    let beside = beside(file, ".new");
    let mut opened = private().create(true).truncate(true).open(&beside)?;
    write!(opened, "{}\n\n{}", known.key, known.note)?;
    opened.sync_all()?;
    fs::rename(&beside, file)
}

fn lock(file: &Path) -> Result<File, KeptError> {
    let path = beside(file, ".lock");
    let opened = private().create(true).truncate(false).open(&path);
    let opened = opened.map_err(at(&path))?;
    opened.lock().map_err(at(&path))?;
    Ok(opened)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn at(path: &Path) -> impl Fn(io::Error) -> KeptError {
    let path = path.to_owned();
    move |source| KeptError::Io {
        path: path.clone(),
        source,
    }
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}
