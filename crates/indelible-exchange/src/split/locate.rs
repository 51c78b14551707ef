//! Where in a document its records stand.

use std::ops::Range;

use indelible_core::json;
use serde_json::Value;

use super::span::{Broken, Inside, Item, Next, skip_blank, value_end};
use crate::mapping::{RecordsAt, Step, index};

/// What one JSON value of a document holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// Records in the order of the text.
    pub(crate) found: Vec<Found>,
    /// Whether the records stand in the value, rather than the value being the record.
    pub(crate) within: bool,
    /// Where the value ends.
    pub(crate) end: Result<usize, Broken>,
}

/// One place of a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The record's own text.
    Record(Range<usize>),
    /// A JSON string that holds the record's text.
    Embedded(Range<usize>),
    /// An element that should hold a record and does not.
    Without(Range<usize>),
}

impl Found {
    pub(crate) fn start(&self) -> usize {
        match self {
            Self::Record(range) | Self::Embedded(range) | Self::Without(range) => range.start,
        }
    }
}

/// Finds the records in the value that begins at `at`: those at the first of the places that is
/// there, in each element if the value is an array, else the value itself.
pub(crate) fn locate(text: &[u8], at: usize, places: &[RecordsAt]) -> Located {
    let mut search = Search {
        text,
        places,
        found: Vec::new(),
    };
    if text.get(at) != Some(&b'[') {
        let (within, end) = search.value(at);
        return Located {
            found: search.found,
            within,
            end,
        };
    }
    let mut inside = Inside::new(text, at);
    let end = loop {
        match inside.next() {
            Ok(Next::Item(item)) => match search.value(item.start).1 {
                Ok(end) => inside.pass(end),
                Err(broken) => break Err(broken),
            },
            Ok(Next::End(end)) => break Ok(end),
            Err(broken) => break Err(broken),
        }
    };
    Located {
        found: search.found,
        within: true,
        end,
    }
}

struct Search<'t> {
    text: &'t [u8],
    places: &'t [RecordsAt],
    found: Vec<Found>,
}

/// What was found at one place.
#[derive(Default)]
struct AtPlace {
    there: bool,
    found: Vec<Found>,
}

impl Search<'_> {
    /// Answers whether the records stand within the value, and its end.
    fn value(&mut self, at: usize) -> (bool, Result<usize, Broken>) {
        if self.text.get(at) == Some(&b'{') && !self.places.is_empty() {
            let mut by_place: Vec<AtPlace> = Vec::new();
            by_place.resize_with(self.places.len(), AtPlace::default);
            let end = self.members(at, &mut by_place);
            if let Some(place) = by_place.into_iter().find(|place| place.there) {
                self.found.extend(place.found);
                return (true, end);
            }
            if let Ok(end) = end {
                self.found.push(Found::Record(at..end));
            }
            return (false, end);
        }
        let end = value_end(self.text, at);
        if let Ok(end) = end {
            self.found.push(Found::Record(at..end));
        }
        (false, end)
    }

    /// One pass over the members of an object, into those with which a place begins.
    fn members(&self, at: usize, by_place: &mut [AtPlace]) -> Result<usize, Broken> {
        let mut inside = Inside::new(self.text, at);
        loop {
            let Item { key, start } = match inside.next()? {
                Next::Item(item) => item,
                Next::End(end) => return Ok(end),
            };
            let Some(key) = key.map(|key| &self.text[key]) else {
                continue;
            };
            for (place, into) in self.places.iter().zip(&mut *by_place) {
                if let Some((Step::Token(token), rest)) = place.at.steps().split_first()
                    && is_key(key, token)
                {
                    inside.pass(self.walk(start, rest, place.embedded, into)?);
                }
            }
        }
    }

    /// Follows the steps through the value at `at`; answers its end.
    fn walk(
        &self,
        at: usize,
        steps: &[Step],
        embedded: bool,
        into: &mut AtPlace,
    ) -> Result<usize, Broken> {
        let Some((step, rest)) = steps.split_first() else {
            let end = value_end(self.text, at)?;
            let is_text = self.text[at] == b'"';
            if is_text || self.text[at] == b'{' {
                into.there = true;
                let text = at..end;
                let embedded = embedded && is_text;
                into.found.push(if embedded {
                    Found::Embedded(text)
                } else {
                    Found::Record(text)
                });
            }
            return Ok(end);
        };
        let array = match self.text.get(at) {
            Some(b'[') => true,
            Some(b'{') => false,
            _ => return value_end(self.text, at),
        };
        into.there |= array && *step == Step::Each;
        let mut inside = Inside::new(self.text, at);
        let mut place = 0;
        loop {
            let Item { key, start } = match inside.next()? {
                Next::Item(item) => item,
                Next::End(end) => return Ok(end),
            };
            let leads_there = match (step, key) {
                (Step::Each, key) => key.is_none(),
                (Step::Token(token), Some(key)) => is_key(&self.text[key], token),
                (Step::Token(token), None) => index(token) == Some(place),
            };
            place += 1;
            if leads_there {
                let before = into.found.len();
                let end = self.element(start, step, rest, embedded, into)?;
                if *step == Step::Each && into.found.len() == before {
                    into.found.push(Found::Without(start..end));
                }
                inside.pass(end);
            }
        }
    }

    /// An element of records is one, whatever it is; anything else is walked through.
    fn element(
        &self,
        start: usize,
        step: &Step,
        rest: &[Step],
        embedded: bool,
        into: &mut AtPlace,
    ) -> Result<usize, Broken> {
        if *step != Step::Each || !rest.is_empty() || embedded {
            return self.walk(start, rest, embedded, into);
        }
        let end = value_end(self.text, start)?;
        into.found.push(Found::Record(start..end));
        Ok(end)
    }
}

/// Whether the key, quotes included, is this name.
fn is_key(key: &[u8], name: &str) -> bool {
    let plain = &key[1..key.len() - 1];
    if !plain.contains(&b'\\') {
        return plain == name.as_bytes();
    }
    matches!(json::parse(key), Ok(parsed) if parsed.value == Value::String(name.to_owned()))
}

/// Whether the text is complete JSON objects and nothing else, as their brackets tell.
pub(crate) fn are_objects(text: &[u8]) -> bool {
    let mut at = skip_blank(text, 0);
    loop {
        match value_end(text, at) {
            Ok(end) if text[at] == b'{' => at = skip_blank(text, end),
            _ => return false,
        }
        if at == text.len() {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mapping;

    fn located(text: &str) -> (Vec<String>, bool, bool) {
        let mapping = Mapping::shipped("cloudtrail").expect("it is shipped");
        let located = locate(text.as_bytes(), 0, mapping.records());
        let shown = located.found.iter().map(|found| match found {
            Found::Record(range) => text[range.clone()].to_owned(),
            Found::Embedded(range) => format!("embedded {}", &text[range.clone()]),
            Found::Without(range) => format!("without {}", &text[range.clone()]),
        });
        (
            shown.collect(),
            located.within,
            located.end == Ok(text.len()),
        )
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn records_are_found_in_every_form() {
        for (text, records) in [
            (
                r#"{"Records":[{"a":1}, 2,{}]}"#,
                &[r#"{"a":1}"#, "2", "{}"][..],
            ),
            (r#"{"x":[{}],"Records" : []}"#, &[]),
            (r#"{"R\u0065cords":[1],"y":0,"Records":[2]}"#, &["1", "2"]),
            (
                r#"[{"a":1},[3],{"Records":[{"b":2}]}]"#,
                &[r#"{"a":1}"#, "[3]", r#"{"b":2}"#],
            ),
            (r#"{"CloudTrailEvent":"{}"}"#, &[r#"embedded "{}""#]),
            (
                r#"{"Events":[{"CloudTrailEvent":"{}"},{"EventId":1},{"CloudTrailEvent":{"a":1}}]}"#,
                &[r#"embedded "{}""#, r#"without {"EventId":1}"#, r#"{"a":1}"#],
            ),
            (r#"{"detail":{"eventID":1}}"#, &[r#"{"eventID":1}"#]),
        ] {
            assert_eq!(located(text), (owned(records), true, true), "{text}");
        }
    }

    #[test]
    fn without_a_place_the_value_is_the_record() {
        for text in [
            r#"{"a":1}"#,
            r#"{"Records":{}}"#,
            r#"{"Records":null}"#,
            "3",
            r#""x""#,
        ] {
            assert_eq!(located(text), (owned(&[text]), false, true), "{text}");
        }
    }

    #[test]
    fn what_is_complete_in_a_broken_text_is_found() {
        let text = r#"{"Records":[{"a":1},{"b":2},{"c":"#;
        assert_eq!(
            located(text),
            (owned(&[r#"{"a":1}"#, r#"{"b":2}"#]), true, false)
        );
        assert_eq!(
            located(r#"[{"a":1} {"b":2}]"#),
            (owned(&[r#"{"a":1}"#]), true, false)
        );
        assert_eq!(located(r#"{"a":1"#), (vec![], false, false));
    }
}
