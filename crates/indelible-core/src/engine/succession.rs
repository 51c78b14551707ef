//! Going on after a restored copy: the same tree at the restored size under a new origin.

use serde_json::json;

use super::{Audit, load};
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::action::AuditAction;
use crate::outcome::Outcome;
use crate::query::QueryError;
use crate::sealing::{Base, seal};
use crate::store::Verdict;

/// What [`Audit::succeed`] answers.
#[derive(Debug, Clone)]
pub struct Succession {
    /// The size at which the new incarnation begins; its first entry has this seq.
    pub size: u64,
    /// The new incarnation's number.
    pub incarnation: u32,
    /// The new origin.
    pub origin: String,
}

impl Audit {
    /// Goes on with a trail whose database is behind or beside its high-water mark, under a new
    /// origin. The first entry of the new incarnation holds the reason, the mark and the head that
    /// was found, so that what was lost stays visible.
    ///
    /// # Errors
    /// [`AuditError::Query`] where the trail has no entry; [`AuditError::Refused`] where the key
    /// at hand is not the trail's, the head does not fit its entries, or another process
    /// changes the trail meanwhile.
    pub async fn succeed(&self, reason: &str) -> Result<Succession, AuditError> {
        let shared = &self.engine.shared;
        let refused = |refusal| AuditError::Refused { trail: self.trail.clone(), refusal };
        let Some(head) = self.head().await? else {
            let problem = format!("{} has no entry, so that nothing can succeed it", self.trail);
            return Err(QueryError::new("trail", problem).into());
        };
        let store = &*shared.ground.store;
        let key = shared.identity.key(&self.trail, head.incarnation).map_err(refused)?;
        if key.verifier_key() != head.key {
            let (expected, found) = (head.key.to_string(), key.verifier_key().to_string());
            return Err(refused(Refusal::OtherKey { expected, found }));
        }
        let mut base: Base = load::unmarked(store, head.clone()).await.map_err(|e| e.of(&self.trail))?;
        let mark = shared.ground.state.mark(&self.trail)?;
        let next = load::incarnation_of_mark(mark.as_deref(), &head).max(head.incarnation) + 1;
        let new_key = shared.identity.key(&self.trail, next).map_err(refused)?.verifier_key();
        let event = AuditEvent::new(AuditAction::custom("audit_trail_succeeded"), "audit_log")
            .outcome(Outcome::Completed)
            .resource_id(self.trail.as_str())
            .context(json!({
                "reason": reason,
                "old_origin": head.key.name(),
                "old_high_water_mark": mark,
                "restored_size": head.size,
                "restored_root": head.root.to_string(),
                "restored_checkpoint": shared.checkpoint_of(&head)?,
            }));
        let admitted = shared.door.admit(event)?;
        base.succeeds = Some(head.parent());
        base.head.key = new_key;
        base.head.incarnation = next;
        base.head.incarnation_start = head.size;
        let commit = seal(&base, vec![admitted.new], shared.ground.clock.now());
        match store.append(std::slice::from_ref(&commit)).await?.into_iter().next() {
            Some(Verdict::Committed) => {}
            _ => {
                let what = "another process wrote to the trail meanwhile; try again".to_owned();
                return Err(refused(Refusal::Damaged(what)));
            }
        }
        shared.replace_mark(&commit.head)?;
        let origin = commit.head.key.name().to_owned();
        Ok(Succession { size: head.size, incarnation: next, origin })
    }
}
