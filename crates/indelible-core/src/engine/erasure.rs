//! Erasing persons: their content goes, every proof stays.
//!
//! ```text
//! 1  the register in the state directory   what must be gone, whatever happens from here on
//! 2  the trail: erasure entries            which parts of which entries, why, by whom
//! 3  the database: parts blanked           in steps, beside writers
//! 4  the database: written anew            so that the bytes are gone, too
//! 5  the database: how far it is with the register
//! ```
//!
//! A process that ends in between leaves the rest to the next run, or to the next process that
//! opens the database to write. A restored copy is the same case: it is behind the register.

mod approval;
mod finish;
mod history;
mod plan;
mod progress;
mod purge;
mod ranges;
mod reading;
mod recording;
mod register;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::audit::Audit;
use super::subject::Subjects;
use crate::action::AuditAction;
use crate::door::TEXT_BYTES_MAX;
use crate::entry::Erasure;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::filter::Filter;
use crate::query::QueryError;
use crate::state::Purpose;
use crate::store::StoreError;
use approval::Approval;
use register::{Line, Pinned};

pub(super) use approval::expire;
pub use approval::{ErasureRejected, ErasureRequest, ErasureRequests};
pub(super) use finish::{finish, resume};
pub use plan::ErasurePlan;
pub(super) use purge::{Purging, Stretches, rests, tell};
pub use reading::UnfinishedErasure;
pub(super) use reading::admit_reading;
pub(super) use recording::record;

/// Whose content is to go, and why.
#[derive(Debug, Clone, Default)]
pub struct ErasureOrder {
    /// The persons.
    pub subjects: Subjects,
    /// Why, in words that name nobody: they stay in the trail.
    pub reason: String,
    /// The legal basis or authority, as the operator calls it.
    pub legal_basis: Option<String>,
    /// The request that it answers, as the operator numbers them.
    pub request_id: Option<String>,
    /// Who has it done.
    pub by: Option<String>,
    /// What who has it done is called, where `by` is no name but an API key's id.
    pub by_name: Option<String>,
    /// Entries that match one of these are held, beside those that the trail's own holds in force
    /// name: nothing may be erased of them.
    pub holds: Vec<Filter>,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErasureProgress {
    /// The persons are looked for: entries looked at, entries in all.
    Search(u64, u64),
    /// What is to go is put into the register; an order that waited is taken. Whoever gives up
    /// between this and [`ErasureProgress::Kept`] does not know whether it is carried out.
    Keep,
    /// It stands in the register: it is finished, whatever happens from here on.
    Kept,
    /// The entries that say what is erased are recorded: done, in all.
    Record(u64, u64),
    /// Parts are blanked: entries done that say so, such entries in all.
    Blank(u64, u64),
    /// The database is written anew.
    Purge,
}

/// What an erasure came to, with what was left of earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Where the erasure entries stand in the trail.
    pub recorded: Vec<u64>,
    /// The parts that went. Those that another process took away are not counted.
    pub parts: u64,
    /// Where copies of what was erased may still stand beside the database's own files.
    pub leftovers: Vec<String>,
    /// Orders of which nothing more went, since entries that they name are held; they are carried
    /// out once nothing holds them.
    pub held_back: u64,
    /// Why the bytes are not gone from the database's files yet; the next run, and the next process
    /// that opens the database to write, tries again.
    pub unpurged: Option<String>,
}

/// Ranges in one erasure entry: each takes up to 98 bytes of its skeleton, which stays under
/// 65,535.
const RANGES_MAX: usize = 600;
/// Digests of persons in one erasure entry: each takes 67 bytes of its context.
const REFS_MAX: usize = 700;
/// The longest reason and the longest legal basis, in bytes.
const REASON_BYTES_MAX: usize = 4096;
const LEGAL_BASIS_BYTES_MAX: usize = 1024;
/// The longest that an entry says of an order beside the digests, in bytes as they are encoded. With
/// as many digests as there may be it is less than a context may have, which else keeps none of its
/// members.
const SAID_BYTES_MAX: usize = 12 * 1024;
/// The action of the entry that says what was erased.
pub(super) const ERASED: AuditAction = AuditAction::AUDIT_SUBJECT_ERASED;
/// The resource type of what is said of erasures.
const RESOURCE: &str = "subject_key";
/// The action of the entry that says that nothing was erased.
const REFUSED: AuditAction = AuditAction::AUDIT_SUBJECT_ERASURE_REFUSED;

impl Audit {
    /// Says what [`Audit::erase`] would do, and does nothing.
    ///
    /// # Errors
    /// [`AuditError::Query`] where the order is ill-formed; [`AuditError::Store`].
    pub async fn plan_erasure(
        &self,
        order: &ErasureOrder,
        progress: &mut (dyn FnMut(ErasureProgress) + Send),
    ) -> Result<ErasurePlan, AuditError> {
        plan::under_holds(self, order, progress).await
    }

    /// Erases what stands in the trail of some persons, as of its present end: records which parts
    /// of which entries go and why, then takes them away. Receipts and proofs of before stay good.
    ///
    /// What is recorded of the persons from now on is not touched. Where an erasure was cut short
    /// before, it is finished first.
    ///
    /// # Errors
    /// [`AuditError::Held`], recorded, where an entry is held, [`AuditError::Query`] where the
    /// order is ill-formed, [`AuditError::Refused`] where the trail accepts no writes: nothing was
    /// erased. [`AuditError::Store`] and [`AuditError::State`], after which what was begun is
    /// finished by the next run or the next start.
    pub async fn erase(
        &self,
        order: &ErasureOrder,
        progress: &mut (dyn FnMut(ErasureProgress) + Send),
    ) -> Result<(Erased, ErasurePlan), AuditError> {
        if self.engine.shared.options.erasure_approval {
            return Err(AuditError::Unapproved(self.trail.clone()));
        }
        self.check_may_erase(order).await?;
        self.carry_out(order, None, progress).await
    }

    /// Refuses an order that cannot be carried out, whoever it is about, before anything is said.
    async fn check_may_erase(&self, order: &ErasureOrder) -> Result<(), AuditError> {
        check(order)?;
        self.check_may_write().await?;
        // Whoever may not erase must not leave an entry that says so.
        let removal = finish::removal(&self.engine.shared)?;
        removal.erase(&self.trail, &[]).await?;
        if self.head().await?.is_none() {
            let problem = format!("{} has no entry of which anything goes", self.trail);
            return Err(QueryError::new("trail", problem).into());
        }
        Ok(())
    }

    /// Carries an order out, approved where that is asked for.
    async fn carry_out(
        &self,
        order: &ErasureOrder,
        approval: Option<Approval>,
        progress: &mut (dyn FnMut(ErasureProgress) + Send),
    ) -> Result<(Erased, ErasurePlan), AuditError> {
        let shared = &self.engine.shared;
        let earlier = finish(shared, &self.trail, &[], Purging::Now, &mut |_| {}).await?;
        let secret = self.engine.secret(Purpose::Subjects).await?;
        let plan = plan::under_holds(self, order, progress).await?;
        let refs = order.subjects.refs(&secret);
        self.check_unheld(order, &refs, &plan).await?;
        let (ids, texts) = self.lines(order, &refs, &plan, approval.as_ref())?;
        progress(ErasureProgress::Keep);
        match approval {
            Some(approval) => approval.claim(self, &plan, texts).await?,
            None => shared.ground.state.keep_erasures(&self.trail, &texts)?,
        }
        progress(ErasureProgress::Kept);
        let mut erased = finish(shared, &self.trail, &ids, Purging::Now, progress).await?;
        erased.join(earlier);
        Ok((erased, plan))
    }

    /// The lines of an erasure, of its ranges and of the persons a part each, and their ids.
    ///
    /// They are all that grows with the ranges beside the plan: about 80 bytes for each, held once
    /// until the register has them.
    fn lines(
        &self,
        order: &ErasureOrder,
        refs: &[String],
        plan: &ErasurePlan,
        approval: Option<&Approval>,
    ) -> Result<(Vec<Uuid>, Vec<String>), AuditError> {
        let door = &self.engine.shared.door;
        let (mut ranges, mut persons) = (plan.ranges.pinned(), refs.chunks(REFS_MAX));
        let count = plan.ranges.len().div_ceil(RANGES_MAX).max(persons.len());
        let together = (count > 1).then(|| door.fresh_id().to_string());
        let (mut ids, mut texts) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for number in 1..=count {
            let erases: Vec<Pinned> = ranges.by_ref().take(RANGES_MAX).collect();
            let refs = persons.next().unwrap_or_default();
            let mut context = said(order, refs);
            context.extend(approval.map(Approval::said).unwrap_or_default());
            let affected = entries_of(&erases);
            context.insert("records_affected".to_owned(), json!(affected));
            if count > 1 {
                context.insert("of_entries".to_owned(), json!([number, count]));
            }
            if number == 1 && plan.of_other_actors > 0 {
                context.insert("of_other_actors".to_owned(), json!(plan.of_other_actors));
            }
            let line = Line {
                id: door.fresh_id(),
                erases,
                by: order.by.clone(),
                correlation_id: together.clone(),
                context: Value::Object(context),
            };
            ids.push(line.id);
            texts.push(line.to_text()?);
        }
        Ok((ids, texts))
    }

    /// Refuses, on record, what is held.
    async fn check_unheld(
        &self,
        order: &ErasureOrder,
        refs: &[String],
        plan: &ErasurePlan,
    ) -> Result<(), AuditError> {
        let Some(&first) = plan.held.first() else {
            return Ok(());
        };
        let entries = plan.held.len() as u64;
        let more = json!({"exception": "legal_hold", "records_held": entries});
        let by = order.by.as_deref();
        self.record_refusal(order, refs, by, more).await?;
        let trail = self.trail.clone();
        Err(AuditError::Held {
            trail,
            entries,
            first,
        })
    }

    async fn record_refusal(
        &self,
        order: &ErasureOrder,
        refs: &[String],
        by: Option<&str>,
        more: Value,
    ) -> Result<(), AuditError> {
        let mut context = said(order, first(refs));
        if let Value::Object(more) = more {
            context.extend(more);
        }
        let mut event = AuditEvent::new(REFUSED, RESOURCE).context(Value::Object(context));
        event.user_id = by.map(str::to_owned);
        self.record_own(event, Vec::new()).await?;
        Ok(())
    }
}

/// What the register of a trail orders to be gone, whether or not the trail says so yet.
pub(super) fn ordered(audit: &Audit) -> Result<Vec<Erasure>, AuditError> {
    let lines = audit.engine.shared.ground.state.erasures(&audit.trail)?;
    let mut erasures = Vec::new();
    for line in &lines {
        erasures.extend(Line::read(line)?.erasures());
    }
    Ok(erasures)
}

/// As many references as one entry has.
fn first(refs: &[String]) -> &[String] {
    refs.get(..REFS_MAX).unwrap_or(refs)
}

/// What an entry says of an order.
fn said(order: &ErasureOrder, refs: &[String]) -> Map<String, Value> {
    let mut context = Map::new();
    context.insert("reason".to_owned(), json!(order.reason));
    context.insert("subject_refs".to_owned(), json!(refs));
    let also = [
        ("legal_basis", &order.legal_basis),
        ("request_id", &order.request_id),
        ("key_name", &order.by_name),
    ];
    for (name, value) in also {
        if let Some(value) = value {
            context.insert(name.to_owned(), json!(value));
        }
    }
    context
}

/// How many entries some ranges, which do not overlap, name.
fn entries_of(ranges: &[Pinned]) -> u64 {
    ranges
        .iter()
        .map(|range| range.last - range.first + 1)
        .sum()
}

fn check(order: &ErasureOrder) -> Result<(), QueryError> {
    if order.reason.trim().is_empty() {
        return Err(QueryError::new("reason", "an erasure has a reason"));
    }
    let texts = [
        ("reason", Some(&order.reason), REASON_BYTES_MAX),
        (
            "legal_basis",
            order.legal_basis.as_ref(),
            LEGAL_BASIS_BYTES_MAX,
        ),
        ("request_id", order.request_id.as_ref(), TEXT_BYTES_MAX),
        ("by", order.by.as_ref(), TEXT_BYTES_MAX),
        ("by_name", order.by_name.as_ref(), TEXT_BYTES_MAX),
    ];
    for (field, text, max) in texts {
        if text.is_some_and(|text| text.len() > max) {
            let problem = format!("it has up to {max} bytes, so that it stays whole in the trail");
            return Err(QueryError::new(field, problem));
        }
    }
    let bytes = Value::Object(said(order, &[])).to_string().len();
    if bytes > SAID_BYTES_MAX {
        let problem = format!(
            "with its control characters written out it takes {bytes} bytes in the trail; up to \
             {SAID_BYTES_MAX} stay whole"
        );
        return Err(QueryError::new("reason", problem));
    }
    Ok(())
}

impl Erased {
    /// Counts what was left of earlier erasures, too.
    fn join(&mut self, earlier: Self) {
        self.parts += earlier.parts;
        self.recorded.extend(earlier.recorded);
        // Those that are still held are counted by every run.
        self.held_back = self.held_back.max(earlier.held_back);
        self.recorded.sort_unstable();
        for leftover in earlier.leftovers {
            if !self.leftovers.contains(&leftover) {
                self.leftovers.push(leftover);
            }
        }
        // What could not be purged then was tried again since.
    }
}

/// No store under this engine can take content away.
pub(super) fn cannot_erase() -> AuditError {
    let text = "this database cannot erase: it is open for reading only";
    StoreError::Unsupported(text.to_owned()).into()
}
