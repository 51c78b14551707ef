//! From the text of a source to the texts of its records.
//!
//! Two framings are told apart by looking: a text whose first line is a whole JSON value is read
//! line by line, each line a document of its own (NDJSON; a delivery file in one line; memory
//! holds one line), or some that nothing separates (files joined without a newline between them). Otherwise the text is held whole and its values are documents, one after the
//! other (pretty-printed JSON). A document is a record, or holds records where the mapping says.
//!
//! Where the mapping says that lines are no JSON, each is the text of a record; those of the audit
//! daemon are gathered first.

mod document;
mod gathered;
mod locate;
mod span;

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};

use crate::lines::Lines;
use crate::mapping::Mapping;
use crate::source::Fault;
use document::Document;
use gathered::Gathered;
use locate::{Located, are_objects, locate};
pub(crate) use span::{Broken, Inside, Item, Next, skip_blank, value_end};
pub use span::{NotAnArray, elements};

/// The most bytes held of one document.
pub(crate) const DOCUMENT_BYTES_MAX: u64 = 512 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The text of one record, or of what should have been one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// The text, or why there is none.
    pub(crate) text: Result<Vec<u8>, String>,
}

/// Why a source is read no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The operating system refused.
    System(io::Error),
    /// A document does not fit [`DOCUMENT_BYTES_MAX`].
    TooLarge,
}

/// The pieces of one source.
pub(crate) struct Split {
    reader: Box<dyn BufRead + Send>,
    gzip: bool,
    mapping: Mapping,
    bytes_max: u64,
    framing: Framing,
    /// How many lines were read.
    lines: u64,
    /// Lines that were read ahead.
    ahead: VecDeque<Line>,
    document: Document,
    /// Lines of events that may not be complete yet.
    gathered: Gathered,
    /// Pieces after those of the document.
    faults: VecDeque<Piece>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Unknown,
    Lines,
    /// Nothing more is to be read of the source.
    Finished,
}

struct Line {
    number: u64,
    text: Vec<u8>,
}

impl Split {
    pub(crate) fn new(
        reader: Box<dyn BufRead + Send>,
        gzip: bool,
        mapping: Mapping,
        bytes_max: u64,
    ) -> Self {
        Self {
            reader,
            gzip,
            mapping,
            bytes_max,
            framing: Framing::Unknown,
            lines: 0,
            ahead: VecDeque::new(),
            document: Document::default(),
            gathered: Gathered::default(),
            faults: VecDeque::new(),
        }
    }

    fn begin(&mut self) -> Result<(), Stop> {
        self.framing = Framing::Lines;
        if self.mapping.lines().is_some() {
            return Ok(());
        }
        let Some(first) = self.line()? else {
            return Ok(());
        };
        let text = first.text.trim_ascii();
        let complete = value_end(text, 0).is_ok() || !matches!(text.first(), Some(b'{' | b'['));
        let is_object_begun = text.first() == Some(&b'{');
        let goes_on = matches!(text.last(), Some(b'{' | b'[' | b',' | b':'));
        self.ahead.push_back(first);
        if complete {
            return Ok(());
        }
        if is_object_begun && !goes_on {
            // A record that was cut, above others that were not?
            match self.unread_line()? {
                Some(second) if are_objects(&second.text) => {
                    self.ahead.push_back(second);
                    return Ok(());
                }
                None if self.framing == Framing::Finished => return Ok(()),
                second => self.ahead.extend(second),
            }
        }
        self.whole()
    }

    /// Takes in the rest of the source as documents, one after the other.
    fn whole(&mut self) -> Result<(), Stop> {
        self.framing = Framing::Finished;
        let first_line = self.ahead.front().map_or(1, |line| line.number);
        let mut text = Vec::new();
        for line in self.ahead.drain(..) {
            text.resize(
                text.len() + (line.number - first_line) as usize - newlines(&text),
                b'\n',
            );
            text.extend(line.text);
        }
        let left = self.bytes_max.saturating_sub(text.len() as u64);
        let read = self.reader.by_ref().take(left + 1).read_to_end(&mut text);
        if text.len() as u64 > self.bytes_max {
            return Err(Stop::TooLarge);
        }
        let damage = match read.map_err(|error| Fault::of(error, self.gzip)) {
            Ok(_) => None,
            Err(Fault::Content(reason)) => Some(reason),
            Err(Fault::System(error)) => return Err(Stop::System(error)),
        };
        let mut found = Vec::new();
        let mut at = skip_blank(&text, 0);
        let mut broken = None;
        while at < text.len() {
            let located = locate(&text, at, self.mapping.records());
            match located.end {
                Ok(end) => {
                    found.extend(located.found);
                    at = skip_blank(&text, end);
                }
                Err(_) if damage.is_none() && is_lines(&text[at..], &located) => {
                    self.framing = Framing::Lines;
                    self.lines = first_line - 1 + newlines(&text[..at]) as u64;
                    self.reader = Box::new(Cursor::new(text.split_off(at)));
                    break;
                }
                Err(Broken { at }) => {
                    found.extend(located.found);
                    broken = Some(at);
                    break;
                }
            }
        }
        let fault_at = broken
            .filter(|_| damage.is_none())
            .or(damage.as_ref().map(|_| text.len()));
        if let Some(at) = fault_at {
            let line = first_line + newlines(&text[..at]) as u64;
            let reason = damage.unwrap_or_else(|| describe(&text, at));
            self.faults.push_back(Piece {
                line,
                text: Err(reason),
            });
        }
        self.document = Document::new(text, found, first_line);
        Ok(())
    }

    /// Takes in one line as a document, or as some, one behind the other.
    fn take_in(&mut self, Line { number, mut text }: Line) -> Option<Piece> {
        match self.mapping.lines() {
            Some(Lines::Auditd) => return self.gathered.take_in(number, text),
            Some(_) => {
                return Some(Piece {
                    line: number,
                    text: Ok(text),
                });
            }
            None => {}
        }
        text.truncate(text.trim_ascii_end().len());
        let trimmed = text.trim_ascii_start();
        let bare = trimmed.strip_prefix(BYTE_ORDER_MARK).unwrap_or(trimmed);
        text.drain(..text.len() - bare.len());
        let mut found = Vec::new();
        let mut at = 0;
        let fault = loop {
            let located = locate(&text, at, self.mapping.records());
            let next = located.end.as_ref().map(|end| skip_blank(&text, *end));
            let is_alone = next.map_or(true, |next| next == text.len() || !is_bracket(text[0]));
            if at == 0 && !located.within && is_alone {
                // Whatever is wrong with it is said by the reader of JSON.
                return Some(Piece {
                    line: number,
                    text: Ok(text),
                });
            }
            found.extend(located.found);
            match located.end {
                Ok(end) => at = skip_blank(&text, end),
                Err(Broken { at }) => break Some(describe(&text, at)),
            }
            match text.get(at) {
                None => break None,
                Some(begin) if is_bracket(*begin) => {}
                Some(_) => break Some("more text after the end of the JSON value".to_owned()),
            }
        };
        self.faults.extend(fault.map(|reason| Piece {
            line: number,
            text: Err(reason),
        }));
        self.document = Document::new(text, found, number);
        None
    }

    /// The next line that is not blank, from those read ahead or the source.
    fn line(&mut self) -> Result<Option<Line>, Stop> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None if self.framing == Framing::Finished => Ok(None),
            None => self.unread_line(),
        }
    }

    fn unread_line(&mut self) -> Result<Option<Line>, Stop> {
        loop {
            let mut text = Vec::new();
            let read = self
                .reader
                .by_ref()
                .take(self.bytes_max)
                .read_until(b'\n', &mut text);
            self.lines += u64::from(!text.is_empty() || read.is_err());
            match read.map_err(|error| Fault::of(error, self.gzip)) {
                Ok(0) => return Ok(None),
                Ok(_) if text.len() as u64 == self.bytes_max && text.last() != Some(&b'\n') => {
                    let reason = format!("a line of more than {} bytes", self.bytes_max);
                    self.faults.push_back(Piece {
                        line: self.lines,
                        text: Err(reason),
                    });
                    self.skip_line()?;
                    return Ok(None);
                }
                Ok(_) if text.trim_ascii().is_empty() => {}
                Ok(_) => {
                    return Ok(Some(Line {
                        number: self.lines,
                        text,
                    }));
                }
                Err(fault) => {
                    self.damaged(fault)?;
                    return Ok(None);
                }
            }
        }
    }

    fn skip_line(&mut self) -> Result<(), Stop> {
        let mut text = Vec::new();
        while !text.ends_with(b"\n") {
            text.clear();
            let read = self
                .reader
                .by_ref()
                .take(1 << 20)
                .read_until(b'\n', &mut text);
            match read.map_err(|error| Fault::of(error, self.gzip)) {
                Ok(0) => break,
                Ok(_) => {}
                Err(fault) => return self.damaged(fault),
            }
        }
        Ok(())
    }

    fn damaged(&mut self, fault: Fault) -> Result<(), Stop> {
        match fault {
            Fault::System(error) => Err(Stop::System(error)),
            Fault::Content(reason) => {
                self.framing = Framing::Finished;
                self.faults.push_back(Piece {
                    line: self.lines,
                    text: Err(reason),
                });
                Ok(())
            }
        }
    }
}

impl Iterator for Split {
    type Item = Result<Piece, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self
                .document
                .next_piece(&self.mapping)
                .or_else(|| self.faults.pop_front())
            {
                return Some(Ok(piece));
            }
            let step = match self.framing {
                Framing::Unknown => self.begin(),
                Framing::Lines | Framing::Finished => match self.line() {
                    Ok(Some(line)) => match self.take_in(line) {
                        Some(piece) => return Some(Ok(piece)),
                        None => Ok(()),
                    },
                    Ok(None) if self.faults.is_empty() => {
                        return self.gathered.rest().map(Ok);
                    }
                    Ok(None) => Ok(()),
                    Err(stop) => Err(stop),
                },
            };
            if let Err(stop) = step {
                self.framing = Framing::Finished;
                return Some(Err(stop));
            }
        }
    }
}

/// Whether a text that is broken as a document looks like lines, the first of them broken.
fn is_lines(text: &[u8], located: &Located) -> bool {
    let has_found = located.within && !located.found.is_empty();
    text.first() == Some(&b'{')
        && !has_found
        && text.split(|b| *b == b'\n').skip(1).any(are_objects)
}

/// Whether another document begins so, where one has ended on the same line.
fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

fn newlines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

fn describe(text: &[u8], at: usize) -> String {
    match String::from_utf8_lossy(&text[at..text.len().min(at + 4)])
        .chars()
        .next()
    {
        None => "the text ends in the middle of a JSON value".to_owned(),
        Some(found) => format!("unexpected {found:?} in the JSON text"),
    }
}

#[cfg(test)]
mod tests;
