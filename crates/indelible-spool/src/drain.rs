//! What brings events from the spool into the trail, and says there what was given up.

mod answers;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indelible_core::{AuditError, Backoff, uuid_v7};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::delivering::Core;
use crate::losses::may_be_recorded;
use crate::segment::{Found, Segment};
use crate::spool::Spool;
use crate::vitals::age;

use answers::Answers;

/// Events that are read, and handed to a trail that keeps their order, together.
const TOGETHER_MAX: usize = 64;

/// Somebody waits for all that is there to be delivered.
pub(crate) type Flush = oneshot::Sender<Result<(), AuditError>>;

pub(crate) struct Drain {
    core: Arc<Core>,
    backoff: Backoff,
    /// What was set aside, so that it is so once though its file is read again.
    dead: HashSet<Uuid>,
    has_warned: bool,
}

/// How far one step came.
enum Step {
    /// Nothing waits.
    Done,
    /// Something was delivered; there may be more.
    Onward,
    /// The trail takes nothing now.
    Pause(Duration, AuditError),
}

impl Drain {
    pub fn new(core: Arc<Core>, dead: HashSet<Uuid>) -> Self {
        Self {
            core,
            backoff: Backoff::default(),
            dead,
            has_warned: false,
        }
    }

    /// Delivers until nobody holds the other end of `flushes`.
    pub async fn run(mut self, mut flushes: mpsc::UnboundedReceiver<Flush>) {
        let core = Arc::clone(&self.core);
        let mut waiting: Vec<Flush> = Vec::new();
        // Who asks while a step is under way gets the answer of one that begins after that.
        let mut later: Vec<Flush> = Vec::new();
        loop {
            let step = {
                let step = self.step();
                tokio::pin!(step);
                loop {
                    tokio::select! {
                        step = &mut step => break step,
                        flush = flushes.recv() => match flush {
                            Some(flush) => later.push(flush),
                            None => return core.keep_losses(),
                        },
                    }
                }
            };
            self.core.keep_losses();
            let (pause, answer) = match step {
                Step::Onward => {
                    waiting.append(&mut later);
                    continue;
                }
                Step::Done => (None, Ok(())),
                Step::Pause(pause, error) => (Some(pause), Err(error)),
            };
            for flush in waiting.drain(..) {
                // Who no longer waits needs no answer.
                let _ = flush.send(answer.clone());
            }
            if !later.is_empty() {
                waiting.append(&mut later);
                continue;
            }
            let pausing = after(pause);
            tokio::pin!(pausing);
            loop {
                tokio::select! {
                    flush = flushes.recv() => match flush {
                        Some(flush) => waiting.push(flush),
                        None => return core.keep_losses(),
                    },
                    () = core.wake.notified() => {
                        if pause.is_some() {
                            // What is given up meanwhile is not kept in memory alone.
                            core.keep_losses();
                            continue;
                        }
                    }
                    () = core.up.notified(), if pause.is_some() => {}
                    () = &mut pausing => {}
                }
                break;
            }
        }
    }

    async fn step(&mut self) -> Step {
        self.warn_if_deep();
        self.core.keep_losses();
        let core = Arc::clone(&self.core);
        if let Some(spool) = &core.spool {
            // A trail that failed is tried with one event, not with many.
            let max = if self.backoff.is_failing() {
                1
            } else {
                TOGETHER_MAX
            };
            match spool.front(max) {
                Ok(Some((segment, found))) => return self.deliver(spool, &segment, found).await,
                Ok(None) => {}
                Err(error) => return self.pause(unspooled(&error)),
            }
        }
        self.say_losses().await
    }

    /// Hands the lines on in their order, and deals with as many as come before the first that
    /// the trail could not take.
    async fn deliver(&mut self, spool: &Spool, segment: &Segment, found: Vec<Found>) -> Step {
        let waiting = found.iter().filter_map(|line| line.content.as_ref().ok());
        let events = waiting.map(|waiting| waiting.event.clone()).collect();
        let mut answers = Answers::to(events, &self.core);
        let mut found = found.into_iter().peekable();
        while let Some(line) = found.next() {
            let dealt = match &line.content {
                Ok(waiting) => match answers.next(&self.core).await {
                    Ok(_) => {
                        self.core.pulse.delivered.one();
                        Ok(())
                    }
                    Err(error) if error.is_final() => self.set_aside(spool, waiting, &error),
                    Err(error) => Err(error),
                },
                Err(bytes) => self.keep_damaged(spool, bytes),
            };
            if let Err(error) = dealt {
                return self.pause(error);
            }
            let next = found.peek().and_then(|next| next.content.as_ref().ok());
            spool.advance(segment, line.end, 1, next.map(|waiting| waiting.since));
            self.is_up();
            if !spool.has_backlog() {
                self.core.turned.notify_waiters();
            }
        }
        Step::Onward
    }

    fn set_aside(
        &mut self,
        spool: &Spool,
        waiting: &crate::line::Waiting,
        error: &AuditError,
    ) -> Result<(), AuditError> {
        let id = waiting.event.id.unwrap_or_default();
        if self.dead.contains(&id) {
            return Ok(());
        }
        let now = self.core.options.clock.now();
        spool
            .set_aside(waiting, &error.to_string(), now)
            .map_err(|error| unspooled(&error))?;
        self.dead.insert(id);
        self.core.pulse.dead.one();
        tracing::error!(%id, action = waiting.event.action.as_str(), %error,
            "an event of the spool can never be recorded and is set aside");
        Ok(())
    }

    fn keep_damaged(&self, spool: &Spool, bytes: &[u8]) -> Result<(), AuditError> {
        spool
            .keep_damaged(bytes)
            .map_err(|error| unspooled(&error))?;
        self.core.pulse.damaged.one();
        tracing::error!(folder = %spool.path().display(), "a line of the spool is damaged and set aside");
        Ok(())
    }

    /// Records what was given up, now that the trail takes something.
    async fn say_losses(&mut self) -> Step {
        let core = Arc::clone(&self.core);
        let fresh = uuid_v7(core.options.clock.now(), &*core.options.entropy);
        let Some(loss) = core.losses.begin(fresh) else {
            self.is_up();
            return Step::Done;
        };
        match core.attempt(loss.event()).await {
            Ok(_) => {
                core.losses.done(&loss);
                self.is_up();
                Step::Onward
            }
            Err(error) if error.is_final() => {
                tracing::error!(count = loss.count, policy = loss.policy, %error,
                    "that events were given up cannot be recorded");
                core.losses.done(&loss);
                Step::Onward
            }
            Err(error) => {
                // Whatever a try before it may have recorded stands under that id.
                if loss.id == Some(fresh) && !may_be_recorded(&error) {
                    core.losses.again(loss);
                }
                self.pause(error)
            }
        }
    }

    fn is_up(&mut self) {
        self.backoff.reset();
        self.core.is_taking.store(true, Ordering::SeqCst);
        if let Some(error) = self.core.pulse.tried(None) {
            tracing::info!(last_error = error, "the trail takes events again");
        }
    }

    fn pause(&mut self, error: AuditError) -> Step {
        let wait = self.backoff.next(&*self.core.options.entropy);
        self.core.is_taking.store(false, Ordering::SeqCst);
        self.core.turned.notify_waiters();
        if self.core.pulse.tried(Some(error.to_string())).is_none() {
            let depth = self.core.depth();
            tracing::warn!(%error, events = depth.events, "the trail takes no events now");
        }
        Step::Pause(wait, error)
    }

    /// Warns once when the spool passes a threshold, and again after it was below both.
    fn warn_if_deep(&mut self) {
        let (depth, options) = (self.core.depth(), &self.core.options);
        let age = age(depth.since, options.clock.now());
        let is_deep =
            depth.events > 0 && (depth.bytes >= options.warn_bytes || age >= options.warn_age);
        if is_deep && !self.has_warned {
            tracing::warn!(
                events = depth.events,
                bytes = depth.bytes,
                age_seconds = age.as_secs(),
                "events wait in the spool; the trail has not taken them"
            );
        }
        self.has_warned = is_deep;
    }
}

pub(crate) fn unanswered(after: Duration) -> AuditError {
    AuditError::Unanswered {
        millis: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
    }
}

fn unspooled(error: &std::io::Error) -> AuditError {
    AuditError::Unspooled {
        problem: error.to_string(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a trail that is away has nothing to wait for: this is the backoff"
)]
async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
