//! Attempts of which no outcome is known.

use crate::catalogue;
use crate::entry::Entry;
use crate::error::AuditError;
use crate::outcome::Outcome;
use crate::protocol::{AuditProtocol, Page};
use crate::query::{LIMIT_MAX, Query, QueryError};

/// Attempts that match and have no outcome, newest first: no later entry with their
/// `correlation_id` closes them. An attempt without one cannot be told from others and has none.
///
/// An entry closes an attempt where its outcome is another than attempted and its action is of the
/// same workflow of the catalogue, or outside of it the same one.
///
/// The limit bounds the attempts that are looked at together, so that a page may hold fewer
/// entries; only the last one holds none.
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
        let mut open = Vec::new();
        for attempt in std::mem::take(&mut page.entries) {
            if !is_closed(audit, &attempt, page.as_of).await? {
                open.push(attempt);
            }
        }
        match &page.next_cursor {
            Some(cursor) if open.is_empty() => query.cursor = Some(cursor.clone()),
            _ => {
                page.entries = open;
                return Ok(page);
            }
        }
    }
}

async fn is_closed(
    audit: &dyn AuditProtocol,
    attempt: &Entry,
    as_of: u64,
) -> Result<bool, AuditError> {
    let Some(correlation_id) = &attempt.correlation_id else {
        return Ok(false);
    };
    let mut query = Query::new()
        .correlation_id(correlation_id.as_str())
        .as_of(as_of)
        .limit(LIMIT_MAX);
    loop {
        let page = audit.query(query.clone()).await?;
        if page.entries.iter().any(|entry| closes(entry, attempt)) {
            return Ok(true);
        }
        // Newest first: what is older than the attempt closes nothing.
        let is_passed = page
            .entries
            .last()
            .is_none_or(|entry| entry.seq < attempt.seq);
        match page.next_cursor {
            Some(cursor) if !is_passed => query.cursor = Some(cursor),
            _ => return Ok(false),
        }
    }
}

fn closes(entry: &Entry, attempt: &Entry) -> bool {
    if entry.seq <= attempt.seq || entry.outcome == Outcome::Attempted {
        return false;
    }
    match catalogue::workflow_of(&attempt.action) {
        None => entry.action == attempt.action,
        Some(workflow) => {
            let closing = catalogue::resolve(&entry.action).map(|action| action.value);
            let is_of_workflow = |action| {
                let all = [
                    workflow.succeeded,
                    workflow.failed,
                    workflow.denied,
                    workflow.also_accepted_failure,
                ];
                all.contains(&Some(action)) || action == workflow.attempted
            };
            closing.is_some_and(is_of_workflow)
        }
    }
}
