//! Going on after a restored copy: the same tree at the restored size under a new origin.

use serde_json::{Value, json};

use super::{Audit, copy, erasure, load};
use crate::action::AuditAction;
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::query::QueryError;
use crate::sealing::{Base, seal};
use crate::store::{Head, Verdict};

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

/// A new incarnation of a trail.
pub(super) struct Incarnation<'a> {
    /// Its number.
    pub number: u32,
    /// Why it is begun.
    pub reason: &'a str,
    /// The move that it ends, if it does.
    pub moved: Option<Value>,
}

impl Audit {
    /// Goes on with a trail whose database is behind or beside its high-water mark, or gone, under
    /// a new origin. The first entry of the new incarnation holds the reason, the mark and the head
    /// that was found, so that what was lost stays visible.
    ///
    /// # Errors
    /// [`AuditError::Query`] where there is neither an entry nor a mark, or the trail lies at its
    /// mark and needs no successor; [`AuditError::Refused`]
    /// where the right to write is elsewhere, the key at hand is not the trail's, the head does not fit its entries or was not
    /// written with this key, or another process changes the trail meanwhile.
    pub async fn succeed(&self, reason: &str) -> Result<Succession, AuditError> {
        let shared = &self.engine.shared;
        let mark = shared.ground.state.mark(&self.trail)?;
        let head = self.head().await;
        // A trail whose right to write is elsewhere is not restored but taken back. Asked after the
        // head was read: a move that begins later is in the way of what is built on that head.
        copy::check_moved(&shared.ground, &self.trail).await?;
        let head = head?;
        if head.is_none() && mark.is_none() {
            let problem = format!(
                "{} has no entry, so that nothing can succeed it",
                self.trail
            );
            return Err(QueryError::new("trail", problem).into());
        }
        if let Some(head) = &head
            && shared.check_mark(mark.as_deref(), head).await.is_ok()
        {
            let problem = format!(
                "{} is where its high-water mark says; only a trail that is behind or beside its \
                 mark is succeeded",
                self.trail
            );
            return Err(QueryError::new("trail", problem).into());
        }
        let base = self.restored(head).await?;
        let begun = Incarnation {
            number: self.next_incarnation(mark.as_deref(), &base).await?,
            reason,
            moved: None,
        };
        self.begin_incarnation(base, mark, begun).await
    }

    /// A number that no incarnation of the trail has, and none is kept for.
    pub(super) async fn next_incarnation(
        &self,
        mark: Option<&str>,
        base: &Base,
    ) -> Result<u32, AuditError> {
        let kept = copy::reserved(&self.engine.shared.ground, &self.trail).await?;
        let met = load::incarnation_of_mark(mark, &base.head).max(base.head.incarnation);
        Ok(met.max(kept) + 1)
    }

    /// Goes on from `base` under a new origin, which becomes the mark's.
    pub(super) async fn begin_incarnation(
        &self,
        mut base: Base,
        mark: Option<String>,
        begun: Incarnation<'_>,
    ) -> Result<Succession, AuditError> {
        let shared = &self.engine.shared;
        let refused = |refusal| AuditError::Refused {
            trail: self.trail.clone(),
            refusal,
        };
        let (old, parent) = (base.head.clone(), base.head.parent());
        let key = shared
            .identity
            .key(&self.trail, begun.number)
            .map_err(refused)?
            .verifier_key();
        let mut context = json!({
            "reason": begun.reason,
            "old_origin": old.key.name(),
            "old_high_water_mark": mark,
            // Not signed: beside a fork it would be a second signed root of one size.
            "restored_size": old.size,
            "restored_root": old.root.to_string(),
        });
        if let Some(moved) = begun.moved {
            context["abandoned_move"] = moved;
        }
        let event = AuditEvent::new(AuditAction::custom("audit_trail_succeeded"), "audit_log")
            .outcome(Outcome::Completed)
            .resource_id(self.trail.as_str())
            .context(context);
        let admitted = shared.door.admit(event)?;
        base.succeeds = (old.size > 0).then_some(parent);
        base.head.key = key;
        base.head.incarnation = begun.number;
        base.head.incarnation_start = old.size;
        let mut commit = seal(&base, vec![admitted.new], shared.ground.clock.now());
        commit.head.mac = shared.code_of(&commit.head)?;
        match shared
            .ground
            .store
            .append(std::slice::from_ref(&commit))
            .await?
            .into_iter()
            .next()
        {
            Some(Verdict::Committed) => {}
            _ => {
                let what = "another process wrote to the trail meanwhile; try again".to_owned();
                return Err(refused(Refusal::Damaged(what)));
            }
        }
        shared.replace_mark(&commit.head)?;
        // What was taken away of it when it was opened is said now. Where that cannot be, the next
        // process that opens the database to write says it.
        let purging = erasure::Purging::Now;
        let finished = erasure::finish(shared, &self.trail, &[], purging, &mut |_| {}).await;
        if let Err(error) = finished {
            let trail = &self.trail;
            tracing::warn!(%trail, %error, "an erasure of the trail is not finished");
        }
        let origin = commit.head.key.name().to_owned();
        Ok(Succession {
            size: old.size,
            incarnation: begun.number,
            origin,
        })
    }

    /// Where the tree goes on: at the head that was found, or at the beginning.
    pub(super) async fn restored(&self, head: Option<Head>) -> Result<Base, AuditError> {
        let shared = &self.engine.shared;
        let refused = |refusal| AuditError::Refused {
            trail: self.trail.clone(),
            refusal,
        };
        let incarnation = head.as_ref().map_or(1, |head| head.incarnation);
        let key = shared
            .identity
            .key(&self.trail, incarnation)
            .map_err(refused)?
            .verifier_key();
        let Some(head) = head else {
            return Ok(Base::begin(self.trail.clone(), key));
        };
        // A copy from before the key was rotated goes on under the present one.
        if key != head.key && shared.identity.holder(&head.key).is_none() {
            let (expected, found) = (head.key.to_string(), key.to_string());
            return Err(refused(Refusal::OtherKey { expected, found }));
        }
        shared.check_code(&head)?;
        let store = &*shared.ground.store;
        load::unmarked(store, head)
            .await
            .map_err(|error| error.of(&self.trail))
    }
}
