//! The entries by which something is decided in a review.

use indelible_core::engine::Audit;
use indelible_core::{AuditAction, AuditError, AuditEvent, QueryError, Timestamp};
use serde_json::{Map, Value, json};

use super::days::DayLine;
use super::flag::Flag;
use super::ledger::{ASSIGNED, Disposition, FindingState, Ledger, STARTED};
use super::reading::Review;
use super::rules::{Schedule, Severity};
use crate::period::{Day, Period};

/// The kind of resource that findings are.
const FINDING: &str = "audit_finding";
/// The kind of resource that reviews are.
const REVIEW: &str = "audit_review";
/// The most findings that a sign-off names.
const NAMED_MAX: usize = 500;

impl Flag {
    /// Whether the record of a finding says something else than this.
    pub fn is_news_to(&self, known: Option<&FindingState>) -> bool {
        known.is_none_or(|known| known.entries != self.entries)
    }

    /// Puts it on record as a finding. Nothing of what the entries hold is said, only which they
    /// are, so that what is erased from them is gone.
    pub fn raised(&self, by: &str, why: &str, owner: Option<&str>) -> AuditEvent {
        let event = AuditEvent::new(AuditAction::AUDIT_FINDING_RAISED, FINDING);
        event
            .user_id(by)
            .resource_id(&self.id)
            .context(without_null(json!({
                "finding_id": self.id,
                "rule": self.rule,
                "severity": self.severity,
                "why": why,
                "entries": self.entries,
                "sample_records": self.seqs,
                "assigned_to": owner,
            })))
    }
}

/// Puts on record what a reviewer found without a rule; its id is made of the first entry.
pub fn raised_by_hand(
    seqs: &[u64],
    severity: Severity,
    why: &str,
    (by, owner): (&str, Option<&str>),
) -> AuditEvent {
    let first = seqs.iter().min().copied().unwrap_or_default();
    let id = format!("manual-{first}");
    let event = AuditEvent::new(AuditAction::AUDIT_FINDING_RAISED, FINDING);
    event
        .user_id(by)
        .resource_id(&id)
        .context(without_null(json!({
            "finding_id": id,
            "rule": "manual",
            "severity": severity,
            "why": why,
            "entries": seqs.len(),
            "sample_records": seqs,
            "assigned_to": owner,
        })))
}

/// Gives a finding an owner.
pub fn assigned(id: &str, owner: &str, by: &str, comment: Option<&str>) -> AuditEvent {
    // A constant that a test reads.
    let action = AuditAction::new(ASSIGNED.to_owned()).expect("an action of ours");
    let event = AuditEvent::new(action, FINDING);
    event
        .user_id(by)
        .resource_id(id)
        .context(without_null(json!({
            "finding_id": id,
            "assigned_to": owner,
            "comment": comment,
        })))
}

/// Closes a finding.
pub fn closed(
    id: &str,
    disposition: Disposition,
    by: &str,
    (comment, evidence): (&str, Option<&str>),
) -> AuditEvent {
    let event = AuditEvent::new(AuditAction::AUDIT_FINDING_RESOLVED, FINDING);
    event
        .user_id(by)
        .resource_id(id)
        .context(without_null(json!({
            "finding_id": id,
            "disposition": disposition,
            "resolved_by": by,
            "comment": comment,
            "evidence": evidence,
        })))
}

/// Says that a day was missed.
pub fn missed(line: &DayLine) -> AuditEvent {
    let day = line.day.to_string();
    let event = AuditEvent::new(AuditAction::AUDIT_REVIEW_MISSED, REVIEW);
    event.resource_id(&day).context(json!({
        "day": day,
        "due_at": line.due_at,
        "period_start": line.period.from,
        "period_end": line.period.to,
    }))
}

/// Says from which day on is reviewed; it counts before anything was.
pub fn started(day: Day, why: &str, by: &str) -> AuditEvent {
    // A constant that a test reads.
    let action = AuditAction::new(STARTED.to_owned()).expect("an action of ours");
    let event = AuditEvent::new(action, REVIEW);
    event
        .user_id(by)
        .resource_id(day.to_string())
        .context(json!({ "day": day, "why": why }))
}

/// What a reviewer says with a sign-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// Who signs.
    pub reviewer: String,
    /// From when on; the end of what was signed off last where it is absent, else the day of the
    /// first entry.
    pub from: Option<Timestamp>,
    /// Until when; where it is absent, until before the first entry that was not reviewed came.
    pub to: Option<Timestamp>,
    /// What was reviewed, in words.
    pub scope: Option<String>,
    /// What there is to say.
    pub comment: Option<String>,
    /// Where days begin, and when they are due.
    pub schedule: Schedule,
    /// The time of day.
    pub now: Timestamp,
}

/// The entry that signs a review off, of exactly the entries that were reviewed: it names the root
/// of their tree. `ledger` is how things stand after all findings were raised.
///
/// # Errors
/// [`AuditError::Query`] for a period that ends before it begins, or after entries came that were
/// not reviewed, and where nothing is new; as [`Audit::checkpoint_at`].
pub async fn signed(
    audit: &Audit,
    review: &Review,
    ledger: &Ledger,
    request: &SignRequest,
) -> Result<AuditEvent, AuditError> {
    let period = period(audit, review, ledger, request).await?;
    if review.from >= review.as_of {
        let problem = "nothing is new: there is nothing to sign off";
        return Err(QueryError::new("as_of", problem).into());
    }
    let checkpoint = audit.checkpoint_at(review.as_of).await?;
    let named: Vec<&str> = review
        .findings
        .iter()
        .map(|flag| flag.id.as_str())
        .collect();
    let counts = review.counts.iter().filter(|count| count.matched > 0);
    let by_rule: Map<String, Value> = counts
        .map(|count| (count.rule.clone(), count.findings.into()))
        .collect();
    let sum = |of: fn(&super::pass::RuleCount) -> u64| review.counts.iter().map(of).sum::<u64>();
    let event = AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, REVIEW);
    let event = event.user_id(&request.reviewer);
    let event = event.resource_id(format!("{}-{}", review.from, review.as_of));
    Ok(event.context(without_null(json!({
        "period_start": period.from,
        "period_end": period.to,
        "first_sequence": review.from,
        "as_of": review.as_of,
        "root": checkpoint.map(|it| it.root.to_string()),
        "rule_set": review.rules.name,
        "rule_set_version": review.rules.version,
        "rule_set_digest": review.rules.sha256,
        "frequency": request.schedule.frequency(),
        "due_seconds": request.schedule.wait().as_secs(),
        "zone": request.schedule.zone.to_string(),
        "frequency_declared": review.declared,
        "records_in_scope": review.entries,
        "findings_count": sum(|it| it.findings),
        "findings_open": ledger.open().count(),
        "findings_by_rule": by_rule,
        "findings": &named[..named.len().min(NAMED_MAX)],
        "whole": review.is_whole(),
        "undecidable": sum(|it| it.erased + it.without_number),
        "uncounted": sum(|it| it.uncounted),
        "too_late": review.too_late,
        "reviewer": request.reviewer,
        "method": "rules over every entry, findings by a person",
        "scope": request.scope,
        "comment": request.comment,
    }))))
}

async fn period(
    audit: &Audit,
    review: &Review,
    ledger: &Ledger,
    request: &SignRequest,
) -> Result<Period, AuditError> {
    let wrong = |field, problem: String| AuditError::from(QueryError::new(field, problem));
    let unseen = audit.entry_at(review.as_of).await?;
    let before = |time: Timestamp| Timestamp::from_micros(time.as_micros() - 1);
    let end = match &unseen {
        Some(entry) => before(entry.created_at).min(request.now),
        None => request.now,
    };
    if let Some(to) = request.to.filter(|to| *to > end) {
        let problem = match &unseen {
            Some(entry) if entry.created_at <= request.now => format!(
                "{to} is later than entry {} was recorded, which was not reviewed",
                entry.seq
            ),
            _ => format!("{to} has not come yet"),
        };
        return Err(wrong("to", problem));
    }
    let after = |time: Timestamp| Timestamp::from_micros(time.as_micros() + 1);
    let to = request.to.unwrap_or(end);
    let day = |time| request.schedule.zone.start(request.schedule.zone.day(time));
    let begin = ledger.signed_to().map(after).or(review.first.map(day));
    let from = request.from.unwrap_or(begin.unwrap_or(to));
    match from <= to {
        true => Ok(Period { from, to }),
        false => Err(wrong(
            "to",
            format!("{to} lies before {from}, where it would begin"),
        )),
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.into_iter().filter(|(_, value)| !value.is_null());
            said.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
