//! The words that a name is made of.

use std::ops::Range;

/// The words of a name: lower case, side by side, without digits.
pub(super) struct Words {
    letters: String,
    ends: Vec<usize>,
}

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let mut letters = String::with_capacity(name.len());
        let mut ends = Vec::with_capacity(8);
        let mut before = ' ';
        let mut rest = name.chars().peekable();
        while let Some(c) = rest.next() {
            let next_is_lower = rest.peek().is_some_and(|next| next.is_lowercase());
            let begins = !before.is_alphabetic()
                || (c.is_uppercase() && (before.is_lowercase() || next_is_lower));
            if begins && ends.last().copied().unwrap_or(0) < letters.len() {
                ends.push(letters.len());
            }
            if c.is_ascii_alphabetic() {
                letters.push(c.to_ascii_lowercase());
            } else if c.is_alphabetic() {
                letters.extend(c.to_lowercase());
            }
            before = c;
        }
        if ends.last().copied().unwrap_or(0) < letters.len() {
            ends.push(letters.len());
        }
        Self { letters, ends }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Some words one after the other, joined.
    pub(super) fn run(&self, words: Range<usize>) -> &str {
        let start = words
            .start
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.letters[start..self.ends[words.end - 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_into_words() {
        let words = |name: &str| {
            let words = Words::of(name);
            (0..words.len())
                .map(|at| words.run(at..at + 1).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(words("nextToken"), ["next", "token"]);
        assert_eq!(words("APIKeyID"), ["api", "key", "id"]);
        assert_eq!(words("sSHPublicKey2"), ["s", "sh", "public", "key"]);
        assert_eq!(words("cvv2"), ["cvv"]);
        assert_eq!(words("contraseñaNueva"), ["contraseña", "nueva"]);
        assert!(words("").is_empty());
        assert!(words("12 _ 3").is_empty());
    }
}
