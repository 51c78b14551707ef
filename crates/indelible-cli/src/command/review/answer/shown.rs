//! What is new, and what is flagged in it.

use indelible_evidence::review::{Flag, RuleCount, Shown};

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

/// The most entries of a finding that are shown to people.
const SEQS_SHOWN_MAX: usize = 6;

fn counts(shown: &Shown) -> Sheet {
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
        rows: shown.review.counts.iter().filter(met).map(row).collect(),
    }
}

fn next(shown: &Shown) -> String {
    let as_of = shown.review.as_of;
    format!("to sign exactly this off: indelible review sign --as-of {as_of} --by NAME")
}

/// A finding in words: its id is typed in other calls, and so is never cut.
fn words(shown: &Shown, flag: &Flag) -> Vec<String> {
    let counts = shown.review.counts.iter();
    let why = counts.filter(|it| it.rule == flag.rule).map(|it| &it.why);
    let entries = match flag.entries {
        1 => format!("1 entry, at {}", flag.first),
        many => format!("{many} entries, {} to {}", flag.first, flag.last),
    };
    let mut lines = vec![format!("{}  {}  {}", flag.severity, flag.id, group(flag))];
    lines.extend(why.map(|why| format!("  {why}")));
    lines.push(format!("  {entries}: {}", seqs(flag, SEQS_SHOWN_MAX)));
    lines.push(format!("  {}", shown.state(flag)));
    lines
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
        let counts = counts(self);
        if !counts.rows.is_empty() {
            parts.push(Layout::Table(counts));
        }
        match self.review.findings.is_empty() {
            true => parts.push(Layout::Line("no rule flags anything".to_owned())),
            false => {
                let flags = self.review.findings.iter();
                let lines = flags.flat_map(|flag| words(self, flag));
                parts.extend(lines.map(Layout::Line));
            }
        }
        parts.extend(self.limits().into_iter().map(Layout::Line));
        parts.push(Layout::Line(next(self)));
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
