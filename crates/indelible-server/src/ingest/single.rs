//! One event, under the key of its request where there is one.

use axum::http::{HeaderMap, HeaderName, StatusCode};
use indelible_core::engine::Audit;
use indelible_core::state::Purpose;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Receipt};
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

/// A receipt with what proves it, as far as that was asked for.
#[derive(Serialize)]
struct Proved {
    #[serde(flatten)]
    receipt: Receipt,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistency: Option<String>,
    /// The key that has signed for it, for a client that knows none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    verifier_key: Option<String>,
}

/// Records one event.
pub async fn record(app: &App, audit: &Audit, headers: &HeaderMap, text: &[u8]) -> Answer {
    let preferences = Preferences::of(headers);
    let result = take(audit, headers, text).await;
    app.counters().ingested(&result);
    let receipt = result?;
    let Some(seq) = receipt.seq.filter(|_| preferences.are_any()) else {
        return reply::json(StatusCode::CREATED, &receipt);
    };
    let mut proved = Proved {
        receipt,
        proof: None,
        consistency: None,
        verifier_key: None,
    };
    // It is recorded, and that is what must be said: what proves it can be asked for later.
    if let Err(error) = prove(audit, seq, &preferences, &mut proved).await {
        tracing::error!(trail = %audit.name(), seq, %error, "no proof with the receipt");
    }
    let mut applied = Vec::new();
    applied.extend(proved.proof.as_ref().map(|_| "proof".to_owned()));
    if let (Some(_), Some(from)) = (&proved.consistency, preferences.consistency) {
        applied.push(format!("consistency={from}"));
    }
    let mut response = reply::json(StatusCode::CREATED, &proved)?;
    if let (false, Ok(applied)) = (applied.is_empty(), applied.join(", ").try_into()) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

async fn prove(
    audit: &Audit,
    seq: u64,
    preferences: &Preferences,
    proved: &mut Proved,
) -> Result<(), AuditError> {
    let Some(from) = preferences.consistency else {
        proved.proof = audit.prove(seq, false).await?.map(|proved| proved.text);
        return Ok(());
    };
    // One checkpoint for both, though the trail goes on meanwhile.
    if let Some((proof, consistency)) = audit.prove_continuing(seq, from).await? {
        proved.proof = preferences.proof.then_some(proof.text);
        proved.consistency = Some(consistency);
        proved.verifier_key = audit.verifier_key().await?.map(|key| key.to_string());
    }
    Ok(())
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

/// What `Prefer` names that is known here (RFC 7240).
struct Preferences {
    proof: bool,
    /// The size of the trail that the client knows already.
    consistency: Option<u64>,
}

impl Preferences {
    /// What is not understood is passed over, as the RFC asks.
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(PREFER).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let mut preferences = Self {
            proof: false,
            consistency: None,
        };
        for preference in texts.flat_map(|text| text.split(',')) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("proof") && value.is_empty() {
                preferences.proof = true;
            } else if name.eq_ignore_ascii_case("consistency") {
                preferences.consistency = value.parse().ok();
            }
        }
        preferences
    }

    const fn are_any(&self) -> bool {
        self.proof || self.consistency.is_some()
    }
}
