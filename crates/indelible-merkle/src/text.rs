//! The strict elements that all text formats of this crate share, and their limits.

use crate::base64;
use crate::hash::Hash;

/// Longest line in bytes, without its newline. The `extra` line of a proof has its own limit.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Most hashes of a proof in a file: enough for any tree below 2^63 leaves.
pub const PROOF_HASHES_MAX: usize = 63;

/// Why a line or a whole text is ill-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// More bytes than the format allows.
    #[error("{found} bytes, at most {max} are read")]
    TooLarge {
        /// The limit.
        max: usize,
        /// Bytes given.
        found: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A character below U+0020 other than the newline, the carriage return included.
    #[error("control character U+{found:04X}")]
    ControlCharacter {
        /// The first such character.
        found: u8,
    },
    /// The text is cut, or its last line has no newline.
    #[error("the text ends before a newline")]
    Unterminated,
    /// A line above its limit.
    #[error("a line of more than {max} bytes")]
    LineTooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// Something other than what this line has to say.
    #[error("expected {expected}")]
    Unexpected {
        /// What the format puts here.
        expected: &'static str,
    },
    /// Not a decimal number in its only spelling: no sign, no leading zero, within 64 bits.
    #[error("not a plain decimal number of at most 64 bits")]
    Decimal,
    /// Not canonical base64.
    #[error("not canonical base64")]
    Base64,
    /// Base64 of something other than 32 bytes.
    #[error("a hash has 32 bytes, found {found}")]
    HashLength {
        /// Bytes found.
        found: usize,
    },
    /// More proof hashes than [`PROOF_HASHES_MAX`].
    #[error("more than {PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
}

/// Checks what holds for every text as a whole: its size, UTF-8, no control characters, a
/// newline at the end.
pub(crate) fn checked(bytes: &[u8], max: usize) -> Result<&str, TextError> {
    if bytes.len() > max {
        return Err(TextError::TooLarge {
            max,
            found: bytes.len(),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| TextError::NotUtf8)?;
    if let Some(&found) = bytes.iter().find(|&&byte| byte < 0x20 && byte != b'\n') {
        return Err(TextError::ControlCharacter { found });
    }
    if !text.ends_with('\n') {
        return Err(TextError::Unterminated);
    }
    Ok(text)
}

/// Reads a number that is written in decimal digits without sign and leading zeros.
pub(crate) fn decimal(text: &str) -> Result<u64, TextError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (text.len() > 1 && text.starts_with('0')) {
        return Err(TextError::Decimal);
    }
    text.parse().map_err(|_| TextError::Decimal)
}

/// Reads the base64 of exactly 32 bytes.
pub(crate) fn hash(text: &str) -> Result<Hash, TextError> {
    let bytes = base64::decode(text).map_err(|_| TextError::Base64)?;
    Hash::try_from(&bytes[..]).map_err(|_| TextError::HashLength { found: bytes.len() })
}

/// A text read line by line.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    rest: &'a str,
    /// Number of the line read last, from 1.
    number: usize,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }

    /// The next line without its newline, at most [`LINE_BYTES_MAX`] long.
    pub(crate) fn line(&mut self) -> Result<&'a str, LineError> {
        self.line_up_to(LINE_BYTES_MAX)
    }

    /// The next line without its newline, at most `max` bytes long.
    pub(crate) fn line_up_to(&mut self, max: usize) -> Result<&'a str, LineError> {
        self.number += 1;
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or_else(|| self.error(TextError::Unterminated))?;
        if line.len() > max {
            return Err(self.error(TextError::LineTooLong { max }));
        }
        self.rest = rest;
        Ok(line)
    }

    /// Hashes, one per line, up to the empty line that ends them.
    pub(crate) fn hashes(&mut self) -> Result<Vec<Hash>, LineError> {
        let mut hashes = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(hashes);
            }
            if hashes.len() == PROOF_HASHES_MAX {
                return Err(self.error(TextError::TooManyHashes));
            }
            hashes.push(hash(line).map_err(|problem| self.error(problem))?);
        }
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Places a problem at the line that was read last.
    pub(crate) const fn error(&self, problem: TextError) -> LineError {
        LineError {
            line: self.number,
            problem,
        }
    }
}

/// A problem and the line that it was found in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TextError,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(decimal("0"), Ok(0));
        assert_eq!(decimal("18446744073709551615"), Ok(u64::MAX));
        for text in [
            "",
            "+5",
            "-5",
            "05",
            "00",
            " 5",
            "5 ",
            "0x5",
            "5\r",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(text), Err(TextError::Decimal), "{text:?}");
        }
    }

    #[test]
    fn texts_are_checked_as_a_whole() {
        assert_eq!(checked(b"a\n", 2), Ok("a\n"));
        assert_eq!(
            checked(b"a\n", 1),
            Err(TextError::TooLarge { max: 1, found: 2 })
        );
        assert_eq!(checked(b"a", 9), Err(TextError::Unterminated));
        assert_eq!(checked(b"", 9), Err(TextError::Unterminated));
        assert_eq!(
            checked(b"a\r\n", 9),
            Err(TextError::ControlCharacter { found: 13 })
        );
        assert_eq!(checked(b"\xff\n", 9), Err(TextError::NotUtf8));
    }

    #[test]
    fn lines_are_bounded_and_numbered() {
        let long = format!("a\n{}\n", "b".repeat(LINE_BYTES_MAX + 1));
        let mut lines = Lines::new(&long);
        assert_eq!(lines.line(), Ok("a"));
        let problem = TextError::LineTooLong {
            max: LINE_BYTES_MAX,
        };
        assert_eq!(lines.line(), Err(LineError { line: 2, problem }));
    }
}
