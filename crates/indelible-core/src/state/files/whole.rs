//! Small files, read and written whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::private::private_options;

/// The longest file read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

pub(super) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Puts `bytes` at `path` so that after a loss of power the old or the new content is there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // No trail's name begins so: the marks of two trails never meet.
    let mut name = std::ffi::OsString::from("~");
    name.push(path.file_name().unwrap_or_default());
    let beside = path.with_file_name(name);
    let mut file = private_options()
        .create(true)
        .truncate(true)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
