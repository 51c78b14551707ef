//! Is the process alive, and can it work?

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::problem::Answer;
use crate::reply;

/// `GET /healthz`: the process answers. Says nothing of the database.
pub async fn alive() -> Answer {
    reply::json(StatusCode::OK, &json!({ "status": "alive" }))
}

/// `GET /readyz`: the database answers.
pub async fn ready(State(app): State<App>) -> Answer {
    app.engine().heads().await?;
    reply::json(StatusCode::OK, &json!({ "status": "ready" }))
}
