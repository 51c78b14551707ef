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
use crate::verification::{By, record};

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
    let turn = app.verifications().wait();
    let Ok(Some(turn)) = tokio::time::timeout(VERIFICATION_TURN_MAX, turn).await else {
        tracing::warn!("the scheduled verification was left out: another one still runs");
        return Vec::new();
    };
    let begun = app.elapsed();
    let mut reports = Vec::new();
    let mut is_ok = true;
    match app.engine().heads().await {
        Ok(heads) => {
            for head in heads {
                let run = turn.begin(app, &head.trail, By::Schedule);
                match turn.verify(app, run).await {
                    Ok(report) => {
                        is_ok &= report.ok;
                        reports.push(report);
                    }
                    // The server stops.
                    Err(AuditError::Closed) => return reports,
                    Err(_) => is_ok = false,
                }
            }
        }
        Err(error) => {
            is_ok = false;
            app.counters().verification_failed();
            tracing::error!(%error, "the trails could not be listed for their verification");
        }
    }
    let took = app.elapsed().saturating_sub(begun);
    let at = app.now();
    app.counters().verified(Verified { at, took, is_ok });
    tracing::info!(trails = reports.len(), ok = is_ok, "verified");
    reports
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
