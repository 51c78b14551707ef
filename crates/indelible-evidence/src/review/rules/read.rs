//! Rules as a TOML file.

mod hours;

use std::ops::Range;
use std::time::Duration;

use indelible_core::{Outcome, Query, Timestamp, span};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{GroupField, Match, Rule, RuleSet, STANDARD, Schedule, Severity};
use crate::review::hours::Zone;
use crate::review::window::Threshold;
use crate::scope::Declaration;
use hours::{HoursLine, outside};

/// The most rules of a file.
const RULES_MAX: usize = 200;
/// The longest name of a rule, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The highest count of entries in a window: each has to be held.
const COUNT_MAX: u64 = 10_000;
/// The most days between reviews.
const EVERY_DAYS_MAX: u32 = 366;
/// The longest that a day may wait to be signed off.
const DUE_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);
/// The widest window.
const WITHIN_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

/// What is wrong with a file of rules, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct RulesError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the field's name.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    version: Spanned<String>,
    declared: Option<Spanned<Declaration>>,
    #[serde(default)]
    schedule: ScheduleLine,
    #[serde(default)]
    rule: Vec<Spanned<RuleLine>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleLine {
    zone: Option<Spanned<String>>,
    every: Option<Spanned<String>>,
    due: Option<Spanned<String>>,
    late: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleLine {
    name: Spanned<String>,
    severity: Spanned<String>,
    why: Spanned<String>,
    #[serde(rename = "match")]
    matches: Spanned<Vec<Spanned<MatchLine>>>,
    #[serde(default)]
    followed_by: Vec<Spanned<MatchLine>>,
    #[serde(default)]
    group_by: Vec<Spanned<String>>,
    at_least: Option<Spanned<u64>>,
    within: Option<Spanned<String>>,
    sum: Option<Spanned<String>>,
    outside: Option<HoursLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchLine {
    user_id: Option<String>,
    action: Option<String>,
    outcome: Option<String>,
    resource_type: Option<String>,
    resource_id: Option<String>,
    ip_address: Option<String>,
    correlation_id: Option<String>,
    #[serde(default)]
    tag: Vec<String>,
    #[serde(default)]
    context: Vec<String>,
}

/// A text and where lines begin in it.
struct Places<'t>(&'t str);

impl Places<'_> {
    fn line(&self, at: Range<usize>) -> usize {
        let before = self.0.get(..at.start).unwrap_or_default();
        1 + before.matches('\n').count()
    }

    fn error(&self, at: Range<usize>, problem: impl ToString) -> RulesError {
        RulesError {
            line: self.line(at),
            problem: problem.to_string(),
        }
    }

    fn said(&self, field: &str, text: Spanned<String>) -> Result<String, RulesError> {
        match text.get_ref().trim().is_empty() {
            true => Err(self.error(text.span(), format!("`{field}` is empty"))),
            false => Ok(text.into_inner()),
        }
    }

    fn span(&self, field: &str, text: &Spanned<String>) -> Result<Duration, RulesError> {
        let wrong = || {
            let problem = format!(
                "`{field}`: `{}` is no span such as 10m or 24h",
                text.get_ref()
            );
            self.error(text.span(), problem)
        };
        span(text.get_ref()).ok_or_else(wrong)
    }

    fn zone(&self, text: &Spanned<String>) -> Result<Zone, RulesError> {
        let zone = text.get_ref().parse();
        zone.map_err(|problem| self.error(text.span(), format!("`zone`: {problem}")))
    }
}

impl RuleSet {
    /// The rules that ship.
    pub fn standard() -> Self {
        // A test reads them.
        Self::parse(STANDARD).expect("the rules that ship can be read")
    }

    /// Reads a file of rules.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line; a field that there is none of is
    /// named.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let places = Places(text);
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            places.error(at, error.message())
        })?;
        if file.rule.len() > RULES_MAX {
            let problem = format!("`rule`: there are more than {RULES_MAX}");
            return Err(places.error(file.rule[RULES_MAX].span(), problem));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for line in file.rule {
            let at = line.get_ref().name.span();
            let rule = rule(&places, line)?;
            if rules.iter().any(|other| other.name == rule.name) {
                let problem = format!("`name`: there are two rules `{}`", rule.name);
                return Err(places.error(at, problem));
            }
            rules.push(rule);
        }
        let digest = Sha256::digest(text.as_bytes());
        let at = file.name.span();
        let set = Self {
            name: places.said("name", file.name)?,
            version: places.said("version", file.version)?,
            declared: file.declared.map(|it| declared(&places, it)).transpose()?,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            schedule: schedule(&places, &file.schedule)?,
            rules,
        };
        match set.rules.is_empty() {
            true => {
                let problem = "`rule`: there is none, so that nothing would be looked for";
                Err(places.error(at, problem))
            }
            false => Ok(set),
        }
    }
}

fn declared(
    places: &Places<'_>,
    declared: Spanned<Declaration>,
) -> Result<Declaration, RulesError> {
    let at = declared.span();
    let declared = declared.into_inner();
    let empty = [("by", &declared.by), ("why", &declared.why)];
    if let Some((field, _)) = empty.iter().find(|(_, text)| text.trim().is_empty()) {
        return Err(places.error(at, format!("`{field}` is empty")));
    }
    match Timestamp::start_of_day(&declared.on) {
        Ok(_) => Ok(declared),
        Err(_) => {
            let problem = format!("`on`: `{}` is no day such as 2026-03-01", declared.on);
            Err(places.error(at, problem))
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn schedule(places: &Places<'_>, line: &ScheduleLine) -> Result<Schedule, RulesError> {
    let zone = line.zone.as_ref().map(|text| places.zone(text));
    let every = line.every.as_ref().map(|text| every(places, text));
    let due = line.due.as_ref().map(|text| {
        let due = places.span("due", text)?;
        match due <= DUE_MAX {
            true => Ok(due),
            false => Err(places.error(text.span(), "`due`: 31d at most; `every` is how often")),
        }
    });
    let late = line.late.as_ref().map(|text| places.span("late", text));
    Ok(Schedule {
        zone: zone.transpose()?.unwrap_or_default(),
        every: every.transpose()?.unwrap_or(1),
        due: due.transpose()?.unwrap_or(DAY),
        late: late.transpose()?.unwrap_or(DAY),
    })
}

/// Whole days.
fn every(places: &Places<'_>, text: &Spanned<String>) -> Result<u32, RulesError> {
    let span = places.span("every", text)?;
    let days = u32::try_from(span.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX);
    match (1..=EVERY_DAYS_MAX).contains(&days) && span == DAY.saturating_mul(days) {
        true => Ok(days),
        false => {
            let problem = format!("`every`: 1 to {EVERY_DAYS_MAX} whole days, such as 7d");
            Err(places.error(text.span(), problem))
        }
    }
}

fn rule(places: &Places<'_>, line: Spanned<RuleLine>) -> Result<Rule, RulesError> {
    let whole = line.span();
    let line = line.into_inner();
    let name = line.name.get_ref();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
        let problem = format!("`name`: `{name}` is not 1 to {NAME_BYTES_MAX} of a-z, 0-9 and _");
        return Err(places.error(line.name.span(), problem));
    }
    let named = Severity::named(line.severity.get_ref());
    let severity = named.ok_or_else(|| {
        let names = Severity::ALL.map(Severity::as_str).join(", ");
        let problem = format!(
            "`severity`: `{}` is none of {names}",
            line.severity.get_ref()
        );
        places.error(line.severity.span(), problem)
    })?;
    if line.matches.get_ref().is_empty() {
        return Err(places.error(line.matches.span(), "`match` is empty"));
    }
    let followed_by = matches(places, "followed_by", line.followed_by)?;
    let threshold = threshold(
        places,
        whole,
        (line.at_least, line.within),
        (!followed_by.is_empty(), line.sum.as_ref()),
    )?;
    Ok(Rule {
        name: line.name.into_inner(),
        severity,
        why: places.said("why", line.why)?,
        matches: matches(places, "match", line.matches.into_inner())?,
        followed_by,
        group_by: group_by(places, line.group_by)?,
        threshold,
        sum: line.sum.map(|text| path(places, &text)).transpose()?,
        outside: line
            .outside
            .map(|hours| outside(places, hours))
            .transpose()?,
    })
}

fn threshold(
    places: &Places<'_>,
    whole: Range<usize>,
    (at_least, within): (Option<Spanned<u64>>, Option<Spanned<String>>),
    (followed, sum): (bool, Option<&Spanned<String>>),
) -> Result<Option<Threshold>, RulesError> {
    let (at_least, within) = match (at_least, within) {
        (Some(at_least), Some(within)) => (at_least, within),
        (Some(alone), None) => {
            return Err(places.error(alone.span(), "`at_least` asks for `within`"));
        }
        (None, Some(alone)) => {
            return Err(places.error(alone.span(), "`within` asks for `at_least`"));
        }
        (None, None) if followed => {
            let problem = "`followed_by` asks for `at_least` and `within`";
            return Err(places.error(whole, problem));
        }
        (None, None) => {
            let wrong = |it: &Spanned<String>| {
                places.error(it.span(), "`sum` asks for `at_least` and `within`")
            };
            return sum.map(wrong).map_or(Ok(None), Err);
        }
    };
    let most = if sum.is_some() { u64::MAX } else { COUNT_MAX };
    if !(1..=most).contains(at_least.get_ref()) {
        let problem = format!("`at_least`: a count is 1 to {COUNT_MAX}, a sum 1 or more");
        return Err(places.error(at_least.span(), problem));
    }
    let width = places.span("within", &within)?;
    if width > WITHIN_MAX {
        return Err(places.error(within.span(), "`within`: a window is of 31d at most"));
    }
    Ok(Some(Threshold {
        at_least: at_least.into_inner(),
        within: width,
        followed,
    }))
}

fn group_by(
    places: &Places<'_>,
    listed: Vec<Spanned<String>>,
) -> Result<Vec<GroupField>, RulesError> {
    let mut fields = Vec::new();
    for name in listed {
        let field = GroupField::ALL
            .into_iter()
            .find(|it| it.as_str() == name.get_ref());
        let field = field.ok_or_else(|| {
            let names = GroupField::ALL.map(GroupField::as_str).join(", ");
            let problem = format!("`group_by`: `{}` is none of {names}", name.get_ref());
            places.error(name.span(), problem)
        })?;
        if fields.contains(&field) {
            let problem = format!("`group_by`: `{}` is there twice", field.as_str());
            return Err(places.error(name.span(), problem));
        }
        fields.push(field);
    }
    Ok(fields)
}

fn matches(
    places: &Places<'_>,
    field: &str,
    lines: Vec<Spanned<MatchLine>>,
) -> Result<Vec<Match>, RulesError> {
    let mut matches = Vec::new();
    for line in lines {
        let at = line.span();
        let asked = line.into_inner();
        let mut query = Query::new();
        query.user_id = asked.user_id;
        query.action = asked.action;
        query.outcome = asked.outcome;
        query.resource_type = asked.resource_type;
        query.resource_id = asked.resource_id;
        query.ip_address = asked.ip_address;
        query.correlation_id = asked.correlation_id;
        query.tags = asked.tag;
        query.context = asked.context;
        if query == Query::new() {
            let problem = format!("`{field}`: a line without a filter fits every entry");
            return Err(places.error(at, problem));
        }
        let wrong = |problem: String| places.error(at.clone(), format!("`{field}`: {problem}"));
        query.actions().map_err(|error| wrong(error.to_string()))?;
        if let Some(outcome) = &query.outcome {
            let outcome = outcome.parse::<Outcome>();
            outcome.map_err(|error| wrong(format!("`outcome`: {error}")))?;
        }
        let line = places.line(at);
        matches.push(Match { query, line });
    }
    Ok(matches)
}

/// Names with dots between them.
fn path(places: &Places<'_>, text: &Spanned<String>) -> Result<Vec<String>, RulesError> {
    let names: Vec<String> = text.get_ref().split('.').map(str::to_owned).collect();
    match names.iter().any(String::is_empty) {
        true => {
            let problem = format!("`sum`: `{}` leads nowhere in a context", text.get_ref());
            Err(places.error(text.span(), problem))
        }
        false => Ok(names),
    }
}
