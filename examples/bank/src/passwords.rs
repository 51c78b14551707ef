//! Situation 9: a domain event, recorded by a handler.

use axum::extract::State;
use axum::http::StatusCode;
use indelible::axum::RequestAudit;
use indelible::core::{SystemEntropy, uuid_v7};
use indelible::{AuditAction, AuditEvent, AuditProtocol};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Given, Refusal};
use crate::bank::Bank;
use crate::caller::Caller;

/// The old password and the new one.
#[derive(Deserialize)]
pub struct Change {
    current: String,
    new: String,
}

/// `PUT /me/password`
pub async fn change(
    State(bank): State<Bank>,
    Caller { user, .. }: Caller,
    audit: RequestAudit,
    Given(Change { current, new }): Given<Change>,
) -> Result<StatusCode, Refusal> {
    if bank.people().check(&user, &current).is_err() {
        return Err(Refusal::Forbidden("the current password is another one"));
    }
    let event_id = uuid_v7(bank.clock().now(), &SystemEntropy);
    let event = AuditEvent::new(AuditAction::USER_PASSWORD_CHANGED, "user")
        .resource_id(&user)
        .context(json!({
            "initiated_by": "user",
            "method": "self_service",
            "event_id": event_id,
        }));
    audit.record(event).await?;
    bank.people().set_password(&user, new);
    Ok(StatusCode::NO_CONTENT)
}
