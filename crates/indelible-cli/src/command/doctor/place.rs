//! Where the state directory lies and who may read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use indelible::DatabaseUrl;

/// What is wrong with a state directory.
pub enum Fault {
    /// It is not there.
    Missing,
    /// Others than its owner may read or write this.
    Open {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It lies in the folder of the database, or below.
    BesideDatabase,
    /// The operating system does not let it be looked at.
    Unreadable(io::Error),
}

/// Looks at a state directory.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn of(dir: &Path, database: &DatabaseUrl) -> Result<(), Fault> {
    let absent = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Unreadable(error),
    };
    let at = fs::canonicalize(dir).map_err(absent)?;
    for path in [
        at.clone(),
        at.join("signing.key"),
        at.join("secrets"),
        at.join("marks"),
    ] {
        match fs::metadata(&path) {
            Ok(found) => private(&path, &found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Fault::Unreadable(error)),
        }
    }
    if let DatabaseUrl::Sqlite(file) = database {
        let file = fs::canonicalize(file).map_err(Fault::Unreadable)?;
        if file.parent().is_some_and(|folder| at.starts_with(folder)) {
            return Err(Fault::BesideDatabase);
        }
    }
    Ok(())
}

#[cfg(unix)]
fn private(path: &Path, found: &fs::Metadata) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Fault::Open {
        path: path.to_owned(),
        mode,
    })
}

#[cfg(not(unix))]
fn private(_: &Path, _: &fs::Metadata) -> Result<(), Fault> {
    Ok(())
}
