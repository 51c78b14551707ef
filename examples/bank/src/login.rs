//! Situation 1: login, success and failure, with address and user agent.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use indelible::axum::{Recorded, RequestAudit};
use indelible::{AuditAction, AuditEvent, AuditProtocol};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Given, Refusal};
use crate::bank::Bank;

/// What a login is made with.
#[derive(Deserialize)]
pub struct Credentials {
    user: String,
    password: String,
}

/// `POST /login`
pub async fn log_in(
    State(bank): State<Bank>,
    audit: RequestAudit,
    Given(Credentials { user, password }): Given<Credentials>,
) -> Result<Response, Refusal> {
    // The request brings address, user agent and correlation id; who tries is not yet its actor.
    let checked = bank.people().check(&user, &password).and_then(|()| {
        // Begun before it is on record, so that it ends with a suspension or another password
        // meanwhile; given out after. Either may have come just before it was begun.
        let token = bank.sessions().begin(&user);
        let again = bank.people().check(&user, &password);
        again
            .map(|()| token.clone())
            .inspect_err(|_| bank.sessions().end(&token))
    });
    match checked {
        Ok(token) => {
            let event = AuditEvent::new(AuditAction::USER_LOGIN_SUCCESS, "session")
                .user_id(&user)
                .context(json!({"method": "password"}));
            if let Err(error) = audit.record(event).await {
                bank.sessions().end(&token);
                return Err(error.into());
            }
            Ok(Json(json!({ "token": token })).into_response())
        }
        Err(problem) => {
            let event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
                .user_id(&user)
                .context(json!({"method": "password", "reason": problem.as_str()}));
            audit.record(event).await?;
            let words = json!({"error": "unknown user or wrong password"});
            // Recorded by name: no access_denied besides.
            Ok((StatusCode::UNAUTHORIZED, Recorded, Json(words)).into_response())
        }
    }
}
