//! Is the process alive, and can it work?

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::engine::Engine;
use serde_json::json;
use tokio::sync::Mutex;

use crate::app::App;
use crate::limits::READY_TIME;
use crate::problem::{Answer, Problem};
use crate::reply;

/// `GET /healthz`: the process answers. Says nothing of the database.
pub async fn alive() -> Answer {
    reply::json(StatusCode::OK, &json!({ "status": "alive" }))
}

/// `GET /readyz`: the database answers, or did within [`READY_TIME`].
pub async fn ready(State(app): State<App>) -> Answer {
    app.readiness().ask(app.engine()).await?;
    reply::json(StatusCode::OK, &json!({ "status": "ready" }))
}

/// What the database answered last. Anybody may ask for it, so the database is asked seldom.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Duration, Result<(), Problem>)>>);

impl Readiness {
    /// Whether the database answers. Those who ask while it is being asked wait for one answer.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ask(&self, engine: &Engine) -> Result<(), Problem> {
        let mut last = self.0.lock().await;
        let clock = &engine.ground().clock;
        if let Some((at, found)) = &*last
            && clock.elapsed().saturating_sub(*at) < READY_TIME
        {
            return found.clone();
        }
        let found = engine.heads().await.map(drop).map_err(Problem::from);
        *last = Some((clock.elapsed(), found.clone()));
        found
    }
}
