//! Lines that are no JSON: each becomes an object, on which a mapping then works as on any other.
//!
//! A line is never refused for what it says. One that has not the form becomes `{"line": …}`, with
//! the remark `unparsed`; one that can be read and departs from its form has the remark
//! `nonconforming`. Whatever the form, `line` (or `lines`) holds the text as it stood.

mod auditd;
mod cef;
mod syslog;
mod syslog5424;

use std::collections::HashMap;

use indelible_core::redact::Redactor;
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
            Self::Syslog => syslog::parse(line).map(|message| {
                if message.departs {
                    remarks.push(remark("nonconforming"));
                }
                message.members
            }),
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

/// Takes the text as it stood out of a record whose members hold a secret: what was decoded for
/// them may stand there in a spelling that no rule knows.
pub(crate) fn conceal(record: &mut Record, redactor: &Redactor) {
    let Value::Object(members) = &mut record.value else {
        return;
    };
    let is_raw = |name: &str| ["line", "lines"].contains(&name);
    let decoded = members.iter().filter(|(name, _)| !is_raw(name));
    let decoded: Map<_, _> = decoded
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect();
    if redactor.redact_value(&mut Value::Object(decoded)).total == 0 {
        return;
    }
    members.retain(|name, _| {
        if is_raw(name) {
            record.remarks.push(Remark {
                pointer: Some(format!("/{name}")),
                kind: "redacted",
            });
        }
        !is_raw(name)
    });
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

/// Members by names that may stand twice: the second gets a number.
#[derive(Default)]
struct Named {
    members: Map<String, Value>,
    /// The last number that each name was given: many equal names stay linear.
    numbers: HashMap<String, u64>,
}

impl Named {
    fn holds(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn put(&mut self, name: &str, value: Value) {
        let mut free = name.to_owned();
        while self.members.contains_key(&free) {
            let number = self.numbers.entry(name.to_owned()).or_insert(1);
            *number += 1;
            free = format!("{name}~{number}");
        }
        self.members.insert(free, value);
    }

    fn into_value(self) -> Value {
        Value::Object(self.members)
    }
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
        let mut named = Named::default();
        for (name, n) in [("a", 0), ("a", 1), ("a~2", 2), ("a", 3)] {
            named.put(name, n.into());
        }
        assert_eq!(
            named.into_value(),
            json!({"a": 0, "a~2": 1, "a~2~2": 2, "a~3": 3})
        );
    }

    #[test]
    fn many_equal_names_take_linear_time() {
        let fields = "a=1 ".repeat(100_000);
        let audit = format!("type=X msg=audit(1.0:2): {fields}");
        let record = Lines::Auditd.read(audit.as_bytes()).value;
        let found = record["records"][0]["fields"].as_object();
        assert_eq!(found.map(Map::len), Some(100_000));
        let cef = format!("CEF:0|v|p|1|i|n|5|{fields}");
        let found = Lines::Cef.read(cef.as_bytes()).value;
        assert_eq!(found["extension"].as_object().map(Map::len), Some(100_000));
        let data = format!(
            "<1>1 - - - - - [x {}] m",
            "a=\"1\" ".repeat(100_000).trim_end()
        );
        let found = Lines::Syslog.read(data.as_bytes()).value;
        assert_eq!(found["data"]["x"].as_object().map(Map::len), Some(100_000));
    }
}
