//! Situation 10: a deletion, on record before it happens, that goes on when recording fails.

use axum::extract::State;
use axum::http::StatusCode;
use indelible::axum::{RequestAudit, RequestContext};
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol};
use serde_json::json;

use crate::answer::{Named, Refusal};
use crate::bank::Bank;
use crate::caller::Caller;

/// `DELETE /accounts/{account}`: everybody their own.
pub async fn delete(
    State(bank): State<Bank>,
    caller: Caller,
    request: RequestContext,
    Named(account): Named,
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
    // A customer's right to be forgotten does not wait for a trail that is away: each of the two
    // records gets its time, and what is not recorded is told to the operator.
    let audit = RequestAudit::new(bank.audit_of_two(), request);
    let attempted = event(AuditAction::DATA_DELETION_ATTEMPTED);
    let attempt = audit.attempt(attempted).await.map_err(|error| {
        audit_failed("data_deletion_attempted", &account, &error);
    });

    let was_there = bank.accounts().delete(&account);

    let ended = match (attempt, was_there) {
        (Ok(attempt), true) => attempt.succeeded().await,
        // Somebody else was faster.
        (Ok(attempt), false) => attempt.failed("no such account").await,
        (Err(()), true) => audit.record(event(AuditAction::DATA_DELETED)).await,
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

fn audit_failed(action: &str, account: &str, error: &AuditError) {
    tracing::error!(action, account, %error, "audit failed");
}
