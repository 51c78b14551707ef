//! What stands around an entry.

use super::audit::Audit;
use crate::entry::{Entry, StoredEntry};
use crate::error::AuditError;
use crate::query::{Query, QueryError};
use crate::store::Find;

/// The entries that match next to a place in a trail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbours {
    /// Those after it, newest seq first.
    pub newer: Vec<Entry>,
    /// Those before it, newest seq first.
    pub older: Vec<Entry>,
}

impl Audit {
    /// The entries nearest to the one at `seq` that match, as many on each side as the limit of
    /// the question allows, that one left out.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; offset and cursor are for pages.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn neighbours(&self, query: Query, seq: u64) -> Result<Neighbours, AuditError> {
        for (field, given) in [
            ("offset", query.offset.is_some()),
            ("cursor", query.cursor.is_some()),
        ] {
            if given {
                let problem = "neighbours are counted from an entry";
                return Err(QueryError::new(field, problem).into());
            }
        }
        let (plan, as_of) = self.planned(&query).await?;
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
            stored.iter().map(|stored| self.open(stored)).collect()
        };
        Ok(Neighbours {
            newer: opened(newer)?,
            older: opened(older)?,
        })
    }
}
