//! A handle within one process: opened at its first use, closed for a fork, opened again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indelible::{AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::failing::Failing;
use crate::opened::Opened;
use crate::plan::Plan;

/// A handle of one process. Whoever uses the trail holds the state for reading as long, so that
/// whoever closes it waits for them.
pub(crate) struct Living {
    pub plan: Plan,
    /// The process.
    pub pid: u32,
    state: Arc<RwLock<State>>,
    /// Held for reading by whatever the trail has taken, from the call on.
    gate: Arc<RwLock<()>>,
    is_closing: AtomicBool,
    /// The same as the state says, for a forked process, in which nobody lets go of it.
    is_open: AtomicBool,
    /// How often opening was tried: those who waited while another one tried share its failure.
    tries: AtomicU64,
    last: Mutex<Option<Failing>>,
    /// Failures that a test has asked for.
    planned: Mutex<VecDeque<Failing>>,
    failed: AtomicU64,
}

pub(crate) enum State {
    Unopened,
    Open(Opened),
    Closed,
}

/// A state that nobody leaves until this is dropped.
pub(crate) type Held = OwnedRwLockWriteGuard<State>;
type Using = OwnedRwLockReadGuard<State, Opened>;

/// Leave to use a trail: whoever closes it waits until this is dropped.
pub(crate) struct Pass(#[expect(dead_code, reason = "it is held")] OwnedRwLockReadGuard<()>);

impl Living {
    pub fn new(plan: Plan, pid: u32) -> Self {
        Self {
            plan,
            pid,
            state: Arc::new(RwLock::new(State::Unopened)),
            gate: Arc::default(),
            is_closing: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            tries: AtomicU64::new(0),
            last: Mutex::new(None),
            planned: Mutex::new(VecDeque::new()),
            failed: AtomicU64::new(0),
        }
    }

    /// Whether something is open, which a forked process cannot use.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Leave to use the trail, unless somebody has asked before to close it.
    pub fn enter(&self) -> Result<Pass, Failing> {
        if !self.is_closing() {
            // Nobody locks it for writing before that is said.
            if let Ok(pass) = Arc::clone(&self.gate).try_read_owned() {
                return Ok(Pass(pass));
            }
        }
        Err(AuditError::Closed.into())
    }

    /// Nobody enters from here on.
    pub fn shut(&self) {
        self.is_closing.store(true, Ordering::Release);
    }

    /// Whether the trail is closed for good, or about to be.
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// How many events were not recorded, for whatever reason.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Counts events that were not recorded.
    pub fn count_failed(&self, events: u64) {
        self.failed.fetch_add(events, Ordering::Relaxed);
    }

    /// The next events to be recorded fail so.
    pub fn fail_next(&self, times: usize, failing: &Failing) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.extend(std::iter::repeat_n(failing.clone(), times));
    }

    fn planned(&self) -> Option<Failing> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.pop_front()
    }

    pub async fn record(&self, event: AuditEvent) -> Result<Receipt, Failing> {
        if let Some(failing) = self.planned() {
            return Err(failing);
        }
        Ok(self.using().await?.record(event).await?)
    }

    pub async fn record_all(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, Failing>> {
        let mut answers: Vec<_> = events.iter().map(|_| self.planned()).collect();
        let paired = events.into_iter().zip(&answers);
        let events: Vec<_> = paired
            .filter(|(_, planned)| planned.is_none())
            .map(|(event, _)| event)
            .collect();
        let opened = match self.using().await {
            Ok(opened) => opened,
            Err(failing) => {
                return answers
                    .into_iter()
                    .map(|own| Err(own.unwrap_or(failing.clone())))
                    .collect();
            }
        };
        let mut recorded = opened.record_all(events).await.into_iter();
        let answer = |planned: Option<Failing>| match planned {
            Some(failing) => Err(failing),
            None => recorded.next().map_or(Err(Failing::internal()), |r| Ok(r?)),
        };
        answers.drain(..).map(answer).collect()
    }

    pub async fn query(&self, query: Query) -> Result<Page, Failing> {
        Ok(self.using().await?.query(query).await?)
    }

    /// Closes the trail for good, after those who use it.
    pub async fn close(&self) -> Result<(), Failing> {
        self.shut();
        let _all = self.gate.write().await;
        let mut state = self.state.write().await;
        let before = std::mem::replace(&mut *state, State::Closed);
        match before {
            State::Open(opened) => {
                self.is_open.store(false, Ordering::Release);
                Ok(opened.close().await?)
            }
            State::Unopened | State::Closed => Ok(()),
        }
    }

    /// Closes the trail after those who use it, and keeps everybody out of it until the answer is
    /// dropped; the next one opens it again.
    pub async fn hold(&self) -> Held {
        let mut state = self.state.clone().write_owned().await;
        if let State::Open(opened) = &*state {
            // What went wrong is met again by whoever opens it next.
            let _ = opened.close().await;
            *state = State::Unopened;
            self.is_open.store(false, Ordering::Release);
        }
        state
    }

    /// The open trail; it stays open as long as the answer lives.
    async fn using(&self) -> Result<Using, Failing> {
        loop {
            let seen = self.tries.load(Ordering::Acquire);
            let state = self.state.clone().read_owned().await;
            let open = OwnedRwLockReadGuard::try_map(state, |state| match state {
                State::Open(opened) => Some(opened),
                State::Unopened | State::Closed => None,
            });
            let is_closed = match open {
                Ok(opened) => return Ok(opened),
                Err(state) => matches!(*state, State::Closed),
            };
            if is_closed {
                return Err(AuditError::Closed.into());
            }
            // Nobody reads the state from here on, so that it can be changed.
            self.open(seen).await?;
        }
    }

    async fn open(&self, seen: u64) -> Result<(), Failing> {
        let mut state = self.state.write().await;
        if !matches!(*state, State::Unopened) {
            return Ok(());
        }
        if self.tries.load(Ordering::Acquire) != seen
            && let Some(failing) = self.last()
        {
            return Err(failing);
        }
        self.is_open.store(true, Ordering::Release);
        let opened = Opened::open(&self.plan).await;
        self.is_open.store(opened.is_ok(), Ordering::Release);
        let failing = opened.as_ref().err().cloned();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = failing;
        self.tries.fetch_add(1, Ordering::AcqRel);
        *state = State::Open(opened?);
        Ok(())
    }

    fn last(&self) -> Option<Failing> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

/// A failure as an error of the port, and back: attempts record through the port.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
struct Passed(Failing);

/// The failure that an attempt met.
pub(crate) fn passed(error: &AuditError) -> Failing {
    if let AuditError::Remote(source) = error
        && let Some(Passed(failing)) = source.downcast_ref()
    {
        return failing.clone();
    }
    error.clone().into()
}

/// The handle as the port that attempts record through.
pub(crate) struct Port(pub Arc<Living>);

#[async_trait]
impl AuditProtocol for Port {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let recorded = self.0.record(event).await;
        recorded.map_err(|failing| AuditError::Remote(Arc::new(Passed(failing))))
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        let found = self.0.query(query).await;
        found.map_err(|failing| AuditError::Remote(Arc::new(Passed(failing))))
    }
}
