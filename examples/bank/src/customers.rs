//! Situation 2: a view of personal data.

use axum::Json;
use axum::extract::State;
use indelible::axum::RequestAudit;
use indelible::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::{Value, json};

use crate::answer::{Named, Refusal};
use crate::bank::Bank;
use crate::caller::Caller;
use crate::people::Role;

/// `GET /customers/{user}`: customers see themselves, administrators everybody.
pub async fn show(
    State(bank): State<Bank>,
    caller: Caller,
    audit: RequestAudit,
    Named(user): Named,
) -> Result<Json<Value>, Refusal> {
    if caller.role == Role::Customer && caller.user != user {
        return Err(Refusal::Forbidden("customers see only themselves"));
    }
    let person = bank.people().find(&user);
    let person = person.ok_or(Refusal::NotFound("no such customer"))?;
    let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer")
        .resource_id(&user)
        .tag("data.personal")
        .context(json!({
            "data_type": "profile",
            "fields_accessed": ["name", "email", "accounts"],
        }));
    // Nothing is shown before it is on record.
    audit.record(event).await?;
    let accounts = bank.accounts().of(&user);
    let (name, email) = (person.name, person.email);
    Ok(Json(
        json!({"user": user, "name": name, "email": email, "accounts": accounts}),
    ))
}
