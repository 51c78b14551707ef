//! What reviews answer.

mod listed;
mod shown;

use indelible_evidence::review::{
    Done, DoneLine, FindingLine, FindingLines, Rule, RuleSet, Severity, Signed,
};
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

fn done(line: &DoneLine) -> String {
    let DoneLine { finding, done, seq } = line;
    format!("{finding} {done}, recorded as entry {seq}")
}

impl Answer for Done {
    fn layout(&self) -> Layout {
        if self.recorded.is_empty() {
            return Layout::Line("nothing new to record".to_owned());
        }
        let lines = self.recorded.iter().map(done);
        Layout::Parts(lines.map(Layout::Line).collect())
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &DoneLine| vec![it.finding.clone(), it.done.to_owned(), it.seq.to_string()];
        Sheet {
            columns: vec!["finding", "done", "seq"],
            rows: self.recorded.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.recorded)
    }
}

/// What a sign-off says under a name.
fn said(signed: &Signed, name: &str) -> String {
    match signed.said.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

impl Answer for Signed {
    fn layout(&self) -> Layout {
        let mut parts: Vec<_> = self.raised.iter().map(done).collect();
        parts.push(format!(
            "{} entries from {} to {} signed off by {}: {} findings, {} open; recorded as entry {}",
            said(self, "records_in_scope"),
            said(self, "period_start"),
            said(self, "period_end"),
            said(self, "reviewer"),
            said(self, "findings_count"),
            said(self, "findings_open"),
            self.seq,
        ));
        if self.said.get("whole") == Some(&Value::Bool(false)) {
            parts.push("not all that the rules ask could be looked at; the entry says so".into());
        }
        Layout::Parts(parts.into_iter().map(Layout::Line).collect())
    }

    fn sheet(&self) -> Sheet {
        let names = [
            "reviewer",
            "period_start",
            "period_end",
            "first_sequence",
            "as_of",
            "records_in_scope",
            "findings_count",
            "findings_open",
            "whole",
        ];
        let mut fields = vec![("seq", self.seq.to_string())];
        fields.extend(names.map(|name| (name, said(self, name))));
        Sheet::of_fields(fields)
    }
}

/// A finding in words: the id is typed in other calls, and so is never cut.
fn words(line: &FindingLine) -> Vec<String> {
    let it = &line.finding;
    let mut lines = vec![format!("{}  {}", it.severity, it.id)];
    lines.extend(it.why.as_ref().map(|why| format!("  {why}")));
    let owner = it.owner.as_deref().map(|owner| format!(", with {owner}"));
    let raised = format!("  {} entries, raised at {}", it.entries, it.raised_at);
    lines.push(raised + &owner.unwrap_or_default());
    lines.push(match &it.closure {
        None => "  open".to_owned(),
        Some(closure) => {
            let by = closure.by.as_deref().unwrap_or("somebody who was erased");
            let said = &closure.comment;
            let mut line = format!("  {} by {by}: {said}", closure.disposition);
            if let Some(evidence) = &closure.evidence {
                line += &format!(" ({evidence})");
            }
            line
        }
    });
    lines
}
impl Answer for FindingLines {
    fn layout(&self) -> Layout {
        match self.findings.is_empty() {
            true => Layout::Line("no finding".to_owned()),
            false => {
                let lines = self.findings.iter().flat_map(words);
                Layout::Parts(lines.map(Layout::Line).collect())
            }
        }
    }

    fn sheet(&self) -> Sheet {
        let row = |line: &FindingLine| {
            let it = &line.finding;
            let closure = it.closure.as_ref();
            vec![
                it.id.clone(),
                it.severity.clone(),
                it.entries.to_string(),
                it.raised_at.to_string(),
                cell(&it.owner),
                closure
                    .map_or("open", |it| it.disposition.as_str())
                    .to_owned(),
                cell(&closure.and_then(|it| it.by.clone())),
                cell(&closure.map(|it| it.comment.clone())),
                cell(&closure.and_then(|it| it.evidence.clone())),
                cell(&line.seconds_to_close),
            ]
        };
        Sheet {
            columns: vec![
                "finding",
                "severity",
                "entries",
                "raised_at",
                "owner",
                "disposition",
                "closed_by",
                "comment",
                "evidence",
                "seconds_to_close",
            ],
            rows: self.findings.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.findings)
    }
}

/// The rules of a file.
#[derive(Debug, Serialize)]
pub struct RuleLines {
    name: String,
    version: String,
    sha256: String,
    rules: Vec<RuleLine>,
}

#[derive(Debug, Serialize)]
struct RuleLine {
    name: String,
    severity: Severity,
    at_least: Option<u64>,
    within_seconds: Option<u64>,
    group_by: Vec<&'static str>,
    why: String,
}

impl RuleLines {
    pub fn of(rules: &RuleSet) -> Self {
        let line = |rule: &Rule| RuleLine {
            name: rule.name.clone(),
            severity: rule.severity,
            at_least: rule.threshold.map(|it| it.at_least),
            within_seconds: rule.threshold.map(|it| it.within.as_secs()),
            group_by: rule.group_by.iter().map(|field| field.as_str()).collect(),
            why: rule.why.clone(),
        };
        Self {
            name: rules.name.clone(),
            version: rules.version.clone(),
            sha256: rules.sha256.clone(),
            rules: rules.rules.iter().map(line).collect(),
        }
    }
}

impl Answer for RuleLines {
    fn layout(&self) -> Layout {
        let line = format!(
            "{}, version {}, sha256 {}",
            self.name, self.version, self.sha256
        );
        Layout::Parts(vec![Layout::Table(self.sheet()), Layout::Line(line)])
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &RuleLine| {
            vec![
                it.name.clone(),
                it.severity.to_string(),
                cell(&it.at_least),
                cell(&it.within_seconds),
                it.group_by.join(" "),
                it.why.clone(),
            ]
        };
        Sheet {
            columns: vec![
                "rule",
                "severity",
                "at_least",
                "within_seconds",
                "group_by",
                "why",
            ],
            rows: self.rules.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.rules)
    }
}
