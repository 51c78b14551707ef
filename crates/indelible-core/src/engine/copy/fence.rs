//! The entry that a move begins with, behind which nobody writes any more.
//!
//! A row of the registry alone holds back nobody who has read it before it was there. But whoever
//! appends names the head that it builds on, and with this entry that head is another one: a writer
//! from before is sent back to read, and whoever reads finds the row.

use std::sync::Arc;

use serde_json::json;

use super::super::{Shared, load};
use super::{Move, uncopied};
use crate::action::AuditAction;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::sealing::{Base, seal};
use crate::store::Verdict;
use crate::trail::TrailName;

/// What the entry is called.
const ACTION: &str = "audit_trail_copy_started";

/// Lost races after which a move is given up for now: each was won by a writer from before, and
/// none of them wins twice.
const ATTEMPTS_MAX: u32 = 1_000;

/// Puts the entry at the end of a trail whose row says already that it leaves. Where it stands
/// there, from a move that was cut short, one is enough.
pub(super) async fn put(
    shared: &Arc<Shared>,
    trail: &TrailName,
    sending: &Move,
) -> Result<(), AuditError> {
    for _ in 0..ATTEMPTS_MAX {
        let base = load::base(shared, trail).await?;
        let places = json!({ "from": sending.from, "to": sending.to });
        let last = base.head.size.saturating_sub(1)..base.head.size;
        let last = shared.ground.store.entries(trail, last).await?.pop();
        // That of the move by which the trail came here is no fence for this one.
        let last = last.filter(|last| last.action == ACTION);
        let last = last.and_then(|last| last.open(trail).ok()?.context);
        if last.as_ref() == Some(&places) {
            return Ok(());
        }
        let event = AuditEvent::new(AuditAction::custom(ACTION), "audit_log")
            .outcome(Outcome::Completed)
            .resource_id(trail.as_str())
            .context(places);
        if append(shared, &base, event).await? {
            return Ok(());
        }
    }
    Err(uncopied(trail, "others write to it without end"))
}

/// Appends an event of the engine's own right after `base`. Answers whether that was still the
/// trail's end.
pub(super) async fn append(
    shared: &Arc<Shared>,
    base: &Base,
    event: AuditEvent,
) -> Result<bool, AuditError> {
    let admitted = shared.door.admit(event)?;
    let mut commit = seal(base, vec![admitted.new], shared.ground.clock.now());
    commit.head.mac = shared.code_of(&commit.head)?;
    let store = &shared.ground.store;
    let verdicts = store.append(std::slice::from_ref(&commit)).await?;
    if verdicts.first() != Some(&Verdict::Committed) {
        return Ok(false);
    }
    shared.sign(&commit.head, true).await;
    Ok(true)
}
