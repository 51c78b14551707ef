//! What is wrong with a mapping that its types do not show, and where.

use super::path::Step;
use super::{RecordsAt, Rules};
use crate::error::MappingError;

/// The version of the mapping language that is read here.
const FORMAT: u32 = 1;
/// The longest name of a mapping, in bytes.
const NAME_BYTES_MAX: usize = 64;

impl Rules {
    /// Checks what types do not; answers the table to look at, too.
    pub(super) fn check(&self) -> Result<(), (Option<&'static str>, String)> {
        if self.format != FORMAT {
            let problem = format!("`format` is {FORMAT}; this file says {}", self.format);
            return Err((Some("format"), problem));
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=NAME_BYTES_MAX).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            let problem = "`name` is 1 to 64 of a-z, 0-9 and `-`".to_owned();
            return Err((Some("name"), problem));
        }
        let begins_with_member =
            |place: &RecordsAt| matches!(place.at.steps().first(), Some(Step::Token(_)));
        if !self.records.iter().all(begins_with_member) {
            let problem = "`at` begins with the name of a member; arrays are looked into anyway";
            return Err((Some("[[records]]"), problem.to_owned()));
        }
        if !self
            .embedded
            .iter()
            .all(|path| path.is_plain() && !path.steps().is_empty())
        {
            let problem = "`embedded` points at one place each, not at the record".to_owned();
            return Err((Some("embedded"), problem));
        }
        if self.table.is_some() && (self.lines.is_some() || !self.records.is_empty()) {
            let problem = "the rows of a table are the records: without `lines` and `records`";
            return Err((Some("[table]"), problem.to_owned()));
        }
        if self.lines.is_some() && !self.records.is_empty() {
            let problem = "a line holds one record: `records` goes with JSON, not with `lines`";
            return Err((Some("[[records]]"), problem.to_owned()));
        }
        if let Some(time) = &self.time
            && time.formats.is_empty()
        {
            return Err((Some("[time]"), "`formats` names at least one".to_owned()));
        }
        Ok(())
    }
}

impl MappingError {
    pub(super) fn at(text: &str, at: usize, problem: &str) -> Self {
        let before = &text[..text.floor_char_boundary(at)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            problem: problem.trim_end().to_owned(),
        }
    }
}
