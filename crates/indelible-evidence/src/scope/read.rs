//! A scope as a TOML file.

use std::collections::BTreeMap;
use std::ops::Range;

use indelible_core::{AuditAction, Query, Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{Area, Declaration, NotApplicable, Presence, Scope};
use crate::condition::Term;
use crate::framework::ControlId;

/// What is wrong with a scope file, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScopeError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the field's name.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    declared: Spanned<Declaration>,
    #[serde(default)]
    scope: Areas,
    #[serde(default)]
    not_applicable: Vec<NotApplicableLine>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    endpoints: Endpoints,
    #[serde(default)]
    instrumented: Actions,
    #[serde(default)]
    liveness: Actions,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Areas {
    cde: Option<AreaLine>,
    chd: Option<AreaLine>,
    ephi: Option<AreaLine>,
    personal: Option<AreaLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AreaLine {
    present: bool,
    resource_types: Option<Spanned<Vec<String>>>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotApplicableLine {
    control: Spanned<String>,
    by: String,
    on: Spanned<String>,
    why: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    #[serde(default)]
    complete: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resources {
    system_objects: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    audit: Vec<String>,
    #[serde(default)]
    time: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoints {
    login: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Actions {
    #[serde(default)]
    actions: Vec<Spanned<String>>,
}

/// A text and where lines begin in it.
struct Places<'t>(&'t str);

impl Places<'_> {
    fn error(&self, at: Range<usize>, problem: impl ToString) -> ScopeError {
        let before = self.0.get(..at.start).unwrap_or_default();
        ScopeError {
            line: 1 + before.matches('\n').count(),
            problem: problem.to_string(),
        }
    }

    /// A day as it is written, such as 2026-03-01.
    fn day(&self, text: &str, at: Range<usize>) -> Result<(), ScopeError> {
        match Timestamp::start_of_day(text) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.error(at, format!("`on`: `{text}` is no day such as 2026-03-01"))),
        }
    }

    fn said(&self, field: &str, text: &str, at: Range<usize>) -> Result<(), ScopeError> {
        match text.trim().is_empty() {
            true => Err(self.error(at, format!("`{field}` is empty; a declaration says it"))),
            false => Ok(()),
        }
    }

    /// The actions that are meant, wildcards of the catalogue included.
    fn actions(
        &self,
        field: &str,
        listed: Vec<Spanned<String>>,
    ) -> Result<Vec<String>, ScopeError> {
        let mut actions = Vec::new();
        for action in listed {
            let at = action.span();
            let text = action.into_inner();
            let known = AuditAction::new(text.clone()).map(|action| action.as_str().to_owned());
            let meant = Query::new().action(known.unwrap_or(text)).actions();
            let meant = meant.map_err(|error| self.error(at, format!("`{field}`: {error}")))?;
            actions.extend(meant.into_iter().flatten());
        }
        actions.sort();
        actions.dedup();
        Ok(actions)
    }
}

impl Scope {
    /// Reads a scope file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line; a field that there is none of is named.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let places = Places(text);
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            places.error(at, error.message())
        })?;
        let at = file.declared.span();
        let declared = file.declared.into_inner();
        places.day(&declared.on, at.clone())?;
        places.said("by", &declared.by, at.clone())?;
        places.said("why", &declared.why, at)?;
        let mut complete_tags = Vec::new();
        for tag in file.tags.complete {
            let at = tag.span();
            let text = tag.into_inner();
            if !matches!(text.parse(), Ok(Term::Tag(_))) {
                let problem = format!("`complete`: `{text}` is no tag that a condition reads");
                return Err(places.error(at, problem));
            }
            complete_tags.push(text);
        }
        let digest: String = Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            name: file.name,
            declared: Some(declared),
            scope: areas(&places, file.scope)?,
            not_applicable: not_applicable(&places, file.not_applicable)?,
            complete_tags,
            system_objects: file.resources.system_objects,
            audit_settings: file.settings.audit,
            time_settings: file.settings.time,
            login_endpoints: file.endpoints.login,
            instrumented: places.actions("instrumented", file.instrumented.actions)?,
            liveness: places.actions("liveness", file.liveness.actions)?,
            sha256: Some(digest),
        })
    }
}

fn areas(places: &Places<'_>, areas: Areas) -> Result<BTreeMap<Area, Presence>, ScopeError> {
    let given = [
        (Area::Cde, areas.cde),
        (Area::Chd, areas.chd),
        (Area::Ephi, areas.ephi),
        (Area::Personal, areas.personal),
    ];
    let mut declared = BTreeMap::new();
    for (area, line) in given {
        let Some(line) = line else { continue };
        let mut resource_types = Vec::new();
        if let Some(types) = line.resource_types {
            if area != Area::Cde {
                let problem = "`resource_types`: what data an entry is about its tags say; only a \
                               cde has resource types";
                return Err(places.error(types.span(), problem));
            }
            resource_types = types.into_inner();
        }
        let presence = Presence {
            present: line.present,
            resource_types,
            why: line.why,
        };
        declared.insert(area, presence);
    }
    Ok(declared)
}

fn not_applicable(
    places: &Places<'_>,
    lines: Vec<NotApplicableLine>,
) -> Result<Vec<NotApplicable>, ScopeError> {
    let mut declared: Vec<NotApplicable> = Vec::new();
    for line in lines {
        let at = line.control.span();
        let control: Result<ControlId, _> = line.control.get_ref().parse();
        let control =
            control.map_err(|error| places.error(at.clone(), format!("`control`: {error}")))?;
        if declared.iter().any(|other| other.control == control) {
            return Err(places.error(at, format!("`control`: {control} is declared twice")));
        }
        places.said("by", &line.by, at.clone())?;
        places.said("why", &line.why, at)?;
        places.day(line.on.get_ref(), line.on.span())?;
        let declaration = Declaration {
            by: line.by,
            on: line.on.into_inner(),
            why: line.why,
        };
        declared.push(NotApplicable {
            control,
            declaration,
        });
    }
    Ok(declared)
}
