//! Orders of erasure that wait for a second person: a folder for each trail, a file for each order.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use uuid::Uuid;

use crate::trail::TrailName;

/// The ids of the orders in `folder`; none where there is no folder.
pub(super) fn ids(folder: &Path) -> io::Result<Vec<Uuid>> {
    let names = names(folder)?.into_iter();
    // What is being written has a name that is no id.
    Ok(names.filter_map(|name| id_of(&name)).collect())
}

// Other ways to write an id are no names of ours: they would be listed and never found.
fn id_of(name: &str) -> Option<Uuid> {
    let id: Uuid = name.parse().ok()?;
    (id.to_string() == name).then_some(id)
}

/// The order at `path`, `None` where somebody has decided it.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something half written stands in `folder`, or is being written.
pub(super) fn has_halves(folder: &Path) -> io::Result<bool> {
    Ok(names(folder)?.iter().any(|name| name.starts_with('~')))
}

/// Takes the order of this id away; answers whether it was there.
pub(super) fn take(folder: &Path, id: Uuid) -> io::Result<bool> {
    match fs::remove_file(folder.join(id.to_string())) {
        Ok(()) => {
            File::open(folder)?.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes away what a process left half written: it names persons. Nobody else may write meanwhile.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    for name in names(folder)? {
        if name.starts_with('~') {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// The trails that have a folder in `folder`.
pub(super) fn trails(folder: &Path) -> io::Result<Vec<TrailName>> {
    let names = names(folder)?.into_iter();
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for file in files {
        names.extend(file?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}
