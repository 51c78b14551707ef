//! Many events at once, and one result for each.

use axum::http::StatusCode;
use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, Receipt, RecordInOrder};
use serde::Serialize;

use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Records those that are events, in order, and answers for all: one that cannot be taken now holds
/// back those behind it.
pub async fn record(
    app: &App,
    audit: &Audit,
    events: Vec<Result<AuditEvent, Problem>>,
) -> Vec<Result<Receipt, Problem>> {
    let mut refused = Vec::with_capacity(events.len());
    let mut taken = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Ok(event) => {
                taken.push(event);
                refused.push(None);
            }
            Err(problem) => refused.push(Some(problem)),
        }
    }
    let mut recorded = audit.record_in_order(taken).await.into_iter();
    let missing = || Err(indelible_core::AuditError::Closed);
    let mut result = |refused| match refused {
        Some(problem) => Err(problem),
        None => recorded
            .next()
            .unwrap_or_else(missing)
            .map_err(Problem::from),
    };
    let results: Vec<_> = refused.into_iter().map(&mut result).collect();
    for result in &results {
        app.counters().ingested(result);
        if let Err(problem) = result {
            app.counters().refused(problem.kind);
        }
    }
    results
}

/// The result for one event of many.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// Its place in an array, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Its line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The status code that it would have had alone.
    status: u16,
    /// What was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'a Receipt>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody<'a>>,
}

impl<'a> Line<'a> {
    /// The result for an element of an array.
    pub fn of_element(
        index: usize,
        result: &'a Result<Receipt, Problem>,
        request_id: &'a str,
    ) -> Self {
        Self {
            index: Some(index),
            ..Self::of(result, request_id)
        }
    }

    /// The result for a line of a stream.
    pub fn of_line(line: u64, result: &'a Result<Receipt, Problem>, request_id: &'a str) -> Self {
        Self {
            line: Some(line),
            ..Self::of(result, request_id)
        }
    }

    fn of(result: &'a Result<Receipt, Problem>, request_id: &'a str) -> Self {
        if let Err(problem) = result
            && let Some(internal) = &problem.internal
        {
            let kind = problem.kind;
            if kind.status().is_server_error() {
                tracing::error!(request_id, ?kind, internal, "failed");
            } else {
                tracing::warn!(request_id, ?kind, internal, "refused");
            }
        }
        let (status, receipt, problem) = match result {
            Ok(receipt) => (StatusCode::CREATED, Some(receipt), None),
            Err(problem) => (problem.kind.status(), None, Some(problem.body(request_id))),
        };
        Self {
            index: None,
            line: None,
            status: status.as_u16(),
            receipt,
            problem,
        }
    }
}
