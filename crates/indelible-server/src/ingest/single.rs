//! One event, under the key of its request where there is one.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use indelible_core::engine::Audit;
use indelible_core::state::Purpose;
use indelible_core::{AuditEvent, AuditProtocol, Receipt};
use indelible_exchange::id_of_key;
use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

/// The header under whose value a request is made once, however often it is sent.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header by which a client asks for the proof with the receipt.
const PREFER: &str = "prefer";
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;
/// What ids of such keys are made for, beside those of imports.
const SOURCE: &str = "idempotency-key";

/// A receipt with the proof of what it is for.
#[derive(Serialize)]
struct Proved {
    #[serde(flatten)]
    receipt: Receipt,
    proof: String,
}

/// Records one event.
pub async fn record(app: &App, audit: &Audit, headers: &HeaderMap, text: &[u8]) -> Answer {
    let result = take(audit, headers, text).await;
    app.counters().ingested(&result);
    let receipt = result?;
    let Some(seq) = receipt.seq.filter(|_| prefers_proof(headers)) else {
        return reply::json(StatusCode::CREATED, &receipt);
    };
    let proof = match audit.prove(seq, false).await {
        Ok(Some(proved)) => proved.text,
        // It is recorded, and that is what must be said: the proof can be asked for later.
        Ok(None) => return reply::json(StatusCode::CREATED, &receipt),
        Err(error) => {
            tracing::error!(trail = %audit.name(), seq, %error, "no proof with the receipt");
            return reply::json(StatusCode::CREATED, &receipt);
        }
    };
    let mut response = reply::json(StatusCode::CREATED, &Proved { receipt, proof })?;
    let applied = HeaderValue::from_static("proof");
    response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    Ok(response)
}

async fn take(audit: &Audit, headers: &HeaderMap, text: &[u8]) -> Result<Receipt, Problem> {
    let mut event = AuditEvent::from_json(text)?;
    if let Some(id) = id(audit, headers).await? {
        if event.id.is_some_and(|own| own != id) {
            let detail = "Idempotency-Key stands for another id than the event's own";
            return Err(Problem::new(Kind::InvalidRequest, detail).at(IDEMPOTENCY_KEY));
        }
        event.id = Some(id);
    }
    Ok(audit.record(event).await?)
}

/// The id that the header stands for: the key itself where it is a UUID, else one made of it. The
/// key may stand in quotes, as the header's draft has it.
async fn id(audit: &Audit, headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else {
        return Ok(None);
    };
    let wrong = || {
        let detail = format!(
            "Idempotency-Key is one text of 1 to {KEY_BYTES_MAX} printable ASCII characters"
        );
        Problem::new(Kind::InvalidRequest, detail).at(IDEMPOTENCY_KEY)
    };
    let key = key.to_str().map_err(|_| wrong())?.trim();
    let inner = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    let key = inner.unwrap_or(key);
    let is_printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_printable || !(1..=KEY_BYTES_MAX).contains(&key.len()) || given.next().is_some() {
        return Err(wrong());
    }
    let secret = audit.engine().secret(Purpose::Ids).await?;
    Ok(Some(id_of_key(secret.expose(), SOURCE, key)))
}

/// Whether `Prefer` names `proof` among its preferences (RFC 7240).
fn prefers_proof(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("proof"))
}
