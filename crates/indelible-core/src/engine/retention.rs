//! Retention: entries go when they are old enough, and the trail says which, why and by whom.
//!
//! ```text
//! 1  the trail: a removal entry     which entries went, their number and root, the policy
//! 2  the database: from the front   in steps, beside writers
//! ```
//!
//! What goes whole is a prefix of the trail: everything before the first entry that is younger than
//! the policy's maximum or held. Parts of entries that stay go as by an erasure. A process that ends
//! in between leaves the rest to the next run, or the next long-lived start, which goes on with it
//! beside all else.

mod carry_out;
mod kept;
mod parts;
mod plan;
mod policy;
mod proved;
mod ranges;
mod resume;
mod row;
mod second;
mod stated;
mod turn;

use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Audit;
use super::erasure::Purging;
use super::hold::details;
use super::signatory::Signatory;
use crate::action::AuditAction;
use crate::entry::Erasure;
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::protocol::Receipt;
use crate::query::QueryError;
use crate::time::Timestamp;

pub(crate) use carry_out::removed_before;
pub(super) use kept::hides;
pub use plan::{Expired, KeptBack, RetentionPlan};
pub use policy::{RetentionClass, RetentionPolicy};
pub(super) use resume::{Resumption, resume};
pub(super) use row::KIND as STATE;
use stated::in_force;
pub(super) use turn::Turns;

/// How far retention is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetentionProgress {
    /// The trail is looked at: entries looked at, entries in all.
    Search(u64, u64),
    /// Entries are removed: done, in all.
    Remove(u64, u64),
    /// Parts are blanked.
    Blank,
}

/// What retention came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    /// Where the removal entries stand in the trail.
    pub recorded: Vec<u64>,
    /// The entries that went.
    pub entries: u64,
    /// The parts that went of entries that stay.
    pub parts: u64,
    /// The seq of the first entry that is there.
    pub first_kept: u64,
    /// Why the bytes of parts are not gone from the database's files yet.
    pub unpurged: Option<String>,
    /// Whether something that was recorded as removed stays, because it was held since.
    pub is_held_back: bool,
}

/// How retention stands in a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionState {
    /// The policy.
    pub policy: Option<RetentionPolicy>,
    /// The seq of the first entry that is there.
    pub first_kept: u64,
    /// Whether the first entry should be gone.
    pub is_overdue: bool,
    /// Whether something was recorded as removed that is not gone yet.
    pub is_unfinished: bool,
}

/// Says that a policy was set.
const CHANGED: AuditAction = AuditAction::AUDIT_RETENTION_POLICY_CHANGED;
/// Says that entries, or parts of them, were removed.
pub(super) const EXPIRED: AuditAction = AuditAction::AUDIT_RECORDS_EXPIRED;
/// The kind of registry rows that hold the policy in force of a trail.
pub(super) const POLICY: &str = "policy";
/// Ranges in one removal entry.
const RANGES_MAX: usize = 600;

/// The policy in force of a trail, as it is kept beside it, and where the trail says it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Kept {
    policy: RetentionPolicy,
    /// The id of an entry that has it.
    entry: Uuid,
}

impl Audit {
    /// The trail's retention policy, `None` where there is none and everything is kept.
    ///
    /// # Errors
    /// [`AuditError::Retention`] where the trail does not say that it was set so;
    /// [`AuditError::Store`].
    pub async fn retention_policy(&self) -> Result<Option<RetentionPolicy>, AuditError> {
        in_force(self).await
    }

    /// The seq of the first entry that was not removed.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn first_kept(&self) -> Result<u64, AuditError> {
        let store = &self.engine.shared.ground.store;
        Ok(store.first_kept(&self.trail).await?)
    }

    /// Sets the trail's retention policy, which the trail records, and removes nothing. Where
    /// erasing takes two people, somebody else has to run it: [`Audit::retain`].
    ///
    /// # Errors
    /// [`AuditError::Query`] names the field that is ill-formed or contradicts another one;
    /// [`AuditError::Refused`] where the trail accepts no writes.
    pub async fn set_retention_policy(
        &self,
        policy: &RetentionPolicy,
        by: impl Into<Signatory<'_>>,
    ) -> Result<Receipt, AuditError> {
        let who = by.into();
        policy.check()?;
        who.check()?;
        self.check_may_write().await?;
        let registry = &self.engine.shared.ground.registry;
        let row = registry.get(POLICY, self.trail.as_str()).await?;
        let old = row.as_ref().map(|row| row.value["policy"].clone());
        // One that somebody wrote past this program may have any length.
        let old = old.filter(|old| old.to_string().len() <= policy::BYTES_MAX);
        let days = |policy: &Value| policy["maximum_days"].clone();
        let new = json!(policy);
        let mut context = second::names_setter(&who);
        let said = json!({
            "class": "*",
            "old_days": old.as_ref().map(days),
            "new_days": days(&new),
            "legal_basis": policy.legal_basis,
            "policy": new,
            "old_policy": old,
        });
        context.extend(said.as_object().cloned().unwrap_or_default());
        let event = AuditEvent::new(CHANGED, "audit_config")
            .user_id(who.by)
            .context(Value::Object(context));
        // What is in force is read from the entry, where redaction may have changed a text.
        let admitted = self.engine.shared.door.admit(event.clone())?;
        let kept = details(&admitted.new.entry)?.and_then(|kept| kept.get("policy").cloned());
        stated::check_kept(policy, &kept.unwrap_or_default())?;
        let receipt = self.record_own(event, Vec::new()).await?;
        let kept = json!({"policy": new, "entry": receipt.id});
        let version = row.map(|row| row.version);
        let put = registry.put(POLICY, self.trail.as_str(), version, Some(&kept));
        match put.await? {
            Some(_) => Ok(receipt),
            None => Err(self.no_retention("somebody else set it at the same time; set it again")),
        }
    }

    /// How retention stands in the trail, by a few look-ups.
    ///
    /// # Errors
    /// As [`Audit::retention_policy`].
    pub async fn retention_state(&self, now: Timestamp) -> Result<RetentionState, AuditError> {
        let ground = &self.engine.shared.ground;
        let (policy, first_kept) = (self.retention_policy().await?, self.first_kept().await?);
        let mut holds = super::hold::in_force(self).await?;
        let range = first_kept..first_kept + 1;
        let first = ground.store.entries(&self.trail, range).await?.pop();
        if let Some(first) = &first {
            holds.look_at(std::slice::from_ref(first)).await?;
        }
        let is_overdue = match (&policy, first) {
            (Some(policy), Some(first)) => {
                plan::is_expired(policy, now, &first) && holds.of(&first)?.is_none()
            }
            _ => false,
        };
        Ok(RetentionState {
            policy,
            first_kept,
            is_overdue,
            is_unfinished: row::is_begun(&self.engine.shared, &self.trail).await?,
        })
    }

    /// Says what [`Audit::retain`] would do at a time, and does nothing.
    ///
    /// # Errors
    /// As [`Audit::retention_policy`]; [`AuditError::Removing`] where entries are removed meanwhile.
    pub async fn plan_retention(
        &self,
        now: Timestamp,
        progress: &mut (dyn FnMut(RetentionProgress) + Send),
    ) -> Result<RetentionPlan, AuditError> {
        plan::plan(self, now, &mut |done, all| {
            progress(RetentionProgress::Search(done, all));
        })
        .await
    }

    /// Does what the trail's policy says, as of now: records what goes, then removes it. What an
    /// earlier run was cut short in is finished first. One run of a trail is done at a time in one
    /// engine; another one waits for it.
    ///
    /// # Errors
    /// As [`Audit::retention_policy`]; [`AuditError::SamePerson`], recorded, where erasing takes
    /// two people and the policy was set by who runs it: nothing more went than an earlier run has
    /// recorded. [`AuditError::Refused`] where the trail accepts no writes;
    /// [`AuditError::Removing`] where another process removes entries of it;
    /// [`AuditError::Store`], `Unsupported` where this process may remove nothing. After
    /// [`AuditError::Store`] what was recorded is finished by the next run.
    pub async fn retain(
        &self,
        by: impl Into<Signatory<'_>>,
        progress: &mut (dyn FnMut(RetentionProgress) + Send),
    ) -> Result<(Retained, RetentionPlan), AuditError> {
        let who = by.into();
        who.check()?;
        self.check_may_write().await?;
        let shared = &self.engine.shared;
        // Before anything is said: whoever may not remove must not leave an entry that says so.
        carry_out::removal(shared)?.erase(&self.trail, &[]).await?;
        let turn = shared.turns.of(&self.trail);
        let _taken = turn.take().await;
        let before = carry_out::carry_out(self, Purging::Now, progress).await?;
        let plan = self.plan_under_holds(progress).await?;
        let Some(policy) = &plan.policy else {
            return Ok((before, plan));
        };
        if plan.expired.is_none() && plan.ranges.is_empty() {
            return Ok((before, plan));
        }
        self.agreed(policy, &who).await?;
        row::begin(shared, &self.trail).await?;
        let mut recorded = before.recorded;
        if let Some(expired) = &plan.expired {
            let erases = vec![Erasure {
                first: 0,
                last: expired.last,
                parts: Vec::new(),
            }];
            let said = json!({
                "class": "*",
                "period_start": expired.oldest,
                "period_end": expired.newest,
                "record_count": expired.count(),
                "first": expired.first,
                "last": expired.last,
                "retained_digest": expired.root.to_string(),
            });
            recorded.push(self.record_removal(policy, &who, said, erases).await?);
        }
        for ranges in plan.ranges.chunks(RANGES_MAX) {
            let entries = ranges.iter().map(|range| range.last - range.first + 1);
            let said = json!({
                "class": "parts",
                "record_count": entries.sum::<u64>(),
            });
            recorded.push(self.record_removal(policy, &who, said, ranges).await?);
        }
        // Once more: a process that looked before the first entry was there may have noted since that
        // nothing is to be done.
        row::begin(shared, &self.trail).await?;
        let done = carry_out::carry_out(self, Purging::Now, progress).await?;
        let retained = Retained {
            recorded,
            entries: before.entries + done.entries,
            parts: before.parts + done.parts,
            ..done
        };
        Ok((retained, plan))
    }

    /// A plan as of now under the holds and the policy of now: a hold that was placed while the trail
    /// was looked at keeps what it names, and a policy that was set meanwhile is in force.
    async fn plan_under_holds(
        &self,
        progress: &mut (dyn FnMut(RetentionProgress) + Send),
    ) -> Result<RetentionPlan, AuditError> {
        let now = self.engine.shared.ground.clock.now();
        let mut holds = super::hold::held(self).await?;
        loop {
            let plan = self.plan_retention(now, progress).await?;
            let later = super::hold::held(self).await?;
            if later == holds && in_force(self).await? == plan.policy {
                return Ok(plan);
            }
            holds = later;
        }
    }

    async fn record_removal(
        &self,
        policy: &RetentionPolicy,
        who: &Signatory<'_>,
        said: Value,
        erases: Vec<Erasure>,
    ) -> Result<u64, AuditError> {
        let mut context = self.agreed(policy, who).await?;
        context.extend(said.as_object().cloned().unwrap_or_default());
        context.insert("legal_basis".to_owned(), json!(policy.legal_basis));
        context.insert("policy".to_owned(), json!(policy));
        if let Some(name) = who.name {
            context.insert("key_name".to_owned(), json!(name));
        }
        let event = AuditEvent::new(EXPIRED, "audit_log")
            .user_id(who.by)
            .context(Value::Object(context));
        let receipt = self.record_own(event, erases).await?;
        receipt.seq.ok_or(AuditError::Closed)
    }

    pub(super) fn check_not_read_only(&self) -> Result<(), AuditError> {
        if !self.engine.shared.options.read_only {
            return Ok(());
        }
        let (trail, refusal) = (self.trail.clone(), Refusal::ReadOnly);
        Err(AuditError::Refused { trail, refusal })
    }

    pub(super) async fn check_may_write(&self) -> Result<(), AuditError> {
        self.check_not_read_only()?;
        self.check_writable().await
    }

    fn no_retention(&self, problem: impl Into<String>) -> AuditError {
        AuditError::Retention {
            trail: self.trail.clone(),
            problem: problem.into(),
        }
    }
}

/// Who acts is named in what the trail says.
pub(super) fn check_by(by: &str) -> Result<(), QueryError> {
    match by.trim() {
        "" => Err(QueryError::new("by", "who has it done must be named")),
        _ if by.len() > crate::door::TEXT_BYTES_MAX => {
            Err(QueryError::new("by", "a name has up to 255 bytes"))
        }
        _ => Ok(()),
    }
}
