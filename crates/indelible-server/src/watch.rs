//! What the server does unasked: verification on a schedule, and the reading back of what was
//! just committed. Whatever is not as it was recorded is counted, logged, and recorded in the
//! trail `system`.

use std::time::Duration;

use indelible_core::engine::{ReadBack, Reader};
use indelible_core::verify::TrailReport;
use indelible_core::{AuditAction, AuditError, AuditEvent};
use serde_json::json;

use crate::app::App;
use crate::counters::Verified;
use crate::limits::{REREAD_PAUSE, VERIFICATION_TURN_MAX};
use crate::pause::pause;

/// Watches over the trails until it is dropped: verifies them all each `interval`, where there is
/// one, and reads back every commit of this process.
pub async fn watch(app: App, interval: Option<Duration>) {
    let verifying = async {
        let Some(interval) = interval else { return };
        loop {
            pause(interval).await;
            verify_all(&app).await;
        }
    };
    tokio::join!(verifying, read_back(&app));
}

async fn read_back(app: &App) {
    let reader = app.engine().reader();
    loop {
        reader.wait().await;
        if let Err(error) = check_commits(app, &reader).await {
            tracing::warn!(%error, "what was committed cannot be read back for now");
            pause(REREAD_PAUSE).await;
        }
        // Commits that come meanwhile are one stretch, whose reading costs less.
        pause(REREAD_PAUSE).await;
    }
}

/// Reads back all that was committed since `reader` was made, or last used here, and answers what
/// was found otherwise than it was hashed.
///
/// # Errors
/// The database cannot be read; what was not read back still waits.
pub async fn check_commits(app: &App, reader: &Reader) -> Result<Vec<ReadBack>, AuditError> {
    let mut wrong = Vec::new();
    while let Some(read) = reader.read().await? {
        let Some(mismatch) = &read.mismatch else {
            continue;
        };
        let detail = &mismatch.detail;
        tracing::error!(
            trail = read.trail.as_str(),
            seq = mismatch.seq,
            detail,
            "what was committed is not what was hashed"
        );
        record(app, of_mismatch(&read)).await;
        // What is recorded in `system` of a damaged `system` would be found, and recorded, again.
        let is_system = read.trail.is_system();
        wrong.push(read);
        if is_system {
            break;
        }
    }
    Ok(wrong)
}

/// Verifies every trail, and answers the reports of those that could be read.
pub async fn verify_all(app: &App) -> Vec<TrailReport> {
    // Two at once would read everything twice; a caller's own comes first.
    let turn = app.verifications().acquire();
    let Ok(Ok(_turn)) = tokio::time::timeout(VERIFICATION_TURN_MAX, turn).await else {
        tracing::warn!("the scheduled verification was left out: another one still runs");
        return Vec::new();
    };
    let clock = app.engine().ground().clock.clone();
    let begun = clock.elapsed();
    let mut reports = Vec::new();
    let mut is_ok = true;
    match app.engine().heads().await {
        Ok(heads) => {
            for head in heads {
                let report = app
                    .trail(&head.trail)
                    .verify(Vec::new(), None, &mut |_| {})
                    .await;
                match report {
                    Ok(report) => {
                        is_ok &= report.ok;
                        reports.push(report);
                    }
                    Err(error) => {
                        is_ok = false;
                        unreadable(app, head.trail.as_str(), &error);
                    }
                }
            }
        }
        Err(error) => {
            is_ok = false;
            unreadable(app, "-", &error);
        }
    }
    let took = clock.elapsed().saturating_sub(begun);
    for report in reports.iter().filter(|report| !report.ok) {
        app.counters().verification_failed();
        let findings = report.findings_total;
        tracing::error!(
            trail = report.trail.as_str(),
            findings,
            "verification failed"
        );
        record(app, of_report(report)).await;
    }
    let at = app.now();
    app.counters().verified(Verified { at, took, is_ok });
    tracing::info!(trails = reports.len(), ok = is_ok, "verified");
    reports
}

fn unreadable(app: &App, trail: &str, error: &AuditError) {
    app.counters().verification_failed();
    tracing::error!(trail, %error, "verification could not be done");
}

fn of_report(report: &TrailReport) -> AuditEvent {
    let bad = || {
        report
            .findings
            .iter()
            .filter(|found| !found.kind.is_warning())
    };
    // What is known of an entry says more than what is known of a count.
    let first = bad().find(|found| found.seq.is_some()).or(bad().next());
    AuditEvent::new(AuditAction::AUDIT_INTEGRITY_FAILED, "audit_log")
        .resource_id(report.trail.as_str())
        .context(json!({
            "source": "scheduled verification",
            "first_bad_sequence": first.and_then(|found| found.seq),
            "kind": first.map(|found| found.kind),
            "found": first.map(|found| &found.detail),
            "findings": report.findings_total,
            "size": report.size,
        }))
}

fn of_mismatch(read: &ReadBack) -> AuditEvent {
    let mismatch = read.mismatch.as_ref();
    AuditEvent::new(AuditAction::AUDIT_INTEGRITY_FAILED, "audit_log")
        .resource_id(read.trail.as_str())
        .context(json!({
            "source": "reading back of commits",
            "first_bad_sequence": mismatch.and_then(|found| found.seq),
            "kind": "commit_altered",
            "found": mismatch.map(|found| &found.detail),
            "first_sequence": read.entries.start,
            "size": read.entries.end,
        }))
}

/// Records what was found; where even that fails, log and metrics have it.
async fn record(app: &App, event: AuditEvent) {
    match app.engine().record_of_itself(event).await {
        Ok(receipt) => tracing::info!(seq = receipt.seq, "the finding is recorded in system"),
        Err(error) => tracing::error!(%error, "the finding could not be recorded"),
    }
}
