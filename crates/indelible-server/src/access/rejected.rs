//! Who comes without a key that opens: what is answered, and what is recorded of it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use indelible_core::TrailName;
use serde_json::json;

use super::Origin;
use crate::app::App;
use crate::keys::{Key, KeyError, Rejection, Token};
use crate::problem::{Kind, Problem};
use crate::tally::Happening;

/// Why nobody is known.
pub enum Refused {
    Failed(Problem),
    Rejected(Rejected),
}

/// The action that is recorded where no key opens.
pub const REJECTED: &str = "api_key_rejected";

/// Why no key opens.
pub enum Rejected {
    Missing,
    IllFormed,
    Key(Rejection, String),
}

/// The key that a request carries.
///
/// # Errors
/// [`Refused`].
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Arc<Key>, Refused> {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.ok_or(Refused::Rejected(Rejected::Missing))?;
    let token = given.to_str().ok().and_then(|given| {
        let (scheme, token) = given.split_once(' ')?;
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        is_bearer.then(|| Token::read(token.trim())).flatten()
    });
    let token = token.ok_or(Refused::Rejected(Rejected::IllFormed))?;
    let failed = |error: KeyError| Refused::Failed(error.into());
    let found = app.keys().authenticate(&token).await.map_err(failed)?;
    let id = crate::keys::id_of(&token.digest());
    found.map_err(|rejection| Refused::Rejected(Rejected::Key(rejection, id)))
}

impl Rejected {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::IllFormed => "ill_formed",
            Self::Key(Rejection::Unknown, _) => "unknown",
            Self::Key(Rejection::Expired(_), _) => "expired",
            Self::Key(Rejection::Revoked(_), _) => "revoked",
            Self::Key(Rejection::Unsealed, _) => "unsealed",
        }
    }

    /// What the caller is told.
    pub fn answer(&self) -> Response {
        let (detail, challenge) = match self {
            Self::Missing => (
                "send a key: `Authorization: Bearer indelible_…`",
                "Bearer realm=\"indelible\"",
            ),
            Self::IllFormed => (
                "the Authorization header holds no key of this form",
                "Bearer realm=\"indelible\", error=\"invalid_token\"",
            ),
            Self::Key(Rejection::Unknown | Rejection::Unsealed, _) => (
                "there is no such key",
                "Bearer realm=\"indelible\", error=\"invalid_token\"",
            ),
            Self::Key(..) => (
                "the key is expired or revoked",
                "Bearer realm=\"indelible\", error=\"invalid_token\"",
            ),
        };
        let mut response = Problem::new(Kind::Unauthorized, detail).into_response();
        let challenge = HeaderValue::from_static(challenge);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        response
    }

    /// The record of it.
    pub fn happening(&self, origin: &Origin, trail: Option<&str>) -> Happening {
        let id = match self {
            Self::Key(_, id) => Some(id),
            Self::Missing | Self::IllFormed => None,
        };
        let reason = self.reason();
        let mut event = origin.event(REJECTED, "api_key");
        event.insert("resource_id".to_owned(), json!(id));
        let context = json!({ "reason": reason, "fingerprint": id });
        event.insert("context".to_owned(), context);
        let address = origin.address.as_deref().unwrap_or_default();
        let id = id.map_or("", String::as_str);
        Happening {
            trail: TrailName::system(),
            group: format!("{reason}\n{id}\n{address}"),
            event,
            details: origin.details(trail),
            results: 0,
            request_id: origin.request_id.clone(),
        }
    }
}
