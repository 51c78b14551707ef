//! Where the values of a JSON text begin and end, without reading them.
//!
//! Only brackets, strings and separators are looked at; whether what stands between them is JSON
//! shows when it is read. Nothing recurses, so that no nesting can exhaust the stack.

use std::ops::Range;

/// The place at which the text ends being structured like JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) at: usize,
}

/// The first byte from `at` on that is no white space, or the end.
pub(crate) fn skip_blank(text: &[u8], at: usize) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    text[at..]
        .iter()
        .position(|byte| !blank(byte))
        .map_or(text.len(), |found| at + found)
}

/// The end of the value that begins at `at`, which is no white space.
pub(crate) fn value_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at) {
        Some(b'"') => string_end(text, at),
        Some(b'{' | b'[') => container_end(text, at),
        Some(b',' | b':' | b'}' | b']') | None => Err(Broken { at }),
        Some(_) => {
            let ends = |byte: &u8| b" \t\n\r,:{}[]\"".contains(byte);
            Ok(text[at..]
                .iter()
                .position(ends)
                .map_or(text.len(), |found| at + found))
        }
    }
}

fn string_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut place = at + 1;
    loop {
        let special = text[place.min(text.len())..]
            .iter()
            .position(|b| matches!(b, b'"' | b'\\'));
        let found = place + special.ok_or(Broken { at: text.len() })?;
        if text[found] == b'"' {
            return Ok(found + 1);
        }
        place = found + 2;
    }
}

fn container_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut depth = 0_usize;
    let mut place = at;
    loop {
        let special = |b: &u8| matches!(b, b'"' | b'{' | b'[' | b'}' | b']');
        let found = text[place..]
            .iter()
            .position(special)
            .ok_or(Broken { at: text.len() })?;
        place += found;
        match text[place] {
            b'"' => {
                place = string_end(text, place)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ => depth -= 1,
        }
        place += 1;
        if depth == 0 {
            return Ok(place);
        }
    }
}

/// The members or elements of a container, one after the other, up to its end or to where the
/// text is broken.
///
/// An item is told before its end is known, so that one that never ends can be looked into. Who
/// knows its end hands it to [`Inside::pass`]; else it is looked for.
pub(crate) struct Inside<'t> {
    text: &'t [u8],
    members: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Behind the opening bracket.
    First(usize),
    /// At the beginning of an item that was told.
    Told(usize),
    /// Behind an item.
    Passed(usize),
}

/// One member or element: where its key stands, quotes included, and where its value begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: Option<Range<usize>>,
    pub(crate) start: usize,
}

/// The next item, or the end of the container.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Item(Item),
    /// The container ends before this place.
    End(usize),
}

impl<'t> Inside<'t> {
    /// Looks into the container whose bracket stands at `at`.
    pub(crate) fn new(text: &'t [u8], at: usize) -> Self {
        let members = text.get(at) == Some(&b'{');
        Self {
            text,
            members,
            state: State::First(at + 1),
        }
    }

    /// Says where the item that was told last ends.
    pub(crate) fn pass(&mut self, end: usize) {
        self.state = State::Passed(end);
    }

    pub(crate) fn next(&mut self) -> Result<Next, Broken> {
        if let State::Told(start) = self.state {
            self.pass(value_end(self.text, start)?);
        }
        let (at, first) = match self.state {
            State::First(at) => (at, true),
            State::Told(at) | State::Passed(at) => (at, false),
        };
        let close = if self.members { b'}' } else { b']' };
        let mut at = skip_blank(self.text, at);
        match self.text.get(at) {
            Some(byte) if *byte == close => return Ok(Next::End(at + 1)),
            Some(b',') if !first => at = skip_blank(self.text, at + 1),
            Some(_) if first => {}
            _ => return Err(Broken { at }),
        }
        let mut key = None;
        if self.members {
            if self.text.get(at) != Some(&b'"') {
                return Err(Broken { at });
            }
            let end = string_end(self.text, at)?;
            key = Some(at..end);
            at = skip_blank(self.text, end);
            if self.text.get(at) != Some(&b':') {
                return Err(Broken { at });
            }
            at = skip_blank(self.text, at + 1);
        }
        self.state = State::Told(at);
        Ok(Next::Item(Item { key, start: at }))
    }
}

/// A text that is no JSON array, or ends before the array does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is no JSON array: byte {at} is where it ends being one")]
pub struct NotAnArray {
    /// The place, in bytes.
    pub at: usize,
}

/// Where the elements of a JSON array begin and end, `None` where there are more than `most`;
/// nothing else may stand in the text. Whether an element is JSON shows when it is read.
///
/// # Errors
/// [`NotAnArray`], also where something follows the array.
pub fn elements(text: &[u8], most: usize) -> Result<Option<Vec<Range<usize>>>, NotAnArray> {
    let broken = |broken: Broken| NotAnArray { at: broken.at };
    let at = skip_blank(text, 0);
    if text.get(at) != Some(&b'[') {
        return Err(NotAnArray { at });
    }
    let mut found = Vec::new();
    let mut inside = Inside::new(text, at);
    loop {
        match inside.next().map_err(broken)? {
            Next::Item(item) => {
                let end = value_end(text, item.start).map_err(broken)?;
                inside.pass(end);
                if found.len() == most {
                    return Ok(None);
                }
                found.push(item.start..end);
            }
            Next::End(end) => {
                let rest = skip_blank(text, end);
                return if rest == text.len() {
                    Ok(Some(found))
                } else {
                    Err(NotAnArray { at: rest })
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Result<usize, Broken> {
        value_end(text.as_bytes(), 0)
    }

    #[test]
    fn values_end_where_they_do() {
        for value in [
            "1",
            "true",
            "\"a\\\"b\\\\\"",
            "{}",
            "[[],{\"]\":\"}\"}]",
            "nul",
        ] {
            for tail in ["", " ", ",", "]", "\n{"] {
                assert_eq!(
                    end(&format!("{value}{tail}")),
                    Ok(value.len()),
                    "{value}{tail}"
                );
            }
        }
        assert_eq!(end(&"[".repeat(100_000)), Err(Broken { at: 100_000 }));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(end(&deep), Ok(200_000));
    }

    #[test]
    fn a_value_that_does_not_end_is_broken_at_the_end_of_the_text() {
        for text in ["", "\"", "\"a\\", "\"a\\\"", "{", "[1,", "{\"a\":\"", "[{]"] {
            assert_eq!(end(text), Err(Broken { at: text.len() }), "{text}");
        }
    }

    fn inside(text: &str) -> (Vec<&str>, Option<usize>) {
        let mut items = Vec::new();
        let mut inside = Inside::new(text.as_bytes(), 0);
        loop {
            match inside.next() {
                Ok(Next::Item(Item { key, start })) => match value_end(text.as_bytes(), start) {
                    Ok(end) => items.push(&text[key.map_or(start, |key| key.start)..end]),
                    Err(broken) => return (items, Some(broken.at)),
                },
                Ok(Next::End(end)) => {
                    assert_eq!(end, text.len());
                    return (items, None);
                }
                Err(broken) => return (items, Some(broken.at)),
            }
        }
    }

    #[test]
    fn elements_are_those_of_one_array_and_nothing_else() {
        let found = |text: &str| {
            let found = elements(text.as_bytes(), 3);
            found.map(|found| {
                found
                    .expect("at most three")
                    .into_iter()
                    .map(|range| text[range].to_owned())
                    .collect()
            })
        };
        let words = |words: &[&str]| -> Result<Vec<String>, NotAnArray> {
            Ok(words.iter().map(|word| (*word).to_owned()).collect())
        };
        assert_eq!(
            found(" [{\"a\":[1]} , 2,\"]\"]\n"),
            words(&["{\"a\":[1]}", "2", "\"]\""])
        );
        assert_eq!(found("[]"), words(&[]));
        assert_eq!(elements(b"[1, 2, 3, 4", 3), Ok(None));
        for (text, at) in [
            ("", 0),
            ("{}", 0),
            ("[1", 2),
            ("[1,]", 3),
            ("[1] [2]", 4),
            ("[1}", 2),
        ] {
            assert_eq!(found(text), Err(NotAnArray { at }), "{text}");
        }
    }

    #[test]
    fn items_are_found_up_to_where_the_text_breaks() {
        assert_eq!(
            inside("[ 1 ,{\"a\":[2]}, \"x\"]"),
            (vec!["1", "{\"a\":[2]}", "\"x\""], None)
        );
        assert_eq!(
            inside("{ \"a\" : 1 ,\"b\":[]}"),
            (vec!["\"a\" : 1", "\"b\":[]"], None)
        );
        assert_eq!(inside("[]"), (vec![], None));
        assert_eq!(inside("[1,2"), (vec!["1", "2"], Some(4)));
        assert_eq!(inside("[1,]"), (vec!["1"], Some(3)));
        assert_eq!(inside("[1 2]"), (vec!["1"], Some(3)));
        assert_eq!(inside("{\"a\":1,b:2}"), (vec!["\"a\":1"], Some(7)));
        assert_eq!(inside("{\"a\" 1}"), (vec![], Some(5)));
        assert_eq!(inside("[1,{\"a\":"), (vec!["1"], Some(8)));
    }
}
