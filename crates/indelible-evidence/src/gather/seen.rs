//! Whether an action was ever seen, and when last before the period. Looked up by the index of
//! actions, for those alone that the period has none of.

use std::collections::HashMap;

use indelible_core::engine::Audit;
use indelible_core::{AuditError, Query, Timestamp};

use crate::period::Period;

/// When an action was seen outside of the period.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// The newest entry before the period.
    pub before: Option<Timestamp>,
    /// The oldest entry after it, looked up where there is none before.
    pub after: Option<Timestamp>,
}

/// The answers so far.
pub(super) struct SeenActions<'a> {
    audit: &'a Audit,
    period: Period,
    as_of: u64,
    known: HashMap<&'static str, Seen>,
}

impl<'a> SeenActions<'a> {
    pub fn new(audit: &'a Audit, period: Period, as_of: u64) -> Self {
        Self {
            audit,
            period,
            as_of,
            known: HashMap::new(),
        }
    }

    /// When an action was seen, aliases included; any action without one.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn of(&mut self, action: Option<&'static str>) -> Result<Seen, AuditError> {
        let name = action.unwrap_or("*");
        if let Some(seen) = self.known.get(name) {
            return Ok(*seen);
        }
        let question = || {
            let query = Query::new().as_of(self.as_of).limit(1);
            match action {
                Some(action) => query.action(action),
                None => query,
            }
        };
        let micros = self.period.from.as_micros() - 1;
        let end = Timestamp::from_micros(micros).to_string();
        let mut seen = Seen::default();
        if self.period.from > Timestamp::MIN {
            let page = self.audit.query_stored(question().end_date(end)).await?;
            seen.before = page.entries.first().map(|entry| entry.occurred_at);
        }
        if seen.before.is_none() && self.period.to < Timestamp::MAX {
            let micros = self.period.to.as_micros() + 1;
            let start = Timestamp::from_micros(micros).to_string();
            let run = self
                .audit
                .stored_from(&question().start_date(start), 0)
                .await?;
            seen.after = run.entries.first().map(|entry| entry.occurred_at);
        }
        self.known.insert(name, seen);
        Ok(seen)
    }
}
