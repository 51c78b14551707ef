//! The entries, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indelible_core::catalogue;
use indelible_core::engine::OwnRecords;
use indelible_core::entry::StoredEntry;
use indelible_core::{AuditError, Outcome, StoreError, Timestamp, TrailName};

use super::ReportRequest;
use super::attempts::Attempts;
use super::days::Days;
use super::journal::Journal;
use super::quality::{Marks, Quality, is_late};
use super::sample::{Sampling, rank};
use super::tally::{Judged, RowCount, Tally, Verdict};
use crate::condition::{Condition, Contents, Facts, Truth};
use crate::contradiction::contradicts;
use crate::controls::{Controls, Row, Strength};
use crate::framework::Framework;
use crate::period::Period;
use crate::report::ActionCount;
use crate::review::Ledger;
use crate::scope::Scope;

/// The most actions that are listed by name.
const ACTIONS_MAX: usize = 10_000;

/// The controls that ask which fields each record has.
const FIELD_CONTROLS: [(Framework, &str); 2] = [
    (Framework::PciDss, "10.2.2"),
    (Framework::Nist80053, "AU-3"),
];

pub(super) struct Pass {
    framework: Framework,
    controls: &'static Controls,
    field_control: Option<usize>,
    scope: Scope,
    period: Period,
    sampling: Option<Sampling>,
    trail: TrailName,
    /// The controls of one entry, for reuse.
    verdicts: Vec<(usize, Verdict)>,
    pub tallies: Vec<Tally>,
    pub rows: Vec<RowCount>,
    /// The sign-offs of reviews that hold against the trail.
    signed: BTreeSet<u64>,
    /// What Indelible itself says and is not so.
    invalid: BTreeSet<u64>,
    own: OwnRecords,
    pub attempts: Attempts,
    pub journal: Journal,
    pub quality: Quality,
    pub actions: BTreeMap<String, ActionCount>,
    pub actions_unlisted: u64,
    /// Entries of the period by day: of each category of the catalogue, of none, of declared
    /// heartbeats.
    pub days: HashMap<&'static str, Days>,
    pub entries: u64,
    pub seqs: Option<(u64, u64)>,
    pub times: Option<(Timestamp, Timestamp)>,
}

/// The category of actions outside of the catalogue.
pub(super) const CUSTOM: &str = "";

/// An action as the pass knows it.
#[derive(Clone, Copy)]
struct Known {
    canonical: Option<&'static catalogue::CatalogueAction>,
}

impl Pass {
    pub fn new(
        request: &ReportRequest,
        (trail, own): (TrailName, OwnRecords),
        ledger: &Ledger,
    ) -> Self {
        let controls = Controls::of(request.framework);
        let of_framework = |(framework, _): &&(Framework, &str)| *framework == request.framework;
        let field_control = FIELD_CONTROLS.iter().find(of_framework);
        let checked = ledger.sign_offs.iter().filter(|it| it.is_checked);
        Self {
            framework: request.framework,
            controls,
            field_control: field_control.and_then(|(_, id)| controls.place(id)),
            scope: request.scope.clone(),
            period: request.period,
            sampling: request.sampling.clone(),
            trail,
            verdicts: Vec::new(),
            tallies: controls.list().iter().map(|_| Tally::default()).collect(),
            rows: vec![RowCount::default(); controls.rows().len()],
            signed: checked.map(|it| it.seq).collect(),
            invalid: ledger.invalid.iter().map(|it| it.seq).collect(),
            own,
            attempts: Attempts::default(),
            journal: Journal::of(ledger),
            quality: Quality::default(),
            actions: BTreeMap::new(),
            actions_unlisted: 0,
            days: HashMap::new(),
            entries: 0,
            seqs: None,
            times: None,
        }
    }

    /// The framework's controls.
    pub fn controls(&self) -> &'static Controls {
        self.controls
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`AuditError::Store`] where a part is no JSON.
    pub fn add(&mut self, entry: &StoredEntry) -> Result<(), AuditError> {
        let in_period = self.period.contains(entry.occurred_at);
        let known = Known {
            canonical: catalogue::resolve(&entry.action),
        };
        let links = Attempts::asks(entry) || self.attempts.awaits(entry);
        let asks = links || (in_period && self.asks_context(known));
        let (contents, linked) = match asks {
            true => Contents::of(entry).map_err(unreadable)?,
            false => (Contents::None, None),
        };
        // An outcome that contradicts its action ends nothing.
        let is_end = entry.outcome != Outcome::Attempted;
        if links && !(is_end && contradicts(known.canonical, entry.outcome)) {
            self.attempts.add(entry, linked.as_deref(), in_period);
        }
        if in_period {
            self.count(entry, known, &contents);
        }
        Ok(())
    }

    fn asks_context(&self, known: Known) -> bool {
        let Some(action) = known.canonical else {
            return false;
        };
        let mut rows = self.controls.rows_of(action.value);
        rows.any(|row| self.controls.rows()[row].condition.asks_context())
    }

    fn count(&mut self, entry: &StoredEntry, known: Known, contents: &Contents) {
        let category = known.canonical.map_or(CUSTOM, |action| action.category);
        let mut marks = self
            .quality
            .add(entry, known.canonical.map(|it| it.category));
        marks.contradictory = contradicts(known.canonical, entry.outcome);
        let is_unsigned =
            entry.action == "audit_review_completed" && !self.signed.contains(&entry.seq);
        marks.unproved =
            is_unsigned || self.invalid.contains(&entry.seq) || !self.own.may_be_believed(entry);
        self.quality.contradictory += u64::from(marks.contradictory);
        self.entries += 1;
        let (low, high) = self.seqs.unwrap_or((entry.seq, entry.seq));
        self.seqs = Some((low.min(entry.seq), high.max(entry.seq)));
        let time = entry.occurred_at;
        let (earliest, latest) = self.times.unwrap_or((time, time));
        self.times = Some((earliest.min(time), latest.max(time)));
        let days = self.days.entry(category).or_default();
        days.add(time, !is_late(entry));
        self.journal.add(&self.trail, entry);
        if self.scope.liveness.contains(&entry.action) {
            self.journal.beat(entry);
        }
        self.count_action(entry, known);
        self.judge(entry, known, contents, marks);
    }

    fn count_action(&mut self, entry: &StoredEntry, known: Known) {
        let time = entry.occurred_at;
        if !self.actions.contains_key(&entry.action) {
            if self.actions.len() >= ACTIONS_MAX {
                self.actions_unlisted += 1;
                return;
            }
            let fresh = ActionCount {
                action: entry.action.clone(),
                canonical: known.canonical.map(|action| action.value),
                entries: 0,
                attempted: 0,
                succeeded: 0,
                failed: 0,
                denied: 0,
                completed: 0,
                contradictory: 0,
                first: time,
                last: time,
            };
            self.actions.insert(entry.action.clone(), fresh);
        }
        let Some(count) = self.actions.get_mut(&entry.action) else {
            return;
        };
        count.entries += 1;
        *match entry.outcome {
            _ if contradicts(known.canonical, entry.outcome) => &mut count.contradictory,
            Outcome::Attempted => &mut count.attempted,
            Outcome::Succeeded => &mut count.succeeded,
            Outcome::Failed => &mut count.failed,
            Outcome::Denied => &mut count.denied,
            Outcome::Completed => &mut count.completed,
        } += 1;
        count.first = count.first.min(time);
        count.last = count.last.max(time);
    }

    /// What the entry is for each control that it may be evidence for.
    fn judge(&mut self, entry: &StoredEntry, known: Known, contents: &Contents, marks: Marks) {
        let facts = Facts {
            tags: &entry.tags,
            tags_dropped: marks.tags_dropped,
            resource_type: &entry.resource_type,
            contents,
        };
        let action = known.canonical.map_or("", |action| action.value);
        let mut verdicts = std::mem::take(&mut self.verdicts);
        verdicts.clear();
        for place in self.controls.rows_of(action) {
            let row = &self.controls.rows()[place];
            let judged = self.judged(row, &facts, marks);
            self.rows[place].add(judged);
            if judged.declared {
                let names = row.condition.declarations(&facts, &self.scope);
                self.tallies[row.control].declarations.extend(names);
            }
            match verdicts
                .iter_mut()
                .find(|(control, _)| *control == row.control)
            {
                Some((_, verdict)) => verdict.add(row.strength, judged),
                None => {
                    let mut verdict = Verdict::default();
                    verdict.add(row.strength, judged);
                    verdicts.push((row.control, verdict));
                }
            }
        }
        let drawn = self
            .sampling
            .as_ref()
            .map(|it| (rank(&it.seed, entry.seq), it.size));
        for (control, verdict) in &verdicts {
            let tally = &mut self.tallies[*control];
            tally.add(entry, *verdict, marks);
            if let Some((rank, size)) = drawn {
                tally.offer(entry, *verdict, rank, size);
            }
            if verdict.is_undecidable() {
                self.count_unknown(*control, action, &facts, marks);
            }
        }
        self.verdicts = verdicts;
    }

    /// Whether a row's condition holds, and by what. Where a control asks which fields each record
    /// has, a record without one of them cannot be told to be what it asks for; nor can one be
    /// told to be what its action says where its outcome says the contrary, a sign-off that
    /// nothing was looked at for, or what looks like Indelible's own and somebody else recorded.
    fn judged(&self, row: &Row, facts: &Facts<'_>, marks: Marks) -> Judged {
        let is_of_fields = self.is_of_fields(row) && row.strength == Strength::Direct;
        let lacks = is_of_fields && marks.lacks.names().count() > 0;
        let contradicts = marks.contradictory && (row.action.is_some() || is_of_fields);
        let unproved = marks.unproved && row.action.is_some();
        let whole = match lacks || contradicts || unproved {
            true => Truth::Unknown,
            false => Truth::True,
        };
        let truth = row.condition.holds(facts, &self.scope).and(whole);
        let own = match self.scope.declared {
            Some(_) => row.condition.holds(facts, &Scope::default()).and(whole),
            None => truth,
        };
        Judged {
            truth,
            declared: truth != own && truth != Truth::Unknown,
        }
    }

    fn is_of_fields(&self, row: &Row) -> bool {
        Some(row.control) == self.field_control && row.action.is_none()
    }

    /// Counts what is not known of an undecidable entry, each term once.
    fn count_unknown(&mut self, control: usize, action: &str, facts: &Facts<'_>, marks: Marks) {
        let mut names: Vec<String> = Vec::new();
        let rows = self
            .controls
            .rows_of(action)
            .map(|row| &self.controls.rows()[row]);
        for row in rows.filter(|row| row.control == control) {
            if self.judged(row, facts, marks).truth != Truth::Unknown {
                continue;
            }
            names.extend(unknown(&row.condition, facts, &self.scope));
            if self.is_of_fields(row) {
                names.extend(marks.lacks.names().map(str::to_owned));
            }
            if marks.contradictory && (row.action.is_some() || self.is_of_fields(row)) {
                names.push("field.outcome".to_owned());
            }
            if marks.unproved && row.action.is_some() {
                names.push("field.root".to_owned());
            }
        }
        names.sort();
        names.dedup();
        for name in names {
            *self.tallies[control].unknown_terms.entry(name).or_default() += 1;
        }
    }

    /// The framework.
    pub fn framework(&self) -> Framework {
        self.framework
    }
}

fn unknown<'c>(
    condition: &'c Condition,
    facts: &'c Facts<'_>,
    scope: &'c Scope,
) -> impl Iterator<Item = String> {
    condition.unknown(facts, scope).map(ToString::to_string)
}

fn unreadable(error: indelible_core::entry::Unreadable) -> AuditError {
    StoreError::Corrupt {
        what: format!("the {} part", error.part),
        seq: Some(error.seq),
        problem: error.source.to_string(),
    }
    .into()
}
