//! `GET /v1/trails/{trail}/events/stream`: entries as they are recorded, as server-sent events.
//!
//! ```text
//! this process commits ──word──▶ feed of the trail ──▶ client, its filters, its pace
//! another process ──looked for─▶ (one reader, a window ──▶ client
//!                                of the newest entries) ──▶ client ◀── store, page by page,
//!                                                                     for one that comes back
//! ```
//!
//! Every client keeps the seq that it is at. A seq is never skipped and never taken twice, wherever
//! its entry is read from, so the way from the store to the feed has no gap and no overlap.

mod client;
mod feed;
mod frame;
mod record;
mod shown;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use indelible_core::engine::Audit;
use indelible_core::{Following, Query, TrailName};
use tokio::sync::{Semaphore, watch};

use crate::access::{Caller, parameters};
use crate::app::App;
use crate::gate::RequestId;
use crate::keys::InUse;
use crate::limits::{STREAM_READS_MAX, STREAMS_MAX, STREAMS_OF_KEY_MAX};
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
use crate::request::{TrailPath, pairs};
use crate::seats::{Seat, Seats};
use client::Client;
use feed::Feed;
use record::Record;

/// Where a client that comes back was, as browsers send it.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps proxies from holding back what is to be seen at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams entries that match, oldest first, from `Last-Event-ID` on, else from the seq `from` on,
/// else from the end of the trail on. It has no end of its own.
pub async fn stream(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let TrailPath(trail) = TrailPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let (from, filters): (Vec<_>, Vec<_>) = given.iter().partition(|(name, _)| name == "from");
    let from = seq(from.iter().map(|(_, value)| &**value))?;
    let filters = filters.iter().map(|(name, value)| (&**name, &**value));
    let query = Query::from_parameters_undated(filters)?;
    let audit = app.trail(&trail);
    let following = audit.following(&query)?;
    let resumed = resumed(&parts.headers, &following)?;
    let tails = app.tails();
    let size = audit.head().await?.map_or(0, |head| head.size);
    let (next, field) = match (resumed, from) {
        (Some(next), _) => (next, LAST_EVENT_ID_FIELD),
        (None, Some(from)) => (from, "from"),
        (None, None) => (size, "from"),
    };
    if next > size {
        let detail = format!("the trail has {size} entries, not yet {next}");
        return Err(Problem::new(Kind::InvalidRequest, detail).at(field));
    }
    let request_id = parts.extensions.get::<RequestId>();
    let unknown = || Problem::new(Kind::Internal, "nobody is known to have asked");
    let caller = parts.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(unknown)?;
    let key = InUse::of(caller.key.id.clone()).within(parts.extensions.get());
    let seat = tails.seat(&caller)?;
    let asked = parameters(&parts.uri);
    let client = Client {
        next,
        feed: tails.feed(&audit, size),
        stopping: tails.stopping.subscribe(),
        reads: tails.reads.clone(),
        request_id: request_id.map_or_else(|| "-".into(), |id| id.0.clone()),
        seat,
        record: Record::new(app.clone(), caller, trail, asked),
        audit,
        following,
        app,
        key,
    };
    let mut response = reply::of(StatusCode::OK, "text/event-stream", client.body());
    let never = HeaderValue::from_static("no");
    response.headers_mut().insert(BUFFERING, never);
    Ok(response)
}

/// What problems call the header.
const LAST_EVENT_ID_FIELD: &str = "Last-Event-ID";

fn seq<'v>(mut given: impl Iterator<Item = &'v str>) -> Result<Option<u64>, Problem> {
    let wrong = |detail: &str| Problem::new(Kind::InvalidRequest, detail).at("from");
    let seq = given.next().map(|text| {
        let seq = text.parse();
        seq.map_err(|_| wrong("`from` is the seq of an entry, or the size of the trail"))
    });
    match given.next() {
        None => seq.transpose(),
        Some(_) => Err(wrong("`from` is given twice")),
    }
}

/// The seq to go on from; an empty id is none, as browsers have it.
fn resumed(headers: &HeaderMap, following: &Following) -> Result<Option<u64>, Problem> {
    let mut given = headers.get_all(LAST_EVENT_ID).iter();
    let Some(id) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        let detail = "`Last-Event-ID` is given twice";
        return Err(Problem::new(Kind::InvalidRequest, detail).at(LAST_EVENT_ID_FIELD));
    }
    match String::from_utf8_lossy(id.as_bytes()).trim() {
        "" => Ok(None),
        id => Ok(Some(following.next(id, LAST_EVENT_ID_FIELD)?)),
    }
}

/// The streams of a server.
pub struct Tails {
    seats: Seats,
    reads: Arc<Semaphore>,
    feeds: Mutex<HashMap<TrailName, Weak<Feed>>>,
    stopping: watch::Sender<bool>,
}

impl Tails {
    pub fn new() -> Self {
        Self {
            seats: Seats::new("streams", STREAMS_MAX, STREAMS_OF_KEY_MAX),
            reads: Arc::new(Semaphore::new(STREAM_READS_MAX)),
            feeds: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Ends all streams in order; none begins any more.
    pub fn end(&self) {
        self.stopping.send_replace(true);
    }

    fn seat(&self, caller: &Caller) -> Result<Seat, Problem> {
        if *self.stopping.borrow() {
            return Err(Problem::new(Kind::Stopping, "the server is stopping"));
        }
        self.seats.take(&caller.key.id)
    }

    /// The feed of a trail, which begins at `size` where there is none yet.
    fn feed(&self, audit: &Audit, size: u64) -> Arc<Feed> {
        // Nothing between lock and unlock can panic half-way through a change.
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(audit.name()).and_then(Weak::upgrade) {
            return feed;
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let feed = Feed::begin(audit.clone(), size, self.stopping.subscribe());
        feeds.insert(audit.name().clone(), Arc::downgrade(&feed));
        feed
    }
}
