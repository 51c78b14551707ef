//! Messages of RFC 5424 (section 6). What a message says is read as far as it can be told; where
//! it departs from the grammar, that is known too.

use indelible_core::Timestamp;
use serde_json::{Map, Value};

use super::Named;
use super::syslog::Message;

/// The words of the header behind the time, with the most characters that each may have.
const HEADER: [(&str, usize); 4] = [
    ("host", 255),
    ("app", 48),
    ("process_id", 128),
    ("message_id", 32),
];
/// The most characters of an id or a name in structured data.
const NAME_MAX: usize = 32;
/// The most digits of a fraction of a second.
const FRACTION_MAX: usize = 6;

/// The version with which the text behind the priority begins, 1 to 999, and what stands behind it.
pub(super) fn version(text: &str) -> Option<(u16, &str)> {
    let (version, rest) = text.split_once(' ')?;
    let digits = version.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (1..=3).contains(&version.len()) && !version.starts_with('0');
    plain.then(|| version.parse().ok().map(|version| (version, rest)))?
}

/// What stands behind the version; `None` where it cannot be told apart.
pub(super) fn parse(version: u16, rest: &str, members: Map<String, Value>) -> Option<Message> {
    let mut members = members;
    members.insert("version".to_owned(), version.into());
    let (time, mut rest) = word(rest)?;
    let mut departs = time != "-" && !is_time(time);
    put(&mut members, "time", time);
    for (name, most) in HEADER {
        let (word, after) = word(rest)?;
        departs |= word.len() > most || !word.bytes().all(|byte| byte.is_ascii_graphic());
        put(&mut members, name, word);
        rest = after;
    }
    let message = match rest.strip_prefix('-') {
        Some(after) => after,
        None => {
            let mut data = Data::default();
            let after = data.read(rest)?;
            departs |= data.departs;
            members.insert("data".to_owned(), data.elements.into_value());
            after
        }
    };
    if !message.is_empty() {
        let text = message.strip_prefix(' ')?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        members.insert("message".to_owned(), text.into());
    }
    Some(Message { members, departs })
}

fn word(text: &str) -> Option<(&str, &str)> {
    text.split_once(' ').filter(|(word, _)| !word.is_empty())
}

fn put(members: &mut Map<String, Value>, name: &str, word: &str) {
    if word != "-" {
        members.insert(name.to_owned(), word.into());
    }
}

/// A time as in RFC 3339, with `T` and `Z` in upper case, no more than microseconds, no leap
/// second and no offset of a day or more.
fn is_time(word: &str) -> bool {
    let Some((moment, rest)) = word.split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(behind) => {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=FRACTION_MAX).contains(&digits) {
                return false;
            }
            &behind[digits..]
        }
    };
    let offset = has_form(zone, "+00:00") || has_form(zone, "-00:00");
    let zoned = zone == "Z" || (offset && &zone[1..3] < "24" && &zone[4..] < "60");
    let formed = has_form(moment, "0000-00-00T00:00:00") && &moment[17..] < "60";
    formed && zoned && word.parse::<Timestamp>().is_ok()
}

/// Whether a text has digits where the form has zeros, and else the same.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Structured data: `[id name="value" …][…]`.
#[derive(Default)]
struct Data {
    elements: Named,
    departs: bool,
}

impl Data {
    /// Reads all elements, at least one; what stands behind them.
    fn read<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        while let Some(element) = rest.strip_prefix('[') {
            let end = element.find([' ', ']'])?;
            let (id, mut inside) = element.split_at(end);
            if id.is_empty() {
                return None;
            }
            let mut values = Named::default();
            rest = loop {
                if let Some(after) = inside.strip_prefix(']') {
                    break after;
                }
                let (name, after) = inside.strip_prefix(' ')?.split_once("=\"")?;
                let (value, after) = self.value(after)?;
                self.departs |= !is_name(name);
                values.put(name, value.into());
                inside = after;
            };
            self.departs |= !is_name(id) || self.elements.holds(id);
            self.elements.put(id, values.into_value());
        }
        (!self.elements.is_empty()).then_some(rest)
    }

    /// The text up to the closing quote, and what stands behind that. A backslash takes `"`, `\`
    /// and `]` literally, which stand nowhere else, and is itself before anything else.
    fn value<'t>(&mut self, text: &'t str) -> Option<(String, &'t str)> {
        let mut value = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return Some((value, &text[at + 1..])),
                '\\' => match characters.next()? {
                    (_, escaped @ ('"' | '\\' | ']')) => value.push(escaped),
                    (_, other) => {
                        self.departs = true;
                        value.extend(['\\', other]);
                    }
                },
                other => {
                    self.departs |= other == ']';
                    value.push(other);
                }
            }
        }
        None
    }
}

/// Whether a word may be an id or a name.
fn is_name(word: &str) -> bool {
    let is_of_names = |byte: u8| byte.is_ascii_graphic() && !b"=]\"".contains(&byte);
    (1..=NAME_MAX).contains(&word.len()) && word.bytes().all(is_of_names)
}

#[cfg(test)]
mod tests {
    use super::super::syslog;
    use super::*;
    use serde_json::json;

    /// What the line says, and whether it departs.
    fn parsed(line: &str) -> Option<(Value, bool)> {
        let message = syslog::parse(line)?;
        Some((Value::Object(message.members), message.departs))
    }

    #[test]
    fn a_message_is_taken_apart() {
        let message = "<165>12 2003-10-11T22:14:15.003-23:59 m.example.com app 17 ID47 \
                       [a@1 x=\"1\" x=\"q\\\"\\]\\\\é\"][b] \u{FEFF}An event\nof two lines";
        let expected = json!({"priority": 165, "facility": "local4", "severity": "notice",
            "version": 12, "time": "2003-10-11T22:14:15.003-23:59", "host": "m.example.com",
            "app": "app", "process_id": "17", "message_id": "ID47",
            "data": {"a@1": {"x": "1", "x~2": "q\"]\\é"}, "b": {}},
            "message": "An event\nof two lines"});
        assert_eq!(parsed(message), Some((expected, false)));
        let bare = json!({"priority": 0, "facility": "kern", "severity": "emerg", "version": 1});
        assert_eq!(parsed("<0>1 - - - - - -"), Some((bare, false)));
    }

    #[test]
    fn what_departs_from_the_grammar_is_read_and_known() {
        let message = "<34>1 - é - - - [a x=\"C:\\new]\"][a] m";
        let expected = json!({"priority": 34, "facility": "auth", "severity": "crit",
            "version": 1, "host": "é", "data": {"a": {"x": "C:\\new]"}, "a~2": {}},
            "message": "m"});
        assert_eq!(parsed(message), Some((expected, true)));
        for message in [
            "<01>1 - - - - - -",
            "<1>1 today - - - - -",
            "<1>1 - é - - - -",
            "<1>1 - - - - - [a][a]",
            "<1>1 - - - - - [a x=\"\\n\"]",
            "<1>1 - - - - - [a x=\"]\"]",
            "<1>1 - - - - - [a  x=\"\"]",
            "<1>1 - - - - - [é]",
        ] {
            let departs = parsed(message).expect(message).1;
            assert!(departs, "{message}");
        }
    }

    #[test]
    fn each_limit_is_the_last_that_is_kept() {
        let departs = |host, app, process, id, name| {
            let words = [host, app, process, id].map(|length| "x".repeat(length));
            let name = "n".repeat(name);
            let line = format!("<1>1 - {} [{name} {name}=\"\"]", words.join(" "));
            parsed(&line).expect("it is read").1
        };
        assert!(!departs(255, 48, 128, 32, 32));
        assert!(departs(256, 48, 128, 32, 32));
        assert!(departs(255, 49, 128, 32, 32));
        assert!(departs(255, 48, 129, 32, 32));
        assert!(departs(255, 48, 128, 33, 32));
        assert!(departs(255, 48, 128, 32, 33));
    }

    #[test]
    fn times_are_those_of_the_grammar() {
        for (time, is) in [
            ("2024-02-29T23:59:59.123456+23:59", true),
            ("2023-02-29T23:59:59Z", false),
            ("2024-02-29T23:59:60Z", false),
            ("2024-02-29T24:00:00Z", false),
            ("2024-02-29t23:59:59Z", false),
            ("2024-02-29T23:59:59z", false),
            ("2024-02-29T23:59:59.Z", false),
            ("2024-02-29T23:59:59.1234567Z", false),
            ("2024-02-29T23:59:59+24:00", false),
            ("2024-02-29T23:59:59+00:60", false),
            ("2024-02-29T23:59:59", false),
            ("2024-02-29T23:59:59Z+01:00", false),
            ("2024-02-29T23:59:5é", false),
        ] {
            assert_eq!(is_time(time), is, "{time}");
        }
    }
}
