//! Rules put to entries one by one.

use std::net::Ipv6Addr;

use indelible_core::engine::Audit;
use indelible_core::entry::{Columns, Entry, StoredEntry, Unreadable, address};
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Following, Query};
use serde_json::Value;

use super::rules::{GroupField, Match, Rule, RuleSet, RulesError};

/// Lines of filters, compiled.
pub(super) struct Asked(Vec<Line>);

struct Line {
    /// What is asked of the skeleton, which is never erased.
    skeleton: Following,
    /// All that is asked, where parts are asked for too.
    whole: Option<Following>,
    /// The parts that are asked for.
    parts: Vec<PartKind>,
}

/// Whether an entry fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// What decides was erased.
    Unknown,
}

/// An entry whose parts are opened when they are first asked for.
pub(super) struct Looked<'e> {
    pub stored: &'e StoredEntry,
    pub erased: Vec<PartKind>,
    columns: Columns,
    pub entry: Entry,
}

impl<'e> Looked<'e> {
    pub fn new(audit: &Audit, stored: &'e StoredEntry) -> Result<Self, Unreadable> {
        Ok(Self {
            stored,
            erased: stored.erased(),
            columns: Columns::derive(stored)?,
            entry: stored.clone().open(audit.name())?,
        })
    }

    /// The value of a field; `Err` where it was erased.
    pub fn value(&self, field: GroupField) -> Result<Option<String>, PartKind> {
        let entry = &self.entry;
        let (part, value) = match field {
            GroupField::Action => return Ok(Some(entry.action.clone())),
            GroupField::ResourceType => return Ok(Some(entry.resource_type.clone())),
            GroupField::UserId => (PartKind::Actor, entry.user_id.clone()),
            GroupField::OnBehalfOf => (PartKind::Actor, entry.on_behalf_of.clone()),
            GroupField::IpAddress => (PartKind::Actor, entry.ip_address.as_deref().map(plain)),
            GroupField::ResourceId => (PartKind::Target, entry.resource_id.clone()),
            GroupField::CorrelationId => (PartKind::Details, entry.correlation_id.clone()),
        };
        match self.erased.contains(&part) {
            true => Err(part),
            false => Ok(value),
        }
    }

    /// A number of the context that is not negative; fractions are cut.
    pub fn number(&self, path: &[String]) -> Option<u64> {
        let context = self.entry.context.as_ref()?;
        // A member may be named with the dots that elsewhere lead further down.
        let direct = context.get(path.join("."));
        let deep = || path.iter().try_fold(context, |value, name| value.get(name));
        match direct.or_else(deep)? {
            Value::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().filter(|it| *it >= 0.0).map(|it| it as u64)),
            _ => None,
        }
    }
}

/// One spelling of an address, whatever it was given in.
fn plain(text: &str) -> String {
    let spelt = |it: Ipv6Addr| it.to_canonical().to_string();
    address(text).map_or_else(|| text.to_owned(), spelt)
}

impl Asked {
    /// Compiles lines of a rule.
    ///
    /// # Errors
    /// [`RulesError`] for a filter that cannot be asked, under the line of the file.
    pub fn of(audit: &Audit, rule: &Rule, lines: &[Match]) -> Result<Self, ReviewError> {
        let line = |line: &Match| {
            let compiled = |query: &Query| {
                audit.following(query).map_err(|error| match error {
                    AuditError::Query(error) => ReviewError::Rules(RulesError {
                        line: line.line,
                        problem: format!("rule `{}`: {error}", rule.name),
                    }),
                    error => error.into(),
                })
            };
            let mut skeleton = Query::new();
            skeleton.action.clone_from(&line.query.action);
            skeleton.outcome.clone_from(&line.query.outcome);
            skeleton.resource_type.clone_from(&line.query.resource_type);
            skeleton.tags.clone_from(&line.query.tags);
            let parts = parts(&line.query);
            let whole = (!parts.is_empty()).then(|| compiled(&line.query));
            Ok(Line {
                skeleton: compiled(&skeleton)?,
                whole: whole.transpose()?,
                parts,
            })
        };
        lines.iter().map(line).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an entry may fit, by what is never erased.
    pub fn may_fit(&self, entry: &StoredEntry) -> Result<bool, Unreadable> {
        let none = Columns::default();
        for line in &self.0 {
            if line.skeleton.matches(entry, &none)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an entry fits.
    pub fn fits(&self, looked: &Looked<'_>) -> Result<Fit, Unreadable> {
        let mut fit = Fit::No;
        for line in &self.0 {
            if !line.skeleton.matches(looked.stored, &looked.columns)? {
                continue;
            }
            let Some(whole) = &line.whole else {
                return Ok(Fit::Yes);
            };
            if whole.matches(looked.stored, &looked.columns)? && !line.is_erased(looked) {
                return Ok(Fit::Yes);
            }
            if line.is_erased(looked) {
                fit = Fit::Unknown;
            }
        }
        Ok(fit)
    }
}

impl Line {
    /// Whether something that decides was erased. What is left cannot show that it fits: an
    /// entry without a user and one whose user was erased look the same.
    fn is_erased(&self, looked: &Looked<'_>) -> bool {
        self.parts.iter().any(|part| looked.erased.contains(part))
    }
}

fn parts(query: &Query) -> Vec<PartKind> {
    let asked = [
        (
            PartKind::Actor,
            query.user_id.is_some() || query.ip_address.is_some(),
        ),
        (PartKind::Target, query.resource_id.is_some()),
        (
            PartKind::Details,
            query.correlation_id.is_some() || !query.context.is_empty(),
        ),
    ];
    let parts = asked.into_iter().filter(|(_, is_asked)| *is_asked);
    parts.map(|(part, _)| part).collect()
}

/// A rule, compiled.
pub(super) struct Compiled {
    pub rule: Rule,
    pub matches: Asked,
    pub followed_by: Asked,
}

/// Compiles rules.
pub(super) fn compile(audit: &Audit, rules: &RuleSet) -> Result<Vec<Compiled>, ReviewError> {
    let compiled = |rule: &Rule| {
        Ok(Compiled {
            matches: Asked::of(audit, rule, &rule.matches)?,
            followed_by: Asked::of(audit, rule, &rule.followed_by)?,
            rule: rule.clone(),
        })
    };
    rules.rules.iter().map(compiled).collect()
}

/// Why there is no review.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// A rule cannot be asked.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The trail does not answer.
    #[error(transparent)]
    Audit(#[from] AuditError),
}
