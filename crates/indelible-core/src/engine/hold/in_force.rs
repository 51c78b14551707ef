//! The holds in force of a trail, ready to be asked about an entry.

use super::{Hold, HoldStanding};
use crate::engine::audit::Audit;
use crate::engine::erasure::{ERASED, ordered};
use crate::engine::included::Tree;
use crate::engine::retention::EXPIRED;
use crate::entry::{Columns, Erasure, StoredEntry};
use crate::error::AuditError;
use crate::filter::Filter;
use crate::part::PartKind;
use crate::store::{Find, StoreError};

/// Entries that say what they erased and are read at once.
const CHUNK: usize = 64;

/// The holds in force, ready to be asked. What cannot be told of an entry any more, because bytes
/// were taken from it that no entry accounts for, speaks for a hold.
pub(in crate::engine) struct InForce {
    audit: Audit,
    holds: Vec<(String, Filter, Option<u64>)>,
    /// What was erased, and where the trail says so; `None` until it is asked for.
    accounted: Option<Vec<(u64, Erasure)>>,
}

impl InForce {
    /// These holds of a trail, those of them that are in force.
    pub fn over(audit: &Audit, holds: &[Hold]) -> Self {
        let holds = holds.iter().filter(|hold| hold.is_in_force());
        let holds = holds.map(|hold| {
            let seq = (hold.standing != HoldStanding::Missing).then_some(hold.seq);
            (hold.id.to_string(), audit.filter_of(hold), seq)
        });
        Self {
            audit: audit.clone(),
            holds: holds.collect(),
            accounted: None,
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// Reads what has to be known to be asked about these entries.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn look_at(&mut self, entries: &[StoredEntry]) -> Result<(), AuditError> {
        match entries.iter().any(|entry| !entry.erased().is_empty()) {
            true => self.look_at_all().await,
            false => Ok(()),
        }
    }

    /// Reads what has to be known to be asked about any entry.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn look_at_all(&mut self) -> Result<(), AuditError> {
        if self.accounted.is_none() && !self.holds.is_empty() {
            self.accounted = Some(erasures(&self.audit).await?);
        }
        Ok(())
    }

    /// The id of a hold that holds an entry. The entry that places one is held by it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn of(&self, entry: &StoredEntry) -> Result<Option<&str>, StoreError> {
        let Some((first, ..)) = self.holds.first() else {
            return Ok(None);
        };
        // What it was is not known.
        if self.audit.check_entry(entry).is_err() || self.lacks_a_part(entry) {
            return Ok(Some(first));
        }
        let columns = Columns::derive(entry).map_err(StoreError::unreadable)?;
        for (id, filter, seq) in &self.holds {
            if *seq == Some(entry.seq)
                || filter
                    .matches(entry, &columns)
                    .map_err(StoreError::unreadable)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether a part is missing that no later entry says was erased.
    fn lacks_a_part(&self, entry: &StoredEntry) -> bool {
        let accounts = |kind: &PartKind| {
            let mut accounted = self.accounted.iter().flatten();
            accounted.any(|(seq, erasure)| {
                *seq > entry.seq
                    && (erasure.first..=erasure.last).contains(&entry.seq)
                    && erasure.parts.contains(kind)
            })
        };
        !entry.erased().iter().all(accounts)
    }
}

/// What entries of a trail say was erased, each with its place, and what the register outside the
/// database orders: of a restored copy that goes before an entry says so.
async fn erasures(audit: &Audit) -> Result<Vec<(u64, Erasure)>, AuditError> {
    let mut find = Find {
        filter: Filter {
            actions: Some(vec![
                ERASED.as_str().to_owned(),
                EXPIRED.as_str().to_owned(),
            ]),
            ..Filter::default()
        },
        below: u64::MAX,
        from: Some(0),
        skip: 0,
        limit: CHUNK,
    };
    let ordered = ordered(audit)?.into_iter();
    let mut erasures: Vec<_> = ordered.map(|erasure| (u64::MAX, erasure)).collect();
    let mut tree = Tree::of(audit);
    loop {
        let store = &audit.engine.shared.ground.store;
        let entries = store.find(&audit.trail, &find).await?;
        let Some(newest) = entries.first() else {
            return Ok(erasures);
        };
        find.from = Some(newest.seq + 1);
        for entry in entries {
            let says = entry.erases.iter().any(|erasure| !erasure.parts.is_empty());
            if says && tree.has(&entry).await? {
                let seq = entry.seq;
                erasures.extend(entry.erases.into_iter().map(|erasure| (seq, erasure)));
            }
        }
    }
}
