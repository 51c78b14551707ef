//! Many events in one request, and one answer for each.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use indelible_core::{AuditError, AuditEvent, Receipt, RecordInOrder};
use serde::Deserialize;

use crate::attempts::Course;
use crate::audit::{HttpAudit, Inner};
use crate::exchange::Ask;
use crate::problem::Problem;
use crate::trust::Verify;

/// Events of one request; the server takes ten thousand.
const EVENTS_AT_ONCE: usize = 1_000;
/// Bytes of events in one request, past which the next one is begun; the server takes 16 MiB.
const BYTES_AT_ONCE: usize = 4 << 20;
/// The longest answer to one request, in bytes.
const RESULTS_BYTES_MAX: usize = 64 << 20;

/// What the server says of one event.
#[derive(Deserialize)]
struct Line {
    index: usize,
    status: u16,
    receipt: Option<Receipt>,
    problem: Option<Problem>,
}

/// An event on its way, and its place among those of the caller.
struct Sent {
    place: usize,
    event: AuditEvent,
    text: Vec<u8>,
}

type Answers = Vec<Option<Result<Receipt, AuditError>>>;

impl HttpAudit {
    /// Records many events in few requests, in the order given, and answers for each in its place.
    /// What the server cannot take now comes again under the same id, and those behind it with it;
    /// what is refused keeps nothing else out. Once the time is over, or the server is not
    /// believed, all that is left gets that error.
    ///
    /// Under [`Verify::Receipts`] each receipt is proved, and each event is a request of its own.
    pub async fn record_all(
        &self,
        events: impl IntoIterator<Item = AuditEvent, IntoIter: Send> + Send,
    ) -> Vec<Result<Receipt, AuditError>> {
        let inner = &self.inner;
        let mut answers: Answers = Vec::new();
        let mut batch = VecDeque::new();
        let mut bytes = 0;
        let mut over: Option<AuditError> = None;
        for (place, event) in events.into_iter().enumerate() {
            answers.push(over.clone().map(Err));
            if over.is_some() {
                continue;
            }
            let event = match inner.prepare(event) {
                Ok(event) => event,
                Err(error) => {
                    answers[place] = Some(Err(error.into()));
                    continue;
                }
            };
            let text = event.to_json();
            bytes += text.len() + 1;
            batch.push_back(Sent { place, event, text });
            if batch.len() >= EVENTS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                over = inner.send(&mut batch, &mut answers).await.err();
                bytes = 0;
            }
        }
        if over.is_none() {
            // Whoever was not answered has the error in its place.
            let _ = inner.send(&mut batch, &mut answers).await;
        }
        let unsaid = || Err(inner.unreadable("an event has no answer").into());
        (answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(unsaid)))
        .collect()
    }
}

#[async_trait]
impl RecordInOrder for HttpAudit {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        self.record_all(events).await
    }
}

impl Inner {
    /// Sends a batch until each of its events has an answer.
    ///
    /// # Errors
    /// Why nothing more is to be sent. It is the answer of all that had none.
    async fn send(
        &self,
        batch: &mut VecDeque<Sent>,
        answers: &mut Answers,
    ) -> Result<(), AuditError> {
        let mut sent = self.prove(batch, answers).await;
        if sent.is_ok() && !batch.is_empty() {
            sent = self.deliver(batch, answers).await;
        }
        for left in batch.drain(..) {
            if let Err(error) = &sent {
                answers[left.place] = Some(Err(error.clone()));
            }
        }
        sent
    }

    /// Has the first receipt proved where that is due, before the server is believed any other.
    async fn prove(
        &self,
        batch: &mut VecDeque<Sent>,
        answers: &mut Answers,
    ) -> Result<(), AuditError> {
        while self.is_due() {
            let must = self.verify == Verify::Receipts || self.is_suspect.load(Ordering::Acquire);
            let _turn = match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) if must => self.turn.lock().await,
                // Somebody else has it proved just now.
                Err(_) => return Ok(()),
            };
            let Some(first) = batch.pop_front() else {
                return Ok(());
            };
            match self.checked(&first.event, Bytes::from(first.text)).await {
                Err(error) if !error.is_final() => {
                    answers[first.place] = Some(Err(error.clone()));
                    return Err(error);
                }
                answer => answers[first.place] = Some(answer),
            }
        }
        Ok(())
    }

    async fn deliver(
        &self,
        open: &mut VecDeque<Sent>,
        answers: &mut Answers,
    ) -> Result<(), AuditError> {
        let mut course = self.attempts.begin();
        loop {
            let last = self.round(open, &mut course, answers).await?;
            let Some(error) = last else {
                open.clear();
                return Ok(());
            };
            if self.attempts.again(&course).await.is_err() {
                return Err(error);
            }
        }
    }

    /// Sends what is open once, and leaves open what is to be sent again: the first that the server
    /// cannot take now, and all behind it. Answers why.
    async fn round(
        &self,
        open: &mut VecDeque<Sent>,
        course: &mut Course,
        answers: &mut Answers,
    ) -> Result<Option<AuditError>, AuditError> {
        let known = self.kept.size();
        let asked = self.asked(false);
        let texts: Vec<_> = open.iter().map(|sent| &sent.text[..]).collect();
        let body = [&b"["[..], &texts.join(&b','), &b"]"[..]].concat();
        let ask = Ask {
            answer_bytes_max: RESULTS_BYTES_MAX,
            ..self.ask(Bytes::from(body), None)
        };
        let answer = self.attempts.answer(&ask, &asked, course).await?;
        let lines: Vec<Line> = self.read(&answer)?;
        if !lines.iter().map(|line| line.index).eq(0..open.len()) {
            return Err(self
                .unreadable("other events are answered than were sent")
                .into());
        }
        for (done, line) in lines.into_iter().enumerate() {
            let sent = &open[done];
            answers[sent.place] = Some(match (line.receipt, line.problem) {
                (Some(receipt), None) => {
                    self.expect(&sent.event, &receipt)?;
                    self.refuse_older(known, receipt.tree_size.unwrap_or(known))?;
                    Ok(receipt)
                }
                (None, Some(problem)) => {
                    let problem = problem.of_status(line.status);
                    if problem.is_passing() {
                        open.drain(..done);
                        return Ok(Some(course.given_up(problem, &asked)));
                    }
                    Err(problem.to_error(&asked))
                }
                _ => return Err(self.unreadable("an event has no answer").into()),
            });
        }
        Ok(None)
    }
}
