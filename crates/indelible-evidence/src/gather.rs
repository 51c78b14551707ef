//! One pass over the entries of a period, in the order of the trail. Memory does not grow with
//! the number of entries: it holds counts, the days that have entries, and short lists.

mod attempts;
mod conclude;
mod days;
mod journal;
mod life;
mod lifecycle;
mod pass;
mod quality;
mod sample;
mod seen;
mod tally;
mod verification;

use indelible_core::engine::Audit;
use indelible_core::{AuditError, QueryError, Timestamp};

pub use attempts::{Unresolved, WorkflowCount};
pub use days::Silence;
pub use journal::{JournalEntry, Listed, LogAccess};
pub use quality::Quality;
pub use sample::{SAMPLE_MAX, SAMPLE_STANDARD, Sampled, Sampling, rank};

pub use verification::Verified;
pub(crate) use verification::last_verified;

use crate::framework::Framework;
use crate::period::Period;
use crate::report::Report;
use crate::review::ledger_at;
use crate::scope::Scope;
use pass::Pass;

/// What a report is asked for.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// The framework.
    pub framework: Framework,
    /// The period.
    pub period: Period,
    /// The tree size that the report answers for; the newest where it is absent.
    pub as_of: Option<u64>,
    /// What was declared.
    pub scope: Scope,
    /// How samples are drawn, where they are.
    pub sampling: Option<Sampling>,
    /// When the report is made.
    pub created: Timestamp,
    /// For whom.
    pub asked_by: Option<String>,
    /// What makes it.
    pub software: String,
    /// Whether that it was made is put on record in the trail.
    pub recorded: bool,
}

/// How far a report has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The seq up to which entries were read.
    pub seq: u64,
    /// The seq at which it ends.
    pub of: u64,
}

/// Entries that are read at once.
const RUN_ENTRIES: i64 = 1_000;

/// Reports on the controls of a framework. `None` where the trail has no entry. `progress` is told
/// how far it is.
///
/// # Errors
/// [`AuditError::Query`] for a tree size that the trail does not have and a sample that is too
/// large; [`AuditError::Store`], also where an entry is not as it was recorded; as
/// [`Audit::checkpoint_at`].
pub async fn report(
    audit: &Audit,
    request: ReportRequest,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<Report>, AuditError> {
    check_sampling(&request)?;
    let Some(head) = audit.head().await? else {
        return Ok(None);
    };
    let as_of = request.as_of.unwrap_or(head.size);
    if as_of == 0 || as_of > head.size {
        let problem = format!("the trail has {} entries", head.size);
        return Err(QueryError::new("as_of", problem).into());
    }
    let Some(last) = audit.entry_at(as_of - 1).await? else {
        return Ok(None);
    };
    let pinned = Pinned::of(audit, &request, as_of, last.created_at).await?;
    let ledger = ledger_at(audit, as_of).await?;
    let of = (audit.name().clone(), audit.own_records().await?);
    let mut pass = Pass::new(&request, of, &ledger);
    // Attempts before the period may have their outcome in it, and those in it theirs after.
    let around = Period {
        from: request.period.from.earlier(attempts::RESOLVE_MAX),
        to: request.period.to.later(attempts::RESOLVE_MAX),
    };
    let query = around.query().as_of(as_of).limit(RUN_ENTRIES);
    let mut next = Some(0);
    while let Some(seq) = next {
        let run = audit.stored_from(&query, seq).await?;
        for entry in &run.entries {
            audit.check_entry(entry)?;
            pass.add(entry)?;
        }
        let seq = run.entries.last().map_or(as_of, |entry| entry.seq + 1);
        progress(Progress { seq, of: as_of });
        next = run.next;
    }
    let period = &request.period;
    lifecycle::gather(audit, period, pinned.known_to, &mut pass.journal).await?;
    conclude::conclude(audit, request, pass, pinned)
        .await
        .map(Some)
}

/// Refuses a sample that is too large, and one of a size of the trail that was not fixed before:
/// whoever knows the seed could record until it draws what they like.
fn check_sampling(request: &ReportRequest) -> Result<(), QueryError> {
    let Some(sampling) = &request.sampling else {
        return Ok(());
    };
    if !(1..=SAMPLE_MAX).contains(&sampling.size) {
        let problem = format!("a sample has 1 to {SAMPLE_MAX} entries of each control");
        return Err(QueryError::new("sample", problem));
    }
    match request.as_of {
        Some(_) => Ok(()),
        None => {
            let problem = "a sample is drawn from a size of the trail that the auditor had before \
                           the seed was named; give that size";
            Err(QueryError::new("as_of", problem))
        }
    }
}

/// What a report answers for.
#[derive(Debug, Clone, Copy)]
struct Pinned {
    /// The tree size.
    as_of: u64,
    /// When the last of its entries was recorded.
    at: Timestamp,
    /// Up to when it is known that there are no further entries.
    known_to: Timestamp,
}

impl Pinned {
    async fn of(
        audit: &Audit,
        request: &ReportRequest,
        as_of: u64,
        at: Timestamp,
    ) -> Result<Self, AuditError> {
        let next = audit.entry_at(as_of).await?;
        let before = |time: Timestamp| Timestamp::from_micros(time.as_micros() - 1);
        let next = next.map_or(request.created, |entry| before(entry.created_at));
        Ok(Self {
            as_of,
            at,
            known_to: request.created.min(next).max(at),
        })
    }
}
