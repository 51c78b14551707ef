//! Lines that are no JSON: each becomes an object, on which a mapping then works as on any other.
//!
//! A line is never refused for what it says. One that has not the form becomes `{"line": …}`, with
//! the remark `unparsed`; whatever the form, `line` (or `lines`) holds the text as it stood.

mod auditd;
mod cef;
mod syslog;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::mapping::Remark;
use crate::record::Record;

pub(crate) use auditd::event_of_line;

/// How the lines of a source are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lines {
    /// Any text.
    Text,
    /// Syslog as in RFC 5424, or as in RFC 3164, told apart line by line.
    Syslog,
    /// Common Event Format, with or without a header of syslog before it.
    Cef,
    /// Records of the Linux audit daemon, of which several make one event.
    Auditd,
}

/// A line as an object; `None` where it has not the form.
type Parsed = Option<Map<String, Value>>;

impl Lines {
    /// Reads the text of one record: a line, or the lines of one event of auditd.
    pub(crate) fn read(self, text: &[u8]) -> Record {
        let mut remarks = Vec::new();
        let lossy = String::from_utf8_lossy(text);
        if let std::borrow::Cow::Owned(_) = lossy {
            remarks.push(remark("invalid_utf8"));
        }
        let line = lossy.trim_end_matches(['\r', '\n']);
        let parsed = match self {
            Self::Text => Some(plain(line)),
            Self::Syslog => syslog::parse(line),
            Self::Cef => cef::parse(line),
            Self::Auditd => auditd::parse(line),
        };
        let mut members = parsed.unwrap_or_else(|| {
            remarks.push(remark("unparsed"));
            Map::new()
        });
        if self == Self::Auditd && members.contains_key("records") {
            let lines = line
                .split('\n')
                .map(|line| line.trim_end_matches('\r').into());
            members.insert("lines".to_owned(), Value::Array(lines.collect()));
        } else {
            members.insert("line".to_owned(), line.into());
        }
        Record {
            value: Value::Object(members),
            remarks,
            unremarked: 0,
        }
    }
}

fn remark(kind: &'static str) -> Remark {
    Remark {
        pointer: None,
        kind,
    }
}

/// Any text; where it begins with a time as in RFC 3339, in brackets or not, that is its `time`.
fn plain(line: &str) -> Map<String, Value> {
    let mut members = Map::new();
    let bare = line.trim_start().trim_start_matches('[');
    let end = bare.find([']', ' ', '\t']).unwrap_or(bare.len());
    if bare[..end].parse::<indelible_core::Timestamp>().is_ok() {
        members.insert("time".to_owned(), bare[..end].into());
    }
    members
}

/// Puts a value under a name, or under the name with a number where that is taken.
fn put(members: &mut Map<String, Value>, name: &str, value: Value) {
    let mut free = name.to_owned();
    let mut number = 1;
    while members.contains_key(&free) {
        number += 1;
        free = format!("{name}~{number}");
    }
    members.insert(free, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_text_is_a_record_with_its_time_where_it_begins_with_one() {
        let read = |line: &str| Lines::Text.read(line.as_bytes()).value;
        assert_eq!(read("hello \r\n"), json!({"line": "hello "}));
        assert_eq!(
            read("[2018-08-19T03:09:13.120Z] I x: y"),
            json!({"line": "[2018-08-19T03:09:13.120Z] I x: y", "time": "2018-08-19T03:09:13.120Z"})
        );
        assert_eq!(
            read("2018-08-19T03:09:13+02:00 x")["time"],
            "2018-08-19T03:09:13+02:00"
        );
        assert_eq!(read("[2018] x").get("time"), None);
    }

    #[test]
    fn a_line_without_the_form_is_kept_as_it_is_and_remarked_upon() {
        for lines in [Lines::Syslog, Lines::Cef, Lines::Auditd] {
            let record = lines.read(b"  with another \xFFline");
            assert_eq!(record.value, json!({"line": "  with another \u{FFFD}line"}));
            let kinds: Vec<_> = record.remarks.iter().map(|remark| remark.kind).collect();
            assert_eq!(kinds, ["invalid_utf8", "unparsed"], "{lines:?}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut members = Map::new();
        for n in 0..3 {
            put(&mut members, "a", n.into());
        }
        assert_eq!(Value::Object(members), json!({"a": 0, "a~2": 1, "a~3": 2}));
    }
}
