//! The holds in force of a trail, ready to be asked about an entry.

use super::accounted::Accounted;
use super::{Hold, HoldStanding};
use crate::engine::audit::Audit;
use crate::entry::{Columns, StoredEntry};
use crate::error::AuditError;
use crate::filter::Filter;
use crate::store::StoreError;

/// The holds in force, ready to be asked. What cannot be told of an entry any more, because bytes
/// were taken from it that no entry accounts for, speaks for a hold.
pub(in crate::engine) struct InForce {
    audit: Audit,
    holds: Vec<(String, Filter, Option<u64>)>,
    /// What was erased, as the trail says; `None` until it is asked for.
    accounted: Option<Accounted>,
}

impl InForce {
    /// These holds of a trail, those of them that are in force.
    pub fn over(audit: &Audit, holds: &[Hold]) -> Self {
        let mut in_force = Self {
            audit: audit.clone(),
            holds: Vec::new(),
            accounted: None,
        };
        in_force.renew(holds);
        in_force
    }

    /// Takes these holds instead, those of them that are in force.
    pub(super) fn renew(&mut self, holds: &[Hold]) {
        let holds = holds.iter().filter(|hold| hold.is_in_force());
        let holds = holds.map(|hold| {
            let seq = (hold.standing != HoldStanding::Missing).then_some(hold.seq);
            (hold.id.to_string(), self.audit.filter_of(hold), seq)
        });
        self.holds = holds.collect();
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
        match entries.iter().any(|entry| self.lacks_a_part(entry)) {
            true => self.look_at_all().await,
            false => Ok(()),
        }
    }

    /// Reads what has to be known to be asked about any entry.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn look_at_all(&mut self) -> Result<(), AuditError> {
        if self.holds.is_empty() {
            return Ok(());
        }
        let accounted = match &mut self.accounted {
            Some(accounted) => accounted,
            none => none.insert(Accounted::of(&self.audit)?),
        };
        accounted.go_on().await
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
        match &self.accounted {
            Some(accounted) => !accounted.accounts_for(entry),
            None => !entry.erased().is_empty(),
        }
    }
}
