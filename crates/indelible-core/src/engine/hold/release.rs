//! Letting go of a hold, which takes two people.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Hold, HoldRelease, KIND, RELEASE_REFUSED, RELEASE_REQUESTED, RELEASED, RESOURCE, check_text,
};
use crate::action::AuditAction;
use crate::engine::Sight;
use crate::engine::audit::Audit;
use crate::engine::retention::check_by;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::query::QueryError;

impl Audit {
    /// Asks for the release of a hold, which stays in force until somebody else approves.
    ///
    /// # Errors
    /// [`AuditError::Query`] where there is no such hold or it is over; [`AuditError::Refused`]
    /// where the trail accepts no writes.
    pub async fn request_release(
        &self,
        id: Uuid,
        by: &str,
        reason: &str,
    ) -> Result<Hold, AuditError> {
        check_by(by)?;
        check_text("reason", Some(reason))?;
        self.check_may_write().await?;
        let hold = self.hold_in_force(id).await?;
        let said = json!({"hold_id": id, "requested_by": by, "reason": reason});
        self.say(RELEASE_REQUESTED, id, by, said).await?;
        let row = json!({"state": "requested", "by": by, "reason": reason});
        self.keep(&hold, &row).await
    }

    /// Approves the release that somebody else has asked for: the hold is over.
    ///
    /// # Errors
    /// [`AuditError::SamePerson`], recorded, where the same person asked;
    /// [`AuditError::Query`] where there is no such hold, it is over, or nobody asked.
    pub async fn approve_release(&self, id: Uuid, by: &str) -> Result<Hold, AuditError> {
        check_by(by)?;
        self.check_may_write().await?;
        let hold = self.hold_in_force(id).await?;
        let HoldRelease::Requested { by: requested_by } = &hold.release else {
            let problem = format!("nobody has asked for the release of hold {id}");
            return Err(QueryError::new("id", problem).into());
        };
        // A name that differs in nothing but case and spaces is the same person's.
        if requested_by.trim().to_lowercase() == by.trim().to_lowercase() {
            let said = json!({"hold_id": id, "approved_by": by, "exception": "same_person"});
            self.say(RELEASE_REFUSED, id, by, said).await?;
            return Err(AuditError::SamePerson {
                trail: self.trail.clone(),
                name: by.to_owned(),
            });
        }
        let ground = &self.engine.shared.ground;
        let row = ground.registry.get(KIND, &self.hold_key(id)).await?;
        let reason = row.map(|row| row.value["reason"].clone());
        let said = json!({
            "hold_id": id,
            "released_by": requested_by,
            "approved_by": by,
            "reason": reason,
        });
        let entry = self.say(RELEASED, id, by, said).await?;
        let row = json!({
            "state": "released",
            "by": requested_by,
            "reason": reason,
            "approved_by": by,
            "entry": entry,
        });
        self.keep(&hold, &row).await
    }

    /// How a hold stands by its registry row, and by the entry that the row names.
    pub(super) async fn release_of(
        &self,
        id: Uuid,
        row: &Value,
    ) -> Result<HoldRelease, AuditError> {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let Some(by) = text("by") else {
            return Ok(HoldRelease::None);
        };
        let (Some(approved_by), Some(entry)) = (text("approved_by"), text("entry")) else {
            return Ok(HoldRelease::Requested { by });
        };
        match self.says_released(&entry, id).await? {
            true => Ok(HoldRelease::Approved { by, approved_by }),
            false => Ok(HoldRelease::Requested { by }),
        }
    }

    async fn says_released(&self, entry: &str, hold: Uuid) -> Result<bool, AuditError> {
        let Ok(entry) = entry.parse() else {
            return Ok(false);
        };
        let Some(seq) = self.seq_of(entry).await? else {
            return Ok(false);
        };
        // Holds are asked about by erasures of trails that are not shown before they are done.
        let sight = self.sight_for_itself(seq).await?;
        Ok(sight.is_some_and(|Sight { entry, .. }| {
            entry.action == RELEASED.as_str()
                && entry.resource_id.as_deref() == Some(&hold.to_string())
        }))
    }

    async fn hold_in_force(&self, id: Uuid) -> Result<Hold, AuditError> {
        let problem = match self.hold(id).await? {
            Some(hold) if hold.is_in_force() => return Ok(hold),
            Some(_) => format!("hold {id} was released before"),
            None => format!("trail {} has no hold {id}", self.trail),
        };
        Err(QueryError::new("id", problem).into())
    }

    /// Records a step, and answers the id of its entry.
    async fn say(
        &self,
        action: AuditAction,
        hold: Uuid,
        by: &str,
        said: Value,
    ) -> Result<Uuid, AuditError> {
        let refused = action == RELEASE_REFUSED;
        let mut event = AuditEvent::new(action, RESOURCE)
            .user_id(by)
            .resource_id(hold.to_string())
            .context(said);
        if refused {
            event = event.outcome(crate::outcome::Outcome::Denied);
        }
        Ok(self.record_own(event, Vec::new()).await?.id)
    }

    /// Keeps how a hold stands now, if nobody else has changed it since it was read.
    async fn keep(&self, hold: &Hold, row: &Value) -> Result<Hold, AuditError> {
        let registry = &self.engine.shared.ground.registry;
        let key = self.hold_key(hold.id);
        let there = registry.get(KIND, &key).await?;
        let version = there.map(|row| row.version);
        let kept = registry.put(KIND, &key, version, Some(row)).await?;
        let now = self.hold(hold.id).await?;
        kept.and(now).ok_or_else(|| {
            let problem = format!("somebody else changed hold {} at the same time", hold.id);
            QueryError::new("id", problem).into()
        })
    }
}
