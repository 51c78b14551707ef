//! What leaves the trail.

mod row;
mod sheet;

use std::io::{self, Write};

use indelible_core::Entry;

pub use row::{cells, columns};
pub use sheet::SheetWriter;

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

/// The forms in which many entries leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object per line, as [`write_entry`] writes it.
    #[default]
    Ndjson,
    /// RFC 4180 with a header; cells that a spreadsheet would take for formulas begin with '.
    Csv,
}

/// Writes entries one by one.
pub enum EntryWriter<W: Write> {
    /// One JSON object per line.
    Ndjson(W),
    /// One row each.
    Csv(Box<SheetWriter<W>>),
}

impl<W: Write> EntryWriter<W> {
    /// Begins; CSV with its header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(out: W, format: ExportFormat) -> io::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => Self::Csv(Box::new(SheetWriter::new(out, &columns())?)),
            ExportFormat::Ndjson => Self::Ndjson(out),
        })
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        match self {
            Self::Ndjson(out) => write_entry(entry, out),
            Self::Csv(sheet) => sheet.write(&cells(entry)),
        }
    }

    /// Hands all that was held back here to the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Ndjson(out) => out.flush(),
            Self::Csv(sheet) => sheet.flush(),
        }
    }

    /// The output, with all that was held back here.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Ndjson(out) => Ok(out),
            Self::Csv(sheet) => sheet.finish(),
        }
    }
}
