//! What can be asked of a trail, and what it answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use indelible::core::{Clock, SystemClock};
use indelible::{Attempt, AuditEvent, AuditProtocol, BeginAttempt, Outcome, Page, Query, Receipt};
use serde_json::Value;

use crate::attempt::Untold;
use crate::failing::Failing;
use crate::living::{Living, Pass, Port, passed};

/// Something to be done with a trail, without any Python value.
pub(crate) enum Work {
    /// An event's JSON.
    Record(Vec<u8>),
    /// Events, each by itself.
    RecordAll(Vec<Result<Vec<u8>, Failing>>),
    /// A question, and whether the whole page is the answer.
    Query(Box<Query>, Form),
    /// The JSON of what is attempted.
    Attempt(Vec<u8>),
    /// How an attempt ended.
    End(Box<Ending>),
    Close,
}

/// What a query answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Entries,
    Page,
}

/// How an attempt ended, and what is known now that was not known before: an event's JSON.
pub(crate) struct Ending {
    pub attempt: Attempt,
    /// Dropped without a word, the attempt can be told of again.
    pub untold: Untold,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub more: Vec<u8>,
}

/// Work that a trail has taken: whoever closes the trail waits for it.
pub(crate) struct Taken {
    work: Work,
    living: Arc<Living>,
    /// None for the closing itself.
    pass: Option<Pass>,
}

impl Taken {
    /// Does it. A panic is answered as a failure.
    pub async fn run(self) -> Result<Done, Told> {
        let Self { work, living, pass } = self;
        let operation = work.operation();
        let done = AssertUnwindSafe(work.perform(&living)).catch_unwind().await;
        drop(pass);
        let done = done.unwrap_or_else(|_| Err(Told::new(operation, Failing::internal())));
        let failed = match &done {
            Err(told) if told.operation == "record" => 1,
            Ok(Done::Receipts(all)) => all.iter().filter(|one| one.is_err()).count(),
            _ => 0,
        };
        living.count_failed(failed as u64);
        done
    }
}

/// What was done.
pub(crate) enum Done {
    Receipt(Receipt),
    Receipts(Vec<Result<Receipt, Told>>),
    Entries(Page),
    Page(Page),
    Begun(Box<Attempt>, Arc<Living>),
    Nothing,
}

/// A failure, and what it was a failure of.
pub(crate) struct Told {
    pub failing: Failing,
    pub operation: &'static str,
    pub action: Option<String>,
}

impl Told {
    pub fn new(operation: &'static str, failing: Failing) -> Self {
        Self {
            failing,
            operation,
            action: None,
        }
    }

    /// An event that was not recorded.
    fn event(action: impl Into<Option<String>>, failing: Failing) -> Self {
        Self {
            failing,
            operation: "record",
            action: action.into(),
        }
    }
}

impl Work {
    /// What was asked for.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Record(_) | Self::RecordAll(_) | Self::Attempt(_) | Self::End(_) => "record",
            Self::Query(..) => "query",
            Self::Close => "close",
        }
    }

    /// Has the trail take it. Where it takes no more, that is the answer for each event.
    pub fn taken_by(self, living: Arc<Living>) -> Result<Taken, Result<Done, Told>> {
        let pass = match &self {
            Self::Close => {
                living.shut();
                None
            }
            _ => match living.enter() {
                Ok(pass) => Some(pass),
                Err(failing) => {
                    living.count_failed(self.events());
                    return Err(self.refused(failing));
                }
            },
        };
        Ok(Taken {
            work: self,
            living,
            pass,
        })
    }

    /// How many events it records.
    fn events(&self) -> u64 {
        match self {
            Self::Record(_) | Self::Attempt(_) | Self::End(_) => 1,
            Self::RecordAll(events) => events.len() as u64,
            Self::Query(..) | Self::Close => 0,
        }
    }

    /// The answer where it cannot be done.
    pub fn refused(&self, failing: Failing) -> Result<Done, Told> {
        match self {
            Self::RecordAll(events) => {
                let told = events
                    .iter()
                    .map(|_| Err(Told::event(None, failing.clone())));
                Ok(Done::Receipts(told.collect()))
            }
            _ => Err(Told::new(self.operation(), failing)),
        }
    }

    async fn perform(self, living: &Arc<Living>) -> Result<Done, Told> {
        match self {
            Self::Record(json) => record(living, &json).await.map(Done::Receipt),
            Self::RecordAll(events) => Ok(Done::Receipts(record_all(living, events).await)),
            Self::Query(query, form) => {
                // Spans such as `24h` are counted back from now, wherever the trail is.
                let page = living.query(query.dated(SystemClock::new().now())).await;
                let page = page.map_err(|failing| Told::new("query", failing))?;
                Ok(match form {
                    Form::Entries => Done::Entries(page),
                    Form::Page => Done::Page(page),
                })
            }
            Self::Attempt(json) => {
                let event = read(&json)?;
                let action = event.action.to_string();
                let audit: Arc<dyn AuditProtocol> = Arc::new(Port(Arc::clone(living)));
                match audit.attempt(event).await {
                    Ok(attempt) => Ok(Done::Begun(Box::new(attempt), Arc::clone(living))),
                    Err(error) => Err(Told::event(action, passed(&error))),
                }
            }
            Self::End(ending) => end(*ending).await.map(Done::Receipt),
            Self::Close => match living.close().await {
                Ok(()) => Ok(Done::Nothing),
                Err(failing) => Err(Told::new("close", failing)),
            },
        }
    }
}

fn read(json: &[u8]) -> Result<AuditEvent, Told> {
    AuditEvent::from_json(json)
        .map_err(|error| Told::event(None, indelible::AuditError::from(error).into()))
}

async fn record(living: &Living, json: &[u8]) -> Result<Receipt, Told> {
    let event = read(json)?;
    let action = event.action.clone();
    let recorded = living.record(event).await;
    recorded.map_err(|failing| Told::event(action.to_string(), failing))
}

/// Every event has its own answer: one that is refused keeps no other one out.
async fn record_all(
    living: &Living,
    events: Vec<Result<Vec<u8>, Failing>>,
) -> Vec<Result<Receipt, Told>> {
    let read = |written: Result<Vec<u8>, Failing>| match written {
        Ok(json) => read(&json),
        Err(failing) => Err(Told::event(None, failing)),
    };
    let mut actions = Vec::with_capacity(events.len());
    let mut good = Vec::with_capacity(events.len());
    for event in events.into_iter().map(read) {
        actions.push(match event {
            Ok(event) => {
                let action = event.action.to_string();
                good.push(event);
                Ok(action)
            }
            Err(told) => Err(told),
        });
    }
    let mut recorded = living.record_all(good).await.into_iter();
    let answer = |action: Result<String, Told>| {
        let action = action?;
        let recorded = recorded.next().unwrap_or_else(|| Err(Failing::internal()));
        recorded.map_err(|failing| Told::event(action, failing))
    };
    actions.into_iter().map(answer).collect()
}

async fn end(ending: Ending) -> Result<Receipt, Told> {
    let Ending {
        attempt,
        mut untold,
        outcome,
        reason,
        more,
    } = ending;
    let more = read(&more)?;
    let mut action = String::new();
    let attempt = attempt.learned(|mut event| {
        action = event.action.to_string();
        event.resource_id = more.resource_id.or(event.resource_id);
        event.context = merged(event.context, more.context);
        event.notes.extend(more.notes);
        event
    });
    let reason = reason.unwrap_or_default();
    let ended = match outcome {
        Outcome::Denied => attempt.denied(reason).await,
        Outcome::Failed => attempt.failed(reason).await,
        _ => attempt.succeeded().await,
    };
    match ended {
        Ok(receipt) => {
            untold.is_told();
            Ok(receipt)
        }
        Err(error) => Err(Told::event(action, passed(&error))),
    }
}

/// The members of both; what is known later replaces what was known before.
fn merged(before: Option<Value>, more: Option<Value>) -> Option<Value> {
    match (before, more) {
        (Some(Value::Object(mut all)), Some(Value::Object(more))) => {
            all.extend(more);
            Some(Value::Object(all))
        }
        (before, None) => before,
        (_, more) => more,
    }
}
