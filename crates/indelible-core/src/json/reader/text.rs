//! Strings: the run without escapes at once, the rest escape by escape.

use super::Reader;
use crate::json::error::{JsonError, JsonErrorKind};
use crate::json::scan::plain_run;

const REPLACEMENT: char = '\u{FFFD}';
const END_QUOTE: &str = "the end of a string";

/// A string, unescaped.
pub(super) struct Unescaped {
    pub(super) text: String,
    /// Whether a NUL or a lone surrogate became U+FFFD.
    pub(super) replaced: bool,
}

/// What one escape stands for: a character, or a surrogate without its other half.
enum Escaped {
    Character(char),
    Surrogate(u16),
}

impl Reader<'_> {
    /// Reads the string whose opening quote the reader stands at, to behind its closing quote.
    pub(super) fn string(&mut self) -> Result<Unescaped, JsonError> {
        let start = self.at + 1;
        self.at = start + plain_run(&self.bytes[start..]);
        let text = self.text[start..self.at].to_owned();
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Unescaped {
                text,
                replaced: false,
            });
        }
        self.escaped_string(text)
    }

    /// Goes on behind the first run of a string that something interrupts.
    fn escaped_string(&mut self, mut text: String) -> Result<Unescaped, JsonError> {
        let mut replaced = false;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Unescaped { text, replaced });
                }
                Some(b'\\') => match self.escape()? {
                    Escaped::Character(character) if character != '\0' => text.push(character),
                    Escaped::Character(_) | Escaped::Surrogate(_) => {
                        text.push(REPLACEMENT);
                        replaced = true;
                    }
                },
                Some(&byte) => {
                    return Err(self.fault(self.at, JsonErrorKind::ControlCharacter { byte }));
                }
                None => return Err(self.unexpected(END_QUOTE)),
            }
            let run = self.at;
            self.at += plain_run(&self.bytes[run..]);
            text.push_str(&self.text[run..self.at]);
        }
    }

    /// Reads the escape whose backslash the reader stands at, both halves of a surrogate pair.
    fn escape(&mut self) -> Result<Escaped, JsonError> {
        match escape(&self.bytes[self.at..]) {
            Ok((escaped, length)) => {
                self.at += length;
                Ok(escaped)
            }
            Err(None) => {
                self.at = self.bytes.len();
                Err(self.unexpected(END_QUOTE))
            }
            Err(Some(reason)) => Err(self.fault(self.at, JsonErrorKind::BadEscape { reason })),
        }
    }
}

/// The bytes of a key between its quotes, read without error before, with lone surrogates in the
/// three bytes that UTF-8 would use: what tells keys apart that become equal through U+FFFD.
pub(super) fn generalised(raw: &str) -> Vec<u8> {
    let bytes = raw.as_bytes();
    let mut key = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if let Ok((escaped, length)) = escape(&bytes[at..]) {
            match escaped {
                Escaped::Character(character) => {
                    key.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Escaped::Surrogate(unit) => key.extend_from_slice(&[
                    0xED,
                    0x80 | (unit >> 6 & 0x3F) as u8,
                    0x80 | (unit & 0x3F) as u8,
                ]),
            }
            at += length;
        } else {
            key.push(bytes[at]);
            at += 1;
        }
    }
    key
}

/// What the escape at the start of `bytes` stands for and how long it is. `Err(None)`: the text
/// ends within it; otherwise the rule that it breaks.
fn escape(bytes: &[u8]) -> Result<(Escaped, usize), Option<&'static str>> {
    if bytes.first() != Some(&b'\\') {
        return Err(Some("it begins with a backslash"));
    }
    let character = match bytes.get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(bytes),
        Some(_) => return Err(Some("one of \" \\ / b f n r t u follows the backslash")),
        None => return Err(None),
    };
    Ok((Escaped::Character(character), 2))
}

fn unicode_escape(bytes: &[u8]) -> Result<(Escaped, usize), Option<&'static str>> {
    let unit = code_unit(bytes)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Ok((Escaped::Character(character), 6));
    }
    if let Ok(second) = code_unit(&bytes[6..])
        && let Some(Ok(character)) = char::decode_utf16([unit, second]).next()
    {
        return Ok((Escaped::Character(character), 12));
    }
    Ok((Escaped::Surrogate(unit), 6))
}

/// The code unit of a `\uXXXX` at the start of `bytes`.
fn code_unit(bytes: &[u8]) -> Result<u16, Option<&'static str>> {
    if !bytes.starts_with(b"\\u") {
        return Err(Some("\\u begins it"));
    }
    let mut unit = 0;
    for place in 2..6 {
        let digit = match bytes.get(place) {
            Some(byte @ b'0'..=b'9') => byte - b'0',
            Some(byte @ b'a'..=b'f') => byte - b'a' + 10,
            Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
            Some(_) => return Err(Some("four hexadecimal digits follow \\u")),
            None => return Err(None),
        };
        unit = unit << 4 | u16::from(digit);
    }
    Ok(unit)
}
