//! Lines as they come in: memory for one batch, whatever the length of the stream.

mod lines;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use indelible_core::engine::Audit;
use indelible_core::{AuditEvent, Receipt};
use tokio::task::yield_now;

use super::batch;
use super::body::{Pieces, in_time};
use super::results::{self, Full, Put, Sender};
use crate::app::App;
use crate::keys::Key;
use crate::limits::{BODY_TIME_MAX, TOO_LARGE_PAUSE};
use crate::pause::pause;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
use lines::{End, Line, Lines};

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
