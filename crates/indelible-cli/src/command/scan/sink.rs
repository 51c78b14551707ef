//! Where findings go that are printed one by one.

use std::io::{self, Write};

use indelible_exchange::SheetWriter;

use super::answer::{COLUMNS, Found};
use crate::failure::Failure;
use crate::output::{Format, Output};

/// Prints each finding as it comes, where the form has no end that it must wait for.
pub enum Sink {
    /// One JSON object per line.
    Lines(Box<dyn Write + Send>),
    /// One row each.
    Rows(Box<SheetWriter<Box<dyn Write + Send>>>),
    /// Nowhere: the reader went away, but the verdict is still to be said.
    Gone,
    /// Nothing is printed before the end.
    Held,
}

impl Sink {
    /// Begins.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn begin(output: &Output) -> Result<Self, Failure> {
        Ok(match output.format() {
            Format::Ndjson => Self::Lines(output.writer()),
            Format::Csv => Self::Rows(Box::new(SheetWriter::new(output.writer(), &COLUMNS)?)),
            Format::Table | Format::Json => Self::Held,
        })
    }

    /// Whether the finding was taken; where nothing is printed before the end it is not.
    ///
    /// # Errors
    /// Those of standard output other than a reader that went away.
    pub fn write(&mut self, found: &Found<'_>) -> Result<bool, Failure> {
        let written = match self {
            Self::Lines(out) => serde_json::to_writer(&mut *out, found)
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n")),
            Self::Rows(sheet) => sheet.write(&found.cells()),
            Self::Gone => Ok(()),
            Self::Held => return Ok(false),
        };
        self.settle(written)?;
        Ok(true)
    }

    /// Prints what was held back.
    ///
    /// # Errors
    /// As [`Sink::write`].
    pub fn finish(mut self) -> Result<(), Failure> {
        let flushed = match &mut self {
            Self::Lines(out) => out.flush(),
            Self::Rows(sheet) => sheet.flush(),
            Self::Gone | Self::Held => Ok(()),
        };
        self.settle(flushed)
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                *self = Self::Gone;
                Ok(())
            }
            written => written.map_err(Failure::from),
        }
    }
}
