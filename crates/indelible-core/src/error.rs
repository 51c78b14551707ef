//! What recording and querying answer instead of a result.

use std::sync::Arc;

use uuid::Uuid;

use crate::event::EventError;
use crate::query::QueryError;
use crate::store::StoreError;
use crate::trail::TrailName;

/// Why an operation on a trail did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The event's structure is ill-formed; nothing was recorded.
    #[error(transparent)]
    Invalid(#[from] EventError),
    /// The query is ill-formed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The id stands in the trail already, with other content.
    #[error("the id {id} is that of entry {seq}, which has another {field}")]
    IdConflict {
        /// The id.
        id: Uuid,
        /// Where it stands.
        seq: u64,
        /// The first field that differs.
        field: &'static str,
    },
    /// The queue is full and the caller's deadline passed.
    #[error("more events wait than can be recorded in time; nothing was recorded")]
    Overloaded,
    /// The trail does not accept writes, for a reason that stands until an operator acts.
    #[error("trail {trail} accepts no writes: {refusal}")]
    Refused {
        /// The trail.
        trail: TrailName,
        /// Why.
        refusal: Refusal,
    },
    /// The trail cannot be moved from the one database to the other.
    #[error("trail {trail} is not copied: {problem}")]
    Uncopied {
        /// The trail.
        trail: TrailName,
        /// Why.
        problem: String,
    },
    /// Something is held, so that nothing is erased.
    #[error(
        "{entries} {} of trail {trail} {} held, the first is entry {first}: nothing was erased",
        if *entries == 1 { "entry" } else { "entries" },
        if *entries == 1 { "is" } else { "are" }
    )]
    Held {
        /// The trail.
        trail: TrailName,
        /// How many entries are held.
        entries: u64,
        /// The first of them.
        first: u64,
    },
    /// Erasures of this installation take two people; nothing was erased.
    #[error(
        "an erasure takes two people here: ask for it, and somebody else approves; nothing of \
         trail {0} was erased"
    )]
    Unapproved(TrailName),
    /// An entry was removed by retention; the trail says so.
    #[error(
        "entry {seq} of trail {trail} was removed by retention: what is left begins with entry \
         {first_kept}, and a later `audit_records_expired` says why"
    )]
    Removed {
        /// The trail.
        trail: TrailName,
        /// The entry.
        seq: u64,
        /// The first entry that is left.
        first_kept: u64,
    },
    /// Entries of the trail are being removed, so that it cannot be told yet what else would go.
    #[error(
        "entries of trail {0} are being removed: what would go can be told, and a run begun, once \
         that is over"
    )]
    Removing(TrailName),
    /// The trail's retention policy, or a hold, is not as it should be; nothing was removed.
    #[error("retention of trail {trail}: {problem}")]
    Retention {
        /// The trail.
        trail: TrailName,
        /// What stands in the way.
        problem: String,
    },
    /// What takes two people was asked for and approved by the same; nothing changed.
    #[error(
        "{name} asked for it or set it, and cannot carry it through: trail {trail} asks a second \
         person to; nothing changed"
    )]
    SamePerson {
        /// The trail.
        trail: TrailName,
        /// The name.
        name: String,
    },
    /// An order of erasure that waits for a second person does not stand so that this could be done.
    #[error(transparent)]
    Order(#[from] OrderProblem),
    /// The database holds what was erased: it is a copy that was made before, or the erasure is not
    /// finished in it.
    #[error(
        "trail {0} holds what was erased, and its content is not shown: this copy of the database was \
         made before, or the erasure is not finished. Wait for an erasure that runs, or open the \
         database once for writing, as `indelible serve` and `indelible record` do, which takes it \
         away. Where the trail accepts no writes, it goes once it does, as after `indelible trail \
         succeed`; take a database that was copied elsewhere away"
    )]
    BroughtBack(TrailName),
    /// The trail is kept by Indelible for itself.
    #[error("trail {0} is reserved; record into another")]
    Reserved(TrailName),
    /// The store failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The state directory (key, secrets, high-water marks) failed.
    #[error("the state directory: {0}")]
    State(Arc<crate::state::StateError>),
    /// The database has what was made with a secret that is not at hand.
    #[error(
        "the database was written with another secret for {purpose} than is in {place}: {fault}. \
         Copy `secrets` there from the state directory of a host that has recorded before"
    )]
    OtherSecret {
        /// What the secret is for.
        purpose: &'static str,
        /// What is there instead.
        fault: &'static str,
        /// Where it was looked for.
        place: String,
    },
    /// The store could not take the event, and the local spool has no room for it.
    #[error(
        "the trail cannot be reached and the spool in {place} is full, with {bytes} bytes; \
         nothing was recorded"
    )]
    SpoolFull {
        /// The spool's folder.
        place: String,
        /// The bytes that wait in it.
        bytes: u64,
    },
    /// The store could not take the event, and neither could the local spool.
    #[error("the trail cannot be reached, and the event was not spooled: {problem}")]
    Unspooled {
        /// Why.
        problem: String,
    },
    /// The store gave no answer in the time that the caller has for it.
    #[error("the trail gave no answer within {millis} ms; whether the event is recorded is open")]
    Unanswered {
        /// How long it was waited for, in milliseconds.
        millis: u64,
    },
    /// The server that keeps the trail refused, or is not to be trusted. The crate that spoke
    /// with it has the type to downcast to.
    #[error("{0}")]
    Remote(Arc<dyn std::error::Error + Send + Sync>),
    /// The engine has been closed.
    #[error("the audit trail is closed")]
    Closed,
}

/// Why nothing is done about an order of erasure that waits, or waits no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderProblem {
    /// There never was one of this id.
    #[error("no erasure {0} waits")]
    Unknown(Uuid),
    /// It was asked for, and waits no more.
    #[error("erasure {0} waits no more: it was decided, or has expired")]
    Decided(Uuid),
    /// What is kept of it cannot be read.
    #[error("erasure {0} cannot be read, and is not carried out; reject it, and ask again")]
    Unreadable(Uuid),
    /// What is kept of it is not what the trail has on record.
    #[error(
        "{0} is not what the trail has on record as asked for, or was asked for by an earlier version; \
         reject it, and ask again"
    )]
    Unbound(Uuid),
    /// It cannot be told whether Indelible itself has recorded that it was asked for.
    #[error(
        "it cannot be told who recorded that erasure {0} was asked for: the secret for own-records is \
         not at hand; bring the state directory's `secrets` here"
    )]
    Untold(Uuid),
    /// More than this do not wait at once.
    #[error("{0} orders wait already; decide about them first")]
    Full(usize),
}

/// Why a trail accepts no writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The database is older than the high-water mark kept outside it.
    #[error(
        "it has {size} entries, but a checkpoint of {mark} entries was given out; this looks like \
         a restored copy. Bring the newer database back, or go on under a new origin with \
         `indelible trail succeed --reason …`"
    )]
    RolledBack {
        /// The size in the database.
        size: u64,
        /// The size in the mark.
        mark: u64,
    },
    /// The database and the high-water mark hold different histories.
    #[error(
        "its history up to entry {mark} is not the one that a checkpoint was given out for. Find \
         out how it was replaced; `indelible verify` says more"
    )]
    Forked {
        /// The size in the mark.
        mark: u64,
    },
    /// The signing key at hand is not the trail's.
    #[error(
        "it was begun with the key {expected}, but the key at hand is {found}; point --state-dir \
         at the installation's own state directory"
    )]
    OtherKey {
        /// The verifier key in the trail's head.
        expected: String,
        /// The verifier key at hand.
        found: String,
    },
    /// The key was rotated since this process was opened.
    #[error(
        "its key was changed by `indelible trail rotate-key` since this process was started; \
         start it again, so that it takes the new one"
    )]
    KeyRotated,
    /// The key is being rotated.
    #[error(
        "its key is being changed: `indelible trail rotate-key` runs, or was cut short and must \
         be run again"
    )]
    Rotating,
    /// The key is being rotated by another database of the installation.
    #[error(
        "the rotation of its key was begun in another database of this installation, and must be \
         finished there"
    )]
    RotatingElsewhere,
    /// The key is kept elsewhere than in the state directory, where it cannot be changed.
    #[error(
        "its key is given by the settings and not kept in {place}, so that it cannot be changed \
         from here"
    )]
    KeyElsewhere {
        /// Where keys are kept.
        place: String,
    },
    /// There is no signing key at hand.
    #[error(
        "the signing key of installation {installation} is not in {place}; point --state-dir at \
         the installation's own state directory"
    )]
    NoKey {
        /// The installation's name.
        installation: String,
        /// Where it was looked for.
        place: String,
    },
    /// The head was not written by a holder of the signing key.
    #[error(
        "its head was not written with this installation's key: entries were added or the head \
         was changed beneath Indelible; `indelible verify` says more"
    )]
    ForeignHead,
    /// Checkpoints cannot be kept outside the database, so that a rollback would not be seen.
    #[error("its high-water mark cannot be kept: {0}")]
    Unmarked(String),
    /// The right to write it went to another database.
    #[error(
        "the right to write it belongs to {to}, where `indelible copy` moved it. Name that \
         database; if it is gone for good, `indelible copy {from} --abandon --reason …` takes the \
         right back"
    )]
    Moved {
        /// This database, without secrets.
        from: String,
        /// The other database.
        to: String,
    },
    /// The right to write it is on its way from one database to another.
    #[error(
        "a copy of it from {from} to {to} is under way or was cut short{}; finish it with \
         `indelible copy {from} {to}`, or give it up with `indelible copy {from} --abandon \
         --reason …`", progress(*done, *size)
    )]
    Copying {
        /// The database that it leaves, without secrets.
        from: String,
        /// The database that it goes to.
        to: String,
        /// The entries that are there, where that can be told.
        done: Option<u64>,
        /// The entries of the trail when the copy began.
        size: u64,
    },
    /// Another process writes for long, so that the right to write cannot be moved.
    #[error("{program} has it open for writing; stop it first")]
    InUse {
        /// What the process calls itself.
        program: String,
    },
    /// The server that keeps the trail refuses, and tells the reason to its operator alone.
    #[error("its server refuses them until its operator acts; the server's log says why")]
    ByServer,
    /// The database was opened for reading only.
    #[error("the database was opened for reading only")]
    ReadOnly,
    /// The head and the rows beneath it contradict each other.
    #[error("its head does not fit its entries: {0}; `indelible verify` says more")]
    Damaged(String),
}

fn progress(done: Option<u64>, size: u64) -> String {
    match done {
        Some(done) => format!(", {done} of {size} entries"),
        None => format!(", {size} entries"),
    }
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<crate::state::StateError> for AuditError {
    fn from(error: crate::state::StateError) -> Self {
        Self::State(Arc::new(error))
    }
}

impl AuditError {
    /// The field to mend, where the caller's input is to blame.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid(error) => error.field(),
            Self::Query(error) => Some(error.field()),
            Self::IdConflict { .. } => Some("id"),
            _ => None,
        }
    }

    /// Whether the event itself is to blame, so that the same event is refused for ever.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_) | Self::IdConflict { .. } | Self::Reserved(_)
        )
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Overloaded | Self::SpoolFull { .. } | Self::Unanswered { .. } => true,
            Self::Store(error) => {
                matches!(
                    **error,
                    StoreError::Unavailable { .. } | StoreError::Unknown { .. }
                )
            }
            _ => false,
        }
    }
}
