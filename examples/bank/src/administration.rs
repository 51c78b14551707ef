//! Situation 4: an administrator suspends a user. Situation 7: failed logins of the last 24 hours.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use indelible::axum::RequestAudit;
use indelible::{AuditAction, AuditEvent, AuditProtocol, Query};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Given, Named, Refusal};
use crate::bank::Bank;
use crate::caller::Administrator;

/// Why and for how long.
#[derive(Deserialize)]
pub struct Suspension {
    reason: String,
    days: u32,
}

/// `POST /admin/users/{user}/suspension`
pub async fn suspend(
    State(bank): State<Bank>,
    administrator: Administrator,
    audit: RequestAudit,
    Named(user): Named,
    Given(Suspension { reason, days }): Given<Suspension>,
) -> Result<StatusCode, Refusal> {
    if bank.people().find(&user).is_none() {
        return Err(Refusal::NotFound("no such user"));
    }
    // The one who acts comes from the request; the one acted upon is the resource.
    let event = AuditEvent::new(AuditAction::ADMIN_USER_SUSPENDED, "user")
        .resource_id(&user)
        .context(json!({
            "suspended_by": administrator.user,
            "reason": reason,
            "duration_days": days,
        }));
    audit.record(event).await?;
    bank.people().suspend(&user);
    bank.sessions().end_all_of(&user);
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /admin/failed-logins`
pub async fn failed_logins(
    State(bank): State<Bank>,
    _: Administrator,
    audit: RequestAudit,
) -> Result<Json<Value>, Refusal> {
    // Who reads the trail is on record before the trail is read.
    let event = AuditEvent::new(AuditAction::AUDIT_LOG_ACCESSED, "audit_log");
    audit.record(event).await?;
    let query = Query::new()
        .action(AuditAction::USER_LOGIN_FAILED)
        .start_date("24h")
        .limit(1000)
        .dated(bank.clock().now());
    let found = audit.query(query).await?;
    Ok(Json(json!({ "entries": found.entries })))
}
