//! From counts to a report.

use std::collections::{BTreeMap, BTreeSet};

use indelible_core::engine::{Audit, SizedCheckpoint};
use indelible_core::{AuditError, Timestamp, catalogue};

use super::days::{Days, SILENCES_MAX, silences};
use super::life::measured;
use super::pass::Pass;
use super::seen::{Seen, SeenActions};
use super::tally::Tally;
use super::verification::last_verified;
use super::{Pinned, ReportRequest};
use crate::design::is_design;
use crate::framework::{ControlId, Framework};
use crate::period::{Day, Period};
use crate::report::{
    ActionEvidence, AttemptsReport, Completeness, ControlReport, Declared, Drawn, FORMAT, Known,
    Liveness, LogAccessReport, METHOD, Made, Presupposed, Report, StateCount, TermCount, limits,
    reason,
};
use crate::scope::Area;
use crate::state::{Standing, State};

/// What a control's counts are looked at with.
struct Bench<'a> {
    pass: &'a mut Pass,
    seen: SeenActions,
    request: &'a ReportRequest,
    /// The period, as far as it is over.
    covered: Period,
    unresolved: BTreeMap<String, u64>,
    /// When the first entry that is there was recorded, where some of the period may be removed.
    removed: Option<Timestamp>,
}

pub(super) async fn conclude(
    audit: &Audit,
    request: ReportRequest,
    mut pass: Pass,
    pinned: Pinned,
) -> Result<Report, AuditError> {
    let as_of = pinned.as_of;
    let settled = std::mem::take(&mut pass.attempts).settle(pinned.at);
    let unresolved = settled
        .counts
        .iter()
        .map(|it| (it.workflow.clone(), it.unresolved + it.closed_late))
        .collect();
    let unseen = (unseen(&pass), pass.entries == 0);
    let completeness = completeness(audit, &pass, request.period, pinned).await?;
    let mut bench = Bench {
        seen: SeenActions::look(audit, request.period, as_of, unseen).await?,
        pass: &mut pass,
        request: &request,
        covered: Period {
            to: request.period.to.min(pinned.known_to),
            ..request.period
        },
        unresolved,
        removed: completeness.removed_of(&request.period),
    };
    let mut controls = Vec::new();
    for place in 0..bench.pass.controls().list().len() {
        controls.push(bench.control(place));
    }
    let states = State::ALL.map(|state| StateCount {
        state,
        controls: controls.iter().filter(|it| it.state == state).count() as u64,
    });
    let (readers, entries_unlisted) = pass.journal.access();
    let mut report = Report {
        format: FORMAT,
        framework: request.framework.into(),
        catalogue_version: catalogue::VERSION,
        trail: audit.name().clone(),
        period: request.period,
        made: made(&request, as_of),
        completeness,
        scope: declared(&request),
        states: states.to_vec(),
        actions: std::mem::take(&mut pass.actions).into_values().collect(),
        actions_unlisted: pass.actions_unlisted,
        quality: pass.quality,
        attempts: AttemptsReport {
            workflows: settled.counts,
            unresolved: settled.listed,
            let_go: settled.let_go,
            uncounted: settled.uncounted,
        },
        log_access: LogAccessReport {
            readers,
            entries_unlisted,
        },
        lifecycle: pass.journal.lifecycle,
        reviews: pass.journal.reviews,
        sampling: request.sampling.map(|sampling| Drawn {
            sampling,
            method: METHOD,
        }),
        controls,
        limits: Vec::new(),
    };
    report.limits = limits(&report);
    Ok(report)
}

/// The actions that may be evidence and of which the period has no entry.
fn unseen(pass: &Pass) -> BTreeSet<&'static str> {
    let rows = pass.controls().rows().iter().zip(&pass.rows);
    rows.filter(|(_, count)| count.is_empty())
        .filter_map(|(row, _)| row.action)
        .collect()
}

fn made(request: &ReportRequest, as_of: u64) -> Made {
    let query = request.period.query().as_of(as_of).to_parameters();
    let pairs = query.iter().map(|(name, value)| format!("{name}={value}"));
    Made {
        created: request.created,
        asked_by: request.asked_by.clone(),
        software: request.software.clone(),
        query: pairs.collect::<Vec<_>>().join("&"),
        recorded: request.recorded,
    }
}

fn declared(request: &ReportRequest) -> Declared {
    let area = Area::presupposed(request.framework);
    let presupposed = |area| Presupposed {
        area,
        declared: request.scope.area(area).map(|presence| presence.present),
    };
    Declared {
        presupposes: area.map(presupposed),
        scope: request.scope.clone(),
    }
}

async fn completeness(
    audit: &Audit,
    pass: &Pass,
    period: Period,
    pinned: Pinned,
) -> Result<Completeness, AuditError> {
    let after = audit.checkpoint_at(pinned.as_of).await?;
    let missing = || indelible_core::StoreError::Corrupt {
        what: "the head".to_owned(),
        seq: None,
        problem: "it is there no more".to_owned(),
    };
    let SizedCheckpoint { root, note, .. } = after.ok_or_else(missing)?;
    // Asked when all is read: what goes meanwhile is told.
    let first_kept = audit.first_kept().await?;
    let first_kept_at = match first_kept {
        0 => None,
        seq => audit.entry_at(seq).await?.map(|entry| entry.created_at),
    };
    let first_seq = pass.seqs.map(|(first, _)| first);
    let before = match first_seq {
        None | Some(0) => None,
        Some(size) => match audit.checkpoint_at(size).await {
            Ok(checkpoint) => checkpoint.map(|it| it.note),
            // Whoever has no signing key can show the newest checkpoint alone.
            Err(AuditError::Refused { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(Completeness {
        as_of: pinned.as_of,
        root: root.to_string(),
        pinned_at: pinned.at,
        covered_to: period.to.min(pinned.known_to),
        is_over: period.to <= pinned.known_to,
        verified: last_verified(audit, pinned.known_to).await?,
        entries: pass.entries,
        first_kept,
        first_kept_at,
        first_seq,
        last_seq: pass.seqs.map(|(_, last)| last),
        first_occurred_at: pass.times.map(|(first, _)| first),
        last_occurred_at: pass.times.map(|(_, last)| last),
        checkpoint_before: before,
        checkpoint_after: note,
    })
}

impl Bench<'_> {
    fn control(&mut self, place: usize) -> ControlReport {
        let framework = self.pass.framework();
        let control = &self.pass.controls().list()[place];
        let rows: Vec<usize> = (0..self.pass.rows.len())
            .filter(|row| self.pass.controls().rows()[*row].control == place)
            .collect();
        let mut tally = std::mem::take(&mut self.pass.tallies[place]);
        let mut before: Option<Timestamp> = None;
        let mut after: Option<Timestamp> = None;
        let mut actions = Vec::new();
        for row in &rows {
            let (evidence, seen) = self.row(*row);
            before = before.max(seen.before);
            after = after.into_iter().chain(seen.after).min();
            actions.push(evidence);
        }
        let liveness = self.liveness(&rows);
        let declared = self.is_declared(&rows);
        let not_applicable = self.request.scope.not_applicable(framework, &control.id);
        let seen = tally.records > 0 || before.is_some();
        let standing = Standing {
            not_applicable: not_applicable.is_some(),
            elsewhere: rows.is_empty() || is_design(framework, &control.id),
            direct: tally.direct,
            undecidable: tally.undecidable,
            supporting: tally.supporting,
            instrumented: seen || declared,
            seen,
            alive: liveness.is_alive(),
            removed: self.removed.is_some(),
        };
        let source = self.source_days(&rows);
        let found = match rows.is_empty() {
            true => Vec::new(),
            false => silences(&self.covered, &tally.days, &source),
        };
        let days = std::mem::take(&mut tally.days);
        let state = State::of(standing);
        let mut declarations = self.declarations(&tally, state, declared && !seen);
        if state == State::NotApplicable {
            declarations = vec![self.request.scope.exclusion_of(framework, &control.id)];
        }
        let mut report = ControlReport {
            control: control_id(framework, &control.id),
            paraphrase: control.paraphrase.clone(),
            verification: control.verification.clone(),
            state,
            reason: String::new(),
            not_applicable,
            records: tally.records,
            direct: tally.direct,
            supporting: tally.supporting,
            undecidable: tally.undecidable,
            not_met: tally.not_met,
            by_declaration: tally.by_declaration,
            declarations,
            first_seen: tally.first,
            last_seen: tally.last,
            truncated: tally.truncated,
            redacted: tally.redacted,
            erased: tally.erased,
            unresolved_attempts: self.unresolved(&rows),
            unknown_terms: std::mem::take(&mut tally.unknown_terms)
                .into_iter()
                .map(|(term, entries)| TermCount { term, entries })
                .collect(),
            actions,
            silences_count: found.len() as u64,
            silences: found.into_iter().take(SILENCES_MAX).collect(),
            liveness,
            system_requirements: control.system_requirements.clone(),
            sample: tally.into_sample(),
        };
        report.reason = reason(
            &report,
            Known {
                is_mapped: !rows.is_empty(),
                before,
                after,
                declared,
                days: days.len() as u64,
                removed: self.removed,
            },
        );
        report
    }

    /// One row of the mapping, and when its action was seen outside of the period, where the
    /// period has none.
    fn row(&self, place: usize) -> (ActionEvidence, Seen) {
        let row = &self.pass.controls().rows()[place];
        let count = &self.pass.rows[place];
        let seen = match count.is_empty() {
            true => self.seen.of(row.action),
            false => Seen::default(),
        };
        let evidence = ActionEvidence {
            action: row.action.unwrap_or("*").to_owned(),
            strength: row.strength,
            condition: row.condition.to_string(),
            holds: count.holds,
            unknown: count.unknown,
            fails: count.fails,
            declared: count.declared,
            last_seen_before: seen.before,
        };
        (evidence, seen)
    }

    /// The categories of the actions of some rows; `None` where every entry may be evidence.
    fn categories(&self, rows: &[usize]) -> Option<BTreeSet<&'static str>> {
        let rows = rows.iter().map(|row| &self.pass.controls().rows()[*row]);
        let mut categories = BTreeSet::new();
        for row in rows {
            categories.insert(catalogue::find(row.action?)?.category);
        }
        Some(categories)
    }

    fn source_days(&self, rows: &[usize]) -> Vec<&Days> {
        let categories = self.categories(rows);
        let is_own = |name: &str| categories.as_ref().is_none_or(|own| own.contains(name));
        let days = self.pass.days.iter().filter(|(name, _)| is_own(name));
        days.map(|(_, days)| days).collect()
    }

    fn liveness(&self, rows: &[usize]) -> Liveness {
        let source = match rows.is_empty() {
            true => Vec::new(),
            false => self.source_days(rows),
        };
        let (first, last) = self.request.period.days();
        let days: BTreeSet<Day> = source.iter().flat_map(|days| days.dates()).collect();
        let journal = &self.pass.journal;
        let signs = source.iter().copied().chain([&journal.signs]);
        Liveness {
            source_entries: source.iter().map(|days| days.between(first, last)).sum(),
            source_days: days.len() as u64,
            self_checks: journal.self_checks,
            starts: journal.starts,
            ..measured(&self.covered, &signs.flat_map(Days::hours).collect())
        }
    }

    /// What the operator declared that a state rests on.
    fn declarations(&self, tally: &Tally, state: State, instrumented: bool) -> Vec<&'static str> {
        let mut names = tally.declarations.clone();
        if state == State::NoOccurrence {
            let heartbeats = &self.request.scope.liveness;
            names.extend(instrumented.then_some("instrumented"));
            names.extend((!heartbeats.is_empty()).then_some("liveness"));
        }
        names.into_iter().collect()
    }

    /// Whether an action of these rows is declared to be recorded whenever it happens.
    fn is_declared(&self, rows: &[usize]) -> bool {
        let declared = &self.request.scope.instrumented;
        let is_named = |action: &str| declared.iter().any(|it| it == action);
        let mut actions = rows
            .iter()
            .map(|row| self.pass.controls().rows()[*row].action);
        actions.any(|action| action.is_some_and(is_named))
    }

    /// Attempts without an outcome in time, of the workflows that these rows' actions belong to.
    fn unresolved(&self, rows: &[usize]) -> u64 {
        let actions = rows
            .iter()
            .filter_map(|row| self.pass.controls().rows()[*row].action);
        let workflows: BTreeSet<_> = actions
            .filter_map(|action| catalogue::workflow_of(action).map(|it| it.name))
            .collect();
        let counts = workflows
            .iter()
            .filter_map(|name| self.unresolved.get(*name));
        counts.sum()
    }
}

fn control_id(framework: Framework, id: &str) -> ControlId {
    ControlId::new(framework, id).expect("it was taken from the framework's own list")
}
