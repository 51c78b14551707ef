//! A linter over mappings that customers write: which of their control ids mean something else
//! than they think.
//!
//! A mapping is a CSV file with a header: `control` (`PCI-DSS-4.0.1:10.2.1.4`), or `framework` and
//! `control_id`; beside them `action`, `strength` and `condition`, if it has them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use indelible_core::{AuditAction, catalogue};
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::controls::{Controls, Strength, lines};
use crate::framework::Framework;

/// Something in a mapping that is worth a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// What kind.
    pub kind: FindingKind,
    /// The control as it is written.
    pub control: String,
    /// What is wrong, and what is meant perhaps.
    pub problem: String,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The same number means something else in the older version.
    Collision,
    /// A number of the older version, which this one does not have.
    Stale,
    /// A number without the version of its framework.
    Unversioned,
    /// A control, an action, a strength or a condition that there is none of.
    Unknown,
    /// The same row again.
    Duplicate,
}

impl FindingKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collision => "collision",
            Self::Stale => "stale",
            Self::Unversioned => "unversioned",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A file that is no mapping at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// No column says which control a row is about.
    #[error("there is no column `control`, and no columns `framework` and `control_id`")]
    NoControl,
    /// It is no CSV.
    #[error("{0}")]
    Csv(String),
}

#[derive(Clone, Deserialize)]
struct LegacyLine {
    pci_3_2_1_id: String,
    meaning_3_2_1: String,
    pci_4_0_1_id: String,
    what_the_old_number_means_in_4_0_1: String,
    kind: String,
}

/// One row of a mapping, as it is written.
struct Written<'r> {
    framework: &'r str,
    id: &'r str,
    action: Option<&'r str>,
    strength: Option<&'r str>,
    condition: Option<&'r str>,
}

/// Looks a mapping through.
///
/// # Errors
/// [`LintError`]: it is no mapping.
pub fn lint(text: &str) -> Result<Vec<Finding>, LintError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let wrong = |error: csv::Error| LintError::Csv(error.to_string());
    let header = reader.headers().map_err(wrong)?.clone();
    let column = |name: &str| header.iter().position(|it| it.eq_ignore_ascii_case(name));
    let (control, framework, id) = (column("control"), column("framework"), column("control_id"));
    if control.is_none() && (framework.is_none() || id.is_none()) {
        return Err(LintError::NoControl);
    }
    let mut findings = Vec::new();
    let mut seen: HashMap<(String, String, String), u64> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|it| !it.is_empty());
        let (framework, id) = match (cell(control), cell(framework), cell(id)) {
            (Some(control), ..) => control.rsplit_once(':').unwrap_or(("", control)),
            (None, framework, id) => (framework.unwrap_or(""), id.unwrap_or("")),
        };
        let written = Written {
            framework: framework.trim(),
            id: id.trim(),
            action: cell(column("action")),
            strength: cell(column("strength")),
            condition: cell(column("condition")),
        };
        let found = written.findings();
        findings.extend(found.into_iter().map(|(kind, problem)| Finding {
            line,
            kind,
            control: written.control(),
            problem,
        }));
        let action = written.action.map_or(String::new(), str::to_lowercase);
        let place = (
            action,
            written.framework.to_lowercase(),
            written.id.to_owned(),
        );
        match seen.get(&place) {
            Some(first) => findings.push(Finding {
                line,
                kind: FindingKind::Duplicate,
                control: written.control(),
                problem: format!("the same row stands in line {first}"),
            }),
            None => drop(seen.insert(place, line)),
        }
    }
    Ok(findings)
}

impl Written<'_> {
    fn control(&self) -> String {
        match self.framework {
            "" => self.id.to_owned(),
            framework => format!("{framework}:{}", self.id),
        }
    }

    fn findings(&self) -> Vec<(FindingKind, String)> {
        let mut found = self.of_control();
        let unknown = |text: String| (FindingKind::Unknown, text);
        if let Some(action) = self.action
            && action != "*"
            && catalogue::resolve(&action.to_lowercase()).is_none()
        {
            let is_named = AuditAction::new(action.to_owned()).is_ok();
            let what = match is_named {
                true => "is no action of the catalogue",
                false => "is no name of an action",
            };
            found.push(unknown(format!("`{action}` {what}")));
        }
        if let Some(strength) = self.strength
            && ![Strength::Direct, Strength::Supporting]
                .iter()
                .any(|it| it.as_str() == strength)
        {
            found.push(unknown(format!(
                "`{strength}` is no strength; direct and supporting are"
            )));
        }
        if let Some(condition) = self.condition
            && let Err(error) = condition.parse::<Condition>()
        {
            found.push(unknown(error.to_string()));
        }
        found
    }

    fn of_control(&self) -> Vec<(FindingKind, String)> {
        let one = |kind, problem| vec![(kind, problem)];
        if let Ok(framework) = self.framework.parse::<Framework>() {
            return self.of_framework(framework);
        }
        let is_pci = self.framework.to_lowercase().contains("pci");
        let is_old = is_pci && self.framework.contains('3');
        if (is_pci || self.framework.is_empty())
            && let Some(old) = legacy(self.id)
        {
            let mut found = one(kind(old), old.problem(self.id));
            if !is_old {
                found.push((FindingKind::Unversioned, self.unversioned()));
            }
            return found;
        }
        let is_family = Framework::ALL
            .iter()
            .any(|it| is_of_family(self.framework, *it));
        if self.framework.is_empty() || (is_family && !is_old) {
            return one(FindingKind::Unversioned, self.unversioned());
        }
        let problem = format!(
            "the catalogue does not speak of `{}`; it has {}",
            self.framework,
            Framework::ALL.map(Framework::name).join(", ")
        );
        one(FindingKind::Unknown, problem)
    }

    fn of_framework(&self, framework: Framework) -> Vec<(FindingKind, String)> {
        let old = (framework == Framework::PciDss)
            .then(|| legacy(self.id))
            .flatten();
        let controls = Controls::of(framework);
        match (controls.place(self.id), old) {
            (None, Some(old)) => vec![(kind(old), old.problem(self.id))],
            (None, None) => {
                let name = framework.name();
                let problem = format!("the catalogue has no control {} of {name}", self.id);
                vec![(FindingKind::Unknown, problem)]
            }
            // Who maps as the catalogue does means what the catalogue means.
            (Some(place), Some(old)) if !self.is_shipped(controls, place) => {
                vec![(FindingKind::Collision, old.problem(self.id))]
            }
            _ => Vec::new(),
        }
    }

    fn is_shipped(&self, controls: &Controls, place: usize) -> bool {
        let Some(action) = self.action else {
            return false;
        };
        let meant = catalogue::resolve(&action.to_lowercase()).map(|it| it.value);
        if meant.is_none() && action != "*" {
            return false;
        }
        let own = |row: &&crate::controls::Row| row.control == place && row.action == meant;
        controls.rows().iter().any(|row| own(&row))
    }

    fn unversioned(&self) -> String {
        let named: Vec<_> = Framework::ALL
            .into_iter()
            .filter(|it| self.framework.is_empty() || is_of_family(self.framework, *it))
            .filter(|it| Controls::of(*it).find(self.id).is_some())
            .map(|it| format!("{}:{}", it.name(), self.id))
            .collect();
        match named.is_empty() {
            true => "the framework's version is not named".to_owned(),
            false => format!(
                "the framework's version is not named; perhaps {} is meant",
                named.join(" or ")
            ),
        }
    }
}

/// Whether a name without a version is that of a framework's family.
fn is_of_family(name: &str, framework: Framework) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let name = plain(name);
    let own: &[&str] = match framework {
        Framework::PciDss => &["pci", "pcidss"],
        Framework::Soc2 => &["soc2", "tsc", "soc2tsc"],
        Framework::Gdpr => &["gdpr", "dsgvo"],
        Framework::Hipaa => &["hipaa"],
        Framework::Iso27001 => &["iso", "iso27001", "isoiec27001"],
        Framework::Nist80053 => &["nist", "nist80053", "nistsp80053"],
    };
    own.contains(&name.as_str())
}

fn legacy(id: &str) -> Option<&'static LegacyLine> {
    static ALL: OnceLock<HashMap<String, LegacyLine>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let lines = lines::<LegacyLine>(catalogue::PCI_LEGACY_MAP);
        let mut all: HashMap<String, LegacyLine> = HashMap::new();
        for line in lines {
            // A cell may name several old numbers of one meaning.
            let ids: HashSet<_> = line.pci_3_2_1_id.split(' ').map(str::to_owned).collect();
            for id in ids {
                all.insert(id, line.clone());
            }
        }
        all
    });
    all.get(id)
}

fn kind(line: &LegacyLine) -> FindingKind {
    match line.kind.as_str() {
        "collision" => FindingKind::Collision,
        _ => FindingKind::Stale,
    }
}

impl LegacyLine {
    fn problem(&self, id: &str) -> String {
        let Self {
            meaning_3_2_1: old,
            pci_4_0_1_id: new,
            what_the_old_number_means_in_4_0_1: now,
            ..
        } = self;
        match kind(self) {
            FindingKind::Collision => format!(
                "in PCI DSS 3.2.1 {id} was: {old}, which is {new} in 4.0.1; in 4.0.1 {id} is: {now}"
            ),
            _ => format!(
                "4.0.1 has no {id}; in PCI DSS 3.2.1 it was: {old}, which is {new} in 4.0.1. Look \
                 at what is meant before it is renumbered"
            ),
        }
    }
}
