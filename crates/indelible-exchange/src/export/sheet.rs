//! CSV: RFC 4180, and safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::Terminator;

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

    /// Hands all that was held back here to the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    /// The output, with all that was held back here.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// A cell of a CSV file that no spreadsheet takes for a formula: `'` is put before a value that
/// begins with `=`, `+`, `-`, `@`, one of these in full width, a tab or a line end, and before one
/// that begins with `'` and one of these, so that taking one `'` away again is exact.
fn formula_safe(cell: &str) -> Cow<'_, str> {
    let dangerous = |text: &str| text.starts_with(FORMULA_STARTS);
    if dangerous(cell) || (cell.starts_with('\'') && dangerous(cell.trim_start_matches('\''))) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

const FORMULA_STARTS: [char; 11] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutral_and_can_be_restored() {
        for cell in [
            "=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠x", "'=1",
            "''=1", "'＝1", "'", "it's", "a=b", "",
        ] {
            let safe = formula_safe(cell);
            let starts = |text: &str| text.starts_with(|c| "=+-@＝＋－＠\t\r\n".contains(c));
            assert!(!starts(&safe), "{cell:?}");
            let dangerous = starts(safe.trim_start_matches('\''));
            let restored = if dangerous { &safe[1..] } else { &safe[..] };
            assert_eq!(restored, cell);
        }
    }
}
