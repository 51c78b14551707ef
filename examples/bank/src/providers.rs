//! Situation 3: a connection to a provider, success and failure. Situation 8: the events of
//! providers, page by page.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Parameters, State};
use axum::http::StatusCode;
use indelible::axum::RequestAudit;
use indelible::{AuditAction, AuditEvent, Query};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Given, Named, Refusal};
use crate::bank::Bank;
use crate::caller::{Administrator, Caller};

/// What a connection is made with.
#[derive(Deserialize)]
pub struct Connection {
    access_token: String,
}

/// `POST /providers/{provider}/connection`
pub async fn connect(
    _: Caller,
    audit: RequestAudit,
    Named(provider): Named,
    Given(Connection { access_token }): Given<Connection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let event = AuditEvent::new(AuditAction::PROVIDER_CONNECTION_ATTEMPTED, "provider")
        .resource_id(&provider)
        .context(json!({
            "provider_name": provider,
            "connection_method": "token",
            // Masked before it is stored, hashed or logged.
            "access_token": access_token,
        }));
    let attempt = audit.attempt(event).await?;
    match accepts(&provider, &access_token) {
        Ok(()) => {
            attempt.succeeded().await?;
            Ok((StatusCode::CREATED, Json(json!({ "provider": provider }))))
        }
        Err(reason) => {
            attempt.failed(reason).await?;
            Err(Refusal::ProviderRefused)
        }
    }
}

/// The provider at the other end.
fn accepts(provider: &str, _access_token: &str) -> Result<(), &'static str> {
    match provider {
        "closed-bank" => Err("connection_refused"),
        _ => Ok(()),
    }
}

/// Which page is asked for.
#[derive(Deserialize)]
#[serde(default)]
pub struct Pages {
    page: i64,
    page_size: i64,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            page: 1,
            page_size: 20,
        }
    }
}

/// The furthest page: pages by number pass over what stands before them.
const PAGE_MAX: i64 = 1_000_000;

/// `GET /providers/events?page=1&page_size=20`
pub async fn events(
    State(bank): State<Bank>,
    _: Administrator,
    pages: Result<Parameters<Pages>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let out_of_range = |words: &str| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Refusal::IllFormed(status, words.to_owned())
    };
    let pages = pages.map_err(|_| out_of_range("page and page_size are numbers"))?;
    let Parameters(Pages { page, page_size }) = pages;
    if !(1..=PAGE_MAX).contains(&page) {
        return Err(out_of_range("page is 1 to 1000000"));
    }
    if !(1..=100).contains(&page_size) {
        return Err(out_of_range("page_size is 1 to 100"));
    }
    let query = Query::new()
        .resource_type("provider")
        .limit(page_size)
        .offset((page - 1) * page_size);
    let found = bank.audit().query(query).await?;
    Ok(Json(json!({
        "entries": found.entries,
        "page": page,
        "page_size": page_size,
        "has_more": found.has_more,
    })))
}
