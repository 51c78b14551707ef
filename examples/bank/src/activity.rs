//! Situation 6: "my activity" of the last 30 days.

use axum::Json;
use axum::extract::State;
use indelible::Query;
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::bank::Bank;
use crate::caller::Caller;

/// `GET /me/activity`
pub async fn mine(State(bank): State<Bank>, caller: Caller) -> Result<Json<Value>, Refusal> {
    let query = Query::new()
        .user_id(caller.user)
        .start_date("30d")
        .limit(1000)
        .dated(bank.clock().now());
    let found = bank.audit().query(query).await?;
    Ok(Json(json!({ "entries": found.entries })))
}
