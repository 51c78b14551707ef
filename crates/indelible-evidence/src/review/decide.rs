//! What a reviewer does, step by step: each decision is checked against how things stand, and
//! recorded.

use indelible_core::engine::Audit;
use indelible_core::{AuditError, TrailName};

use super::answer::{DoneLine, Signed};
use super::entries::{SignRequest, assigned, closed, raised_by_hand, signed, started};
use super::ledger::{Disposition, FindingState, Ledger, ledger};
use super::matching::ReviewError;
use super::pass::Bounds;
use super::reading::{Review, ReviewRequest, review};
use super::rules::{RuleSet, Severity};
use crate::gather::Progress;
use crate::period::Day;
use crate::recorder::Recorder;

/// Why something cannot be decided as things stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// There is nothing to review.
    #[error("the trail {0} has no entry")]
    Empty(TrailName),
    /// No rule flags it.
    #[error("nothing is flagged as {0}")]
    NotFlagged(String),
    /// Nobody raised it.
    #[error("no finding {0} is on record")]
    NotOnRecord(String),
    /// The trail has no such entry.
    #[error("there is no entry {0}")]
    NoEntry(u64),
    /// It was raised before.
    #[error("{0} is on record already")]
    OnRecord(String),
    /// Nobody has to see to it any more.
    #[error("{0} is closed; nobody has to see to it")]
    NothingToDo(String),
    /// It has an answer already.
    #[error("{id} was closed as {disposition} with entry {seq}")]
    Closed {
        /// The finding.
        id: String,
        /// What came of it.
        disposition: Disposition,
        /// The entry that says so.
        seq: u64,
    },
    /// It was said before from which day on is reviewed.
    #[error("entry {seq} says already: {day}")]
    Started {
        /// The day.
        day: Day,
        /// The entry.
        seq: u64,
    },
    /// Days have their answer already.
    #[error("days were reviewed or missed already: a beginning would make them go away")]
    Begun,
    /// The sign-off is on record, and does not hold against the trail.
    #[error("entry {seq} was recorded and counts for nothing as a sign-off: {problem}")]
    SignedInVain {
        /// The entry.
        seq: u64,
        /// Why it counts for nothing.
        problem: String,
    },
}

/// A review of what is new, and how things stand.
#[derive(Debug)]
pub struct Reviewed {
    /// What is new.
    pub review: Review,
    /// How things stand.
    pub ledger: Ledger,
}

impl Reviewed {
    /// Reviews what is new up to a tree size; `None` where the trail has no entry.
    ///
    /// # Errors
    /// As [`review`].
    pub async fn of(
        audit: &Audit,
        ledger: Ledger,
        (rules, as_of): (&RuleSet, Option<u64>),
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Self>, ReviewError> {
        let request = ReviewRequest {
            rules,
            from: ledger.reviewed_to(),
            as_of,
            bounds: Bounds::default(),
        };
        let review = review(audit, &request, progress).await?;
        Ok(review.map(|review| Self { review, ledger }))
    }

    /// What is flagged and not on record, or less of it, by its ids.
    pub fn news(&self) -> impl Iterator<Item = &str> {
        let known = |id: &str| self.ledger.findings.get(id);
        let flags = self.review.findings.iter();
        let flags = flags.filter(move |flag| flag.is_news_to(known(&flag.id)));
        flags.map(|flag| flag.id.as_str())
    }

    /// Puts on record what is flagged and not on record yet: of these, or all where none is named.
    ///
    /// # Errors
    /// [`Undecided::NotFlagged`] for a name that is none; those of the recorder.
    pub async fn raise<R>(
        &self,
        recorder: &R,
        wanted: &[String],
        (by, owner): (&str, Option<&str>),
    ) -> Result<Vec<DoneLine>, R::Error>
    where
        R: Recorder<Error: From<Undecided>>,
    {
        let flags = &self.review.findings;
        let is_flagged = |id: &&String| flags.iter().any(|flag| flag.id == **id);
        if let Some(unknown) = wanted.iter().find(|id| !is_flagged(id)) {
            return Err(Undecided::NotFlagged(unknown.clone()).into());
        }
        let mut raised = Vec::new();
        for flag in flags {
            let known = self.ledger.findings.get(&flag.id);
            let is_wanted = wanted.is_empty() || wanted.contains(&flag.id);
            if !is_wanted || !flag.is_news_to(known) {
                continue;
            }
            let counts = &self.review.counts;
            let why = counts.iter().find(|count| count.rule == flag.rule);
            let why = why.map(|count| count.why.as_str()).unwrap_or_default();
            let seq = recorder.record(flag.raised(by, why, owner)).await?;
            raised.push(DoneLine {
                finding: flag.id.clone(),
                done: "raised",
                seq,
            });
        }
        Ok(raised)
    }

    /// Raises what nobody raised, and signs off exactly what was reviewed.
    ///
    /// # Errors
    /// As [`signed`], before anything is recorded; those of the recorder.
    pub async fn sign<R>(
        self,
        audit: &Audit,
        recorder: &R,
        request: &SignRequest,
    ) -> Result<Signed, R::Error>
    where
        R: Recorder<Error: From<Undecided> + From<AuditError>>,
    {
        // What cannot be signed off raises nothing.
        signed(audit, &self.review, &self.ledger, request).await?;
        let raised = self.raise(recorder, &[], (&request.reviewer, None)).await?;
        let standing = match raised.is_empty() {
            true => self.ledger,
            false => ledger(audit).await?,
        };
        let event = signed(audit, &self.review, &standing, request).await?;
        let seq = recorder.record(event.clone()).await?;
        // Somebody may have signed meanwhile, or entries may have gone.
        if let Some(problem) = ledger(audit).await?.problem_of(seq) {
            return Err(Undecided::SignedInVain { seq, problem }.into());
        }
        Ok(Signed::of(&event, seq, raised))
    }
}

/// What a reviewer found without a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// The entries.
    pub seqs: Vec<u64>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong with them.
    pub why: String,
}

impl Ledger {
    /// Puts on record what a reviewer found without a rule.
    ///
    /// # Errors
    /// [`Undecided::NoEntry`], [`Undecided::OnRecord`]; those of the recorder.
    pub async fn raise_by_hand<R>(
        &self,
        audit: &Audit,
        recorder: &R,
        found: ByHand,
        who: (&str, Option<&str>),
    ) -> Result<DoneLine, R::Error>
    where
        R: Recorder<Error: From<Undecided> + From<AuditError>>,
    {
        let mut seqs = found.seqs;
        seqs.sort_unstable();
        seqs.dedup();
        for seq in &seqs {
            if audit.entry_at(*seq).await?.is_none() {
                return Err(Undecided::NoEntry(*seq).into());
            }
        }
        let event = raised_by_hand(&seqs, found.severity, &found.why, who);
        let id = event.resource_id.clone().unwrap_or_default();
        if self.findings.contains_key(&id) {
            return Err(Undecided::OnRecord(id).into());
        }
        let seq = recorder.record(event).await?;
        Ok(DoneLine {
            finding: id,
            done: "raised",
            seq,
        })
    }

    /// Gives a finding an owner.
    ///
    /// # Errors
    /// [`Undecided::NotOnRecord`], [`Undecided::NothingToDo`]; those of the recorder.
    pub async fn assign<R>(
        &self,
        recorder: &R,
        (id, to): (&str, &str),
        (by, comment): (&str, Option<&str>),
    ) -> Result<DoneLine, R::Error>
    where
        R: Recorder<Error: From<Undecided>>,
    {
        let known = self.known(id)?;
        if !known.is_open() {
            return Err(Undecided::NothingToDo(known.id.clone()).into());
        }
        let event = assigned(&known.id, to, by, comment);
        let seq = recorder.record(event).await?;
        Ok(known.done("assigned", seq))
    }

    /// Closes a finding.
    ///
    /// # Errors
    /// [`Undecided::NotOnRecord`], [`Undecided::Closed`]; those of the recorder.
    pub async fn close<R>(
        &self,
        recorder: &R,
        (id, disposition): (&str, Disposition),
        by: &str,
        why: (&str, Option<&str>),
    ) -> Result<DoneLine, R::Error>
    where
        R: Recorder<Error: From<Undecided>>,
    {
        let known = self.known(id)?;
        if let Some(closure) = &known.closure {
            return Err(Undecided::Closed {
                id: known.id.clone(),
                disposition: closure.disposition,
                seq: closure.seq,
            }
            .into());
        }
        let event = closed(&known.id, disposition, by, why);
        let seq = recorder.record(event).await?;
        Ok(known.done("closed", seq))
    }

    /// Whether it can still be said from which day on is reviewed.
    pub fn may_start(&self) -> bool {
        self.start.is_none() && self.sign_offs.is_empty() && self.missed.is_empty()
    }

    /// Says from which day on is reviewed, once, and before any day was.
    ///
    /// # Errors
    /// [`Undecided::Started`], [`Undecided::Begun`]; those of the recorder.
    pub async fn start<R>(
        &self,
        recorder: &R,
        day: Day,
        (by, why): (&str, &str),
    ) -> Result<DoneLine, R::Error>
    where
        R: Recorder<Error: From<Undecided>>,
    {
        if let Some(start) = &self.start {
            let (day, seq) = (start.day, start.seq);
            return Err(Undecided::Started { day, seq }.into());
        }
        if !self.may_start() {
            return Err(Undecided::Begun.into());
        }
        let seq = recorder.record(started(day, why, by)).await?;
        Ok(DoneLine {
            finding: day.to_string(),
            done: "is the first day",
            seq,
        })
    }

    fn known(&self, id: &str) -> Result<&FindingState, Undecided> {
        let unknown = || Undecided::NotOnRecord(id.to_owned());
        self.findings.get(id).ok_or_else(unknown)
    }
}

impl FindingState {
    fn done(&self, done: &'static str, seq: u64) -> DoneLine {
        DoneLine {
            finding: self.id.clone(),
            done,
            seq,
        }
    }
}
