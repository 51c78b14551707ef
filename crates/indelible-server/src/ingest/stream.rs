//! Lines as they come in: memory for one batch, whatever the length of the stream.

use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, Receipt};
use tokio::task::yield_now;

use super::batch;
use super::body::{Pieces, in_time};
use super::budget::Share;
use super::results::{self, Full, Put, Sender};
use crate::app::App;
use crate::keys::Key;
use crate::limits::{
    BODY_TIME_MAX, LEISURE_PAUSE, LINE_BYTES_MAX, LINE_SKIPPED_BYTES_MAX, STREAM_BATCH_BYTES_MAX,
    STREAM_BATCH_EVENTS_MAX, STREAM_BATCH_LINES_MAX, TOO_LARGE_PAUSE,
};
use crate::pause::pause;
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
        lines: Lines::new(pieces, app.budget().share()),
        app,
        audit,
        key,
        request_id,
        was_too_large: false,
    };
    let (sender, results) = results::channel(room.of_key(&run.key.id));
    // Not driven by the answer: who reads late would keep what was sent from being recorded.
    tokio::spawn(run.run(sender));
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
    /// Whether it was cut because it is too large.
    was_too_large: bool,
}

impl Run {
    async fn run(mut self, sender: Sender) {
        let mut working = self.app.work();
        let forgotten = sender.forgotten();
        tokio::pin!(forgotten);
        loop {
            let (lines, end) = tokio::select! {
                lines = self.lines.batch() => lines,
                () = working.told_to_stop() => {
                    let problem = Problem::new(Kind::Stopping, "the server is stopping");
                    return self.turn_away(problem, sender).await;
                }
                // Nobody reads; what was recorded is.
                () = &mut forgotten => return,
            };
            let (results, goes_on) = self.record(lines, end).await;
            let received = self.lines.pieces.received();
            match sender.put(results, received) {
                Put::Kept if goes_on => {}
                Put::Last(full) if goes_on => return self.no_room(full, sender).await,
                Put::Kept | Put::Last(_) => {
                    if self.was_too_large {
                        pause(TOO_LARGE_PAUSE).await;
                    }
                    return sender.end();
                }
                Put::Unread => return,
            }
            // Lines that are refused wait for nothing: others have their turn.
            yield_now().await;
        }
    }

    async fn no_room(self, full: Full, sender: Sender) {
        let trail = self.audit.name();
        tracing::warn!(%trail, error = %full, source = ?full, "a stream was turned away");
        let problem = Problem::new(Kind::Overloaded, full);
        self.turn_away(problem, sender).await;
    }

    /// Records no more, and says so in the last of the results. What the client still sends is
    /// read for a while: it may be one that reads nothing before it has sent all.
    async fn turn_away(mut self, problem: Problem, sender: Sender) {
        self.app.counters().refused(problem.kind);
        let detail = format!("{}; nothing from this line on was recorded", problem.detail);
        let problem = Problem { detail, ..problem };
        let is_stopping = problem.kind == Kind::Stopping;
        let result = [(self.lines.number + 1, Err(problem))];
        sender.put(self.text(&result), u64::MAX);
        if !is_stopping {
            let passing = async { while !sender.is_unread() && self.lines.pass_over().await {} };
            // Whoever is not at the end by then is cut off.
            let _ = in_time(BODY_TIME_MAX, passing).await;
        }
        sender.end();
    }

    /// Records what has come in, and answers the lines of results and whether there may be more.
    async fn record(&mut self, lines: Vec<Line>, end: End) -> (Bytes, bool) {
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
                self.was_too_large = problem.kind == Kind::TooLarge;
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
    /// What came in.
    held: Vec<u8>,
    share: Share,
    /// How much of `held` was given out.
    given: usize,
    /// How much of `held` holds no further line end.
    searched: usize,
    /// Whether the line that is coming in was too long already.
    skipping: bool,
    /// How much of it was passed over.
    skipped: usize,
    /// Lines that ended.
    number: u64,
    /// Whether nothing more comes in.
    has_ended: bool,
}

impl Lines {
    fn new(pieces: Pieces, share: Share) -> Self {
        Self {
            pieces,
            held: Vec::new(),
            share,
            given: 0,
            searched: 0,
            skipping: false,
            skipped: 0,
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
                // Blank lines wait for nothing either.
                Ok(Ok(lines)) if lines.is_empty() => yield_now().await,
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
            if self.skipped > LINE_BYTES_MAX + LINE_SKIPPED_BYTES_MAX {
                return Err(too_long());
            }
            // What is only passed over comes in at leisure.
            if self.skipping {
                pause(LEISURE_PAUSE).await;
            }
            self.held.drain(..self.given);
            self.searched -= std::mem::take(&mut self.given);
            let goes_on = self.pieces.next(&mut self.held).await?;
            self.share.fit(self.held.len())?;
            if !goes_on {
                self.has_ended = true;
                return Ok(Vec::new());
            }
        }
    }

    /// Reads more and keeps nothing of it; whether there may be more.
    async fn pass_over(&mut self) -> bool {
        self.clear();
        matches!(self.pieces.next(&mut self.held).await, Ok(true))
    }

    /// The lines that have ended.
    fn ended(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        let last = self.number + STREAM_BATCH_LINES_MAX;
        while lines.len() < STREAM_BATCH_EVENTS_MAX
            && bytes < STREAM_BATCH_BYTES_MAX
            && self.number < last
        {
            let rest = &self.held[self.searched..];
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.held.len();
                break;
            };
            let end = self.searched + length;
            self.number += 1;
            let line = &self.held[self.given..end];
            self.skipped = 0;
            if std::mem::take(&mut self.skipping) || line.len() > LINE_BYTES_MAX {
                lines.push((self.number, Err(too_long())));
            } else if !line.trim_ascii().is_empty() {
                bytes += line.len();
                lines.push((self.number, Ok(line.to_vec())));
            }
            self.given = end + 1;
            self.searched = self.given;
        }
        let open = self.held.len() - self.given;
        if self.searched == self.held.len() && (self.skipping || open > LINE_BYTES_MAX) {
            self.skipping = true;
            self.skipped += open;
            self.clear();
        }
        lines
    }

    fn clear(&mut self) {
        self.held.clear();
        (self.given, self.searched) = (0, 0);
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
        let line = self.held.split_off(self.given);
        self.clear();
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::to_bytes;
    use axum::http::HeaderMap;
    use indelible_core::TrailName;
    use serde_json::Value;

    use super::*;
    use crate::limits::{RESULTS_FILES_BYTES_MAX, RESULTS_HELD_BYTES, RESULTS_OF_KEY_BYTES_MAX};
    use crate::site::Site;

    const LINES: usize = 4_000;

    async fn post(app: &App, body: String) -> Answer {
        app.keys().first().await.expect("made");
        let key = app.keys().list().await.expect("readable").remove(0);
        let pieces = Pieces::new(app, &HeaderMap::new(), Body::from(body))?;
        record(
            app.clone(),
            app.trail(&TrailName::standard()),
            pieces,
            Arc::new(key),
            "r-1".into(),
        )
    }

    fn events() -> String {
        "{\"action\":\"a\",\"resource_type\":\"t\"}\n".repeat(LINES)
    }

    #[tokio::test]
    async fn lines_that_are_all_refused_or_blank_leave_others_their_turn() {
        const MANY: usize = 100_000;
        for line in ["x\n", "\n"] {
            let site = Site::new().await;
            let app = App::new(site.engine.clone());
            let answer = post(&app, line.repeat(MANY)).await.expect("begun");
            // Of one thread: a turn for each time that the stream gives way.
            let turns = Arc::new(AtomicUsize::new(0));
            let others = turns.clone();
            let other = tokio::spawn(async move {
                loop {
                    others.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            });
            let body = to_bytes(answer.into_body(), usize::MAX).await;
            let results = body.expect("whole").iter().filter(|b| **b == b'\n').count();
            other.abort();
            assert_eq!(results, if line == "\n" { 0 } else { MANY });
            let turns = turns.load(Ordering::Relaxed);
            assert!(turns >= MANY / 4096, "{line:?}: {turns} turns");
        }
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
        let others: Vec<_> = (0..4).map(|n| room.of_key(&format!("other-{n}"))).collect();
        for other in &others {
            assert!(other.take(RESULTS_OF_KEY_BYTES_MAX));
            assert!(!other.take(1), "its share is taken");
        }
        let Err(refused) = post(&app, events()).await else {
            panic!("there is no room");
        };
        assert_eq!(refused.kind, Kind::Overloaded);
        assert_eq!(refused.retry_after, Some(1));
        assert_eq!(recorded(&site).await, 0);
        // One byte is left when it begins, and its results are read late.
        others[0].give_back(1);
        let answer = post(&app, events()).await.expect("begun");
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
