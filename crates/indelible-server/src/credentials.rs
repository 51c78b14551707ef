//! `/v1/keys`: making, listing, revoking and rotating API keys.

mod managed;

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::App;
use crate::fields::Fields;
use crate::keys::{KeyError, KeyLine, NewKey, Wish};
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
pub use managed::Managed;

/// `GET /v1/keys`: the keys that the caller may manage, those that ended included.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    let now = app.now();
    let keys = Managed::of(&app, &caller).list().await?;
    let keys: Vec<KeyLine> = keys.iter().map(|key| key.line(now)).collect();
    reply::json(StatusCode::OK, &json!({ "keys": keys }))
}

/// `POST /v1/keys`: makes a key. Its text is in this answer and nowhere else.
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let mut fields = Fields::read(&app, &parts.headers, body).await?;
    let name = fields.needed("name")?;
    let missing = || Problem::new(Kind::InvalidBody, "`role` is missing").at("role");
    let wish = Wish {
        name,
        role: fields.parsed("role")?.ok_or_else(missing)?,
        trail: fields.parsed("trail")?,
        expires_at: fields.parsed("expires_at")?,
    };
    fields.end()?;
    let new = Managed::of(&app, &caller).create(wish).await?;
    reply::json(StatusCode::CREATED, &shown(&app, &new)?)
}

/// `DELETE /v1/keys/{id}`: revokes a key.
pub async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let key = Managed::of(&app, &caller).revoke(&id).await?;
    reply::json(StatusCode::OK, &key.line(app.now()))
}

/// `POST /v1/keys/{id}/rotate`: makes a key in the place of another, which ends after
/// `overlap_seconds`, at once where it is not said.
pub async fn rotate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let mut fields = Fields::read(&app, &parts.headers, body).await?;
    let overlap = fields.count("overlap_seconds")?.unwrap_or(0);
    fields.end()?;
    let overlap = Duration::from_secs(overlap);
    let new = Managed::of(&app, &caller).rotate(&id, overlap).await?;
    reply::json(StatusCode::CREATED, &shown(&app, &new)?)
}

/// A new key with its text.
fn shown(app: &App, new: &NewKey) -> Result<Value, Problem> {
    let line = serde_json::to_value(new.key.line(app.now()));
    let mut line = line.map_err(|error| {
        Problem::new(Kind::Internal, "no answer could be written").because(error)
    })?;
    line["key"] = new.token.expose().into();
    Ok(line)
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown(_) => Self::not_found(error),
            KeyError::Ended(_) | KeyError::Unsealed(_) | KeyError::Unmade(_) => {
                Self::new(Kind::KeyEnded, error)
            }
            KeyError::Name => Self::new(Kind::InvalidBody, error).at("name"),
            KeyError::Past => Self::new(Kind::InvalidBody, error).at("expires_at"),
            KeyError::LinkTime => Self::new(Kind::InvalidBody, error).at("expires"),
            KeyError::Busy(_) => Self::new(Kind::Overloaded, error),
            KeyError::Audit(error) => error.into(),
        }
    }
}
