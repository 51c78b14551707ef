//! One line of a spool file: a checksum and a JSON object.
//!
//! ```text
//! <CRC-32 of the JSON, eight hexadecimal digits> <canonical JSON> LF
//! ```
//!
//! Canonical JSON holds no line feed, so that a damaged line spoils no other one.

use indelible_core::json::{self, canonical};
use indelible_core::{AuditEvent, KEPT_NESTING_MAX, Timestamp};
use serde_json::{Map, Value};

/// The digits of the checksum and the space behind them.
const SUM_BYTES: usize = 9;

/// An event that waits, and since when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub event: AuditEvent,
    pub since: Timestamp,
}

impl Waiting {
    /// The line, with its line feed.
    pub fn to_line(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("event".to_owned(), Value::Object(self.event.to_object()));
        object.insert("spooled_at".to_owned(), self.since.to_string().into());
        sealed(&object)
    }

    /// The event of a line without its line feed, `None` where it is damaged.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let mut object = opened(line)?;
        let since = object.remove("spooled_at")?;
        let Value::Object(event) = object.remove("event")? else {
            return None;
        };
        Some(Self {
            event: AuditEvent::from_object(event).ok()?,
            since: since.as_str()?.parse().ok()?,
        })
    }
}

/// A line of this object.
pub(crate) fn sealed(object: &Map<String, Value>) -> Vec<u8> {
    let mut body = Vec::with_capacity(512);
    canonical::write_object(object, &mut body);
    let mut line = format!("{:08x} ", crc32fast::hash(&body)).into_bytes();
    line.append(&mut body);
    line.push(b'\n');
    line
}

/// The object of a line without its line feed, `None` where the two do not fit.
pub(crate) fn opened(line: &[u8]) -> Option<Map<String, Value>> {
    let (sum, body) = line.split_at_checked(SUM_BYTES)?;
    if sum != format!("{:08x} ", crc32fast::hash(body)).as_bytes() {
        return None;
    }
    match json::parse_with_depth(body, KEPT_NESTING_MAX).ok()?.value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
