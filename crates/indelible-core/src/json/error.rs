//! Why a text is no JSON that the trail accepts, and where.

use super::scan::prefix;

/// A JSON text that was refused: what is wrong and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct JsonError {
    /// The line, from 1; a line ends with U+000A.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The same key stands twice in one object.
    #[error("duplicate key {key:?}")]
    DuplicateKey {
        /// The key, unescaped, cut after [`JsonErrorKind::KEY_BYTES_MAX`] bytes.
        key: String,
    },
    /// More arrays and objects stand within each other than allowed.
    #[error("nested deeper than {max} levels")]
    TooDeep {
        /// The deepest nesting allowed.
        max: u8,
    },
    /// The bytes are not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// The text begins with U+FEFF.
    #[error("a byte order mark, which JSON does not have")]
    ByteOrderMark,
    /// A character that cannot stand here.
    #[error("unexpected {found:?} where {expected} should stand")]
    UnexpectedCharacter {
        /// The character.
        found: char,
        /// What could stand here.
        expected: &'static str,
    },
    /// The text ends too early.
    #[error("the text ends where {expected} should stand")]
    UnexpectedEnd {
        /// What should follow.
        expected: &'static str,
    },
    /// Something other than white space follows the value.
    #[error("more text after the end of the value")]
    TrailingData,
    /// A number that JSON does not spell like this.
    #[error("ill-formed number: {reason}")]
    BadNumber {
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A backslash followed by something that is no JSON escape.
    #[error("ill-formed escape: {reason}")]
    BadEscape {
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A control character stands in a string as itself; JSON wants it escaped.
    #[error("control character U+{byte:04X} in a string, not escaped")]
    ControlCharacter {
        /// The character, below 0x20.
        byte: u8,
    },
}

/// A value nested deeper than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nested deeper than {max} levels")]
pub struct TooDeep {
    /// The deepest nesting allowed.
    pub max: u8,
}

impl JsonErrorKind {
    /// The most bytes of a key that an error repeats.
    pub const KEY_BYTES_MAX: usize = 128;

    pub(super) fn duplicate(key: &str) -> Self {
        let mut shown = prefix(key, Self::KEY_BYTES_MAX).to_owned();
        if shown.len() < key.len() {
            shown.push('…');
        }
        Self::DuplicateKey { key: shown }
    }
}

impl JsonError {
    /// The error `kind` at byte `at` of `text`, whose first `at` bytes are UTF-8.
    #[cold]
    pub(super) fn at(text: &[u8], at: usize, kind: JsonErrorKind) -> Self {
        let before = &text[..at.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        let leads_character = |b: &&u8| **b & 0xC0 != 0x80;
        let column = 1 + before[line_start..].iter().filter(leads_character).count();
        Self { line, column, kind }
    }
}
