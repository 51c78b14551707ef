//! What is new, and what is flagged in it.

use std::collections::BTreeMap;

use indelible_evidence::review::{Disposition, FindingState, Flag, Review, RuleCount};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};
use crate::command::review::place::Reviewed;

/// The most entries of a finding that are shown to people.
const SEQS_SHOWN_MAX: usize = 6;

/// A review as it is shown.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    review: Review,
    /// Whether the rules could look at all that they ask for.
    whole: bool,
    /// How the findings that are on record stand, by their ids.
    standing: BTreeMap<String, Standing>,
    /// Findings of earlier reviews that are still open.
    open_before: Vec<String>,
    /// The entry of the last sign-off.
    last_sign_off: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Standing {
    raised_seq: u64,
    owner: Option<String>,
    disposition: Option<Disposition>,
}

impl Shown {
    pub fn of(reviewed: Reviewed) -> Self {
        let Reviewed { review, ledger } = reviewed;
        let flagged = |id: &str| review.findings.iter().any(|flag| flag.id == id);
        let stands = |it: &FindingState| Standing {
            raised_seq: it.raised_seq,
            owner: it.owner.clone(),
            disposition: it.closure.as_ref().map(|it| it.disposition),
        };
        let known = ledger.findings.iter().filter(|(id, _)| flagged(id));
        let before = ledger.open().filter(|it| !flagged(&it.id));
        Self {
            whole: review.is_whole(),
            standing: known.map(|(id, it)| (id.clone(), stands(it))).collect(),
            open_before: before.map(|it| it.id.clone()).collect(),
            last_sign_off: ledger.sign_offs.last().map(|it| it.seq),
            review,
        }
    }

    fn state(&self, flag: &Flag) -> String {
        match self.standing.get(&flag.id) {
            None => "not on record yet".to_owned(),
            Some(standing) => match (standing.disposition, &standing.owner) {
                (Some(disposition), _) => disposition.to_string(),
                (None, Some(owner)) => format!("open, with {owner}"),
                (None, None) => "open".to_owned(),
            },
        }
    }

    fn summary(&self) -> String {
        let review = &self.review;
        let since = match self.last_sign_off {
            Some(seq) => format!("since the sign-off of entry {seq}"),
            None => "and nothing was signed off yet".to_owned(),
        };
        format!(
            "{} new entries in trail {}, {} to before {}, {since}",
            review.entries, review.trail, review.from, review.as_of
        )
    }

    fn counts(&self) -> Sheet {
        let met = |it: &&RuleCount| it.matched + it.erased + it.findings > 0;
        let row = |it: &RuleCount| {
            vec![
                it.rule.clone(),
                it.severity.to_string(),
                it.matched.to_string(),
                it.findings.to_string(),
                (it.erased + it.without_number).to_string(),
            ]
        };
        let columns = vec!["rule", "severity", "matched", "findings", "undecidable"];
        Sheet {
            columns,
            rows: self.review.counts.iter().filter(met).map(row).collect(),
        }
    }

    /// What a reader has to know of what could not be looked at.
    fn limits(&self) -> Vec<String> {
        let review = &self.review;
        let sum = |of: fn(&RuleCount) -> u64| review.counts.iter().map(of).sum::<u64>();
        let told = [
            (
                sum(|it| it.erased),
                "matches cannot be told, because what decides was erased",
            ),
            (
                sum(|it| it.without_number),
                "entries lack the number that a rule adds up",
            ),
            (
                sum(|it| it.uncounted),
                "matches are in no window, because too many are open at once",
            ),
            (sum(|it| it.unlisted), "findings are not listed"),
            (review.too_late, "entries came later than `late` allows for"),
            (
                self.open_before.len() as u64,
                "findings of earlier reviews are open",
            ),
        ];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }

    fn next(&self) -> String {
        let as_of = self.review.as_of;
        format!("to sign exactly this off: indelible review sign --as-of {as_of} --by NAME")
    }

    /// A finding in words: its id is typed in other calls, and so is never cut.
    fn lines_of(&self, flag: &Flag) -> Vec<String> {
        let counts = self.review.counts.iter();
        let why = counts.filter(|it| it.rule == flag.rule).map(|it| &it.why);
        let entries = match flag.entries {
            1 => format!("1 entry, at {}", flag.first),
            many => format!("{many} entries, {} to {}", flag.first, flag.last),
        };
        let mut lines = vec![format!("{}  {}  {}", flag.severity, flag.id, group(flag))];
        lines.extend(why.map(|why| format!("  {why}")));
        lines.push(format!("  {entries}: {}", seqs(flag, SEQS_SHOWN_MAX)));
        lines.push(format!("  {}", self.state(flag)));
        lines
    }
}

fn group(flag: &Flag) -> String {
    let group = flag.group.iter();
    let group = group.map(|(name, value)| format!("{name}={}", cell(value)));
    group.collect::<Vec<_>>().join(" ")
}

fn seqs(flag: &Flag, most: usize) -> String {
    let mut seqs: Vec<_> = flag.seqs.iter().take(most).map(u64::to_string).collect();
    if flag.entries > seqs.len() as u64 {
        seqs.push("…".to_owned());
    }
    seqs.join(" ")
}

impl Answer for Shown {
    fn layout(&self) -> Layout {
        let mut parts = vec![Layout::Line(self.summary())];
        let counts = self.counts();
        if !counts.rows.is_empty() {
            parts.push(Layout::Table(counts));
        }
        match self.review.findings.is_empty() {
            true => parts.push(Layout::Line("no rule flags anything".to_owned())),
            false => {
                let flags = self.review.findings.iter();
                let lines = flags.flat_map(|flag| self.lines_of(flag));
                parts.extend(lines.map(Layout::Line));
            }
        }
        parts.extend(self.limits().into_iter().map(Layout::Line));
        parts.push(Layout::Line(self.next()));
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        let row = |flag: &Flag| {
            vec![
                flag.id.clone(),
                flag.severity.to_string(),
                group(flag),
                flag.entries.to_string(),
                flag.first.to_string(),
                flag.last.to_string(),
                self.state(flag),
                seqs(flag, usize::MAX),
            ]
        };
        Sheet {
            columns: vec![
                "finding", "severity", "of", "entries", "first", "last", "state", "seqs",
            ],
            rows: self.review.findings.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.review.findings)
    }
}
