//! Many events in one request, and one answer for each.

use bytes::Bytes;
use hyper::Method;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Receipt};
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
    /// Records many events in few requests, and answers for each in its place. What the server
    /// cannot take now comes again under the same id; what is refused keeps nothing else out.
    ///
    /// Under [`Verify::Receipts`] each receipt is proved, and each event is a request of its own.
    pub async fn record_all(
        &self,
        events: impl IntoIterator<Item = AuditEvent>,
    ) -> Vec<Result<Receipt, AuditError>> {
        let inner = &self.inner;
        let mut answers: Answers = Vec::new();
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (place, event) in events.into_iter().enumerate() {
            answers.push(None);
            if inner.verify == Verify::Receipts {
                answers[place] = Some(self.record(event).await);
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
            batch.push(Sent { place, event, text });
            if batch.len() >= EVENTS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                inner.batch(std::mem::take(&mut batch), &mut answers).await;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            inner.batch(batch, &mut answers).await;
        }
        let unsaid = || Err(inner.unreadable("an event has no answer").into());
        (answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(unsaid)))
        .collect()
    }
}

impl Inner {
    async fn batch(&self, mut open: Vec<Sent>, answers: &mut Answers) {
        let last = open.last().map(|sent| (sent.place, sent.event.clone()));
        let mut course = self.attempts.begin();
        loop {
            match self.round(&open, &mut course, answers).await {
                Ok(again) => open.retain(|sent| again.contains(&sent.place)),
                Err(error) => {
                    for sent in &open {
                        answers[sent.place] = Some(Err(error.clone()));
                    }
                    return;
                }
            }
            if open.is_empty() || self.attempts.again(&course).await.is_err() {
                break;
            }
        }
        if let Some((place, event)) = last
            && self.is_due()
            && matches!(answers[place], Some(Ok(_)))
        {
            self.prove(place, event, answers).await;
        }
    }

    /// Sends what is open once. The places of what is to be sent again, each with the answer that
    /// it has when it is not.
    async fn round(
        &self,
        open: &[Sent],
        course: &mut Course,
        answers: &mut Answers,
    ) -> Result<Vec<usize>, AuditError> {
        let known = self.kept.size();
        let asked = self.asked(false);
        let texts: Vec<_> = open.iter().map(|sent| &sent.text[..]).collect();
        let body = [&b"["[..], &texts.join(&b','), &b"]"[..]].concat();
        let ask = Ask {
            method: Method::POST,
            target: self.events.clone(),
            body: Bytes::from(body),
            prefer: None,
            answer_bytes_max: RESULTS_BYTES_MAX,
        };
        let answer = self.attempts.answer(&ask, &asked, course).await?;
        let lines: Vec<Line> = self.read(&answer)?;
        if !lines.iter().map(|line| line.index).eq(0..open.len()) {
            return Err(self
                .unreadable("other events are answered than were sent")
                .into());
        }
        let mut again = Vec::new();
        for (line, sent) in lines.into_iter().zip(open) {
            let said = match (line.receipt, line.problem) {
                (Some(receipt), None) => {
                    self.expect(&sent.event, &receipt)?;
                    self.refuse_older(known, receipt.tree_size.unwrap_or(known))?;
                    Ok(receipt)
                }
                (None, Some(problem)) => {
                    let problem = problem.of_status(line.status);
                    if problem.is_passing() {
                        again.push(sent.place);
                        Err(course.given_up(problem, &asked))
                    } else {
                        Err(problem.to_error(&asked))
                    }
                }
                _ => return Err(self.unreadable("an event has no answer").into()),
            };
            answers[sent.place] = Some(said);
        }
        Ok(again)
    }

    /// Has the last receipt proved, and with it the tree that it is in.
    async fn prove(&self, place: usize, event: AuditEvent, answers: &mut Answers) {
        let Ok(_turn) = self.turn.try_lock() else {
            return;
        };
        let body = Bytes::from(event.to_json());
        if let Err(error) = self.checked(&event, body).await {
            answers[place] = Some(Err(error));
        }
    }
}
