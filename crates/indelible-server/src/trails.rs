//! `/v1/trails`: listing and beginning trails.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use indelible_core::store::Head;
use indelible_core::{AuditAction, AuditEvent, AuditProtocol, TrailName, json as strict};
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::ingest::body;
use crate::limits::SMALL_BODY_BYTES_MAX;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

/// A trail as it stands.
#[derive(Debug, Serialize)]
pub struct TrailLine {
    trail: String,
    size: u64,
    root: String,
    origin: String,
    incarnation: u32,
    incarnation_start: u64,
    verifier_key: String,
}

impl From<Head> for TrailLine {
    fn from(head: Head) -> Self {
        Self {
            trail: head.trail.to_string(),
            size: head.size,
            root: head.root.to_string(),
            origin: head.key.name().to_owned(),
            incarnation: head.incarnation,
            incarnation_start: head.incarnation_start,
            verifier_key: head.key.to_string(),
        }
    }
}

/// `GET /v1/trails`
pub async fn list(State(app): State<App>) -> Answer {
    let heads = app.engine().heads().await?;
    let trails: Vec<TrailLine> = heads.into_iter().map(TrailLine::from).collect();
    reply::json(StatusCode::OK, &json!({ "trails": trails }))
}

/// `POST /v1/trails`: begins a trail with an entry that says what it is for.
pub async fn create(State(app): State<App>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    body::expect_json(&parts.headers)?;
    let text = body::whole(body, SMALL_BODY_BYTES_MAX).await?;
    let New { name, description } = New::read(&text)?;
    let audit = app.trail(&name);
    if name.is_system() {
        return Err(indelible_core::AuditError::Reserved(name).into());
    }
    if audit.head().await?.is_some() {
        let detail = format!("trail {name} is there already");
        return Err(Problem::new(Kind::TrailExists, detail).at("trail"));
    }
    let mut event =
        AuditEvent::new(AuditAction::AUDIT_STARTED, "audit_log").resource_id(name.as_str());
    if let Some(description) = description {
        event = event.context(json!({ "description": description }));
    }
    audit.record(event).await?;
    let head = audit.head().await?;
    let gone = || Problem::new(Kind::Internal, "the trail that was begun is not there");
    let line = TrailLine::from(head.ok_or_else(gone)?);
    let mut response = reply::json(StatusCode::CREATED, &line)?;
    // A trail's name is plain ASCII.
    if let Ok(place) = HeaderValue::try_from(format!("/v1/trails/{name}/events")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

struct New {
    name: TrailName,
    description: Option<String>,
}

impl New {
    fn read(text: &[u8]) -> Result<Self, Problem> {
        let wrong = |detail: String| Problem::new(Kind::InvalidBody, detail);
        let parsed = strict::parse(text).map_err(|error| wrong(error.to_string()))?;
        let Value::Object(object) = parsed.value else {
            return Err(wrong("the body is a JSON object with `trail`".to_owned()));
        };
        let (mut name, mut description) = (None, None);
        for (field, value) in object {
            let text = match value {
                Value::String(text) => Some(text),
                Value::Null => None,
                _ => return Err(wrong(format!("`{field}` is a text")).at(&field)),
            };
            match field.as_str() {
                "trail" => name = text,
                "description" => description = text,
                _ => {
                    let field = crate::request::shortened(&field);
                    return Err(wrong(format!("`{field}` is no field of a trail")).at(&field));
                }
            }
        }
        let name = name.ok_or_else(|| wrong("`trail` is missing".to_owned()).at("trail"))?;
        let name = name.parse();
        Ok(Self {
            name: name.map_err(|error| Problem::new(Kind::InvalidBody, error).at("trail"))?,
            description,
        })
    }
}
