//! A commit turned into columns: what PostgreSQL takes as arrays, borrowed from the commit.

use indelible_core::entry::StoredEntry;
use indelible_core::part::Part;
use indelible_core::store::{Commit, StoreError};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::connection::Param;
use crate::error::{PostgresError, backend};
use crate::placement::Month;
use crate::row::{Day, Moment};

/// One more than the largest size of a trail: seqs are 64 bits with a sign.
const SIZE_END: u64 = i64::MAX as u64;

/// One commit as columns, checked against itself.
pub(crate) struct Batch<'a> {
    pub(crate) commit: &'a Commit,
    pub(super) head: HeadRow<'a>,
    pub(super) entries: Entries<'a>,
    pub(super) tags: Vec<&'a str>,
    pub(super) tag_seqs: Vec<i64>,
    /// The seqs at which the month changes, the first entry's included.
    pub(super) months: Vec<(i64, Month)>,
}

/// The head after the commit, encoded.
pub(super) struct HeadRow<'a> {
    pub(super) trail: &'a str,
    pub(super) size: i64,
    pub(super) root: &'a [u8],
    pub(super) frontier: Vec<u8>,
    pub(super) key: String,
    pub(super) incarnation: i32,
    pub(super) incarnation_start: i64,
    pub(super) mac: &'a [u8],
}

type Texts<'a> = Vec<&'a str>;
type MaybeTexts<'a> = Vec<Option<&'a str>>;
type MaybeBytes<'a> = Vec<Option<&'a [u8]>>;

/// The entries by column.
#[derive(Default)]
pub(super) struct Entries<'a> {
    pub(super) seqs: Vec<i64>,
    pub(super) ids: Vec<Uuid>,
    occurred_at: Vec<Moment>,
    created_at: Vec<Moment>,
    actions: Texts<'a>,
    outcomes: Texts<'a>,
    resource_types: Texts<'a>,
    tags: Vec<String>,
    erases: Vec<Option<String>>,
    leaf_hashes: Vec<&'a [u8]>,
    part_hashes: [MaybeBytes<'a>; 3],
    users: MaybeTexts<'a>,
    resources: MaybeTexts<'a>,
    addresses: Vec<Option<Vec<u8>>>,
    correlations: MaybeTexts<'a>,
    salts: [MaybeBytes<'a>; 3],
    bodies: [MaybeBytes<'a>; 3],
}

impl<'a> Batch<'a> {
    /// Turns a commit into columns.
    ///
    /// # Errors
    /// A commit whose entries do not lead to its head, seq by seq.
    pub(crate) fn pack(commit: &'a Commit) -> Result<Self, StoreError> {
        check(commit).map_err(|problem| backend(PostgresError::Unfit(problem)))?;
        let head = &commit.head;
        let mut batch = Self {
            commit,
            head: HeadRow {
                trail: head.trail.as_str(),
                size: head.size.cast_signed(),
                root: head.root.as_bytes(),
                frontier: head.frontier.to_bytes(),
                key: head.key.to_string(),
                incarnation: i32::try_from(head.incarnation).map_err(backend)?,
                incarnation_start: head.incarnation_start.cast_signed(),
                mac: &head.mac,
            },
            entries: Entries::default(),
            tags: Vec::new(),
            tag_seqs: Vec::new(),
            months: Vec::new(),
        };
        for new in &commit.entries {
            let seq = new.entry.seq.cast_signed();
            let month = Month::of(new.entry.created_at);
            if batch.months.last().is_none_or(|(_, last)| *last != month) {
                batch.months.push((seq, month));
            }
            for tag in &new.entry.tags {
                batch.tags.push(tag);
                batch.tag_seqs.push(seq);
            }
            let columns = &new.columns;
            let into = &mut batch.entries;
            into.skeleton(&new.entry)?;
            into.users.push(columns.user_id.as_deref());
            into.resources.push(columns.resource_id.as_deref());
            into.addresses
                .push(columns.ip_address.map(|a| a.octets().to_vec()));
            into.correlations.push(columns.correlation_id.as_deref());
        }
        Ok(batch)
    }

    /// Whether the entries begin where the parent ends.
    pub(super) fn follows_parent(&self) -> bool {
        let size = self.commit.parent.map_or(0, |parent| parent.size);
        let first = self.commit.entries.first();
        first.is_some_and(|first| first.entry.seq == size)
    }

    /// The month of the last entry.
    pub(super) fn last_month(&self) -> Option<Month> {
        self.months.last().map(|(_, month)| *month)
    }

    /// The placements to write where the entry before the first one lies in `before`.
    pub(super) fn placements(&self, before: Option<Month>) -> (Vec<i64>, Vec<Day>) {
        let goes_on = self.months.first().map(|(_, month)| *month) == before;
        self.months
            .iter()
            .skip(usize::from(goes_on))
            .map(|(seq, month)| (*seq, month.first_day()))
            .unzip()
    }
}

impl<'a> Entries<'a> {
    fn skeleton(&mut self, entry: &'a StoredEntry) -> Result<(), StoreError> {
        self.seqs.push(entry.seq.cast_signed());
        self.ids.push(entry.id);
        self.occurred_at.push(Moment(entry.occurred_at));
        self.created_at.push(Moment(entry.created_at));
        self.actions.push(&entry.action);
        self.outcomes.push(entry.outcome.as_str());
        self.resource_types.push(&entry.resource_type);
        self.tags.push(entry.tags.join(" "));
        self.erases.push(match entry.erases.as_slice() {
            [] => None,
            erases => Some(serde_json::to_string(erases).map_err(backend)?),
        });
        self.leaf_hashes.push(entry.leaf_hash.as_bytes());
        let (hashes, parts) = (&entry.part_hashes, &entry.parts);
        let hashes = [&hashes.actor, &hashes.target, &hashes.details];
        for (column, hash) in self.part_hashes.iter_mut().zip(hashes) {
            column.push(hash.as_ref().map(|hash| hash.as_bytes().as_slice()));
        }
        let parts: [&Option<Part>; 3] = [&parts.actor, &parts.target, &parts.details];
        let columns = self.salts.iter_mut().zip(&mut self.bodies);
        for ((salts, bodies), part) in columns.zip(parts) {
            salts.push(part.as_ref().map(|part| part.salt.as_slice()));
            bodies.push(part.as_ref().map(|part| part.body.as_slice()));
        }
        Ok(())
    }

    /// The values of `sql::ENTRY_INSERT` from $4 on.
    pub(super) fn params(&self) -> [Param<'_>; 23] {
        let [actor_hash, target_hash, details_hash] = &self.part_hashes;
        let [actor_salt, target_salt, details_salt] = &self.salts;
        let [actor, target, details] = &self.bodies;
        [
            (&self.seqs, Type::INT8_ARRAY),
            (&self.ids, Type::UUID_ARRAY),
            (&self.occurred_at, Type::TIMESTAMPTZ_ARRAY),
            (&self.created_at, Type::TIMESTAMPTZ_ARRAY),
            (&self.actions, Type::TEXT_ARRAY),
            (&self.outcomes, Type::TEXT_ARRAY),
            (&self.resource_types, Type::TEXT_ARRAY),
            (&self.tags, Type::TEXT_ARRAY),
            (&self.erases, Type::TEXT_ARRAY),
            (&self.leaf_hashes, Type::BYTEA_ARRAY),
            (actor_hash, Type::BYTEA_ARRAY),
            (target_hash, Type::BYTEA_ARRAY),
            (details_hash, Type::BYTEA_ARRAY),
            (&self.users, Type::TEXT_ARRAY),
            (&self.resources, Type::TEXT_ARRAY),
            (&self.addresses, Type::BYTEA_ARRAY),
            (&self.correlations, Type::TEXT_ARRAY),
            (actor_salt, Type::BYTEA_ARRAY),
            (actor, Type::BYTEA_ARRAY),
            (target_salt, Type::BYTEA_ARRAY),
            (target, Type::BYTEA_ARRAY),
            (details_salt, Type::BYTEA_ARRAY),
            (details, Type::BYTEA_ARRAY),
        ]
    }
}

/// What ties the pieces of a commit together; the database could not tell.
fn check(commit: &Commit) -> Result<(), &'static str> {
    let Some(first) = commit.entries.first() else {
        return Err("it has no entries");
    };
    let start = first.entry.seq;
    if commit.head.size > SIZE_END {
        return Err("the trail is full");
    }
    if start.checked_add(commit.entries.len() as u64) != Some(commit.head.size) {
        return Err("its entries do not lead to its head");
    }
    if commit.head.frontier.size() != commit.head.size {
        return Err("its frontier is of another size than its head");
    }
    if !commit
        .entries
        .iter()
        .zip(start..)
        .all(|(new, seq)| new.entry.seq == seq)
    {
        return Err("its entries do not follow each other");
    }
    Ok(())
}
