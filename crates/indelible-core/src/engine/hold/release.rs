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
use crate::engine::signatory::Signatory;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::query::QueryError;
use crate::registry::Versioned;

/// The member of a context that names who asks.
const REQUESTED_BY: &str = "requested_by";
/// The member of a context that names who approves.
const APPROVED_BY: &str = "approved_by";

impl Audit {
    /// Asks for the release of a hold, which stays in force until somebody else approves.
    ///
    /// # Errors
    /// [`AuditError::Query`] where there is no such hold or it is over; [`AuditError::Refused`]
    /// where the trail accepts no writes.
    pub async fn request_release(
        &self,
        id: Uuid,
        who: Signatory<'_>,
        reason: &str,
    ) -> Result<Hold, AuditError> {
        who.check()?;
        check_text("reason", Some(reason))?;
        self.check_may_write().await?;
        let (hold, row) = self.hold_in_force(id).await?;
        let mut said = json!({"hold_id": id, "reason": reason});
        who.put(&mut said, REQUESTED_BY);
        let request = self.say(RELEASE_REQUESTED, id, who.by, said).await?;
        let now = json!({"state": "requested", "seq": hold.seq, "request": request});
        self.keep(&hold, row, now).await
    }

    /// Approves the release that somebody else has asked for: the hold is over.
    ///
    /// # Errors
    /// [`AuditError::SamePerson`], recorded, where the same person asked, under the same name or as
    /// the same key; [`AuditError::Query`] where there is no such hold, it is over, or nobody asked.
    pub async fn approve_release(&self, id: Uuid, who: Signatory<'_>) -> Result<Hold, AuditError> {
        who.check()?;
        self.check_may_write().await?;
        let (hold, row) = self.hold_in_force(id).await?;
        let request = row.as_ref().map(|row| row.value["request"].clone());
        let request = request.unwrap_or_default();
        let mut looking = Looking::at(self).await?;
        let asked = looking.said(&request, (RELEASE_REQUESTED, id)).await?;
        let asked = asked.unwrap_or_default();
        let Some(requested_by) = Signatory::of(&asked, REQUESTED_BY) else {
            let problem = format!("nobody has asked for the release of hold {id}");
            return Err(QueryError::new("id", problem).into());
        };
        if !requested_by.is_told() {
            let problem = "an earlier version kept only the key that asked for it, and not whose it is: \
                           ask for the release again";
            return Err(QueryError::new("id", problem).into());
        }
        let mut said = json!({"hold_id": id});
        who.put(&mut said, APPROVED_BY);
        let kept = self.as_kept(&said)?;
        // Redaction may have changed a name in the entry that asks, as it would in this one.
        let mut names = [Some(who), Signatory::of(&kept, APPROVED_BY)]
            .into_iter()
            .flatten();
        if names.any(|name| requested_by.is_same_person(&name)) {
            said["exception"] = json!("same_person");
            self.say(RELEASE_REFUSED, id, who.by, said).await?;
            return Err(AuditError::SamePerson {
                trail: self.trail.clone(),
                name: who.by.to_owned(),
            });
        }
        said["released_by"] = json!(requested_by.by);
        said["reason"] = asked["reason"].clone();
        said["request_id"] = request.clone();
        let entry = self.say(RELEASED, id, who.by, said).await?;
        let seq = hold.seq;
        let now = json!({"state": "released", "seq": seq, "request": request, "entry": entry});
        let now = self.coded_row((KIND, &self.hold_key(id)), now).await?;
        self.keep(&hold, row, now).await
    }

    /// What an entry that says this would keep of it.
    pub(in crate::engine) fn as_kept(&self, said: &Value) -> Result<Value, AuditError> {
        let event = AuditEvent::new(RELEASED, RESOURCE).context(said.clone());
        let kept = self.engine.shared.door.prepare(event)?;
        Ok(kept.context.unwrap_or_default())
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
        let Some(by) = Signatory::of(&asked, REQUESTED_BY) else {
            return Ok(HoldRelease::None);
        };
        let said = self.said(&row["entry"], (RELEASED, hold)).await?;
        let approved = said.filter(|said| said["request_id"] == *request);
        let approved = approved.unwrap_or_default();
        let approved_by = Signatory::of(&approved, APPROVED_BY);
        let name = by.by.to_owned();
        Ok(
            match approved_by.filter(|other| !by.is_same_person(other)) {
                Some(other) => HoldRelease::Approved {
                    by: name,
                    approved_by: other.by.to_owned(),
                },
                None => HoldRelease::Requested { by: name },
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
