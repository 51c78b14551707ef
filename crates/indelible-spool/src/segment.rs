//! A segment: one append-only file of events that wait.
//!
//! The first line is `indelible-spool/v1 <trail>`; each further one an event ([`crate::line`]).
//! What follows the last line feed was being written when the process or the machine went down:
//! nobody was told that it is safe, and it is passed over.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use indelible_core::{Timestamp, TrailName};

use crate::error::SpoolError;
use crate::line::Waiting;

const VERSION: &str = "indelible-spool/v1";
const EXTENSION: &str = "spool";

/// A segment as far as it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    /// Its place in the order of segments.
    pub number: u64,
    /// How many of its bytes are whole lines on disk.
    pub bytes: u64,
    /// How many of those bytes are dealt with.
    pub done_bytes: u64,
    /// How many of its lines are not dealt with.
    pub events: u64,
    /// Since when the first of them waits.
    pub since: Option<Timestamp>,
}

/// One line of a segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The event; where the line is damaged, its bytes.
    pub content: Result<Waiting, Vec<u8>>,
    /// Where the line ends in the file.
    pub end: u64,
}

impl Segment {
    pub fn path(&self, folder: &Path) -> PathBuf {
        path_of(folder, self.number)
    }

    /// The lines that are not dealt with, at most `max` of them.
    pub fn read(&self, folder: &Path, max: usize) -> io::Result<Vec<Found>> {
        let mut file = File::open(self.path(folder))?;
        file.seek(SeekFrom::Start(self.done_bytes))?;
        let mut bytes = Vec::new();
        file.take(self.bytes - self.done_bytes)
            .read_to_end(&mut bytes)?;
        Ok(lines(&bytes, self.done_bytes).take(max).collect())
    }

    /// Whether all of it is dealt with.
    pub fn is_done(&self) -> bool {
        self.done_bytes >= self.bytes
    }
}

/// The first line of a segment.
pub(crate) fn heading(trail: &TrailName) -> Vec<u8> {
    format!("{VERSION} {trail}\n").into_bytes()
}

pub(crate) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.{EXTENSION}"))
}

/// The segments of a folder as they were left, in their order.
///
/// # Errors
/// [`SpoolError::Io`]; [`SpoolError::Foreign`] for a file of another trail or version.
pub(crate) fn left_in(folder: &Path, trail: &TrailName) -> Result<Vec<Segment>, SpoolError> {
    let mut segments = Vec::new();
    for number in numbers(folder)? {
        let path = path_of(folder, number);
        let bytes = fs::read(&path).map_err(SpoolError::at(&path))?;
        segments.push(scan(&bytes, number, trail).ok_or(SpoolError::Foreign {
            path,
            trail: trail.clone(),
        })?);
    }
    Ok(segments)
}

/// The numbers of the segments in a folder, ascending.
pub(crate) fn numbers(folder: &Path) -> Result<Vec<u64>, SpoolError> {
    let at = SpoolError::at(folder);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(&at)? {
        let path = entry.map_err(&at)?.path();
        if path.extension().is_some_and(|e| e == EXTENSION) {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            numbers.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What a file's bytes hold; `None` where they are not of this trail and version.
fn scan(bytes: &[u8], number: u64, trail: &TrailName) -> Option<Segment> {
    let heading = heading(trail);
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    if whole == 0 {
        // Not even the heading was whole, so that nothing was acknowledged.
        return Some(Segment::empty(number, 0));
    }
    let lines_of = bytes.strip_prefix(&heading[..])?;
    let start = heading.len() as u64;
    let mut segment = Segment::empty(number, start);
    segment.bytes = whole as u64;
    for found in lines(lines_of, start) {
        segment.events += 1;
        if let (None, Ok(waiting)) = (segment.since, &found.content) {
            segment.since = Some(waiting.since);
        }
    }
    Some(segment)
}

impl Segment {
    /// A segment of this many bytes of heading and nothing else.
    pub fn empty(number: u64, heading_bytes: u64) -> Self {
        Self {
            number,
            bytes: heading_bytes,
            done_bytes: heading_bytes,
            events: 0,
            since: None,
        }
    }
}

/// The whole lines of `bytes`, which begin at `start` of their file.
fn lines(bytes: &[u8], start: u64) -> impl Iterator<Item = Found> {
    let whole = bytes.split_inclusive(|b| *b == b'\n');
    whole
        .filter(|line| line.ends_with(b"\n"))
        .scan(start, |end, line| {
            *end += line.len() as u64;
            let bare = &line[..line.len() - 1];
            let content = Waiting::of_line(bare).ok_or_else(|| bare.to_vec());
            Some(Found { content, end: *end })
        })
}

#[cfg(test)]
mod tests {
    use indelible_core::{AuditAction, AuditEvent};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn waiting(number: u64, text: &str) -> Waiting {
        let event = AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
            .id(Uuid::from_u64_pair(number, 0))
            .user_id(text)
            .context(json!({"text": text, "n": number}));
        let since = Timestamp::from_micros(i64::try_from(number).expect("a small number"));
        Waiting { event, since }
    }

    /// The events, the bytes of the file, and where each line ends.
    fn file(texts: &[String]) -> (Vec<Waiting>, Vec<u8>, Vec<usize>) {
        let mut bytes = heading(&TrailName::standard());
        let events: Vec<_> = (0..).zip(texts).map(|(n, text)| waiting(n, text)).collect();
        let mut ends = Vec::new();
        for event in &events {
            bytes.extend(event.to_line());
            ends.push(bytes.len());
        }
        (events, bytes, ends)
    }

    fn read(bytes: &[u8]) -> Option<Vec<Result<Waiting, Vec<u8>>>> {
        let segment = scan(bytes, 0, &TrailName::standard())?;
        let (from, to) = (segment.done_bytes as usize, segment.bytes as usize);
        let found: Vec<_> = lines(&bytes[from..to], 0).map(|f| f.content).collect();
        assert_eq!(found.len() as u64, segment.events);
        Some(found)
    }

    /// Each case reads a file once for each of its bytes.
    fn few() -> ProptestConfig {
        let standard = ProptestConfig::default();
        ProptestConfig {
            failure_persistence: None,
            cases: standard.cases.div_ceil(16),
            ..standard
        }
    }

    proptest! {
        #![proptest_config(few())]

        #[test]
        fn a_cut_at_any_byte_loses_no_whole_line(texts in vec("[^\\x00]{0,12}", 0..6)) {
            let (events, bytes, ends) = file(&texts);
            for cut in 0..=bytes.len() {
                let whole = ends.iter().filter(|end| **end <= cut).count();
                let oracle: Vec<_> = events[..whole].iter().cloned().map(Ok).collect();
                prop_assert_eq!(read(&bytes[..cut]), Some(oracle), "cut at {}", cut);
            }
        }

        #[test]
        fn a_flipped_bit_anywhere_spoils_one_line_and_is_seen(
            texts in vec("[^\\x00]{0,12}", 1..5),
            bit in 0..8_u8,
        ) {
            let (events, bytes, ends) = file(&texts);
            let begin = heading(&TrailName::standard()).len();
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let Some(found) = read(&flipped) else {
                    prop_assert!(at < begin, "only the heading can make it another's");
                    continue;
                };
                let line = ends.iter().filter(|end| **end <= at).count();
                let good: Vec<_> = found.into_iter().filter_map(Result::ok).collect();
                // Two lines that lost the line feed between them are both spoilt.
                let spoilt = if at + 1 == ends[line] { line..line + 2 } else { line..line + 1 };
                let oracle: Vec<_> = (0..).zip(&events)
                    .filter(|(n, _)| !spoilt.contains(n))
                    .map(|(_, event)| event.clone())
                    .collect();
                prop_assert_eq!(good, oracle, "bit {} of byte {}", bit, at);
            }
        }
    }

    #[test]
    fn a_file_of_another_trail_or_version_is_not_read() {
        for text in [
            "indelible-spool/v1 other\n",
            "indelible-spool/v2 default\n",
            "x\n",
        ] {
            assert_eq!(read(text.as_bytes()), None);
        }
    }
}
