//! What is known about a person, printed: for people as a table, else entry by entry as it comes.

use std::io::{self, Write};

use indelible::TrailName;
use indelible_evidence::subject::{Known, KnownLine, KnownWriter};
use indelible_exchange::SheetWriter;

use super::answer::parts;
use crate::answer::{Layout, Sheet, cell};
use crate::failure::Failure;
use crate::output::{Format, Output};

/// For people.
pub fn layout(known: &Known) -> Layout {
    let rows = known.entries.iter().map(|line| {
        vec![
            line.seq.to_string(),
            line.occurred_at.to_string(),
            line.action.clone(),
            parts(&line.named_in),
            cell(&line.by),
            cell(&line.purpose),
        ]
    });
    let table = Layout::Table(Sheet {
        columns: vec!["seq", "occurred_at", "action", "named_in", "by", "purpose"],
        rows: rows.collect(),
    });
    let count = known.total;
    let entries = if count == 1 { "entry" } else { "entries" };
    let told = format!(
        "{count} {entries} of trail {} name {}, as of {} entries",
        known.trail, known.id, known.as_of
    );
    Layout::Parts(vec![table, Layout::Line(told)])
}

const COLUMNS: [&str; 12] = [
    "seq",
    "id",
    "occurred_at",
    "action",
    "outcome",
    "resource_type",
    "named_in",
    "by",
    "purpose",
    "recipient",
    "ip_address",
    "user_agent",
];

fn cells(line: &KnownLine) -> [String; COLUMNS.len()] {
    [
        line.seq.to_string(),
        line.id.to_string(),
        line.occurred_at.to_string(),
        line.action.clone(),
        line.outcome.to_string(),
        line.resource_type.clone(),
        parts(&line.named_in),
        cell(&line.by),
        cell(&line.purpose),
        cell(&line.recipient),
        cell(&line.ip_address),
        cell(&line.user_agent),
    ]
}

type Out = Box<dyn Write + Send>;

/// Prints entries as they come; where none does, nothing.
pub struct Listing<'l> {
    output: &'l Output,
    of: (&'l TrailName, &'l str),
    begun: Option<Begun>,
    failed: Option<io::Error>,
    count: u64,
}

enum Begun {
    Json(KnownWriter<Out>),
    Lines(Out),
    Rows(Box<SheetWriter<Out>>),
}

impl<'l> Listing<'l> {
    /// Of what this trail knows about this person.
    pub fn new(output: &'l Output, of: (&'l TrailName, &'l str)) -> Self {
        Self {
            output,
            of,
            begun: None,
            failed: None,
            count: 0,
        }
    }

    /// Prints an entry. What fails is told at the end.
    pub fn add(&mut self, line: &KnownLine) {
        self.count += 1;
        if self.failed.is_none() {
            self.failed = self.write(line).err();
        }
    }

    fn write(&mut self, line: &KnownLine) -> io::Result<()> {
        let begun = match &mut self.begun {
            Some(begun) => begun,
            none => none.insert(Begun::at(self.output, self.of)?),
        };
        match begun {
            Begun::Json(writer) => writer.line(line),
            Begun::Lines(out) => {
                serde_json::to_writer(&mut *out, line)?;
                out.write_all(b"\n")
            }
            Begun::Rows(sheet) => sheet.write(&cells(line)),
        }
    }

    /// Ends what was begun, as of so many entries of the trail; answers how many were printed.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn end(self, as_of: u64) -> Result<u64, Failure> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        match self.begun {
            None => {}
            Some(Begun::Json(writer)) => writer.end((as_of, self.count, false))?,
            Some(Begun::Lines(mut out)) => out.flush()?,
            Some(Begun::Rows(sheet)) => sheet.finish()?.flush()?,
        }
        Ok(self.count)
    }
}

impl Begun {
    fn at(output: &Output, (trail, id): (&TrailName, &str)) -> io::Result<Self> {
        let out = output.writer();
        Ok(match output.format() {
            Format::Csv => Self::Rows(Box::new(SheetWriter::new(out, &COLUMNS)?)),
            Format::Ndjson => Self::Lines(out),
            Format::Json | Format::Table => Self::Json(KnownWriter::begin(out, trail, id)?),
        })
    }
}
