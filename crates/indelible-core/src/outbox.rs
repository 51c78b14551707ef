//! Outboxes: events that join their caller's own transaction.
//!
//! A caller who records gets an entry whatever becomes of its own work. A caller who wants the
//! opposite, an entry exactly where its own transaction commits, writes the event into a table of
//! the same database within that transaction: an outbox. The row vanishes with a rollback. After
//! the commit any process that has the trail open moves it there ([`Drain`]).
//!
//! ```text
//! caller's process   Door::prepare (redact, stamp id and time) → INSERT   in the caller's transaction
//! a drain, any       oldest rows → record_in_order, by id → receipts → DELETE the rows
//! ```
//!
//! # Exactly once
//!
//! - A row is taken out only after a receipt: whatever ends a drain, the row is still there, or the
//!   entry is.
//! - The event's id stands in the row, and a trail has an entry of one id once for all time: to move
//!   a row again, because a drain was killed between the two or because two drains read the same row,
//!   is answered as a duplicate, and the row is taken out.
//! - A row that was rolled back is never seen: a drain reads what is committed.
//!
//! # Order within each transaction
//!
//! A transaction's rows have rising positions and come into sight together. Positions of different
//! transactions interleave, and a lower one may come into sight later; that concerns no order
//! within one. Of one trail's rows in one transaction:
//!
//! - Every read begins at the lowest position that waits. A read from where the last one ended could
//!   begin in the middle of a transaction that came into sight between the two.
//! - What was read is recorded in the order of positions, and an event that cannot be taken now holds
//!   back those behind it ([`crate::RecordInOrder`]). So one drain records an event
//!   only when those before it are in the trail, or are refused for ever. Rows that were taken out
//!   are in the trail, too: a read that no longer sees them says the same.
//! - That holds for each drain by itself, so it holds for several: an event enters the trail at the
//!   first of the drains that record it, and that drain has seen the ones before it enter.
//! - A limit that cuts a transaction in two does no harm: the rest is lowest at the next read.
//!
//! No drain waits for another, nothing is locked between reading and taking out, and the inserting
//! transaction does one INSERT: it signals nobody.
//!
//! # What can never be recorded
//!
//! A row whose event the trail refuses for ever, an id that stands there with other content, or text
//! that is no event, is marked with the reason and stays: it is not lost, blocks nobody, and is
//! counted where the outbox is looked at. A trail that accepts no writes keeps its rows waiting
//! and nobody else's.

mod drain;
mod draining;
mod letter;

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

pub use drain::{Drain, Moved};
pub use draining::{Draining, Vitals, Watch};

use crate::door::Door;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// The longest event in an outbox, in bytes. The door keeps its own well below.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// Bytes of events past which a read ends, however many rows are wanted.
pub const READ_BYTES_MAX: usize = 8 << 20;
/// How much is read of what stands for a trail's name, in characters: one more than a name has.
pub const NAME_CHARS_MAX: usize = TrailName::BYTES_MAX + 1;

/// A table of events that wait, as a drain sees it.
///
/// Every method may be called from many tasks and processes at once.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The rows that wait, lowest position first, at most `limit` of them and about
    /// [`READ_BYTES_MAX`], those of the trails in `passed_over` left out; none only where none
    /// waits. Sees all of a transaction or nothing, and begins at the lowest each time. A row is
    /// answered whatever its texts hold, of a trail's name the first [`NAME_CHARS_MAX`].
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// Takes out what was moved and marks what is refused, and answers how many rows it found to
    /// do that to. A row that is gone, or marked already, is passed over and counted nowhere; one
    /// that another transaction holds at this moment, or that the database will not have changed,
    /// is counted as such and keeps no other row from being settled. After an error any of it may
    /// be done.
    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError>;

    /// How much there is. Counts rows: not for every pass.
    async fn standing(&self) -> Result<Standing, StoreError>;

    /// The refused rows, lowest position first, at most `limit` of them.
    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError>;
}

/// A row that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its position, unique in the table for ever; rising within a transaction.
    pub position: i64,
    /// The trail's name as it stands there.
    pub trail: String,
    /// The event's text as it stands there, `None` where it has more than [`EVENT_BYTES_MAX`].
    pub event: Option<Vec<u8>>,
    /// When it was put there, by the database's clock, where that can be read.
    pub queued_at: Option<Timestamp>,
}

/// What became of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Positions whose events are in their trails.
    pub moved: Vec<i64>,
    /// Positions whose events can never be recorded, each with the reason.
    pub refused: Vec<(i64, String)>,
}

/// How many rows a settlement found, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Rows that were taken out.
    pub moved: u64,
    /// Rows that were marked.
    pub refused: u64,
    /// Rows that wait as before: another transaction holds them.
    pub held: u64,
    /// Rows that wait as before: the database refused to have them taken out or marked.
    pub failed: u64,
    /// What it said of the first of those.
    pub problem: Option<String>,
}

impl Settled {
    /// Counts a row that the database refused to have changed.
    pub fn fail(&mut self, problem: impl FnOnce() -> String) {
        self.failed += 1;
        self.problem.get_or_insert_with(problem);
    }
}

/// How much is in an outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Rows that wait.
    pub waiting: u64,
    /// When the lowest of them was put there, where that can be read.
    pub waiting_since: Option<Timestamp>,
    /// Rows that can never be recorded.
    pub refused: u64,
}

/// A row that can never be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its position.
    pub position: i64,
    /// The trail, where a trail's name stands there. Anything else may be the event, written into
    /// the wrong column with its secrets, and is not repeated.
    pub trail: Option<TrailName>,
    /// When it was put there, where that can be read.
    pub queued_at: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// What whoever records into an outbox gets: nothing is in the trail yet, and nothing will be
/// unless the transaction commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[must_use = "it names the entry that comes into being when the transaction commits"]
pub struct Queued {
    /// The trail.
    pub trail: TrailName,
    /// The event's id: that of the entry.
    pub id: Uuid,
}

/// An event made ready for an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosed {
    /// What the caller gets once the row is inserted.
    pub queued: Queued,
    /// The prepared event as canonical JSON: what stands in the row.
    pub event: String,
}

/// An event for an outbox as one statement, for any driver: run it within the transaction that
/// the event is to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement, with one numbered placeholder for each parameter.
    pub sql: &'static str,
    /// The parameters, all of them text: the trail, the event.
    pub parameters: [String; 2],
    /// What comes of it.
    pub queued: Queued,
}

impl Enclosed {
    /// Makes an event ready in the caller's process: id and time are stamped and secrets masked
    /// before anything is written.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] where its structure is ill-formed, [`AuditError::Reserved`] for the
    /// trail `system`.
    pub fn new(door: &Door, trail: &TrailName, event: AuditEvent) -> Result<Self, AuditError> {
        if trail.is_system() {
            return Err(AuditError::Reserved(trail.clone()));
        }
        let event = door.prepare(event)?;
        let queued = Queued {
            trail: trail.clone(),
            id: event.id.unwrap_or_default(),
        };
        let event = String::from_utf8_lossy(&event.to_json()).into_owned();
        Ok(Self { queued, event })
    }

    /// The statement `sql` with this event.
    pub fn statement(self, sql: &'static str) -> Statement {
        Statement {
            sql,
            parameters: [self.queued.trail.to_string(), self.event],
            queued: self.queued,
        }
    }
}
