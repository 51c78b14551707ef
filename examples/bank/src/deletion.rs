//! Situation 10: a deletion, on record before it happens, that goes on when recording fails.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use indelible::axum::RequestAudit;
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol};
use serde_json::json;

use crate::answer::Refusal;
use crate::bank::Bank;
use crate::caller::Caller;

/// `DELETE /accounts/{account}`: everybody their own.
pub async fn delete(
    State(bank): State<Bank>,
    caller: Caller,
    audit: RequestAudit,
    Path(account): Path<String>,
) -> Result<StatusCode, Refusal> {
    let no_account = || Refusal::NotFound("no such account");
    let owner = bank.accounts().owner(&account).ok_or_else(no_account)?;
    if owner != caller.user {
        return Err(Refusal::Forbidden("it is somebody else's account"));
    }
    let event = |action| {
        AuditEvent::new(action, "account")
            .resource_id(&account)
            .context(json!({
                "deletion_type": "account",
                "data_scope": ["account"],
                "requested_by": caller.user,
            }))
    };
    // A customer's right to be forgotten does not wait for a trail that is away: each record gets
    // its time, and what is not recorded is told to the operator.
    let deadline = bank.audit_deadline();
    let attempted = event(AuditAction::DATA_DELETION_ATTEMPTED);
    let attempt = within(deadline, audit.attempt(attempted)).await;
    let attempt = attempt.map_err(|error| {
        audit_failed("data_deletion_attempted", &account, &error);
    });

    let was_there = bank.accounts().delete(&account);

    let ended = match (attempt, was_there) {
        (Ok(attempt), true) => within(deadline, attempt.succeeded()).await,
        // Somebody else was faster.
        (Ok(attempt), false) => within(deadline, attempt.failed("no such account")).await,
        (Err(()), true) => {
            let deleted = event(AuditAction::DATA_DELETED);
            within(deadline, audit.record(deleted)).await
        }
        (Err(()), false) => return Err(no_account()),
    };
    if let Err(error) = ended {
        audit_failed("data_deleted", &account, &error);
    }
    if was_there {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_account())
    }
}

/// Why something is not on record, as far as the request knows.
#[derive(Debug)]
enum Unrecorded {
    /// The trail said so.
    Failed(AuditError),
    /// It took longer than the request waits; the record may still come.
    Late(Duration),
}

impl std::fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Late(deadline) => write!(f, "no answer within {} ms", deadline.as_millis()),
        }
    }
}

async fn within<T>(
    deadline: Duration,
    recording: impl Future<Output = Result<T, AuditError>>,
) -> Result<T, Unrecorded> {
    match tokio::time::timeout(deadline, recording).await {
        Ok(recorded) => recorded.map_err(Unrecorded::Failed),
        Err(_) => Err(Unrecorded::Late(deadline)),
    }
}

fn audit_failed(action: &str, account: &str, error: &Unrecorded) {
    tracing::error!(action, account, %error, "audit failed");
}
