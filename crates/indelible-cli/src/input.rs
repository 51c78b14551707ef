//! Small files that are read whole: plain or gzip, `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
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

/// One byte more than allowed tells that there are more.
fn limited(reader: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
