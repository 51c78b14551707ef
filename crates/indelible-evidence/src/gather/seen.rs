//! Whether an action was ever seen, and when last before the period. Looked up by the index of
//! actions, for those alone that the period has none of: one question for all that were never
//! seen, and one more for each that was.

use std::collections::{BTreeMap, BTreeSet};

use indelible_core::engine::Audit;
use indelible_core::{AuditError, Query, Timestamp, catalogue};

use crate::period::Period;

/// When an action was seen outside of the period.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// The newest entry before the period.
    pub before: Option<Timestamp>,
    /// The oldest entry after it, looked up where there is none before.
    pub after: Option<Timestamp>,
}

/// When actions were seen, by their form in the catalogue; `*` stands for any.
pub(super) struct SeenActions(BTreeMap<&'static str, Seen>);

impl SeenActions {
    /// Looks actions up, aliases included; and, where the period has no entry, any action.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn look(
        audit: &Audit,
        period: Period,
        as_of: u64,
        (actions, is_empty): (BTreeSet<&'static str>, bool),
    ) -> Result<Self, AuditError> {
        let mut seen = BTreeMap::new();
        let before = before(period).map(|query| query.as_of(as_of));
        let after = after(period).map(|query| query.as_of(as_of));
        let mut left = actions;
        if let Some(query) = &before {
            for (action, time) in look(audit, query, &mut left, false).await? {
                seen.entry(action).or_insert_with(Seen::default).before = Some(time);
            }
        }
        if let Some(query) = &after {
            for (action, time) in look(audit, query, &mut left, true).await? {
                seen.entry(action).or_insert_with(Seen::default).after = Some(time);
            }
        }
        if is_empty {
            let mut any = Seen::default();
            if let Some(query) = before {
                let page = audit.query_stored(query.limit(1)).await?;
                any.before = page.entries.first().map(|entry| entry.occurred_at);
            }
            if let Some(query) = after {
                let run = audit.stored_from(&query.limit(1), 0).await?;
                any.after = run.entries.first().map(|entry| entry.occurred_at);
            }
            seen.insert("*", any);
        }
        Ok(Self(seen))
    }

    /// When an action was seen; any where none is named.
    pub fn of(&self, action: Option<&'static str>) -> Seen {
        let name = action.unwrap_or("*");
        self.0.get(name).copied().unwrap_or_default()
    }
}

fn before(period: Period) -> Option<Query> {
    let micros = period.from.as_micros() - 1;
    let end = Timestamp::from_micros(micros).to_string();
    (period.from > Timestamp::MIN).then(|| Query::new().end_date(end))
}

fn after(period: Period) -> Option<Query> {
    let micros = period.to.as_micros() + 1;
    let start = Timestamp::from_micros(micros).to_string();
    (period.to < Timestamp::MAX).then(|| Query::new().start_date(start))
}

/// Finds one after the other, and takes out those that were found.
async fn look(
    audit: &Audit,
    query: &Query,
    left: &mut BTreeSet<&'static str>,
    is_oldest: bool,
) -> Result<Vec<(&'static str, Timestamp)>, AuditError> {
    let mut found = Vec::new();
    while !left.is_empty() {
        let forms = left.iter().flat_map(|action| catalogue::synonyms(action));
        let forms: Vec<String> = forms.map(str::to_owned).collect();
        let next = audit.end_of_actions(query, forms, is_oldest).await?;
        let Some(entry) = next else { break };
        // It is of one that is left, so that one fewer is left.
        let action = catalogue::resolve(&entry.action).map(|action| action.value);
        let Some(action) = action.filter(|action| left.remove(action)) else {
            break;
        };
        found.push((action, entry.occurred_at));
    }
    Ok(found)
}
