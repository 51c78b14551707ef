//! Letting go of a hold, which takes two people.

use serde_json::{Value, json};
use uuid::Uuid;

use super::standing::Looking;
use super::{
    Hold, HoldRelease, HoldStanding, KIND, RELEASE_REFUSED, RELEASE_REQUESTED, RELEASED, RESOURCE,
    check_text, details,
};
use crate::action::AuditAction;
use crate::engine::audit::Audit;
use crate::engine::own::Author;
use crate::engine::retention::check_by;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::query::QueryError;
use crate::registry::Versioned;

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
        let (hold, row) = self.hold_in_force(id).await?;
        let said = json!({"hold_id": id, "requested_by": by, "reason": reason});
        let request = self.say(RELEASE_REQUESTED, id, by, said).await?;
        let now = json!({"state": "requested", "seq": hold.seq, "request": request});
        self.keep(&hold, row, now).await
    }

    /// Approves the release that somebody else has asked for: the hold is over.
    ///
    /// # Errors
    /// [`AuditError::SamePerson`], recorded, where the same person asked;
    /// [`AuditError::Query`] where there is no such hold, it is over, or nobody asked.
    pub async fn approve_release(&self, id: Uuid, by: &str) -> Result<Hold, AuditError> {
        check_by(by)?;
        self.check_may_write().await?;
        let (hold, row) = self.hold_in_force(id).await?;
        let (HoldRelease::Requested { by: requested_by }, Some(there)) = (&hold.release, &row)
        else {
            let problem = format!("nobody has asked for the release of hold {id}");
            return Err(QueryError::new("id", problem).into());
        };
        if is_same_name(requested_by, by) {
            let said = json!({"hold_id": id, "approved_by": by, "exception": "same_person"});
            self.say(RELEASE_REFUSED, id, by, said).await?;
            return Err(AuditError::SamePerson {
                trail: self.trail.clone(),
                name: by.to_owned(),
            });
        }
        let request = there.value["request"].clone();
        let mut looking = Looking::at(self).await?;
        let asked = looking.said(&request, (RELEASE_REQUESTED, id)).await?;
        let said = json!({
            "hold_id": id,
            "released_by": requested_by,
            "approved_by": by,
            "reason": asked.map(|asked| asked["reason"].clone()),
            "request_id": request,
        });
        let entry = self.say(RELEASED, id, by, said).await?;
        let seq = hold.seq;
        let now = json!({"state": "released", "seq": seq, "request": request, "entry": entry});
        let now = self.coded_row((KIND, &self.hold_key(id)), now).await?;
        self.keep(&hold, row, now).await
    }

    /// A hold in force, and its row.
    async fn hold_in_force(&self, id: Uuid) -> Result<(Hold, Option<Versioned>), AuditError> {
        let registry = &self.engine.shared.ground.registry;
        let row = registry.get(KIND, &self.hold_key(id)).await?;
        let problem = match Looking::at(self).await?.one(id, row.as_ref()).await? {
            Some(hold) if hold.is_in_force() => return Ok((hold, row)),
            Some(hold) if hold.standing == HoldStanding::Foreign => {
                format!("hold {id} was recorded by somebody else, and holds nothing")
            }
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

    /// Keeps how a hold stands now, if nobody else has changed its row since it was read.
    async fn keep(
        &self,
        hold: &Hold,
        there: Option<Versioned>,
        row: Value,
    ) -> Result<Hold, AuditError> {
        let registry = &self.engine.shared.ground.registry;
        let (key, version) = (self.hold_key(hold.id), there.map(|there| there.version));
        let kept = registry.put(KIND, &key, version, Some(&row)).await?;
        if kept.is_none() {
            let problem = format!("somebody else changed hold {} at the same time", hold.id);
            return Err(QueryError::new("id", problem).into());
        }
        match self.hold(hold.id).await? {
            Some(now) => Ok(now),
            // It is over, and the trail has no entry of it.
            None => Ok(Hold {
                release: Looking::at(self).await?.release_of(hold.id, &row).await?,
                ..hold.clone()
            }),
        }
    }
}

impl Looking<'_> {
    /// How a hold stands by the entries that its registry row names, of which Indelible itself must
    /// have recorded each: who asked, and who approved, is what they say.
    pub(super) async fn release_of(
        &mut self,
        hold: Uuid,
        row: &Value,
    ) -> Result<HoldRelease, AuditError> {
        let request = &row["request"];
        let Some(asked) = self.said(request, (RELEASE_REQUESTED, hold)).await? else {
            return Ok(HoldRelease::None);
        };
        let Some(by) = asked["requested_by"].as_str().map(str::to_owned) else {
            return Ok(HoldRelease::None);
        };
        let said = self.said(&row["entry"], (RELEASED, hold)).await?;
        let approved = said.filter(|said| said["request_id"] == *request);
        let approved_by = approved.and_then(|said| said["approved_by"].as_str().map(str::to_owned));
        Ok(
            match approved_by.filter(|other| !is_same_name(&by, other)) {
                Some(approved_by) => HoldRelease::Approved { by, approved_by },
                None => HoldRelease::Requested { by },
            },
        )
    }

    /// What an entry of Indelible's own says of a hold; `None` where it is none.
    async fn said(
        &mut self,
        entry: &Value,
        (action, hold): (AuditAction, Uuid),
    ) -> Result<Option<Value>, AuditError> {
        let Some(id) = entry.as_str().and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let Some(entry) = self.entry(id, action.as_str()).await? else {
            return Ok(None);
        };
        if self.own.author(&entry) != Author::Own || !self.tree.has(&entry).await? {
            return Ok(None);
        }
        let said = details(&entry)?.unwrap_or_default();
        Ok((said["hold_id"] == hold.to_string()).then_some(said))
    }
}

/// Whether two names are one person's: they differ in nothing but case and spaces.
pub(in crate::engine) fn is_same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
