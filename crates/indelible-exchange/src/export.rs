//! What leaves the trail.

use std::io::{self, Write};

use indelible_core::Entry;

/// Writes one entry as one line of NDJSON: the shape that the command line, HTTP and the bindings
/// share, members in its order, absent values null, UTF-8, ended by U+000A.
///
/// The `ndjson` mapping reads such lines back.
///
/// # Errors
/// Those of the writer.
pub fn write_entry(entry: &Entry, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entry)?;
    out.write_all(b"\n")
}
