//! The JSON of what is known about a person, entry by entry, so that nobody has to hold all of it.

use std::io::{self, Write};

use indelible_core::TrailName;
use serde::Serialize;

use super::{Known, KnownLine};

/// Writes what is known about a person as one JSON document.
pub struct KnownWriter<W> {
    out: W,
    written: u64,
}

#[derive(Serialize)]
struct Head<'k> {
    trail: &'k TrailName,
    id: &'k str,
}

#[derive(Serialize)]
struct Foot {
    as_of: u64,
    total: u64,
    truncated: bool,
}

impl<W: Write> KnownWriter<W> {
    /// Begins the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(mut out: W, trail: &TrailName, id: &str) -> io::Result<Self> {
        let head = serde_json::to_string_pretty(&Head { trail, id })?;
        let head = head.strip_suffix("\n}").unwrap_or(&head);
        write!(out, "{head},\n  \"entries\": [")?;
        Ok(Self { out, written: 0 })
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// As [`KnownWriter::begin`].
    pub fn line(&mut self, line: &KnownLine) -> io::Result<()> {
        // Within JSON a line ends between tokens alone.
        let line = serde_json::to_string_pretty(line)?.replace('\n', "\n    ");
        let between = if self.written == 0 { "" } else { "," };
        self.written += 1;
        write!(self.out, "{between}\n    {line}")
    }

    /// Ends the document, with what `known` says beside its entries.
    ///
    /// # Errors
    /// As [`KnownWriter::begin`].
    pub fn end(mut self, (as_of, total, truncated): (u64, u64, bool)) -> io::Result<()> {
        let foot = Foot {
            as_of,
            total,
            truncated,
        };
        let foot = serde_json::to_string_pretty(&foot)?;
        let foot = foot.strip_prefix("{\n").unwrap_or(&foot);
        let end = if self.written == 0 { "]" } else { "\n  ]" };
        writeln!(self.out, "{end},\n{foot}")?;
        self.out.flush()
    }
}

impl Known {
    /// The document, with the end of its last line.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub fn to_json(&self) -> io::Result<Vec<u8>> {
        let mut json = Vec::new();
        let mut writer = KnownWriter::begin(&mut json, &self.trail, &self.id)?;
        self.entries.iter().try_for_each(|line| writer.line(line))?;
        writer.end((self.as_of, self.total, self.truncated))?;
        Ok(json)
    }
}
