//! Doing what the register says, and going on where another process ended.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::register::{Line, Pinned};
use super::{ERASED, Erased, ErasureProgress, cannot_erase};
use crate::engine::queue::{Job, Queue};
use crate::engine::{Ground, Shared};
use crate::entry::Erasure;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::part::PartKind;
use crate::protocol::Receipt;
use crate::store::{Removal, StoreError};
use crate::trail::TrailName;

/// The kind of registry rows that say how far a trail of the database is with the register.
const KIND: &str = "erasure";
/// Ranges that are blanked in one call.
const BLANK_RANGES: usize = 256;

/// What the register has that was not done in this database.
struct Pending {
    /// The lines in all.
    count: u64,
    /// Those that this database is not known to be done with.
    lines: Vec<Line>,
    /// The version of the registry's row.
    version: Option<u64>,
}

/// Where content is taken away.
pub(super) fn removal(shared: &Shared) -> Result<&dyn Removal, AuditError> {
    shared.ground.store.removal().ok_or_else(cannot_erase)
}

/// Does what the register has of a trail and this database is not known to have done. `own` are
/// the lines that this process has just written, about the trail as it is.
///
/// # Errors
/// Those of recording, of which [`AuditError::Refused`] leaves nothing behind that is to be gone;
/// those of blanking. What was done is done again by the next call, to no effect.
pub(in crate::engine) async fn finish(
    shared: &Arc<Shared>,
    trail: &TrailName,
    own: &[Uuid],
    progress: &mut (dyn FnMut(ErasureProgress) + Send),
) -> Result<Erased, AuditError> {
    let pending = pending(&shared.ground, trail).await?;
    let mut erased = Erased::default();
    if pending.lines.is_empty() {
        return Ok(erased);
    }
    let removal = removal(shared)?;
    let Some(head) = shared.ground.store.head(trail).await? else {
        // Of a trail that is not here nothing is here.
        return Ok(erased);
    };
    let mut lines = Vec::with_capacity(pending.lines.len());
    for line in pending.lines {
        lines.push(match own.contains(&line.id) {
            true => line,
            false => of_history(&shared.ground, trail, line, head.size).await?,
        });
    }
    let recorded = record_all(shared, trail, &lines, progress).await;
    // A restored copy accepts no writes until it is succeeded. What must be gone goes all the same.
    if let Err(error) = &recorded
        && !matches!(error, AuditError::Refused { .. })
    {
        return Err(error.clone());
    }
    let erasures: Vec<Erasure> = lines.iter().flat_map(Line::erasures).collect();
    let all = erasures.len() as u64;
    for (done, ranges) in (0_u64..).zip(erasures.chunks(BLANK_RANGES)) {
        erased.parts += removal.erase(trail, ranges).await?;
        let done = (done * BLANK_RANGES as u64 + ranges.len() as u64).min(all);
        progress(ErasureProgress::Blank(done, all));
    }
    progress(ErasureProgress::Purge);
    if !erasures.is_empty() {
        match removal.purge(trail, &erasures).await {
            Ok(purged) => erased.leftovers = purged.leftovers,
            Err(error) => erased.unpurged = Some(error.to_string()),
        }
    }
    erased.recorded = recorded?;
    if erased.unpurged.is_none() {
        let done = json!({ "applied": pending.count });
        let registry = &shared.ground.registry;
        // Of two that have done it, one has said so.
        registry
            .put(KIND, trail.as_str(), pending.version, Some(&done))
            .await?;
    }
    Ok(erased)
}

/// Goes on, at the start of a process that may write, with what was cut short, and takes away again
/// what a restored copy brought back.
///
/// # Errors
/// Where a trail holds what was erased and does not know of it, and this process may not take it
/// away: it must not be served. [`AuditError::State`], [`AuditError::Store`].
pub(in crate::engine) async fn resume(shared: &Arc<Shared>) -> Result<(), AuditError> {
    for trail in shared.ground.state.erased_trails()? {
        match finish(shared, &trail, &[], &mut |_| {}).await {
            // It is blanked; the entries that say so come when the trail is succeeded.
            Ok(_) | Err(AuditError::Refused { .. }) => {}
            // Another process, whose role may, is about it, or was and will be.
            Err(AuditError::Store(error))
                if matches!(*error, StoreError::Unsupported(_))
                    && !brings_back(&shared.ground, &trail).await? => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Refuses, to a process that only reads, a copy that holds what was erased.
///
/// # Errors
/// [`AuditError::BroughtBack`]; [`AuditError::State`], [`AuditError::Store`].
pub(in crate::engine) async fn admit_reading(ground: &Ground) -> Result<(), AuditError> {
    for trail in ground.state.erased_trails()? {
        if brings_back(ground, &trail).await? {
            return Err(AuditError::BroughtBack(trail));
        }
    }
    Ok(())
}

/// Whether a trail holds content that was erased and has no entry that says so, as a copy does
/// that was made before.
async fn brings_back(ground: &Ground, trail: &TrailName) -> Result<bool, AuditError> {
    let pending = pending(ground, trail).await?;
    if pending.lines.is_empty() {
        return Ok(false);
    }
    let Some(head) = ground.store.head(trail).await? else {
        return Ok(false);
    };
    let ids: Vec<Uuid> = pending.lines.iter().map(|line| line.id).collect();
    let known = ground.store.seqs(trail, &ids).await?;
    for (line, known) in pending.lines.into_iter().zip(known) {
        if known.is_some() {
            continue;
        }
        for range in of_history(ground, trail, line, head.size).await?.erases {
            if is_there(ground, trail, &range).await? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether any of the parts of a range is there.
async fn is_there(ground: &Ground, trail: &TrailName, range: &Pinned) -> Result<bool, AuditError> {
    let mut first = range.first;
    while first <= range.last {
        let end = range.last.min(first + 255) + 1;
        let entries = ground.store.entries(trail, first..end).await?;
        let holds = |kind: &PartKind| entries.iter().any(|e| e.parts.get(*kind).is_some());
        if range.parts.iter().any(holds) {
            return Ok(true);
        }
        first = end;
    }
    Ok(false)
}

async fn pending(ground: &Ground, trail: &TrailName) -> Result<Pending, AuditError> {
    // The row first: lines that come meanwhile are pending.
    let row = ground.registry.get(KIND, trail.as_str()).await?;
    let applied = row.as_ref().and_then(|row| row.value["applied"].as_u64());
    let applied = usize::try_from(applied.unwrap_or(0)).unwrap_or(usize::MAX);
    let texts = ground.state.erasures(trail)?;
    let lines = texts.iter().skip(applied).map(|text| Line::read(text));
    Ok(Pending {
        count: texts.len() as u64,
        lines: lines.collect::<Result<_, _>>()?,
        version: row.map(|row| row.version),
    })
}

/// What of a line is about entries of this very history, none beyond its end.
async fn of_history(
    ground: &Ground,
    trail: &TrailName,
    line: Line,
    size: u64,
) -> Result<Line, StoreError> {
    let mut erases = Vec::with_capacity(line.erases.len());
    for mut range in line.erases {
        if range.first >= size {
            continue;
        }
        let leaves = range.first..range.first + 1;
        let leaf = ground.store.hashes(trail, 0, leaves).await?;
        if leaf.iter().any(|(_, leaf)| range.is_of(leaf)) {
            range.last = range.last.min(size - 1);
            erases.push(range);
        }
    }
    Ok(Line { erases, ..line })
}

/// Entries that are on their way at once.
const AHEAD_MAX: usize = 32;

/// Records the lines that the trail has no entry of; answers where all of them stand. A line of
/// which nothing is of this history is not recorded.
async fn record_all(
    shared: &Arc<Shared>,
    trail: &TrailName,
    lines: &[Line],
    progress: &mut (dyn FnMut(ErasureProgress) + Send),
) -> Result<Vec<u64>, AuditError> {
    let ids: Vec<Uuid> = lines.iter().map(|line| line.id).collect();
    let known = shared.ground.store.seqs(trail, &ids).await?;
    let mut seqs: Vec<u64> = known.iter().copied().flatten().collect();
    let is_new = |(line, known): (&'_ Line, Option<u64>)| {
        let says = !line.erases.is_empty() || line.context["records_affected"] == 0;
        (known.is_none() && says).then(|| line.clone())
    };
    let new: Vec<Line> = lines.iter().zip(known).filter_map(is_new).collect();
    let all = new.len() as u64;
    let mut done = 0;
    for some in new.chunks(AHEAD_MAX) {
        let mut answers = Vec::with_capacity(some.len());
        for line in some {
            answers.push(hand_in(shared, trail, event(line), line.erasures()).await?);
        }
        for answer in answers {
            match answer.await.map_err(|_| AuditError::Closed)? {
                Ok(receipt) => seqs.extend(receipt.seq),
                // Another process has recorded it, of a copy that ended elsewhere.
                Err(AuditError::IdConflict { seq, .. }) => seqs.push(seq),
                Err(error) => return Err(error),
            }
            done += 1;
            progress(ErasureProgress::Record(done, all));
        }
    }
    seqs.sort_unstable();
    Ok(seqs)
}

fn event(line: &Line) -> AuditEvent {
    let mut event = AuditEvent::new(ERASED, "subject_key")
        .id(line.id)
        .context(line.context.clone());
    event.user_id = line.by.clone();
    event.correlation_id = line.correlation_id.clone();
    // Where it speaks of one person, it is found by the digest.
    if let Some([one]) = line.context["subject_refs"].as_array().map(Vec::as_slice) {
        event.resource_id = one.as_str().map(str::to_owned);
    }
    event
}

/// Records an entry that lists what it erases, which no caller's event can.
pub(super) async fn record(
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
