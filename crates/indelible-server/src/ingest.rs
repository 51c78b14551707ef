//! `POST /v1/trails/{trail}/events`: one event, an array, or lines.

mod batch;
pub mod body;
mod budget;
mod coding;
mod results;
mod single;
mod stream;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, Receipt, TrailName};
use tokio::task::JoinError;

use crate::access::Caller;
use crate::app::App;
use crate::gate::RequestId;
use crate::limits::{ARRAY_EVENTS_MAX, BODY_BYTES_MAX, BODY_READ_AT_ONCE_BYTES, TOO_LARGE_PAUSE};
use crate::pause::pause;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
use crate::request::TrailPath;
pub use results::Room;

use body::{Media, Pieces};
pub use budget::Budget;
use budget::Share;
use single::IDEMPOTENCY_KEY;

/// Records. One object is answered with 201 and its receipt; an array with 200 and one result for
/// each of its elements, lines with 200 and a line for each.
pub async fn record(
    State(app): State<App>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let answer = take(app, trail, request).await;
    if answer
        .as_ref()
        .is_err_and(|problem| problem.kind == Kind::TooLarge)
    {
        pause(TOO_LARGE_PAUSE).await;
    }
    answer
}

async fn take(app: App, trail: TrailName, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let media = body::media(headers)?;
    let pieces = Pieces::new(&app, headers, body)?;
    let audit = app.trail(&trail);
    if trail.is_system() {
        return Err(indelible_core::AuditError::Reserved(trail).into());
    }
    let id = parts.extensions.get::<RequestId>().cloned();
    let id = id.map_or_else(Default::default, |RequestId(id)| id);
    let unknown = || Problem::new(Kind::Internal, "nobody is known to have sent this");
    let key = parts
        .extensions
        .get::<Caller>()
        .ok_or_else(unknown)?
        .key
        .clone();
    if media == Media::Lines {
        refuse_key(headers)?;
        return stream::record(app, audit, pieces, key, id);
    }
    let mut share = app.budget().share();
    let text = body::whole(pieces, BODY_BYTES_MAX, |bytes| share.fit(bytes)).await?;
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        app.counters().sent(&key.id, 1);
        return single::record(&app, &audit, headers, &text).await;
    }
    refuse_key(headers)?;
    let events = read(text).await?;
    app.counters().sent(&key.id, events.len());
    let results = to_the_end(app, audit, events, share).await?;
    let results: Vec<_> = results
        .iter()
        .enumerate()
        .map(|(index, result)| batch::Line::of_element(index, result, &id))
        .collect();
    reply::json(StatusCode::OK, &results)
}

/// Records an array whether or not its client stays: one that hangs up leaves no half of it.
async fn to_the_end(
    app: App,
    audit: Audit,
    events: Vec<Result<AuditEvent, Problem>>,
    share: Share,
) -> Result<Vec<Result<Receipt, Problem>>, Problem> {
    let working = app.work();
    let recording = tokio::spawn(async move {
        let results = batch::record(&app, &audit, events).await;
        drop((working, share));
        results
    });
    recording.await.map_err(failed)
}

fn failed(error: JoinError) -> Problem {
    Problem::new(Kind::Internal, "the server failed at this request").because(error)
}

/// Reads an array, a long one where nobody waits for it.
async fn read(text: Vec<u8>) -> Result<Vec<Result<AuditEvent, Problem>>, Problem> {
    if text.len() <= BODY_READ_AT_ONCE_BYTES {
        return array(&text);
    }
    let reading = tokio::task::spawn_blocking(move || array(&text));
    reading.await.map_err(failed)?
}

/// Of many events each has an id of its own.
fn refuse_key(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        let detail = "Idempotency-Key is for one event; of many give each its own `id`";
        return Err(Problem::new(Kind::InvalidRequest, detail).at(IDEMPOTENCY_KEY));
    }
    Ok(())
}

/// The elements of an array, each read for itself, so that one that is no event keeps none of the
/// others out.
fn array(text: &[u8]) -> Result<Vec<Result<AuditEvent, Problem>>, Problem> {
    let ranges = indelible_exchange::elements(text, ARRAY_EVENTS_MAX)
        .map_err(|error| Problem::new(Kind::InvalidBody, error))?;
    let Some(ranges) = ranges else {
        let detail = format!(
            "the array has more than {ARRAY_EVENTS_MAX} events, which are taken at once; send \
             more as application/x-ndjson"
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    };
    let read = |range| AuditEvent::from_json(&text[range]).map_err(Problem::from);
    Ok(ranges.into_iter().map(read).collect())
}
