//! Files that are read: plain or gzip, `-` for standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::failure::Failure;

/// Reads a file of at most `bytes_max` bytes, after unpacking.
///
/// # Errors
/// A missing file is not found; a longer one is refused.
pub fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let name = path.display();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found(format!("{name}: no such file")),
        _ => Failure::new(format!("{name}: {error}")),
    };
    let raw: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    let bytes = limited(raw, bytes_max).map_err(failed)?;
    let bytes = if bytes.starts_with(&[0x1F, 0x8B]) {
        limited(flate2::read::MultiGzDecoder::new(&bytes[..]), bytes_max).map_err(failed)?
    } else {
        bytes
    };
    if bytes.len() > bytes_max {
        return Err(Failure::usage(format!(
            "{name}: more than {bytes_max} bytes"
        )));
    }
    Ok(bytes)
}

/// Opens a file of any length, to be read from begin to end, unpacked. Answers its length where
/// that is known.
///
/// # Errors
/// A missing file is not found.
pub fn open(path: &Path) -> Result<(Box<dyn BufRead>, Option<u64>), Failure> {
    let name = path.display();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found(format!("{name}: no such file")),
        _ => Failure::new(format!("{name}: {error}")),
    };
    let (raw, length): (Box<dyn Read>, _) = if path.as_os_str() == "-" {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?;
        (Box::new(file), length.is_file().then_some(length.len()))
    };
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
    if raw.fill_buf().map_err(failed)?.starts_with(&[0x1F, 0x8B]) {
        let unpacked = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok((Box::new(BufReader::new(unpacked)), None));
    }
    Ok((Box::new(raw), length))
}

/// Bytes of a file that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// One byte more than allowed tells that there are more.
fn limited(reader: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
