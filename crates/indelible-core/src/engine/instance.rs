//! What the engine records of itself in the trail `system`: start, orderly stop, unclean ends,
//! jumps of the clock, conflicts of ids.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::queue::{Job, Queue};
use super::{Ground, Shared};
use crate::action::AuditAction;
use crate::catalogue;
use crate::clock::uuid_v7;
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::protocol::Receipt;
use crate::registry::Versioned;
use crate::store::StoreError;
use crate::time::{MICROS_PER_SECOND, Timestamp};
use crate::trail::TrailName;

/// The kind of lease rows in the registry.
const KIND: &str = "instance";
/// How often a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// The age at which a lease says that its holder ended without saying so.
const LEASE: Duration = Duration::from_secs(35);
/// A difference between the pace of the clock and of time itself that is worth a record.
const JUMP: Duration = Duration::from_secs(10);

/// This process among those that write.
pub(super) struct Instance {
    id: Uuid,
    /// Held from the beginning to the orderly end; its renewals and its end take turns.
    lease: tokio::sync::Mutex<Lease>,
    clock: Mutex<Option<(Timestamp, Duration)>>,
    looked_back: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lease {
    NotYet,
    Held(u64),
    Ended,
}

impl Instance {
    pub fn new(ground: &Ground) -> Self {
        let id = uuid_v7(ground.clock.now(), &*ground.entropy);
        Self {
            id,
            lease: tokio::sync::Mutex::new(Lease::NotYet),
            clock: Mutex::default(),
            looked_back: AtomicBool::new(false),
        }
    }
}

/// Takes a lease, records the unclean ends of others and this start, and reads the record back.
pub(super) async fn begin(shared: &Arc<Shared>) -> Result<(), AuditError> {
    record_unclean_ends(shared).await?;
    renew(shared).await?;
    let begun = record_start(shared).await;
    match begun {
        Ok(()) => keep_lease(shared),
        // A process that never wrote must not be missed later.
        Err(_) => give_back(shared, &mut *shared.instance.lease.lock().await).await?,
    }
    begun
}

async fn record_start(shared: &Arc<Shared>) -> Result<(), AuditError> {
    let event = AuditEvent::new(AuditAction::AUDIT_STARTED, "audit_log").context(json!({
        "instance_id": shared.instance.id,
        "program": shared.options.program,
        "catalogue_version": catalogue::VERSION,
    }));
    let receipt = record(shared, event).await?;
    let (system, seq) = (TrailName::system(), receipt.seq.unwrap_or_default());
    let read_back = shared.ground.store.entries(&system, seq..seq + 1).await?;
    if read_back.first().map(|entry| entry.leaf_hash) != receipt.leaf_hash {
        let what = "the record of the start".to_owned();
        let problem = "it was acknowledged but cannot be read back".to_owned();
        return Err(StoreError::Corrupt {
            what,
            seq: Some(seq),
            problem,
        }
        .into());
    }
    Ok(())
}

/// Records the orderly stop and gives the lease back.
pub(super) async fn end(shared: &Arc<Shared>) -> Result<(), AuditError> {
    let mut lease = shared.instance.lease.lock().await;
    let Lease::Held(_) = *lease else {
        return Ok(());
    };
    let event = AuditEvent::new(AuditAction::AUDIT_STOPPED, "audit_log").context(json!({
        "instance_id": shared.instance.id,
        "program": shared.options.program,
        "reason": "orderly",
    }));
    record(shared, event).await?;
    give_back(shared, &mut lease).await
}

async fn give_back(shared: &Shared, lease: &mut Lease) -> Result<(), AuditError> {
    let Lease::Held(version) = std::mem::replace(lease, Lease::Ended) else {
        return Ok(());
    };
    let key = shared.instance.id.to_string();
    shared
        .ground
        .registry
        .put(KIND, &key, Some(version), None)
        .await?;
    Ok(())
}

/// Renews the lease while the engine lives, and looks for those that were not renewed.
fn keep_lease(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    shared.thread.spawn(async move {
        loop {
            pause().await;
            let Some(shared) = weak.upgrade() else { return };
            if *shared.instance.lease.lock().await == Lease::Ended {
                return;
            }
            // A store that is down now is asked again at the next renewal.
            let _ = renew(&shared).await;
            let _ = record_unclean_ends(&shared).await;
        }
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pace of renewals, which no result depends on"
)]
async fn pause() {
    tokio::time::sleep(RENEWAL).await;
}

async fn renew(shared: &Shared) -> Result<(), AuditError> {
    let mut lease = shared.instance.lease.lock().await;
    let before = match *lease {
        Lease::NotYet => None,
        Lease::Held(version) => Some(version),
        Lease::Ended => return Ok(()),
    };
    let key = shared.instance.id.to_string();
    let value = json!({
        "program": shared.options.program,
        "seen_at": shared.ground.clock.now(),
    });
    let registry = &shared.ground.registry;
    let mut version = registry.put(KIND, &key, before, Some(&value)).await?;
    if version.is_none() {
        // Another process took the lease for an unclean end, or this one's last write landed
        // without an answer.
        let there = registry.get(KIND, &key).await?.map(|row| row.version);
        version = registry.put(KIND, &key, there, Some(&value)).await?;
    }
    if let Some(version) = version {
        *lease = Lease::Held(version);
    }
    Ok(())
}

async fn record_unclean_ends(shared: &Arc<Shared>) -> Result<(), AuditError> {
    let now = shared.ground.clock.now();
    for (key, lease) in shared.ground.registry.list(KIND).await? {
        let Some(seen_at) = expired(&lease, now) else {
            continue;
        };
        if key == shared.instance.id.to_string() {
            continue;
        }
        let gap = (now.as_micros() - seen_at.as_micros()) / MICROS_PER_SECOND;
        let event = AuditEvent::new(AuditAction::AUDIT_STOPPED, "audit_log")
            .outcome(Outcome::Failed)
            // Of several processes that see the expired lease, one records it.
            .id(unclean_end_id(&key, lease.version))
            .context(json!({
                "instance_id": key,
                "program": lease.value["program"],
                "reason": "unclean",
                "last_seen_at": seen_at,
                "gap_seconds": gap,
            }));
        match record(shared, event).await {
            Ok(_) | Err(AuditError::IdConflict { .. }) => {}
            Err(error) => return Err(error),
        }
        // Only now: a lease that is gone before its end is recorded would hide the gap.
        shared
            .ground
            .registry
            .put(KIND, &key, Some(lease.version), None)
            .await?;
    }
    Ok(())
}

/// The program of another process that holds a lease which has not expired, if there is one.
pub(super) async fn other_writer(shared: &Shared) -> Result<Option<String>, AuditError> {
    let now = shared.ground.clock.now();
    let own = shared.instance.id.to_string();
    let leases = shared.ground.registry.list(KIND).await?;
    let mut others = leases.into_iter().filter(|(key, _)| *key != own);
    let alive = others.find(|(_, lease)| expired(lease, now).is_none());
    Ok(alive.map(|(key, lease)| {
        let program = lease.value["program"].as_str().unwrap_or("a process");
        format!("{program} ({key})")
    }))
}

/// The id under which the end of one lease is recorded, once whoever sees it.
fn unclean_end_id(key: &str, version: u64) -> Uuid {
    let digest = Sha256::digest(format!("indelible/unclean-end/v1\n{key}\n{version}\n"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// When the holder of an expired lease was seen last.
fn expired(lease: &Versioned, now: Timestamp) -> Option<Timestamp> {
    let seen_at: Timestamp = lease.value["seen_at"].as_str()?.parse().ok()?;
    (seen_at < now.earlier(LEASE)).then_some(seen_at)
}

/// Records a jump of the clock: wherever it ran otherwise than time itself by over 10 s.
pub(super) fn watch_clock(shared: &Arc<Shared>, now: Timestamp) {
    let elapsed = shared.ground.clock.elapsed();
    let mut last = shared
        .instance
        .clock
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let before = last.replace((now, elapsed));
    drop(last);
    if let Some((before, then)) = before {
        let passed = elapsed.saturating_sub(then).as_micros();
        let expected = before
            .as_micros()
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        record_jump(shared, now.as_micros() - expected, "between two commits");
    }
}

/// Records that the clock stands before the last entry of a trail.
pub(super) fn watch_restart(shared: &Arc<Shared>, last_created_at: Timestamp) {
    // Once: where several processes write, each has its own clock, and the others' last entries
    // say nothing of this one's.
    if shared.instance.looked_back.swap(true, Ordering::SeqCst) {
        return;
    }
    let jump = shared.ground.clock.now().as_micros() - last_created_at.as_micros();
    record_jump(shared, jump.min(0), "since the last entry");
}

fn record_jump(shared: &Arc<Shared>, jump_micros: i64, source: &str) {
    if jump_micros.unsigned_abs() <= JUMP.as_micros() as u64 {
        return;
    }
    let event = AuditEvent::new(AuditAction::AUDIT_CLOCK_DRIFT_DETECTED, "clock").context(json!({
        "instance_id": shared.instance.id,
        "offset_ms": jump_micros / 1000,
        "threshold_ms": JUMP.as_millis() as u64,
        "source": source,
    }));
    record_soon(shared, event);
}

/// Records a conflict of ids.
pub(super) fn record_conflict(shared: &Arc<Shared>, trail: &TrailName, conflict: &AuditError) {
    let AuditError::IdConflict { id, seq, field } = conflict else {
        return;
    };
    let event = AuditEvent::new(AuditAction::AUDIT_ID_CONFLICT, "audit_log")
        .resource_id(trail.as_str())
        .context(json!({
            "event_id": id,
            "first_sequence": seq,
            "differing_fields": [field],
        }));
    record_soon(shared, event);
}

async fn record(shared: &Arc<Shared>, event: AuditEvent) -> Result<Receipt, AuditError> {
    let (job, answer) = job(shared, event)?;
    Queue::of(shared, &TrailName::system())?
        .put(job, shared)
        .await?;
    answer.await.map_err(|_| AuditError::Closed)?
}

/// Records in `system` what a program around the engine has to say of itself. An id that stands
/// there already is an answer and no record.
pub(super) async fn record_of_itself(
    shared: &Arc<Shared>,
    event: AuditEvent,
) -> Result<Receipt, AuditError> {
    if shared.options.read_only {
        let (trail, refusal) = (TrailName::system(), Refusal::ReadOnly);
        return Err(AuditError::Refused { trail, refusal });
    }
    let (mut job, answer) = job(shared, event)?;
    job.records_conflict = false;
    Queue::of(shared, &TrailName::system())?
        .put(job, shared)
        .await?;
    answer.await.map_err(|_| AuditError::Closed)?
}

/// Records without waiting: sequencers must not wait for each other.
fn record_soon(shared: &Arc<Shared>, event: AuditEvent) {
    let Ok((job, _answer)) = job(shared, event) else {
        return;
    };
    let Ok(queue) = Queue::of(shared, &TrailName::system()) else {
        return;
    };
    let engine = Arc::clone(shared);
    shared.thread.spawn(async move {
        // A queue that stays full for that long belongs to a store that takes nothing.
        let _ = queue.put(job, &engine).await;
    });
}

type Answer = tokio::sync::oneshot::Receiver<Result<Receipt, AuditError>>;

fn job(shared: &Shared, event: AuditEvent) -> Result<(Job, Answer), AuditError> {
    let event = Box::new(shared.door.admit(event)?);
    let (answer, answered) = tokio::sync::oneshot::channel();
    Ok((
        Job {
            event,
            answer,
            records_conflict: true,
            link: None,
        },
        answered,
    ))
}
