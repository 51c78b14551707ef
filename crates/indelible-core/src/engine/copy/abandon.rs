//! Taking back the right to write from a database that is gone for good.

use serde_json::json;

use super::super::succession::Incarnation;
use super::super::{Engine, Shared, instance, load};
use super::{MEANWHILE, Move, Stage, fence, refused, right, uncopied};
use crate::action::AuditAction;
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::trail::TrailName;

/// A trail whose right to write was taken back.
#[derive(Debug, Clone)]
pub struct Abandoned {
    /// The trail.
    pub trail: TrailName,
    /// The entry that says so.
    pub seq: u64,
    /// The origin under which it goes on.
    pub origin: String,
    /// Whether that is a new one.
    pub is_new: bool,
}

impl Engine {
    /// Gives up the moves of all trails of this database and takes the right to write them, for
    /// the case that the other database is gone for good. Each trail gets an entry that holds the
    /// reason.
    ///
    /// A trail that was still on its way from here goes on as it is: the other database never had
    /// the right to write it, and what is there of it still refuses. Any other one may go on
    /// elsewhere, should that database not be gone after all, or come back: it gets a new origin,
    /// kept for this case when the move was made, so that no two ever write under one.
    ///
    /// # Errors
    /// [`AuditError::Refused`] where a process writes here, the key is not at hand, or a head does
    /// not fit its entries; [`AuditError::Store`].
    pub async fn abandon_moves(&self, reason: &str) -> Result<Vec<Abandoned>, AuditError> {
        let shared = &self.shared;
        let mut abandoned = Vec::new();
        for (trail, moved) in right::list(&shared.ground).await? {
            let Ok(trail) = trail.parse::<TrailName>() else {
                continue;
            };
            if let Some(program) = instance::other_writer(shared).await? {
                return Err(refused(&trail, Refusal::InUse { program }));
            }
            // Under another name whoever copies still can no longer end the move.
            let claimed = Move {
                name: right::fresh_name(&*shared.ground.entropy),
                ..moved.clone()
            };
            if !right::settle(&shared.ground, &trail, Some(&moved), Some(&claimed)).await? {
                return Err(uncopied(&trail, MEANWHILE));
            }
            let done = self.abandon(&trail, &claimed, reason).await?;
            if !right::settle(&shared.ground, &trail, Some(&claimed), None).await? {
                return Err(uncopied(&trail, MEANWHILE));
            }
            abandoned.push(done);
        }
        Ok(abandoned)
    }

    async fn abandon(
        &self,
        trail: &TrailName,
        moved: &Move,
        reason: &str,
    ) -> Result<Abandoned, AuditError> {
        let shared = &self.shared;
        if moved.stage == Stage::Sending
            && let Some(done) = go_on(shared, trail, moved, reason).await?
        {
            return Ok(done);
        }
        let audit = self.trail(trail.clone());
        let mark = shared.ground.state.mark(trail)?;
        let head = audit.head().await?;
        let base = audit.restored(head).await?;
        let number = audit.next_incarnation(mark.as_deref(), &base).await?;
        let begun = Incarnation {
            number: match moved.stage {
                Stage::Receiving => number,
                Stage::Sending | Stage::Sent => moved.reserved.max(number),
            },
            reason,
            moved: Some(json!({ "from": moved.from, "to": moved.to })),
        };
        let succession = audit.begin_incarnation(base, mark, begun).await?;
        Ok(Abandoned {
            trail: trail.clone(),
            seq: succession.size,
            origin: succession.origin,
            is_new: true,
        })
    }
}

/// Goes on under the origin that the trail has, where nobody else ever could.
async fn go_on(
    shared: &std::sync::Arc<Shared>,
    trail: &TrailName,
    moved: &Move,
    reason: &str,
) -> Result<Option<Abandoned>, AuditError> {
    let base = match load::base(shared, trail).await {
        Ok(base) if base.head.size > 0 => base,
        // The other database was succeeded, without the right to: its mark is here.
        Ok(_) => return Ok(None),
        Err(AuditError::Refused {
            refusal: Refusal::RolledBack { .. } | Refusal::Forked { .. },
            ..
        }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let action = AuditAction::custom("audit_trail_copy_abandoned");
    let event = AuditEvent::new(action, "audit_log")
        .outcome(Outcome::Completed)
        .resource_id(trail.as_str())
        .context(json!({ "reason": reason, "from": moved.from, "to": moved.to }));
    if !fence::append(shared, &base, event).await? {
        return Err(uncopied(trail, MEANWHILE));
    }
    Ok(Some(Abandoned {
        trail: trail.clone(),
        seq: base.head.size,
        origin: base.head.key.name().to_owned(),
        is_new: false,
    }))
}
