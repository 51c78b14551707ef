//! Situation 5: an automated backup, no user.

use axum::extract::State;
use axum::http::StatusCode;
use indelible::axum::RequestAudit;
use indelible::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::json;

use crate::answer::Refusal;
use crate::bank::Bank;
use crate::caller::BackupJob;

/// `POST /jobs/backup`
pub async fn back_up(
    State(bank): State<Bank>,
    _: BackupJob,
    audit: RequestAudit,
) -> Result<StatusCode, Refusal> {
    let backup = bank.accounts().snapshot();
    let event = AuditEvent::new(AuditAction::ADMIN_BACKUP_CREATED, "system").context(json!({
        "backup_type": "nightly",
        "backup_size": backup.len(),
        "initiated_by": "scheduler",
    }));
    audit.record(event).await?;
    Ok(StatusCode::ACCEPTED)
}
