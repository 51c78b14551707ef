//! The erasure entries.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::register::Line;
use super::{ERASED, RESOURCE};
use crate::engine::Shared;
use crate::engine::queue::{Job, Queue};
use crate::entry::Erasure;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::protocol::Receipt;
use crate::trail::TrailName;

/// Records lines, each with what it erases and the place by which its seq is answered.
pub(super) async fn record_all(
    shared: &Arc<Shared>,
    trail: &TrailName,
    lines: Vec<(usize, Line, Vec<Erasure>)>,
) -> Result<Vec<(usize, u64)>, AuditError> {
    let mut answers = Vec::with_capacity(lines.len());
    for (place, line, erases) in lines {
        let answer = hand_in(shared, trail, event(line), erases).await?;
        answers.push((place, answer));
    }
    let mut seqs = Vec::with_capacity(answers.len());
    for (place, answer) in answers {
        match answer.await.map_err(|_| AuditError::Closed)? {
            Ok(receipt) => seqs.extend(receipt.seq.map(|seq| (place, seq))),
            // Another process has recorded it, of a copy that ended elsewhere.
            Err(AuditError::IdConflict { seq, .. }) => seqs.push((place, seq)),
            Err(error) => return Err(error),
        }
    }
    Ok(seqs)
}

fn event(line: Line) -> AuditEvent {
    // Where it speaks of one person, it is found by the digest.
    let one = match line.context["subject_refs"].as_array().map(Vec::as_slice) {
        Some([one]) => one.as_str().map(str::to_owned),
        _ => None,
    };
    let mut event = AuditEvent::new(ERASED, RESOURCE)
        .id(line.id)
        .context(line.context);
    event.user_id = line.by;
    event.correlation_id = line.correlation_id;
    event.resource_id = one;
    event
}

/// Records an entry that lists what it erases, which no caller's event can.
pub(in crate::engine) async fn record(
    shared: &Arc<Shared>,
    trail: &TrailName,
    event: AuditEvent,
    erases: Vec<Erasure>,
) -> Result<Receipt, AuditError> {
    let answer = hand_in(shared, trail, event, erases).await?;
    answer.await.map_err(|_| AuditError::Closed)?
}

type Answer = oneshot::Receiver<Result<Receipt, AuditError>>;

async fn hand_in(
    shared: &Arc<Shared>,
    trail: &TrailName,
    event: AuditEvent,
    erases: Vec<Erasure>,
) -> Result<Answer, AuditError> {
    let mut event = Box::new(shared.door.admit(event)?);
    event.new.entry.erases = erases;
    let (answer, answered) = oneshot::channel();
    let job = Job {
        event,
        answer,
        records_conflict: false,
        link: None,
    };
    Queue::of(shared, trail)?.put(job, shared).await?;
    Ok(answered)
}
