//! The seam to databases.
//!
//! A store makes rows durable, atomically and in order, and finds them again. It never hashes,
//! signs, reads a clock or decides policy; what is to be written comes complete in a [`Commit`].
//! There is no update and no delete: what takes content away is a seam of its own, [`Removal`].

mod error;
mod index;
mod removal;

use std::ops::Range;

use async_trait::async_trait;
use indelible_merkle::{Frontier, Hash, NodeId, note::VerifierKey};
use uuid::Uuid;

use crate::entry::{Columns, StoredEntry};
use crate::filter::Filter;
use crate::head_key::HEAD_MAC_BYTES;
use crate::outcome::Outcome;
use crate::time::Timestamp;
use crate::trail::TrailName;

pub use error::{BoxError, StoreError};
pub use index::IndexCondition;
pub use removal::{Purged, Removal, next_first_kept};

/// A database that holds trails.
///
/// Every method may be called from many tasks at once, and several processes may have the same
/// database open. Reads see every commit that was acknowledged before they began.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The heads of all trails, by the bytes of their names.
    async fn heads(&self) -> Result<Vec<Head>, StoreError>;

    /// The head of one trail, `None` where the trail has no entry yet.
    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError>;

    /// The seq of the first entry that was not removed: 0 unless entries were
    /// ([`Removal::trim`]). It only grows, and never beyond the trail's size.
    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        let _ = trail;
        Ok(0)
    }

    /// Appends each commit to its trail, all or nothing for each, and answers each with its own
    /// verdict, in order. Commits of one call name different trails.
    ///
    /// `Committed` means durable: it survives the loss of power and every later read sees it.
    /// A commit is written only if the trail's head is exactly `commit.parent` (none where that
    /// is `None`) and none of its ids, which are distinct, stands in the trail already. The parent
    /// is looked at first, so that a commit given twice is [`Verdict::Behind`]. Nothing of a
    /// commit that was answered otherwise, or of a call that failed, stays behind, except that
    /// after [`StoreError::Unknown`] any of its commits may be there whole.
    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError>;

    /// The entries of `range` that are there, by seq. A range may end beyond the trail or before
    /// it begins; here and below it then holds nothing.
    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// The seq of each id, in the order asked, `None` where the trail does not have it.
    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError>;

    /// The entries that `find` asks for, newest seq first whichever way they are looked for,
    /// exactly those that match. A stored body that is no JSON is [`StoreError::Corrupt`] only
    /// where a condition must open it.
    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError>;

    /// Stored hashes at `height` (0: leaf hashes of entries, and those kept of removed ones; 8, 16,
    /// 24, …: complete nodes), with their index, by index; those that are not there are left out.
    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError>;

    /// The spans of complete blocks at `height` (8, 16, 24, …) with an index in `range`, by index;
    /// those that are not there are left out.
    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError>;

    /// The counts of the hours in `hours` (hours since 1970 of `occurred_at`, half-open), one for
    /// each hour, action and outcome, in no set order. Counts every entry of the trail as it is
    /// now.
    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError>;

    /// Rows of one projection as they are stored, in the projection's own order, at most `limit`
    /// of them, those after `after` where given, a row that was answered before: what
    /// verification compares with the entries.
    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError>;

    /// Whether index rows of an entry's own columns are kept apart from the entry, so that they
    /// tell what stood in a column that was altered. Where they are indexes of the columns, they
    /// were altered with them.
    fn keeps_index_rows(&self) -> bool {
        true
    }

    /// Where content can be taken away from this database; `None` where it cannot, as of one that
    /// is open for reading only.
    fn removal(&self) -> Option<&dyn Removal> {
        None
    }

    /// How the index stands that is kept apart from the log; `None` where index rows are written
    /// with the entries. Asked often, and so cheap.
    async fn index(&self) -> Result<Option<IndexCondition>, StoreError> {
        Ok(None)
    }

    /// Throws the index away and makes it again from the log, beside readers and writers, whose
    /// answers stay the same; `false` where index rows are written with the entries. `progress` is
    /// told how many entries are covered, and of how many.
    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        let _ = progress;
        Ok(false)
    }

    /// What the store can say of its own condition, for `doctor` and start-up checks.
    async fn condition(&self) -> Result<Condition, StoreError>;

    /// Releases the store: waits for what is in flight, truncates journals where it can. Later
    /// calls answer [`StoreError::Unavailable`].
    async fn close(&self) -> Result<(), StoreError>;
}

/// The end of a trail: what its next commit builds on.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The trail.
    pub trail: TrailName,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The complete subtrees at the right edge.
    pub frontier: Frontier,
    /// Origin and public key, as a signed-note verifier key.
    pub key: VerifierKey,
    /// 1 for the first life of the trail, one more for each succession.
    pub incarnation: u32,
    /// The size at which this incarnation began; its first entry has this seq.
    pub incarnation_start: u64,
    /// The code that the holder of the signing key made for this head; see [`crate::HeadKey`].
    pub mac: [u8; HEAD_MAC_BYTES],
}

/// One durable, atomic step of one trail.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The head that this commit was built on: its size, root and incarnation; `None` for a new
    /// trail.
    pub parent: Option<Parent>,
    /// The head after the commit.
    pub head: Head,
    /// The entries, in seq order from the parent's size on; at least one.
    pub entries: Vec<NewEntry>,
    /// The complete nodes at heights 8, 16, 24, … that the entries made.
    pub nodes: Vec<(NodeId, Hash)>,
    /// The spans of complete blocks, one for each node of `nodes`.
    pub spans: Vec<Span>,
    /// What to add to the rollups, one row per hour, action and outcome.
    pub rollups: Vec<Rollup>,
}

/// What identifies the head that a commit was built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Its incarnation.
    pub incarnation: u32,
}

impl Head {
    /// What a commit on this head names as its parent.
    pub fn parent(&self) -> Parent {
        Parent {
            size: self.size,
            root: self.root,
            incarnation: self.incarnation,
        }
    }
}

/// An entry to be written, with the projections of its parts.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The entry.
    pub entry: StoredEntry,
    /// The columns indexed beside the skeleton's own.
    pub columns: Columns,
}

/// A store's answer to one commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Durable.
    Committed,
    /// Not written: the trail's head is not the commit's parent. The head as it is now.
    Behind(Option<Box<Head>>),
    /// Not written: these ids of the commit stand in the trail already, at these seqs.
    Duplicate(Vec<(Uuid, u64)>),
}

/// The smallest and largest `occurred_at` among the entries under one complete node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Height of the node: 8, 16, 24, …
    pub height: u8,
    /// Index of the node at that height.
    pub index: u64,
    /// The smallest `occurred_at` under it.
    pub earliest: Timestamp,
    /// The largest `occurred_at` under it.
    pub latest: Timestamp,
}

/// A count of entries by hour of `occurred_at`, action and outcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rollup {
    /// Hours since 1970-01-01T00:00:00Z.
    pub hour: i64,
    /// The action.
    pub action: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The number of entries.
    pub count: u64,
}

/// What entries a query wants.
#[derive(Debug, Clone)]
pub struct Find {
    /// What an entry must match.
    pub filter: Filter,
    /// Only entries with a smaller seq.
    pub below: u64,
    /// Where it is given, only entries with this seq or a larger one, and of those that match the
    /// ones with the smallest seqs: what stands next above a place. Else the ones with the
    /// largest.
    pub from: Option<u64>,
    /// How many matching entries to pass over first: the newest, or, with `from`, the oldest.
    pub skip: u64,
    /// How many entries at most.
    pub limit: usize,
}

/// The kinds of rows that are derived from entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectionKind {
    /// id → seq.
    Id,
    /// Complete nodes of the tree, and, at height 0, the leaf hashes kept of removed entries.
    Node,
    /// Spans of complete blocks.
    Span,
    /// Index rows.
    Term,
    /// Rollups.
    Rollup,
}

/// One row of a projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projected {
    /// Where an id stands.
    Id {
        /// The id.
        id: Uuid,
        /// Its seq.
        seq: u64,
    },
    /// A complete node.
    Node {
        /// Height and index.
        node: NodeId,
        /// Its hash.
        hash: Hash,
    },
    /// A span.
    Span(Span),
    /// An index row.
    Term(Term),
    /// A rollup.
    Rollup(Rollup),
}

/// An index row: the entry at `seq` has `value` in `field`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// What is indexed.
    pub field: TermField,
    /// The value's bytes: UTF-8 text, or 16 bytes of address.
    pub value: Vec<u8>,
    /// The entry.
    pub seq: u64,
}

/// The indexed fields. The numbers are part of stored data and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TermField {
    /// The user id; [`NO_USER`] stands for none.
    UserId = 1,
    /// The action as stored.
    Action = 2,
    /// The resource type.
    ResourceType = 3,
    /// The resource id.
    ResourceId = 4,
    /// The address, 16 bytes.
    IpAddress = 5,
    /// The correlation id.
    CorrelationId = 6,
    /// One tag.
    Tag = 7,
    /// The outcome.
    Outcome = 8,
}

impl TermField {
    /// The field with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::UserId,
            2 => Self::Action,
            3 => Self::ResourceType,
            4 => Self::ResourceId,
            5 => Self::IpAddress,
            6 => Self::CorrelationId,
            7 => Self::Tag,
            8 => Self::Outcome,
            _ => return None,
        })
    }
}

/// Calls `each` with every index row of an entry.
///
/// The user id has a row with the byte 0x00 and nothing else where there is none, so that
/// "no user" can be asked for; a text never holds that byte.
pub fn each_term(entry: &StoredEntry, columns: &Columns, each: &mut dyn FnMut(TermField, &[u8])) {
    let indexed = Indexed {
        action: &entry.action,
        resource_type: &entry.resource_type,
        outcome: entry.outcome.as_str(),
        tags: entry.tags.iter().map(String::as_str),
    };
    indexed.each_term(columns, each);
}

/// What of a skeleton is indexed, for stores that read no more of it.
pub struct Indexed<'e, Tags> {
    /// What was done.
    pub action: &'e str,
    /// What kind of thing it was done to.
    pub resource_type: &'e str,
    /// How it ended, as it is stored.
    pub outcome: &'e str,
    /// The tags.
    pub tags: Tags,
}

impl<'e, Tags: Iterator<Item = &'e str>> Indexed<'e, Tags> {
    /// As [`each_term`].
    pub fn each_term(self, columns: &Columns, each: &mut dyn FnMut(TermField, &[u8])) {
        let user = columns.user_id.as_deref().map_or(NO_USER, str::as_bytes);
        each(TermField::UserId, user);
        each(TermField::Action, self.action.as_bytes());
        each(TermField::ResourceType, self.resource_type.as_bytes());
        each(TermField::Outcome, self.outcome.as_bytes());
        if let Some(resource) = &columns.resource_id {
            each(TermField::ResourceId, resource.as_bytes());
        }
        if let Some(address) = &columns.ip_address {
            each(TermField::IpAddress, &address.octets());
        }
        if let Some(correlation) = &columns.correlation_id {
            each(TermField::CorrelationId, correlation.as_bytes());
        }
        for tag in self.tags {
            each(TermField::Tag, tag.as_bytes());
        }
    }
}

/// The value of [`TermField::UserId`] for entries without a user.
pub const NO_USER: &[u8] = &[0];

/// What a store says of its own condition.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// What the store is: engine and version.
    pub engine: String,
    /// Where it is, without secrets.
    pub location: String,
    /// The version of its schema.
    pub schema_version: u32,
    /// The migrations not yet applied.
    pub pending_migrations: Vec<String>,
    /// The guards (triggers) that are missing or altered; empty when all stand.
    pub missing_guards: Vec<String>,
    /// The statements that put such guards back, where a store knows them.
    pub guard_repairs: Vec<String>,
    /// Rows of trails that have no head and rows for entries that are not there; empty when all
    /// rows belong to something.
    pub stray_rows: Vec<String>,
    /// Settings that weaken durability or immutability; empty when all are as they must be.
    pub weak_settings: Vec<String>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes free where it lies, if known.
    pub bytes_free: Option<u64>,
    /// How the index stands, where it is kept apart from the log.
    pub index: Option<IndexCondition>,
    /// What the database's own clock says now, if it has one.
    pub clock: Option<Timestamp>,
    /// What the connected role may not do and a writer must, or, where it reads only, an auditor,
    /// each with the statement that mends it; empty where a store has no roles.
    pub missing_privileges: Vec<String>,
    /// What the connected role may do and no writer should: change the schema, change or delete
    /// evidence; empty where a store has no roles.
    pub excess_privileges: Vec<String>,
    /// Whether the connected role is one that is meant to read and not to record.
    pub reads_only: bool,
    /// What the schema's roles, owners and grants lack, as the statements that bring it about;
    /// empty where a store has no roles.
    pub lacking_access: Vec<String>,
    /// The last month (`2027-02`) that a partition was made for, where there are partitions.
    pub next_partition: Option<String>,
    /// What is wrong with the partitions: too few ahead, or entries that lie in none.
    pub partition_problem: Option<String>,
}
