//! A review: what is new since the last sign-off, and what the rules flag in it.

use std::collections::BTreeMap;
use std::time::Duration;

use indelible_core::engine::Audit;
use indelible_core::entry::{StoredEntry, Unreadable};
use indelible_core::{AuditError, Query, QueryError, StoreError, Timestamp, TrailName};
use serde::Serialize;

use super::flag::Flag;
use super::matching::{Looked, ReviewError, compile};
use super::pass::{Bounds, Place, RuleCount, Watch};
use super::rules::RuleSet;
use crate::gather::Progress;
use crate::scope::Declaration;

/// Entries that are read at once.
const RUN_ENTRIES: i64 = 1_000;
/// The most actions that are listed by name.
const ACTIONS_MAX: usize = 10_000;

/// What a review is asked for.
#[derive(Debug, Clone)]
pub struct ReviewRequest<'r> {
    /// The rules.
    pub rules: &'r RuleSet,
    /// The first entry that is new: where the last sign-off ended. What retention removed is not
    /// reviewed.
    pub from: u64,
    /// The tree size that the review answers for; the newest where it is absent.
    pub as_of: Option<u64>,
    /// How much is held at once.
    pub bounds: Bounds,
}

/// The rules that were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulesUsed {
    /// What they are called.
    pub name: String,
    /// Their version.
    pub version: String,
    /// The SHA-256 of their file.
    pub sha256: String,
}

/// What is new in a trail, and what rules flag in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Review {
    /// The trail.
    pub trail: TrailName,
    /// The first entry that is new.
    pub from: u64,
    /// The tree size that the review answers for: it is about the entries from `from` to before
    /// this.
    pub as_of: u64,
    /// The rules that were used.
    pub rules: RulesUsed,
    /// Who stands for rules and schedule.
    pub declared: Option<Declaration>,
    /// How many entries are new.
    pub entries: u64,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last of them did.
    pub last: Option<Timestamp>,
    /// New entries by action.
    pub actions: BTreeMap<String, u64>,
    /// New entries of further actions.
    pub actions_unlisted: u64,
    /// Entries of earlier reviews were looked at beside the new ones from this time on; `None`
    /// where no window reaches there.
    pub beside_from: Option<Timestamp>,
    /// New entries that came later than the schedule allows for: of earlier reviews, not all that
    /// may belong to them was looked at.
    pub too_late: u64,
    /// What each rule came to.
    pub counts: Vec<RuleCount>,
    /// What was found, the worst first.
    pub findings: Vec<Flag>,
}

impl Review {
    /// Whether all that was to be looked at could be: nothing that decides was erased, missing, or
    /// let go for want of memory.
    pub fn is_whole(&self) -> bool {
        let is_whole =
            |it: &RuleCount| it.erased + it.without_number + it.uncounted + it.unlisted == 0;
        self.too_late == 0 && self.actions_unlisted == 0 && self.counts.iter().all(is_whole)
    }
}

/// Reviews what is new in a trail. `None` where it has no entry. The entries are read once, in the
/// order of the trail; windows are counted by when entries happened, those that came late too.
///
/// # Errors
/// [`ReviewError::Rules`] for a rule that cannot be asked; [`AuditError::Query`] for a tree size
/// that the trail does not have or that was signed off already; [`AuditError::Store`], also where
/// an entry is not as it was recorded.
pub async fn review(
    audit: &Audit,
    request: &ReviewRequest<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<Review>, ReviewError> {
    let Some(head) = audit.head().await? else {
        return Ok(None);
    };
    let as_of = request.as_of.unwrap_or(head.size);
    let wrong = |problem: String| AuditError::from(QueryError::new("as_of", problem));
    if as_of == 0 || as_of > head.size {
        return Err(wrong(format!("the trail has {} entries", head.size)).into());
    }
    if as_of < request.from {
        let problem = format!("{} entries were signed off already", request.from);
        return Err(wrong(problem).into());
    }
    let first_kept = audit.first_kept().await?;
    let from = request.from.max(first_kept);
    if as_of < from {
        let problem = format!("the entries before {first_kept} were removed by retention");
        return Err(wrong(problem).into());
    }
    let beside_from = beside(audit, request, from).await?;
    let compiled = compile(audit, request.rules)?;
    let mut pass = Pass {
        audit,
        from,
        late: request.rules.schedule.late,
        watches: compiled
            .into_iter()
            .map(|rule| Watch::new(rule, request.bounds))
            .collect(),
        newest: Timestamp::MIN,
        review: Review {
            trail: audit.name().clone(),
            from,
            as_of,
            rules: RulesUsed {
                name: request.rules.name.clone(),
                version: request.rules.version.clone(),
                sha256: request.rules.sha256.clone(),
            },
            declared: request.rules.declared.clone(),
            entries: 0,
            first: None,
            last: None,
            actions: BTreeMap::new(),
            actions_unlisted: 0,
            beside_from,
            too_late: 0,
            counts: Vec::new(),
            findings: Vec::new(),
        },
    };
    if let Some(start) = pass.review.beside_from {
        let query = Query::new().start_date(start.to_string());
        pass.read(query.as_of(from), 0, &mut |_| {}).await?;
    }
    if as_of > from {
        let query = Query::new().as_of(as_of);
        pass.read(query, from, progress).await?;
    }
    Ok(Some(pass.conclude()))
}

/// From when on entries of earlier reviews may share a window with new ones.
async fn beside(
    audit: &Audit,
    request: &ReviewRequest<'_>,
    from: u64,
) -> Result<Option<Timestamp>, AuditError> {
    let window = request.rules.window_max();
    if from == 0 || window.is_zero() {
        return Ok(None);
    }
    let first = audit.entry_at(from).await?;
    let reach = window.saturating_add(request.rules.schedule.late);
    Ok(first.map(|entry| entry.created_at.earlier(reach)))
}

struct Pass<'a> {
    audit: &'a Audit,
    from: u64,
    late: Duration,
    watches: Vec<Watch>,
    /// When the newest entry met so far happened.
    newest: Timestamp,
    review: Review,
}

impl Pass<'_> {
    async fn read(
        &mut self,
        query: Query,
        from: u64,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), AuditError> {
        let of = query.as_of.unwrap_or_default();
        let query = query.limit(RUN_ENTRIES);
        let mut next = Some(from);
        while let Some(seq) = next {
            let run = self.audit.stored_from(&query, seq).await?;
            for entry in &run.entries {
                self.audit.check_entry(entry)?;
                self.add(entry).map_err(unreadable)?;
            }
            let seq = run.entries.last().map_or(of, |entry| entry.seq + 1);
            progress(Progress { seq, of });
            next = run.next;
        }
        Ok(())
    }

    fn add(&mut self, stored: &StoredEntry) -> Result<(), Unreadable> {
        if stored.seq >= self.from {
            self.count(stored);
        }
        self.newest = self.newest.max(stored.occurred_at);
        let place = self.place();
        let mut looked = None;
        for watch in &mut self.watches {
            let compiled = &watch.compiled;
            if !compiled.matches.may_fit(stored)? && !compiled.followed_by.may_fit(stored)? {
                continue;
            }
            let looked = match &mut looked {
                Some(looked) => looked,
                empty => empty.insert(Looked::new(self.audit, stored)?),
            };
            watch.add(looked, place)?;
        }
        Ok(())
    }

    fn place(&self) -> Place {
        Place {
            from: self.from,
            settled: self.newest.earlier(self.late),
        }
    }

    fn count(&mut self, stored: &StoredEntry) {
        let review = &mut self.review;
        let time = stored.occurred_at;
        review.entries += 1;
        review.first = Some(review.first.map_or(time, |first| first.min(time)));
        review.last = review.last.max(Some(time));
        // Where nothing was reviewed before, nothing is left out.
        let reviewed = review.from > 0;
        let is_late = reviewed && time < stored.created_at.earlier(self.late);
        review.too_late += u64::from(is_late);
        if let Some(count) = review.actions.get_mut(&stored.action) {
            *count += 1;
        } else if review.actions.len() < ACTIONS_MAX {
            review.actions.insert(stored.action.clone(), 1);
        } else {
            review.actions_unlisted += 1;
        }
    }

    fn conclude(self) -> Review {
        let place = self.place();
        let mut review = self.review;
        for watch in self.watches {
            let (flags, count) = watch.conclude(place);
            review.findings.extend(flags);
            review.counts.push(count);
        }
        let worst = |flag: &Flag| std::cmp::Reverse(flag.severity);
        review.findings.sort_by_key(worst);
        review
    }
}

pub(super) fn unreadable(error: Unreadable) -> AuditError {
    StoreError::Corrupt {
        what: format!("the {} part", error.part),
        seq: Some(error.seq),
        problem: error.source.to_string(),
    }
    .into()
}
