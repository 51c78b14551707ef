//! One client of a stream.
//!
//! A client is never written to ahead of what it takes: its body is asked for the next piece when
//! there is room for it. What it has not taken yet it will read from the shared feed, and where
//! that has gone on without it, from the store.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::{FutureExt, stream};
use indelible_core::Following;
use indelible_core::engine::Audit;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::feed::{Feed, Held, Slot};
use super::frame;
use super::record::Record;
use super::shown::{self, Read, Shown};
use crate::app::App;
use crate::keys::InUse;
use crate::limits::{FEED_PAGE_ENTRIES, STREAM_CHUNK_BYTES_MAX, STREAM_SILENCE_MAX};
use crate::problem::{Kind, Problem};
use crate::seats::Seat;

/// What a client is given to begin with.
pub struct Client {
    pub audit: Audit,
    pub following: Following,
    /// The seq of the first entry that it has not seen.
    pub next: u64,
    pub feed: Arc<Feed>,
    pub stopping: watch::Receiver<bool>,
    /// Turns at reading from the store.
    pub reads: Arc<Semaphore>,
    pub request_id: Arc<str>,
    pub app: App,
    /// The key that it was opened with.
    pub key: InUse,
    /// What it has been shown.
    pub record: Record,
    /// Its place among the streams that may be open at once.
    #[expect(dead_code, reason = "it is held until the client goes")]
    pub seat: Seat,
}

impl Client {
    /// The body of its answer, which ends when the server stops, when the client is slower than
    /// the trail, or at an entry that cannot be read.
    pub fn body(self) -> Body {
        let mut beat = interval(STREAM_SILENCE_MAX);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        let run = Run {
            grown: self.feed.grown(),
            client: self,
            beat,
            state: State::New,
            page: PAGE_ENTRIES_FIRST,
        };
        Body::from_stream(stream::unfold(Some(run), async |run| {
            let mut run = run?;
            let (text, goes_on) = match run.step().await {
                Ok(Step::On(text)) => (text, true),
                Ok(Step::Last(text)) => (text, false),
                Err(problem) => (run.failed(&problem), false),
            };
            run.beat.reset();
            Some((Ok::<_, Infallible>(text), goes_on.then_some(run)))
        }))
    }
}

/// Entries of the first page that is read from the store; the next ones follow their size.
const PAGE_ENTRIES_FIRST: u64 = 16;

struct Run {
    client: Client,
    grown: watch::Receiver<()>,
    /// Begins anew with every piece written.
    beat: Interval,
    state: State,
    /// Entries of the next page from the store.
    page: u64,
}

enum State {
    /// Nothing was written yet.
    New,
    /// Behind what the feed holds: reading from the store.
    Behind,
    /// Reading from the feed.
    Live,
}

/// The next piece of a body.
enum Step {
    On(Bytes),
    Last(Bytes),
}

impl Run {
    async fn step(&mut self) -> Result<Step, Problem> {
        if let State::New = self.state {
            self.state = State::Behind;
            return Ok(Step::On(frame::beginning(&self.place())));
        }
        loop {
            if *self.client.stopping.borrow() {
                let last = frame::farewell("the server is stopping", &self.place());
                return Ok(Step::Last(last));
            }
            if !self.may_go_on().await? {
                let last = frame::farewell("the key has ended", &self.place());
                return Ok(Step::Last(last));
            }
            self.client.record.settle().await?;
            // Where nothing matches for long, entries come and go without a word.
            if self.beat.tick().now_or_never().is_some() {
                return Ok(Step::On(frame::heartbeat(&self.place())));
            }
            // Marked as seen before looking: what comes after it wakes.
            self.grown.borrow_and_update();
            let held = self
                .client
                .feed
                .from(self.client.next, STREAM_CHUNK_BYTES_MAX);
            match (held, &self.state) {
                (Held::Gone, State::Live) => {
                    let why = "the client is slower than the trail";
                    return Ok(Step::Last(frame::farewell(why, &self.place())));
                }
                (Held::Gone, _) => return self.page().await.map(Step::On),
                (Held::Slots(slots), _) => {
                    self.state = State::Live;
                    let text = self.show(slots)?;
                    if !text.is_empty() {
                        return Ok(Step::On(text));
                    }
                    // Others have their turn between two looks at much that does not match.
                    tokio::task::yield_now().await;
                }
                (Held::Nothing, _) => {
                    self.state = State::Live;
                    if self.wait().await.is_break() && !*self.client.stopping.borrow() {
                        let why = "the trail is not read any more";
                        return Ok(Step::Last(frame::farewell(why, &self.place())));
                    }
                }
            }
        }
    }

    /// A key that was revoked or has expired is shown nothing more.
    async fn may_go_on(&mut self) -> Result<bool, Problem> {
        let Client { app, key, .. } = &mut self.client;
        Ok(app.keys().still_opens(key).await?)
    }

    /// Waits for entries, the end of the silence, or the stop. Breaks where none will come.
    async fn wait(&mut self) -> ControlFlow<()> {
        let Self {
            client,
            grown,
            beat,
            ..
        } = self;
        tokio::select! {
            more = grown.changed() => if more.is_err() {
                return ControlFlow::Break(());
            },
            _ = client.stopping.wait_for(|stopping| *stopping) => {}
            _ = beat.tick() => beat.reset_immediately(),
        }
        ControlFlow::Continue(())
    }

    /// Those that match of what the feed holds.
    fn show(&mut self, slots: Vec<Slot>) -> Result<Bytes, Problem> {
        let mut text = Vec::new();
        for slot in slots {
            let shown = slot.and_then(|shown| self.show_one(&shown, &mut text));
            match shown {
                Ok(()) => self.client.next += 1,
                // What was readable is shown first; the next look ends at the same entry.
                Err(_) if !text.is_empty() => break,
                Err(problem) => return Err(problem),
            }
        }
        Ok(Bytes::from(text))
    }

    fn show_one(&mut self, shown: &Shown, text: &mut Vec<u8>) -> Result<(), Problem> {
        let Client {
            audit,
            following,
            record,
            ..
        } = &mut self.client;
        if shown.show(audit.name(), following, text)? {
            record.count(shown.action());
        }
        Ok(())
    }

    /// Those that match of a page from the store, or the place that was reached.
    async fn page(&mut self) -> Result<Bytes, Problem> {
        // Few pages are in memory at once, however many clients come back at the same time.
        let turn = self.client.reads.clone().acquire_owned().await;
        let read = match shown::read(&self.client.audit, self.client.next, self.page).await? {
            Read::Entries(entries) => entries,
            Read::Removed { first_kept } => {
                let skipped = std::mem::replace(&mut self.client.next, first_kept);
                return Ok(frame::skipped(skipped..first_kept, &self.place()));
            }
        };
        let (mut text, mut taken, whole) = (Vec::new(), 0, read.len() as u64);
        if whole == 0 {
            return Err(Problem::new(Kind::Internal, "the trail has become shorter"));
        }
        for stored in read {
            let shown = Shown::new(stored).and_then(|shown| self.show_one(&shown, &mut text));
            match shown {
                Ok(()) => (self.client.next, taken) = (self.client.next + 1, taken + 1),
                Err(_) if !text.is_empty() => break,
                Err(problem) => return Err(problem),
            }
            if text.len() >= STREAM_CHUNK_BYTES_MAX {
                break;
            }
        }
        drop(turn);
        self.page = if taken < whole {
            taken.max(1)
        } else {
            (2 * self.page).min(FEED_PAGE_ENTRIES)
        };
        if text.is_empty() {
            return Ok(frame::heartbeat(&self.place()));
        }
        Ok(Bytes::from(text))
    }

    /// The name of the place that was reached.
    fn place(&self) -> String {
        self.client.following.place(self.client.next)
    }

    fn failed(&self, problem: &Problem) -> Bytes {
        let (trail, request_id) = (self.client.audit.name(), &*self.client.request_id);
        let internal = problem.internal.as_deref().unwrap_or(&problem.detail);
        tracing::error!(%trail, request_id, internal, "stream cut off");
        frame::problem(problem, request_id)
    }
}
