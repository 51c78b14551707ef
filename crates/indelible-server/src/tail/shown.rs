//! An entry on its way to those who follow its trail.

use std::sync::OnceLock;

use indelible_core::engine::Audit;
use indelible_core::entry::{Columns, StoredEntry, Unreadable};
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Following, StoreError, TrailName};

use super::frame;
use crate::problem::{Kind, Problem};

/// An entry, opened and written as JSON once, whoever it is shown to.
pub struct Shown {
    stored: StoredEntry,
    columns: Columns,
    json: OnceLock<Result<Vec<u8>, Problem>>,
}

/// What an entry takes besides its parts, in bytes, about.
const ENTRY_BYTES: usize = 1024;

impl Shown {
    pub fn new(stored: StoredEntry) -> Result<Self, Problem> {
        Ok(Self {
            columns: Columns::derive(&stored).map_err(unreadable)?,
            stored,
            json: OnceLock::new(),
        })
    }

    /// The memory that it takes, in bytes, about: its parts as they are stored and as JSON.
    pub fn bytes(&self) -> usize {
        let parts = PartKind::ALL.into_iter();
        let bodies = parts.filter_map(|kind| self.stored.parts.get(kind).as_ref());
        ENTRY_BYTES + 2 * bodies.map(|part| part.body.len()).sum::<usize>()
    }

    /// What was done.
    pub fn action(&self) -> &str {
        &self.stored.action
    }

    /// Appends it to a stream, if it is an answer to what is followed, and says whether it is.
    pub fn show(
        &self,
        trail: &TrailName,
        following: &Following,
        text: &mut Vec<u8>,
    ) -> Result<bool, Problem> {
        let matches = following.matches(&self.stored, &self.columns);
        let matches = matches.map_err(unreadable)?;
        if matches {
            let json = self.json.get_or_init(|| self.write(trail));
            let json = json.as_ref().map_err(Clone::clone)?;
            frame::entry(text, &following.place(self.stored.seq + 1), json);
        }
        Ok(matches)
    }

    fn write(&self, trail: &TrailName) -> Result<Vec<u8>, Problem> {
        let entry = self.stored.clone().open(trail).map_err(unreadable)?;
        serde_json::to_vec(&entry).map_err(|error| {
            Problem::new(Kind::Internal, "no entry could be written").because(error)
        })
    }
}

/// The entries of a trail from `from` on, at most `count`.
pub async fn read(audit: &Audit, from: u64, count: u64) -> Result<Read, Problem> {
    match audit.stored(from..from.saturating_add(count)).await {
        Ok(entries) => Ok(Read::Entries(entries)),
        Err(AuditError::Removed { first_kept, .. }) => Ok(Read::Removed { first_kept }),
        Err(error) => Err(error.into()),
    }
}

/// What is found at a place of a trail.
pub enum Read {
    /// The entries from there on.
    Entries(Vec<StoredEntry>),
    /// Nothing: retention has removed what was there.
    Removed {
        /// The first entry that is left.
        first_kept: u64,
    },
}

fn unreadable(unreadable: Unreadable) -> Problem {
    Problem::from(StoreError::Corrupt {
        what: format!("the {} part", unreadable.part),
        seq: Some(unreadable.seq),
        problem: unreadable.source.to_string(),
    })
}
