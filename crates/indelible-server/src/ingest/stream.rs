//! Lines as they come in: memory for one batch, whatever the length of the stream.

use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, Receipt};

use super::batch;
use super::body::{Pieces, in_time};
use super::results::{self, Full, Put, Sender};
use crate::app::App;
use crate::keys::Key;
use crate::limits::{
    BODY_TIME_MAX, LINE_BYTES_MAX, STREAM_BATCH_BYTES_MAX, STREAM_BATCH_EVENTS_MAX,
};
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

/// Records the lines of a body, and answers with a line for each as soon as it is recorded.
///
/// A line is an event of its own: where the stream is cut, what came whole before is recorded,
/// and of the line that was cut nothing is.
///
/// # Errors
/// There is no room for results that wait to be read.
pub fn record(
    app: App,
    audit: Audit,
    pieces: Pieces,
    key: Arc<Key>,
    request_id: Arc<str>,
) -> Answer {
    let room = app.results_room().clone();
    if room.is_full() {
        return Err(Problem::new(Kind::Overloaded, results::Full::Bound));
    }
    let run = Run {
        app,
        audit,
        key,
        request_id,
        lines: Lines::new(pieces),
    };
    let (sender, results) = results::channel(room);
    // Not driven by the answer: who reads late would keep what was sent from being recorded.
    let working = run.app.work();
    tokio::spawn(async move {
        let _working = working;
        run.run(sender).await;
    });
    Ok(reply::of(
        StatusCode::OK,
        "application/x-ndjson",
        Body::from_stream(results),
    ))
}

struct Run {
    app: App,
    audit: Audit,
    key: Arc<Key>,
    request_id: Arc<str>,
    lines: Lines,
}

impl Run {
    async fn run(mut self, sender: Sender) {
        loop {
            let (results, goes_on) = self.batch().await;
            match sender.put(results).await {
                Put::Kept if goes_on => {}
                Put::Last(full) if goes_on => return self.turn_away(full, sender).await,
                Put::Kept | Put::Last(_) => return sender.end(),
                Put::Unread => return,
            }
        }
    }

    /// Records no more, for want of room for the results, and says so in the last of them. What
    /// the client still sends is read: it may be one that reads nothing before it has sent all.
    async fn turn_away(mut self, full: Full, sender: Sender) {
        let trail = self.audit.name();
        tracing::warn!(%trail, error = %full, source = ?full, "a stream was turned away");
        let detail = format!("{full}; nothing from this line on was recorded");
        let problem = Problem::new(Kind::Overloaded, detail);
        self.app.counters().refused(problem.kind);
        let result = [(self.lines.number + 1, Err(problem))];
        sender.put(self.text(&result)).await;
        while !sender.is_unread() && self.lines.pass_over().await {}
        sender.end();
    }

    /// Records what has come in, and answers the lines of results and whether there may be more.
    async fn batch(&mut self) -> (Bytes, bool) {
        let (lines, end) = self.lines.batch().await;
        let mut numbers = Vec::with_capacity(lines.len());
        let mut events = Vec::with_capacity(lines.len());
        for (number, line) in lines {
            numbers.push(number);
            events.push(line.and_then(|line| Ok(AuditEvent::from_json(&line)?)));
        }
        self.app.counters().sent(&self.key.id, events.len());
        let mut results = batch::record(&self.app, &self.audit, events).await;
        let goes_on = match end {
            End::NotYet => true,
            End::Reached => false,
            End::Cut(problem) => {
                numbers.push(self.lines.number + 1);
                results.push(Err(problem));
                false
            }
        };
        let results: Vec<_> = numbers.into_iter().zip(results).collect();
        (self.text(&results), goes_on)
    }

    /// The lines of results.
    fn text(&self, results: &[(u64, Result<Receipt, Problem>)]) -> Bytes {
        let mut text = Vec::new();
        for (number, result) in results {
            let line = batch::Line::of_line(*number, result, &self.request_id);
            // Receipts and problems are texts and numbers, which JSON always holds.
            text.extend(serde_json::to_vec(&line).unwrap_or_default());
            text.push(b'\n');
        }
        Bytes::from(text)
    }
}

/// Whether a stream has more.
enum End {
    NotYet,
    Reached,
    Cut(Problem),
}

/// A line that came whole, with its number from 1, or why it is none.
type Line = (u64, Result<Vec<u8>, Problem>);

/// The lines of a body; blank ones are counted and passed over.
struct Lines {
    pieces: Pieces,
    /// What came in and was not yet given out.
    held: Vec<u8>,
    /// How much of `held` holds no line end.
    searched: usize,
    /// Whether the line that is coming in was too long already.
    skipping: bool,
    /// Lines that ended.
    number: u64,
    /// Whether nothing more comes in.
    has_ended: bool,
}

impl Lines {
    fn new(pieces: Pieces) -> Self {
        Self {
            pieces,
            held: Vec::new(),
            searched: 0,
            skipping: false,
            number: 0,
            has_ended: false,
        }
    }

    /// The lines that have come in, at least one unless the stream ends: it waits for the first
    /// and takes what came with it.
    async fn batch(&mut self) -> (Vec<Line>, End) {
        while !self.has_ended {
            // A line that has begun must end in time, however steadily it drips in.
            match in_time(BODY_TIME_MAX, self.more()).await {
                Ok(Ok(lines)) if lines.is_empty() => {}
                Ok(Ok(lines)) => return (lines, End::NotYet),
                Ok(Err(problem)) | Err(problem) => return (Vec::new(), End::Cut(problem)),
            }
        }
        self.rest()
    }

    /// Waits for a line to end, or the stream, and answers the lines that did; none of blank ones.
    async fn more(&mut self) -> Result<Vec<Line>, Problem> {
        let before = self.number;
        loop {
            let lines = self.ended();
            if self.number > before {
                return Ok(lines);
            }
            if !self.pieces.next(&mut self.held).await? {
                self.has_ended = true;
                return Ok(Vec::new());
            }
        }
    }

    /// Reads more and keeps nothing of it; whether there may be more.
    async fn pass_over(&mut self) -> bool {
        self.held.clear();
        matches!(self.pieces.next(&mut self.held).await, Ok(true))
    }

    /// The lines that have ended.
    fn ended(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let (mut start, mut bytes) = (0, 0);
        while lines.len() < STREAM_BATCH_EVENTS_MAX && bytes < STREAM_BATCH_BYTES_MAX {
            let from = start.max(self.searched);
            let Some(length) = self.held[from..].iter().position(|byte| *byte == b'\n') else {
                self.searched = self.held.len();
                break;
            };
            let end = from + length;
            self.number += 1;
            let line = &self.held[start..end];
            if std::mem::take(&mut self.skipping) || line.len() > LINE_BYTES_MAX {
                lines.push((self.number, Err(too_long())));
            } else if !line.trim_ascii().is_empty() {
                bytes += line.len();
                lines.push((self.number, Ok(line.to_vec())));
            }
            start = end + 1;
            self.searched = start;
        }
        self.held.drain(..start);
        self.searched -= start;
        if self.searched == self.held.len() && self.held.len() > LINE_BYTES_MAX {
            self.skipping = true;
            self.held.clear();
            self.searched = 0;
        }
        lines
    }

    /// What is left when the stream has ended: as many lines as fit a batch, the last one at the
    /// end.
    fn rest(&mut self) -> (Vec<Line>, End) {
        let lines = self.ended();
        if !lines.is_empty() {
            return (lines, End::NotYet);
        }
        (self.last(), End::Reached)
    }

    /// The line that the end of the stream ends.
    fn last(&mut self) -> Vec<Line> {
        let line = std::mem::take(&mut self.held);
        self.searched = 0;
        self.number += 1;
        if std::mem::take(&mut self.skipping) {
            return vec![(self.number, Err(too_long()))];
        }
        if line.trim_ascii().is_empty() {
            return Vec::new();
        }
        vec![(self.number, Ok(line))]
    }
}

fn too_long() -> Problem {
    let detail = format!("the line is longer than {LINE_BYTES_MAX} bytes; nothing was recorded");
    Problem::new(Kind::TooLarge, detail)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::HeaderMap;
    use indelible_core::TrailName;
    use serde_json::Value;

    use super::*;
    use crate::ingest::coding::Coding;
    use crate::limits::{RESULTS_FILES_BYTES_MAX, RESULTS_HELD_BYTES};
    use crate::site::Site;

    const LINES: usize = 4_000;

    async fn post(app: &App) -> Answer {
        app.keys().first().await.expect("made");
        let key = app.keys().list().await.expect("readable").remove(0);
        let body = "{\"action\":\"a\",\"resource_type\":\"t\"}\n".repeat(LINES);
        let coding = Coding::of(&HeaderMap::new())?;
        let pieces = Pieces::new(Body::from(body), coding)?;
        record(
            app.clone(),
            app.trail(&TrailName::standard()),
            pieces,
            Arc::new(key),
            "r-1".into(),
        )
    }

    /// The entries of the trail.
    async fn recorded(site: &Site) -> u64 {
        let heads = site.engine.heads().await.expect("readable");
        let of_trail = heads
            .iter()
            .find(|head| head.trail == TrailName::standard());
        of_trail.map_or(0, |head| head.size)
    }

    #[tokio::test]
    async fn a_stream_without_room_for_results_is_refused_or_turned_away_in_order() {
        let site = Site::new().await;
        let app = App::new(site.engine.clone());
        let room = app.results_room();
        assert!(room.take(RESULTS_FILES_BYTES_MAX));
        let Err(refused) = post(&app).await else {
            panic!("there is no room");
        };
        assert_eq!(refused.kind, Kind::Overloaded);
        assert_eq!(refused.retry_after, Some(1));
        assert_eq!(recorded(&site).await, 0);
        // One byte is left when it begins, and its results are read late.
        room.give_back(1);
        let answer = post(&app).await.expect("begun");
        while app.counters().refusals().is_empty() {
            tokio::task::yield_now().await;
        }
        let body = to_bytes(answer.into_body(), usize::MAX).await;
        let body = String::from_utf8(body.expect("whole").to_vec()).expect("UTF-8");
        let rows: Vec<Value> = body
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let (last, results) = rows.split_last().expect("results");
        assert!(
            body.len() > RESULTS_HELD_BYTES && rows.len() < LINES,
            "{}",
            rows.len()
        );
        assert!(results.iter().all(|row| row["status"] == 201));
        assert_eq!(last["status"], 503);
        assert_eq!(last["line"], rows.len());
        let detail = last["problem"]["detail"].as_str().expect("a text");
        assert!(detail.contains("nothing from this line on"), "{detail}");
        // Each that was recorded has its result.
        assert_eq!(recorded(&site).await, results.len() as u64);
        assert_eq!(room.taken(), RESULTS_FILES_BYTES_MAX - 1);
    }
}
