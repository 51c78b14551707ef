//! Secrets that a text assigns to a name: `password=…`, `"token": "…"`, `Cookie: …`,
//! `--api-key …`.

use std::ops::Range;

use super::key::{Hit, Names};
use super::marker;
use super::text::Finding;

/// The longest name that is looked for, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The longest array whose elements are looked at, in bytes: a bound on the work that unclosed
/// brackets make.
const ARRAY_BYTES_MAX: usize = 4096;
/// The longest object whose members are looked at, in bytes, likewise.
const OBJECT_BYTES_MAX: usize = 4096;

/// Adds every secret that a text assigns to a name.
pub(super) fn find(names: &Names, text: &str, findings: &mut Vec<Finding>) {
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
            b'=' => equals(names, text, at),
            b':' => colon(names, text, at, above),
            b'-' => option(names, text, at),
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
            }
        }
    }
}

type Assigned<'r> = Option<(Hit<'r>, Vec<Range<usize>>)>;

fn equals<'r>(names: &'r Names, text: &str, at: usize) -> Assigned<'r> {
    let (name, _) = name_before(text, at)?;
    let hit = names.of_assignment(name)?;
    let rest = &text[at + 1..];
    let start = at + 1 + usize::from(rest.starts_with(['=', '>', '~']));
    let values = values(names, text, start, hit.group.line);
    let values = without_prose(names, text, values);
    Some((hit, values))
}

fn colon<'r>(names: &'r Names, text: &str, at: usize, above: Option<&Hit<'r>>) -> Assigned<'r> {
    let (name, is_quoted) = name_before(text, at)?;
    let own = names.of_assignment(name);
    let above = above.filter(|_| is_quoted && !names.describes(name));
    let hit = own.or_else(|| above.cloned())?;
    // `arn:aws:secretsmanager:…:secret:name` assigns nothing.
    let is_apart = text[at + 1..].starts_with([' ', '\t', '"', '\'', '\\', '[']);
    if !is_quoted && !is_apart && !hit.group.tight {
        return None;
    }
    let mut values = values(names, text, at + 1, hit.group.line);
    if !is_quoted {
        values = without_prose(names, text, values);
    }
    if !is_quoted && !is_apart {
        values.retain(|range| {
            text[range.clone()]
                .bytes()
                .any(|byte| byte.is_ascii_digit())
        });
    }
    Some((hit, values))
}

fn option<'r>(names: &'r Names, text: &str, at: usize) -> Assigned<'r> {
    let begins = at == 0 || text.as_bytes()[at - 1].is_ascii_whitespace();
    let name = text[at..].strip_prefix("--").filter(|_| begins)?;
    let length = name.bytes().take_while(|byte| is_name_byte(*byte)).count();
    let hit = names.of_assignment(&name[..length.min(NAME_BYTES_MAX)])?;
    let rest = &name[length..];
    if !rest.starts_with(' ') || rest.trim_start().starts_with('-') {
        return None;
    }
    let values = values(names, text, at + 2 + length, false);
    Some((hit, without_prose(names, text, values)))
}

/// The name that ends before `end`, and whether it is quoted.
fn name_before(text: &str, end: usize) -> Option<(&str, bool)> {
    let before = text[..end].trim_end_matches([' ', '\t']);
    if before.len() + 2 < end {
        return None;
    }
    if let Some(quote) = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '"' | '\'' | '`'))
    {
        let inner = before[..before.len() - 1].trim_end_matches('\\');
        let from = floor(inner, inner.len().saturating_sub(NAME_BYTES_MAX));
        let start = inner[from..].rfind(quote)?;
        return Some((&inner[from + start + 1..], true));
    }
    let length = before
        .bytes()
        .rev()
        .take_while(|byte| is_name_byte(*byte))
        .count();
    let start = floor(before, before.len() - length.min(NAME_BYTES_MAX));
    Some((&before[start..], false)).filter(|(name, _)| !name.is_empty())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']') || byte >= 0x80
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// Where the assigned values stand: one, or the elements of an array.
fn values(names: &Names, text: &str, start: usize, line: bool) -> Vec<Range<usize>> {
    let blanks = text[start..]
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let at = start + blanks;
    let rest = &text[at..];
    if let Some(length) = marker::own_prefix(rest) {
        let end = if line {
            line_end(text, at)
        } else {
            token_end(text, at + length)
        };
        return one(at..end);
    }
    if let Some(range) = quoted(text, at) {
        return vec![range];
    }
    if rest.starts_with('[') {
        return elements(text, at + 1);
    }
    if line {
        return one(at..line_end(text, at));
    }
    let end = token_end(text, at);
    let follows = text[end..]
        .strip_prefix(' ')
        .map(|_| token_end(text, end + 1));
    match follows {
        Some(further) if names.is_scheme(&text[at..end]) => one(at..further),
        _ => one(at..end),
    }
}

fn one(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

/// The inside of the quotes at `at`, which may be escaped: JSON within JSON.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let escapes = rest.bytes().take_while(|byte| *byte == b'\\').count();
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

fn elements(text: &str, start: usize) -> Vec<Range<usize>> {
    let end = text[start..]
        .find(']')
        .map_or(text.len(), |offset| start + offset);
    if text[start..end].contains('{') {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = start;
    while at < end {
        if matches!(text.as_bytes()[at], b' ' | b',' | b'\t' | b'\n' | b'\r') {
            at += 1;
            continue;
        }
        let range = quoted(text, at).unwrap_or_else(|| at..token_end(text, at));
        at = range.end.max(at) + 1;
        while at < end && !text.is_char_boundary(at) {
            at += 1;
        }
        // The closing quote, escaped or not.
        let skipped = text[at.min(end)..end].trim_start_matches(['\\', '"', '\'', '`']);
        at = end - skipped.len();
        found.push(range);
    }
    found
}

/// The end of the JSON object that begins after blanks at `start`, as far as it is looked for.
fn object_end(text: &str, start: usize) -> Option<usize> {
    let rest = text[start..].trim_start_matches([' ', '\t']);
    let limit = floor(rest, rest.len().min(OBJECT_BYTES_MAX));
    let object = rest[..limit].strip_prefix('{')?;
    let mut open = 1_usize;
    let closing = object.bytes().position(|byte| {
        open = open + usize::from(byte == b'{') - usize::from(byte == b'}');
        open == 0
    });
    Some(text.len() - rest.len() + closing.map_or(limit, |at| at + 1))
}

fn token_end(text: &str, start: usize) -> usize {
    let ends = |c: char| c.is_whitespace() || "&;,\"'`)}]<\\".contains(c);
    text[start..]
        .find(ends)
        .map_or(text.len(), |offset| start + offset)
}

fn line_end(text: &str, start: usize) -> usize {
    let ends = |c: char| matches!(c, '\n' | '\r' | '"' | '\'' | '`');
    let end = text[start..]
        .find(ends)
        .map_or(text.len(), |offset| start + offset);
    let escape = text[start..end]
        .find("\\n")
        .or_else(|| text[start..end].find("\\r"));
    escape.map_or(end, |offset| start + offset)
}

/// Leaves out what only states something: `password: must be longer`, `Elevated Token: Yes`.
fn without_prose(names: &Names, text: &str, values: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let is_prose = |range: &Range<usize>| {
        let goes_on = text[range.end..].starts_with(' ');
        let word = &text[range.clone()];
        names.is_state(word) || (goes_on && names.is_prose(word))
    };
    values
        .into_iter()
        .filter(|range| !is_prose(range))
        .collect()
}
