//! What leaves the trail.

mod cef;
mod ocsf;
mod row;
mod sheet;
mod syslog;

use std::io::{self, Write};

use indelible_core::Entry;
use indelible_core::engine::Proved;

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
    /// One OCSF 1.5.0 event per line, of the class that the catalogue gives the action, with the
    /// proof as integrity data.
    Ocsf,
    /// CEF of ArcSight, one line per entry.
    Cef,
    /// RFC 5424, one message per line.
    Syslog,
}

impl ExportFormat {
    /// Every format with the name that users give it.
    pub const ALL: [(&'static str, Self); 5] = [
        ("ndjson", Self::Ndjson),
        ("csv", Self::Csv),
        ("ocsf", Self::Ocsf),
        ("cef", Self::Cef),
        ("syslog", Self::Syslog),
    ];

    /// The media type, and how names of such files end.
    pub fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Ndjson => ("application/x-ndjson", "ndjson"),
            Self::Csv => ("text/csv; charset=utf-8", "csv"),
            Self::Ocsf => ("application/x-ndjson", "ocsf.ndjson"),
            Self::Cef => ("text/plain; charset=utf-8", "cef"),
            Self::Syslog => ("text/plain; charset=utf-8", "log"),
        }
    }

    /// Whether it has a place for the proof of each entry.
    pub fn has_proofs(self) -> bool {
        self == Self::Ocsf
    }
}

/// Writes entries one by one.
pub enum EntryWriter<W: Write> {
    /// One row each.
    Csv(Box<SheetWriter<W>>),
    /// One line each.
    Lines(ExportFormat, W),
}

impl<W: Write> EntryWriter<W> {
    /// Begins; CSV with its header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(out: W, format: ExportFormat) -> io::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => Self::Csv(Box::new(SheetWriter::new(out, &columns())?)),
            format => Self::Lines(format, out),
        })
    }

    /// Writes one entry, and its proof where the format has a place for it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, entry: &Entry, proof: Option<&Proved>) -> io::Result<()> {
        match self {
            Self::Csv(sheet) => sheet.write(&cells(entry)),
            Self::Lines(ExportFormat::Ocsf, out) => ocsf::write_ocsf(entry, proof, out),
            Self::Lines(ExportFormat::Cef, out) => cef::write_cef(entry, out),
            Self::Lines(ExportFormat::Syslog, out) => syslog::write_syslog(entry, out),
            Self::Lines(_, out) => write_entry(entry, out),
        }
    }

    /// Hands all that was held back here to the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(sheet) => sheet.flush(),
            Self::Lines(_, out) => out.flush(),
        }
    }

    /// The output, with all that was held back here.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Csv(sheet) => sheet.finish(),
            Self::Lines(_, out) => Ok(out),
        }
    }
}

/// Controls, and the line and paragraph separators of Unicode: a format of lines has none in them.
fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}
