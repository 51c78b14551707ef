//! Why a spool cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use indelible_core::TrailName;

/// Why a spool cannot be opened or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The operating system refuses.
    #[error("the spool: {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// A file that belongs to another trail, or was written in a form that is not known here.
    #[error("{} is no spool of trail {trail} in a form that is known here", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The trail that the spool is for.
        trail: TrailName,
    },
    /// Every place in the folder is in use by another process.
    #[error("{} is in use by {count} other processes", path.display())]
    Crowded {
        /// The folder.
        path: PathBuf,
        /// How many places it has.
        count: usize,
    },
    /// Spooling is the standard delivery, and there is no folder for it.
    #[error("events are to be spooled when the trail is away, but no folder is named for that")]
    NoFolder,
}

impl SpoolError {
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path: path.clone(),
            source,
        }
    }
}
