//! An import that only looks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use indelible::core::door::{Admitted, Door, Sameness};
use indelible::core::redact::Redactor;
use indelible::core::state::Purpose;
use indelible::core::{AuditEvent, EventError, SystemClock, SystemEntropy};
use indelible_exchange::ImportRecord;
use uuid::Uuid;

use super::met::Met;
use super::tally::Tally;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// An import that only looks: what it would do to the trail as it is.
pub struct Dry {
    /// The database, where there is one.
    opened: Option<Opened>,
    door: Door,
    /// The events that would be recorded.
    met: HashMap<Uuid, Met>,
}

/// What would come of an event.
enum Verdict {
    New,
    Known,
    /// Another event has its id.
    Conflict,
    Invalid(EventError),
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
        let redactor = redactor(opened.as_ref());
        let door = Door::new(
            Arc::new(SystemClock::new()),
            Arc::new(SystemEntropy),
            redactor,
        );
        Ok(Self {
            opened,
            door,
            met: HashMap::new(),
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
        redactor(self.opened.as_ref())
    }

    /// Counts what would come of these records; answers a line for each that would be rejected.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn count(
        &mut self,
        chunk: &[ImportRecord],
        tally: &mut Tally,
    ) -> Result<Vec<String>, Failure> {
        let events = chunk.iter().map(|record| record.event.clone()).collect();
        let mut verdicts = self.judge(events).await?;
        let places: Vec<usize> = (0..chunk.len())
            .filter(|place| matches!(verdicts[*place], Verdict::Conflict))
            .collect();
        let again = places.iter().map(|place| chunk[*place].under_fallback_id());
        let again = self.judge(again.collect()).await?;
        for (place, verdict) in places.into_iter().zip(again) {
            verdicts[place] = verdict;
        }
        let mut lines = Vec::new();
        for (record, verdict) in chunk.iter().zip(verdicts) {
            let reason = match verdict {
                Verdict::New => {
                    tally.record();
                    continue;
                }
                Verdict::Known => {
                    tally.duplicate();
                    continue;
                }
                Verdict::Conflict => "its ids are those of other events".to_owned(),
                Verdict::Invalid(error) => error.to_string(),
            };
            tally.reject();
            lines.push(format!("{}: {reason}", record.origin));
        }
        Ok(lines)
    }

    /// What the trail would answer, were it given these events.
    async fn judge(&mut self, events: Vec<AuditEvent>) -> Result<Vec<Verdict>, Failure> {
        let ids: Vec<Uuid> = events.iter().filter_map(|event| event.id).collect();
        let there = match &self.opened {
            Some(opened) => {
                let store = &opened.database.engine().ground().store;
                store.seqs(opened.audit.name(), &ids).await?
            }
            None => vec![None; ids.len()],
        };
        let mut verdicts = Vec::with_capacity(events.len());
        for ((event, id), seq) in events.into_iter().zip(ids).zip(there) {
            let admitted = match self.door.admit(event) {
                Ok(admitted) => admitted,
                Err(error) => {
                    verdicts.push(Verdict::Invalid(error));
                    continue;
                }
            };
            let is_same = match seq {
                Some(seq) => Some(self.is_stored(&admitted, seq).await?),
                None => {
                    let met = Met::of(&admitted).map_err(Failure::new)?;
                    match self.met.entry(id) {
                        Entry::Occupied(first) => Some(met.repeats(first.get())),
                        Entry::Vacant(place) => {
                            place.insert(met);
                            None
                        }
                    }
                }
            };
            verdicts.push(match is_same {
                None => Verdict::New,
                Some(true) => Verdict::Known,
                Some(false) => Verdict::Conflict,
            });
        }
        Ok(verdicts)
    }

    /// Whether the entry with the event's id is that event.
    async fn is_stored(&self, event: &Admitted, seq: u64) -> Result<bool, Failure> {
        let Some(opened) = &self.opened else {
            return Ok(false);
        };
        let store = &opened.database.engine().ground().store;
        let entries = store.entries(opened.audit.name(), seq..seq + 1).await?;
        let Some(stored) = entries.first() else {
            return Err(Failure::with(
                Status::Failed,
                format!("entry {seq}: its id is known but the entry is not there"),
            ));
        };
        let sameness = self.door.compare(event, stored).map_err(Failure::new)?;
        Ok(!matches!(sameness, Sameness::Differs(_)))
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

fn redactor(opened: Option<&Opened>) -> Arc<Redactor> {
    match opened {
        Some(opened) => Arc::clone(&opened.database.engine().ground().redactor),
        None => Arc::new(Redactor::default_mask()),
    }
}
