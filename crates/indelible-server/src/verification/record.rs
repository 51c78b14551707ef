//! What is recorded of a verification: of one that somebody asked for, what it came to; of one on
//! a schedule, what it found.

use std::time::Duration;

use indelible_core::verify::TrailReport;
use indelible_core::{AuditAction, AuditError, AuditEvent, Outcome};
use serde_json::{Value, json};

use super::{By, Run};
use crate::app::App;

/// Counts, logs and records in `system` what a verification came to.
pub(super) async fn ended(
    app: &App,
    run: &Run,
    took: Duration,
    verified: &Result<TrailReport, AuditError>,
) {
    let trail = run.trail.as_str();
    match verified {
        Ok(report) if !report.ok => {
            app.counters().verification_failed();
            let findings = report.findings_total;
            tracing::error!(trail, findings, "verification failed");
        }
        Ok(_) => {}
        // The server stops: nothing is wrong with the trail.
        Err(AuditError::Closed) => tracing::warn!(trail, "verification was cut off by the stop"),
        Err(error) => {
            app.counters().verification_failed();
            tracing::error!(trail, %error, "verification could not be done");
        }
    }
    let event = match verified {
        Ok(report) if !report.ok => Some(failed(run, report)),
        // Of a trail that is not there nothing was verified.
        Ok(report) if report.size == 0 => None,
        Ok(report) => asked_for(
            run,
            &json!({
                "verification": "as recorded",
                "size": report.size,
                "entries_checked": report.entries_checked,
                "complete": report.complete,
                "warnings": report.findings_total,
                "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }),
        ),
        Err(AuditError::Closed) => cut_short(run, "the server was stopped"),
        Err(_) => cut_short(run, "the trail could not be read"),
    };
    if let Some(event) = event {
        record(app, event).await;
    }
}

/// Records what was found; where even that fails, log and metrics have it.
pub async fn record(app: &App, event: AuditEvent) {
    match app.engine().record_of_itself(event).await {
        Ok(receipt) => tracing::info!(seq = receipt.seq, "the finding is recorded in system"),
        Err(error) => tracing::error!(%error, "the finding could not be recorded"),
    }
}

fn failed(run: &Run, report: &TrailReport) -> AuditEvent {
    let bad = || {
        report
            .findings
            .iter()
            .filter(|found| !found.kind.is_warning())
    };
    // What is known of an entry says more than what is known of a count.
    let first = bad().find(|found| found.seq.is_some()).or(bad().next());
    let source = match run.by {
        By::Schedule => "scheduled verification",
        By::Key { .. } => "verification on request",
    };
    let event = AuditEvent::new(AuditAction::AUDIT_INTEGRITY_FAILED, "audit_log");
    of_run(event, run).context(json!({
        "source": source,
        "first_bad_sequence": first.and_then(|found| found.seq),
        "kind": first.map(|found| found.kind),
        "found": first.map(|found| &found.detail),
        "findings": report.findings_total,
        "size": report.size,
    }))
}

/// The record of one that somebody asked for; of those on a schedule there would be one each hour.
fn asked_for(run: &Run, context: &Value) -> Option<AuditEvent> {
    if run.by == By::Schedule {
        return None;
    }
    let event = AuditEvent::new(AuditAction::AUDIT_INTEGRITY_VERIFIED, "audit_log");
    Some(of_run(event, run).context(context.clone()))
}

fn cut_short(run: &Run, why: &str) -> Option<AuditEvent> {
    let event = asked_for(run, &json!({ "verification": "not done", "reason": why }));
    event.map(|event| event.outcome(Outcome::Failed))
}

fn of_run(event: AuditEvent, run: &Run) -> AuditEvent {
    let event = event.resource_id(run.trail.as_str());
    match &run.by {
        By::Schedule => event,
        By::Key { id, .. } => event.user_id(format!("key:{id}")),
    }
}
