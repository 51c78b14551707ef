//! An import that only looks.

use std::collections::HashSet;
use std::sync::Arc;

use indelible::core::redact::Redactor;
use indelible::core::state::Purpose;
use indelible_exchange::ImportRecord;
use uuid::Uuid;

use super::tally::Tally;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// An import that only looks: what it would do to the trail as it is.
pub struct Dry {
    /// The database, where there is one.
    opened: Option<Opened>,
    met: HashSet<Uuid>,
}

impl Dry {
    /// Opens the database for reading. A missing one is empty.
    ///
    /// # Errors
    /// What is wrong with the settings or the database.
    pub async fn open(session: &Session) -> Result<Self, Failure> {
        let opened = match session.open(Access::Read).await {
            Ok(opened) => Some(opened),
            Err(failure) if failure.status == Status::NotFound => None,
            Err(failure) => return Err(failure),
        };
        Ok(Self {
            opened,
            met: HashSet::new(),
        })
    }

    /// The secret that ids are made under; any serves where no id is there to be met again.
    ///
    /// # Errors
    /// A state directory that cannot be read, or that has another secret than the database was
    /// written with.
    pub async fn id_key(&self) -> Result<[u8; 32], Failure> {
        let Some(opened) = &self.opened else {
            return Ok([0; 32]);
        };
        Ok(*opened
            .database
            .engine()
            .secret(Purpose::Ids)
            .await?
            .expose())
    }

    /// What records are redacted with before they wait on a disk.
    pub fn redactor(&self) -> Arc<Redactor> {
        match &self.opened {
            Some(opened) => Arc::clone(&opened.database.engine().ground().redactor),
            None => Arc::new(Redactor::default_mask()),
        }
    }

    /// Counts what would come of these records.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn count(
        &mut self,
        chunk: &[ImportRecord],
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let ids: Vec<Uuid> = chunk.iter().filter_map(|record| record.event.id).collect();
        let there = match &self.opened {
            Some(opened) => {
                let store = &opened.database.engine().ground().store;
                store.seqs(opened.audit.name(), &ids).await?
            }
            None => vec![None; ids.len()],
        };
        for (id, seq) in ids.into_iter().zip(there) {
            if seq.is_some() || !self.met.insert(id) {
                tally.duplicate();
            } else {
                tally.record();
            }
        }
        Ok(())
    }

    /// Releases the database, then answers `answer`, or what failed on the way.
    ///
    /// # Errors
    /// That of `answer`, else of the closing.
    pub async fn close<T>(self, answer: Result<T, Failure>) -> Result<T, Failure> {
        match self.opened {
            Some(opened) => opened.close(answer).await,
            None => answer,
        }
    }
}
