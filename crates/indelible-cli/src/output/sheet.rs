//! CSV: RFC 4180, and safe to open in a spreadsheet.

use std::io::{self, Write};

use csv::Terminator;

use crate::text::formula_safe;

/// Writes rows as CSV: UTF-8, CRLF, quotes where they are needed, a header of names.
pub struct SheetWriter<W: Write>(csv::Writer<W>);

impl<W: Write> SheetWriter<W> {
    /// A writer that has written the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, columns: &[&str]) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        writer.write_record(columns)?;
        Ok(Self(writer))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, row: &[String]) -> io::Result<()> {
        Ok(self
            .0
            .write_record(row.iter().map(|cell| formula_safe(cell).into_owned()))?)
    }

    /// The output, with all that was held back here.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}
