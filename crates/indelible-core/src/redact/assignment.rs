//! Secrets that a text assigns to a name: `password=…`, `"token": "…"`, `Cookie: …`,
//! `--api-key …`.

use std::ops::Range;

use super::key::{Hit, Names};
use super::marker;
use super::text::Finding;

/// The longest name that is looked for, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// How far the end of an array or object is looked for, in bytes: a bound on the work that
/// unclosed brackets make.
const BRACKET_BYTES_MAX: usize = 4096;

/// Longer values that are kept are not searched for assignments within them, likewise.
const KEPT_BYTES_MAX: usize = 512;

/// Adds every secret that a text assigns to a name. Takes time linear in the text.
pub(super) fn find(names: &Names, text: &str, findings: &mut Vec<Finding>) {
    let mut reader = Reader {
        names,
        text,
        token: 0..0,
        line: 0..0,
    };
    let mut done = 0;
    // A JSON object under a secret's name, and where it ends.
    let mut object: Option<(Hit<'_>, usize)> = None;
    for (at, byte) in text.bytes().enumerate() {
        if at < done {
            continue;
        }
        let above = object
            .as_ref()
            .filter(|(_, end)| at < *end)
            .map(|(hit, _)| hit);
        let found = match byte {
            b'=' => reader.equals(at),
            b':' => reader.colon(at, above),
            b'-' => reader.option(at),
            _ => continue,
        };
        let Some((hit, values)) = found else { continue };
        if let Some(end) = object_end(text, at + 1).filter(|_| byte == b':') {
            if hit.group.deep {
                object = Some((hit.inherited(), end));
            }
            continue;
        }
        for range in values {
            if names.is_secret(&hit, &text[range.clone()]) {
                done = range.end;
                findings.push(Finding::new(range, &hit.group.id));
            } else if range.len() > KEPT_BYTES_MAX {
                done = range.end;
            }
        }
    }
}

type Assigned<'r> = Option<(Hit<'r>, Vec<Range<usize>>)>;

/// Remembers where the last token and line end: values that overlap are not read twice.
struct Reader<'r, 't> {
    names: &'r Names,
    text: &'t str,
    token: Range<usize>,
    line: Range<usize>,
}

impl<'r> Reader<'r, '_> {
    fn equals(&mut self, at: usize) -> Assigned<'r> {
        let (name, _) = name_before(self.text, at)?;
        let hit = self.names.of_assignment(name)?;
        let doubled = self.text[at + 1..].starts_with(['=', '>', '~']);
        let values = self.values(at + 1 + usize::from(doubled), hit.group.line);
        Some((hit, self.without_prose(values)))
    }

    fn colon(&mut self, at: usize, above: Option<&Hit<'r>>) -> Assigned<'r> {
        let (name, is_quoted) = name_before(self.text, at)?;
        let above = above.filter(|_| is_quoted && !self.names.describes(name));
        let hit = self.names.of_assignment(name).or_else(|| above.cloned())?;
        let rest = &self.text[at + 1..];
        // `arn:aws:secretsmanager:…:secret:name` assigns nothing.
        let is_apart = rest.starts_with([' ', '\t', '"', '\'', '\\', '[']);
        if !is_quoted && !is_apart && !hit.group.tight {
            return None;
        }
        let mut values = self.values(at + 1, hit.group.line);
        if !is_quoted {
            values = self.without_prose(values);
        }
        if !is_quoted && !is_apart {
            let has_digit = |it: &Range<usize>| {
                self.text.as_bytes()[it.clone()]
                    .iter()
                    .take(NAME_BYTES_MAX)
                    .any(u8::is_ascii_digit)
            };
            values.retain(has_digit);
        }
        Some((hit, values))
    }

    fn option(&mut self, at: usize) -> Assigned<'r> {
        let begins = at == 0 || self.text.as_bytes()[at - 1].is_ascii_whitespace();
        let name = self.text[at..].strip_prefix("--").filter(|_| begins)?;
        let bytes = name.bytes().take(NAME_BYTES_MAX);
        let length = bytes.take_while(|byte| is_name_byte(*byte)).count();
        let rest = name.get(length..)?;
        let hit = self.names.of_assignment(&name[..length])?;
        if !rest.starts_with(' ') || rest.starts_with(" -") {
            return None;
        }
        let values = self.values(at + 2 + length, false);
        Some((hit, self.without_prose(values)))
    }

    /// Where the assigned values stand: one, or the elements of an array.
    fn values(&mut self, start: usize, line: bool) -> Vec<Range<usize>> {
        let blanks = |byte: &u8| matches!(byte, b' ' | b'\t');
        let at = start
            + self.text.as_bytes()[start..]
                .iter()
                .copied()
                .take_while(blanks)
                .count();
        let rest = &self.text[at..];
        if let Some(length) = marker::own_prefix(rest) {
            return one(at..if line {
                self.line_end(at)
            } else {
                self.token_end(at + length)
            });
        }
        if let Some(range) = quoted(self.text, at) {
            return one(range);
        }
        if rest.starts_with('[') {
            return self.elements(at + 1);
        }
        if line {
            return one(at..self.line_end(at));
        }
        let end = self.token_end(at);
        let goes_on = self.text[end..].starts_with(' ');
        if goes_on && self.names.is_scheme(&self.text[at..end]) {
            return one(at..self.token_end(end + 1));
        }
        one(at..end)
    }

    /// The scalars up to the closing bracket, those of arrays within included. None where objects
    /// stand among them: their members speak for themselves.
    fn elements(&mut self, start: usize) -> Vec<Range<usize>> {
        let limit = self.text.len().min(start + BRACKET_BYTES_MAX);
        let mut found = Vec::new();
        let mut at = start;
        while let Some(rest) = self
            .text
            .get(at..)
            .filter(|rest| at < limit && !rest.is_empty())
        {
            if let Some(length) = marker::own_prefix(rest) {
                at += length;
            } else if rest.starts_with(']') {
                break;
            } else if rest.starts_with('{') {
                return Vec::new();
            } else if rest.starts_with([' ', ',', '\t', '\n', '\r', '[']) {
                at += 1;
            } else if let Some(range) = quoted(self.text, at) {
                let rest = self.text[range.end..].trim_start_matches('\\');
                at = self.text.len() - rest.len() + usize::from(!rest.is_empty());
                found.push(range);
            } else {
                let end = self.token_end(at);
                found.push(at..end);
                at = if end == at { at + 1 } else { end };
            }
        }
        found
    }

    fn token_end(&mut self, start: usize) -> usize {
        if !(self.token.start..=self.token.end).contains(&start) {
            let ends = |c: char| c.is_whitespace() || "&;,\"'`)}]<\\".contains(c);
            let length = self.text[start..]
                .find(ends)
                .unwrap_or(self.text.len() - start);
            self.token = start..start + length;
        }
        self.token.end
    }

    fn line_end(&mut self, start: usize) -> usize {
        if !(self.line.start..=self.line.end).contains(&start) {
            let rest = &self.text[start..];
            let length = rest
                .find(['\n', '\r', '"', '\'', '`'])
                .unwrap_or(rest.len());
            let escape = rest[..length]
                .find("\\n")
                .or_else(|| rest[..length].find("\\r"));
            self.line = start..start + escape.unwrap_or(length);
        }
        self.line.end
    }

    /// Leaves out what only states something: `password: must be longer`, `Elevated Token: Yes`.
    fn without_prose(&self, mut values: Vec<Range<usize>>) -> Vec<Range<usize>> {
        values.retain(|range| {
            let goes_on = self.text[range.end..].starts_with(' ');
            let word = &self.text[range.clone()];
            let may_state = word.len() <= NAME_BYTES_MAX;
            let is_prose = || goes_on && self.names.is_prose(word);
            !(may_state && (self.names.is_state(word) || is_prose()))
        });
        values
    }
}

/// The name that ends before `end`, and whether it is quoted.
fn name_before(text: &str, end: usize) -> Option<(&str, bool)> {
    let blanks = text.as_bytes()[..end].iter().rev().take(3);
    let blanks = blanks
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    if blanks > 2 {
        return None;
    }
    let before = &text[..end - blanks];
    if let Some(quote) = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '"' | '\'' | '`'))
    {
        let from = floor(before, before.len().saturating_sub(NAME_BYTES_MAX));
        let inner = before[from..before.len() - 1].trim_end_matches('\\');
        let start = inner.rfind(quote)?;
        return Some((&inner[start + 1..], true));
    }
    let bytes = before.bytes().rev().take(NAME_BYTES_MAX);
    let length = bytes.take_while(|byte| is_name_byte(*byte)).count();
    let name = &before[floor(before, before.len() - length)..];
    Some((name, false)).filter(|_| !name.is_empty())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']') || byte >= 0x80
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

fn one(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

/// The inside of the quotes at `at`, which may be escaped: JSON within JSON.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let escapes = rest
        .bytes()
        .take(8)
        .take_while(|byte| *byte == b'\\')
        .count();
    let quote = rest[escapes..]
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let start = at + escapes + 1;
    let mut backslashes = 0;
    for (offset, c) in text[start..].char_indices() {
        if c == quote && backslashes <= escapes && (escapes > 0 || backslashes == 0) {
            return Some(start..start + offset - backslashes);
        }
        backslashes = match c {
            '\\' if escapes == 0 && backslashes == 1 => 0,
            '\\' => backslashes + 1,
            _ => 0,
        };
    }
    Some(start..text.len())
}

/// The end of the JSON object that begins after blanks at `start`, as far as it is looked for.
fn object_end(text: &str, start: usize) -> Option<usize> {
    let rest = text[start..].trim_start_matches([' ', '\t']);
    let limit = floor(rest, rest.len().min(BRACKET_BYTES_MAX));
    let object = rest[..limit].strip_prefix('{')?;
    let mut open = 1_usize;
    let closing = object.bytes().position(|byte| {
        open = open + usize::from(byte == b'{') - usize::from(byte == b'}');
        open == 0
    });
    Some(text.len() - rest.len() + closing.map_or(limit, |at| at + 1))
}
