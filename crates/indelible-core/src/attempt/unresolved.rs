//! Attempts of which no outcome is known.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalogue;
use crate::entry::Entry;
use crate::error::AuditError;
use crate::outcome::Outcome;
use crate::protocol::{AuditProtocol, Page};
use crate::query::{LIMIT_MAX, Query, QueryError};

/// Attempts that match and have no outcome, newest first. Each outcome closes one attempt: the
/// latest before it, with its `correlation_id`, that none between them has closed, as a bracket
/// closes. Of n attempts of one workflow under one `correlation_id`, n outcomes close all. An
/// attempt without a `correlation_id` cannot be told from others and has no outcome.
///
/// An entry closes an attempt where its outcome is another than attempted and its action is of the
/// same workflow of the catalogue, or outside of it the same one.
///
/// The limit bounds the attempts that are looked at together, so that a page may hold fewer
/// entries; only the last one holds none. Each look asks once for the attempts, and once for each
/// distinct `correlation_id` among them: once more for each 1000 entries that stand under it since
/// the oldest of them.
///
/// # Errors
/// Those of [`AuditProtocol::query`]; a question for another outcome, or with an offset.
pub async fn unresolved(audit: &dyn AuditProtocol, query: Query) -> Result<Page, AuditError> {
    if query.outcome.is_some() {
        let problem = "only attempts are without one; leave it out";
        return Err(QueryError::new("outcome", problem).into());
    }
    if query.offset.is_some_and(|offset| offset != 0) {
        let problem = "unresolved attempts are paged by cursor alone";
        return Err(QueryError::new("offset", problem).into());
    }
    let mut query = query.outcome(Outcome::Attempted.as_str());
    loop {
        let mut page = audit.query(query.clone()).await?;
        let mut oldest = BTreeMap::new();
        for attempt in &page.entries {
            if let Some(correlation_id) = &attempt.correlation_id {
                // Newest first: the last one is the oldest.
                oldest.insert(correlation_id.clone(), attempt.seq);
            }
        }
        let mut closed = HashSet::new();
        for (correlation_id, oldest) in oldest {
            closed.extend(closed_under(audit, &correlation_id, oldest, page.as_of).await?);
        }
        page.entries
            .retain(|attempt| !closed.contains(&attempt.seq));
        match &page.next_cursor {
            Some(cursor) if page.entries.is_empty() => query.cursor = Some(cursor.clone()),
            _ => return Ok(page),
        }
    }
}

/// The seqs of the attempts under this id that have an outcome, back to `oldest`.
async fn closed_under(
    audit: &dyn AuditProtocol,
    correlation_id: &str,
    oldest: u64,
    as_of: u64,
) -> Result<Vec<u64>, AuditError> {
    let mut query = Query::new()
        .correlation_id(correlation_id)
        .as_of(as_of)
        .limit(LIMIT_MAX);
    let (mut closed, mut outcomes) = (Vec::new(), Outcomes::default());
    loop {
        let page = audit.query(query.clone()).await?;
        for entry in &page.entries {
            if entry.seq < oldest {
                return Ok(closed);
            }
            if entry.outcome != Outcome::Attempted {
                outcomes.add(entry);
            } else if outcomes.close(entry) {
                closed.push(entry.seq);
            }
        }
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(closed),
        }
    }
}

/// Outcomes that have closed no attempt yet, met from the newest on: seqs by action, the last the
/// lowest.
#[derive(Default)]
struct Outcomes(HashMap<String, Vec<u64>>);

impl Outcomes {
    fn add(&mut self, entry: &Entry) {
        let action = canonical(&entry.action).to_owned();
        self.0.entry(action).or_default().push(entry.seq);
    }

    /// Takes out the outcome that comes first after the attempt, and closes it.
    fn close(&mut self, attempt: &Entry) -> bool {
        let closing = match catalogue::workflow_of(&attempt.action) {
            None => vec![canonical(&attempt.action)],
            Some(workflow) => [
                Some(workflow.attempted),
                workflow.succeeded,
                workflow.failed,
                workflow.denied,
                workflow.also_accepted_failure,
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        let first = closing
            .into_iter()
            .filter_map(|action| Some((*self.0.get(action)?.last()?, action)))
            .min();
        let seqs = first.and_then(|(_, action)| self.0.get_mut(action));
        seqs.is_some_and(|seqs| seqs.pop().is_some())
    }
}

fn canonical(action: &str) -> &str {
    catalogue::resolve(action).map_or(action, |action| action.value)
}
