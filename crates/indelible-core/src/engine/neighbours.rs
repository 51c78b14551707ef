//! An entry with all that is known of it, and what stands around it.

use super::audit::Audit;
use crate::entry::{Entry, StoredEntry};
use crate::error::AuditError;
use crate::query::{Query, QueryError};
use crate::store::{Find, Head, StoreError};

/// An entry as a reader sees it and as it is stored, in a trail that ends at this head.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// The entry.
    pub entry: Entry,
    /// As it is stored.
    pub stored: StoredEntry,
    /// Where the trail ended when it was read.
    pub head: Head,
}

/// The entries that match next to a place in a trail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbours {
    /// Those after it, newest seq first.
    pub newer: Vec<Entry>,
    /// Those before it, newest seq first.
    pub older: Vec<Entry>,
}

impl Audit {
    /// The entry at a position with the bytes that it is made of, `None` where the trail does not
    /// reach so far.
    ///
    /// # Errors
    /// As [`Audit::entry_at`].
    pub async fn sight(&self, seq: u64) -> Result<Option<Sight>, AuditError> {
        self.check_shown()?;
        self.sight_for_itself(seq).await
    }

    /// The same for the engine, which shows it to nobody.
    pub(super) async fn sight_for_itself(&self, seq: u64) -> Result<Option<Sight>, AuditError> {
        // A row beyond the head was never recorded.
        let Some(head) = self.head().await?.filter(|head| seq < head.size) else {
            return Ok(None);
        };
        let store = &self.engine.shared.ground.store;
        let mut found = store.entries(&self.trail, seq..seq + 1).await?;
        let Some(stored) = found.pop() else {
            self.check_kept(seq).await?;
            let problem = "it is missing; `indelible verify` says more";
            return Err(StoreError::damaged_row(seq, problem).into());
        };
        self.check_entry(&stored)?;
        Ok(Some(Sight {
            entry: self.open(stored.clone())?,
            stored,
            head,
        }))
    }

    /// The entries nearest to this one that match, as many on each side as the limit of the
    /// question allows, itself left out; without another tree size in the question, as of the
    /// head that it was seen under.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; offset and cursor are for pages.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn neighbours(&self, query: Query, of: &Sight) -> Result<Neighbours, AuditError> {
        for (field, given) in [
            ("offset", query.offset.is_some()),
            ("cursor", query.cursor.is_some()),
        ] {
            if given {
                let problem = "neighbours are counted from an entry";
                return Err(QueryError::new(field, problem).into());
            }
        }
        let (seq, size) = (of.entry.seq, of.head.size);
        let (plan, as_of) = self.planned_of(&query, size)?;
        let store = &self.engine.shared.ground.store;
        let find = |from, below| Find {
            filter: plan.filter.clone(),
            below,
            from,
            skip: 0,
            limit: plan.limit,
        };
        let newer = find(Some(seq.saturating_add(1)), as_of);
        let older = find(None, seq.min(as_of));
        let (newer, older) = tokio::try_join!(
            store.find(&self.trail, &newer),
            store.find(&self.trail, &older)
        )?;
        let opened = |stored: Vec<StoredEntry>| -> Result<Vec<Entry>, AuditError> {
            stored.into_iter().map(|stored| self.open(stored)).collect()
        };
        Ok(Neighbours {
            newer: opened(newer)?,
            older: opened(older)?,
        })
    }
}
