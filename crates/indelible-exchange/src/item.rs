//! What is read of sources: records as events, and what is none.

use std::fmt;
use std::sync::Arc;

use indelible_core::{AuditEvent, Note};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ImportItem {
    /// A record, as an event.
    Record(Box<ImportRecord>),
    /// Something that has not the structure of a record.
    Rejected {
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// A file in a folder or pattern that was not looked at as data; it counts as nothing read.
    Skipped {
        /// The file.
        file: Arc<str>,
        /// Why.
        reason: String,
    },
}

/// A record, as an event.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRecord {
    /// The event, with an id under which a second import finds it again.
    pub event: AuditEvent,
    /// The id to try where the event's own is that of an event with other content: made of the
    /// natural key, the record and the event.
    pub fallback_id: Uuid,
    /// Where the record stands.
    pub origin: Origin,
    /// The number of the source, and the length of the record in bytes.
    pub(crate) source: u32,
    pub(crate) bytes: usize,
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, or `-` for standard input.
    pub file: Arc<str>,
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its number among the records of the file, rejected ones included, from 1.
    pub record: u64,
}

/// The place of a record in the order in which an import hands its records over: by their time,
/// those without one last; those of the same time by the source and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Microseconds since 1970; the largest there are where the record has no time.
    time: i64,
    source: u32,
    record: u64,
}

impl ImportRecord {
    /// Its place in the order of the import.
    pub fn position(&self) -> Position {
        let time = self.event.occurred_at.map(|time| time.as_micros());
        Position {
            time: time.unwrap_or(i64::MAX),
            source: self.source,
            record: self.origin.record,
        }
    }

    /// The event under its fallback id, with a note of the id that another event has: for a
    /// second try after [`AuditError::IdConflict`](indelible_core::AuditError::IdConflict).
    #[must_use]
    pub fn under_fallback_id(&self) -> AuditEvent {
        let mut event = self.event.clone();
        let was = event.id.map(|id| id.to_string());
        event.id = Some(self.fallback_id);
        event.note(
            Note::new("id", "derived")
                .with("from", "key_and_record")
                .with("was", was),
        )
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, line {}, record {}",
            self.file, self.line, self.record
        )
    }
}
