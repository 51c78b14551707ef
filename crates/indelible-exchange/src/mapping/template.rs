//! Literal text with names in braces.

use serde::{Deserialize, Deserializer};

/// `aws.{service}.{name}`: literal text with named gaps. `{{` and `}}` stand for one brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Name(String),
}

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            literal.push_str(&rest[..place]);
            let brace = &rest[place..=place];
            rest = &rest[place + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            let name = rest.split_once('}').filter(|_| brace == "{");
            let Some((name, after)) = name.filter(|(name, _)| is_name(name)) else {
                return Err(format!("`{text}`: a name in braces is of a-z, 0-9 and `_`"));
            };
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        literal.push_str(rest);
        pieces.push(Piece::Literal(literal));
        Ok(Self { pieces })
    }

    /// The names in the order of the text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text with every gap filled, `None` where one has no value.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => filled.push_str(literal),
                Piece::Name(name) => filled.push_str(&value(name)?),
            }
        }
        Some(filled)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_and_doubled_braces_are_literal() {
        let template = Template::parse("{{a.{b}.é{c}}}").expect("well-formed");
        assert_eq!(template.names().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(
            template.fill(|name| Some(name.repeat(2))).unwrap(),
            "{a.bb.écc}"
        );
        assert_eq!(template.fill(|name| (name == "b").then(String::new)), None);
    }

    #[test]
    fn loose_braces_are_refused() {
        for text in ["{", "}", "a{b", "{}", "{A}", "{a b}", "a}b", "{a{b}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
