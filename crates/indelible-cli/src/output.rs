//! Printing answers on standard output.

mod table;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use indelible_exchange::SheetWriter;

use crate::answer::{Answer, Field, Layout};
use crate::failure::{Failure, Status};
use crate::text::{visible, visible_json};
use table::table;

/// The forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people; fits the terminal.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180 with a header; cells that a spreadsheet would take for formulas begin with '.
    Csv,
}

/// Standard output and the form that is wanted there.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// The form; `None` where the caller did not say.
    given: Option<Format>,
    terminal: bool,
    width: usize,
}

/// The width of tables where there is no terminal.
const WIDTH_STANDARD: usize = 100;
/// Below this nothing fits that is worth reading.
const WIDTH_MIN: usize = 40;
impl Output {
    /// This process's standard output.
    pub fn of_process(given: Option<Format>) -> Self {
        let terminal = io::stdout().is_terminal();
        let width =
            terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        Self {
            given,
            terminal,
            width: width.unwrap_or(WIDTH_STANDARD).max(WIDTH_MIN),
        }
    }

    /// The form.
    pub fn format(&self) -> Format {
        self.given.unwrap_or_default()
    }

    /// The form, if the caller said one.
    pub fn given(&self) -> Option<Format> {
        self.given
    }

    /// Prints an answer.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn print(&self, answer: &impl Answer) -> Result<(), Failure> {
        match self.format() {
            Format::Table => self.lay_out(&answer.layout())?,
            Format::Json => self.print_json(&serde_json::to_string_pretty(answer)?)?,
            Format::Ndjson => {
                for line in answer.lines()? {
                    self.print_json(&line)?;
                }
            }
            Format::Csv => {
                let sheet = answer.sheet();
                let mut writer = SheetWriter::new(self.writer(), &sheet.columns)?;
                sheet.rows.iter().try_for_each(|row| writer.write(row))?;
                writer.finish()?.flush()?;
            }
        }
        Ok(())
    }

    /// Says one line on standard output at once, whatever the form.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn say(&self, line: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", visible(line))?;
        out.flush()?;
        Ok(())
    }

    /// Prints an answer whose verdict stands, whoever reads it. Where it cannot be printed, that is
    /// the failure of a command that was fine.
    ///
    /// # Errors
    /// That of `verdict`, else those of standard output other than a reader that went away.
    pub fn print_judged(
        &self,
        answer: &impl Answer,
        verdict: Result<Status, Failure>,
    ) -> Result<Status, Failure> {
        judged(self.print(answer), verdict)
    }

    /// Standard output for what is not held as a whole. What steers a terminal does not reach
    /// one, line ends aside.
    pub fn writer(&self) -> Box<dyn Write + Send> {
        let out = io::BufWriter::new(io::stdout());
        if self.terminal {
            Box::new(Screen {
                out,
                rest: Vec::new(),
            })
        } else {
            Box::new(out)
        }
    }

    fn print_json(&self, json: &str) -> io::Result<()> {
        let json = if self.terminal {
            visible_json(json)
        } else {
            json.into()
        };
        let mut out = io::stdout().lock();
        out.write_all(json.as_bytes())?;
        out.write_all(b"\n")
    }

    /// Prints what is laid out for people.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn lay_out(&self, layout: &Layout) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        self.write_layout(layout, &mut out)?;
        out.flush()
    }

    fn write_layout(&self, layout: &Layout, out: &mut impl Write) -> io::Result<()> {
        match layout {
            Layout::Table(sheet) => writeln!(out, "{}", table(sheet, self.width)),
            Layout::Fields(fields) => write_fields(fields, out),
            Layout::Text(text) => out.write_all(text.as_bytes()),
            Layout::Line(line) => writeln!(out, "{}", visible(line)),
            Layout::Parts(parts) => parts
                .iter()
                .try_for_each(|part| self.write_layout(part, out)),
        }
    }
}

fn judged(
    printed: Result<(), Failure>,
    verdict: Result<Status, Failure>,
) -> Result<Status, Failure> {
    match (printed, verdict) {
        (Err(failure), Ok(status)) if failure.status != Status::Fine => Err(match status {
            Status::Fine => failure,
            status => Failure::with(status, failure.message()),
        }),
        (_, verdict) => verdict,
    }
}

fn write_fields(fields: &[Field], out: &mut impl Write) -> io::Result<()> {
    let width = fields.iter().map(|field| field.name.len()).max();
    let width = width.unwrap_or_default();
    for field in fields {
        for (at, line) in field.lines.iter().enumerate() {
            let name = if at == 0 { field.name } else { "" };
            writeln!(out, "{name:width$}  {}", visible(line))?;
        }
    }
    Ok(())
}

/// A terminal that is written to in pieces: whole characters pass, made visible.
struct Screen<W> {
    out: W,
    /// The bytes of a character of which the end has not come yet.
    rest: Vec<u8>,
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = self.rest.drain(..whole).collect();
        let text = String::from_utf8_lossy(&text);
        self.out
            .write_all(visible_json(&text.replace('\r', "")).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_whole_characters_that_do_not_steer_it() {
        let mut screen = Screen {
            out: Vec::new(),
            rest: Vec::new(),
        };
        for byte in "é\x1b[2J\u{9b}1m\r\n🐢".as_bytes() {
            screen.write_all(&[*byte]).expect("memory");
        }
        assert_eq!(
            String::from_utf8_lossy(&screen.out),
            "é\\u001b[2J\\u009b1m\n🐢"
        );
    }
}
