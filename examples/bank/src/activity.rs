//! Situation 6: "my activity" of the last 30 days.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use indelible::Query;
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::bank::Bank;
use crate::caller::Caller;

const THIRTY_DAYS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `GET /me/activity`
pub async fn mine(State(bank): State<Bank>, caller: Caller) -> Result<Json<Value>, Refusal> {
    let query = Query::new()
        .user_id(caller.user)
        .start_date(bank.clock().now().earlier(THIRTY_DAYS).to_string())
        .limit(1000);
    let found = bank.audit().query(query).await?;
    Ok(Json(json!({ "entries": found.entries })))
}
