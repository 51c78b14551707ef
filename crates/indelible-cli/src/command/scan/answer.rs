//! What a scan found, printed.

use indelible::TrailName;
use indelible::core::scan::{Finding, Kind};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::counts::{Count, Counts};
use crate::answer::{Answer, Layout, Sheet, cell};
use crate::failure::{Failure, Status};
use crate::text::count;

/// The most findings that are held for a table or one JSON document.
const LISTED_MAX: usize = 1000;

/// The columns of findings as rows.
pub const COLUMNS: [&str; 9] = [
    "trail",
    "seq",
    "id",
    "action",
    "field",
    "path",
    "kind",
    "rule",
    "stored_under",
];

/// What can be done about findings today.
const REMEDY: [&str; 3] = [
    "A scan changes nothing. A secret that was found is known to all who can read the trail: change",
    "it where it is used. [redaction] in the settings says what is let in from now on; personal data",
    "is the caller's to leave out.",
];

/// A finding and the entry in which it is.
#[derive(Serialize)]
pub struct Found<'a> {
    pub trail: &'a TrailName,
    pub seq: u64,
    pub id: Uuid,
    pub action: &'a str,
    #[serde(flatten)]
    pub finding: Finding,
}

impl Found<'_> {
    /// The cells of its row.
    pub fn cells(&self) -> Vec<String> {
        vec![
            self.trail.to_string(),
            self.seq.to_string(),
            self.id.to_string(),
            self.action.to_owned(),
            self.finding.field.to_owned(),
            cell(&self.finding.path),
            self.finding.kind.as_str().to_owned(),
            self.finding.rule.clone(),
            cell(&self.finding.stored_under),
        ]
    }
}

/// What a scan found.
#[derive(Serialize)]
pub struct Scanned {
    trail: TrailName,
    /// The size of the trail that was scanned.
    pub as_of: u64,
    /// How many entries were looked at.
    pub entries: u64,
    entries_with_findings: u64,
    findings_total: u64,
    /// How many entries could not be looked at.
    pub unreadable: u64,
    /// How long it took.
    pub seconds: f64,
    #[serde(serialize_with = "by_rule")]
    by_rule: [Counts; 2],
    #[serde(serialize_with = "by_action")]
    by_action: Counts,
    #[serde(serialize_with = "by_stored_under")]
    by_stored_under: Counts,
    findings: Vec<Listed>,
}

/// A finding that is held until the end.
#[derive(Serialize)]
struct Listed {
    seq: u64,
    id: Uuid,
    action: String,
    #[serde(flatten)]
    finding: Finding,
}

const KINDS: [Kind; 2] = [Kind::Secret, Kind::Personal];

impl Scanned {
    /// Nothing as yet.
    pub fn new(trail: TrailName) -> Self {
        Self {
            trail,
            as_of: 0,
            entries: 0,
            entries_with_findings: 0,
            findings_total: 0,
            unreadable: 0,
            seconds: 0.0,
            by_rule: Default::default(),
            by_action: Counts::default(),
            by_stored_under: Counts::default(),
            findings: Vec::new(),
        }
    }

    /// Counts the findings of one entry.
    pub fn count(&mut self, action: &str, found: &[Finding]) {
        if found.is_empty() {
            return;
        }
        let all = found.len() as u64;
        self.findings_total += all;
        self.entries_with_findings += 1;
        self.by_action.add(action, all);
        for (kind, counts) in KINDS.into_iter().zip(&mut self.by_rule) {
            let of_kind = found.iter().filter(|finding| finding.kind == kind);
            each(of_kind.map(|finding| finding.rule.as_str()), counts);
        }
        let rules = found.iter().map(|finding| finding.stored_under.as_deref());
        each(
            rules.map(|rules| rules.unwrap_or("unknown")),
            &mut self.by_stored_under,
        );
    }

    /// Holds a finding for the end, unless there are too many.
    pub fn list(&mut self, found: Found<'_>) {
        if self.findings.len() < LISTED_MAX {
            self.findings.push(Listed {
                seq: found.seq,
                id: found.id,
                action: found.action.to_owned(),
                finding: found.finding,
            });
        }
    }

    /// Whether every entry was looked at and nothing found.
    pub fn is_clean(&self) -> bool {
        self.findings_total == 0 && self.unreadable == 0
    }

    /// The whole in one sentence.
    pub fn summary(&self) -> String {
        let entries = match self.entries {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        let found = match self.findings_total {
            0 => format!("nothing found in {entries}"),
            total => format!(
                "{} in {} of {entries}",
                count(total, "finding"),
                self.entries_with_findings
            ),
        };
        let unread = match self.unreadable {
            0 => String::new(),
            unread => format!(", {unread} of them unreadable"),
        };
        format!(
            "{found}{unread}, as of size {}, in {:.1} s",
            self.as_of, self.seconds
        )
    }

    /// Fine where nothing was found.
    ///
    /// # Errors
    /// What was found, in one sentence.
    pub fn verdict(&self) -> Result<Status, Failure> {
        match self.is_clean() {
            true => Ok(Status::Fine),
            false => Err(Failure::new(self.summary())),
        }
    }
}

/// Counts how often each name occurs in one entry.
fn each<'n>(names: impl Iterator<Item = &'n str>, counts: &mut Counts) {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    for same in names.chunk_by(|one, other| one == other) {
        counts.add(same[0], same.len() as u64);
    }
}

impl Answer for Scanned {
    fn layout(&self) -> Layout {
        if self.findings_total == 0 {
            return Layout::Line(self.summary());
        }
        let listed = |listed: &Listed| {
            vec![
                listed.seq.to_string(),
                listed.id.to_string(),
                listed.action.clone(),
                listed.finding.place(),
                listed.finding.rule.clone(),
            ]
        };
        let mut parts = vec![Layout::Table(Sheet {
            columns: vec!["seq", "id", "action", "place", "rule"],
            rows: self.findings.iter().map(listed).collect(),
        })];
        let unlisted = self.findings_total - self.findings.len() as u64;
        if unlisted > 0 {
            let more = format!("and {unlisted} more; --output ndjson or csv lists all");
            parts.push(Layout::Line(more));
        }
        let [secret, personal] = &self.by_rule;
        let by = [
            ("secret", secret),
            ("personal", personal),
            ("action", &self.by_action),
            ("stored under", &self.by_stored_under),
        ];
        let row = |by: &str, name: &str, count: Count| {
            let Count { findings, entries } = count;
            vec![
                by.to_owned(),
                name.to_owned(),
                findings.to_string(),
                entries.to_string(),
            ]
        };
        let rows = by.iter().flat_map(|(by, counts)| {
            let sorted = counts.sorted().into_iter();
            sorted.map(move |(name, count)| row(by, name, count))
        });
        parts.push(Layout::Table(Sheet {
            columns: vec!["by", "name", "findings", "entries"],
            rows: rows.collect(),
        }));
        parts.extend(REMEDY.map(|line| Layout::Line(line.to_owned())));
        Layout::Parts(parts)
    }

    /// Findings as rows are printed one by one, see [`super::sink`].
    fn sheet(&self) -> Sheet {
        let cells = |listed: &Listed| {
            Found {
                trail: &self.trail,
                seq: listed.seq,
                id: listed.id,
                action: &listed.action,
                finding: listed.finding.clone(),
            }
            .cells()
        };
        Sheet {
            columns: COLUMNS.to_vec(),
            rows: self.findings.iter().map(cells).collect(),
        }
    }
}

/// One row of a summary.
#[derive(Serialize)]
struct Row<'n> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'n str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'n str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_under: Option<&'n str>,
    findings: u64,
    entries: u64,
}

impl Row<'_> {
    fn of(Count { findings, entries }: Count) -> Self {
        Self {
            kind: None,
            rule: None,
            action: None,
            stored_under: None,
            findings,
            entries,
        }
    }
}

fn by_rule<S: Serializer>(counts: &[Counts; 2], serializer: S) -> Result<S::Ok, S::Error> {
    let mut rows = serializer.serialize_seq(None)?;
    for (kind, counts) in KINDS.into_iter().zip(counts) {
        for (rule, count) in counts.sorted() {
            rows.serialize_element(&Row {
                kind: Some(kind),
                rule: Some(rule),
                ..Row::of(count)
            })?;
        }
    }
    rows.end()
}

fn by_action<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    let row = |(action, count)| Row {
        action: Some(action),
        ..Row::of(count)
    };
    serializer.collect_seq(counts.sorted().into_iter().map(row))
}

fn by_stored_under<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    let row = |(rules, count)| Row {
        stored_under: Some(rules),
        ..Row::of(count)
    };
    serializer.collect_seq(counts.sorted().into_iter().map(row))
}
