//! Situation 9: a domain event, recorded by a handler.

use axum::extract::State;
use axum::http::StatusCode;
use indelible::axum::RequestContext;
use serde::Deserialize;

use crate::answer::{Given, Refusal};
use crate::bank::Bank;
use crate::caller::Caller;
use crate::events::{UserPasswordChanged, event_id};

/// The old password and the new one.
#[derive(Deserialize)]
pub struct Change {
    current: String,
    new: String,
}

/// `PUT /me/password`. Nothing here speaks of the trail: `events` says what becomes of the event.
pub async fn change(
    State(bank): State<Bank>,
    Caller { user, token, .. }: Caller,
    request: RequestContext,
    Given(Change { current, new }): Given<Change>,
) -> Result<StatusCode, Refusal> {
    if bank.people().check(&user, &current).is_err() {
        return Err(Refusal::Forbidden("the current password is another one"));
    }
    bank.people().set_password(&user, &new);
    // Whoever is in with the old password is out.
    bank.sessions().end_others_of(&user, &token);
    let event = UserPasswordChanged {
        event_id: event_id(bank.clock().now()),
        user_id: user,
        initiated_by: "user",
        method: "self_service",
        request,
    };
    bank.events().publish(&event).await;
    Ok(StatusCode::NO_CONTENT)
}
