//! The controls of a framework, and which records are evidence for them: the catalogue's own
//! tables, read once.

use std::collections::HashMap;
use std::sync::OnceLock;

use indelible_core::catalogue;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::framework::Framework;

/// A control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its number within the framework.
    pub id: String,
    /// What it asks, in words of our own.
    pub paraphrase: String,
    /// How far the number was checked.
    pub verification: String,
    /// The public files it was checked in.
    pub source: String,
    /// The requirements on the audit system that cite it, such as `SYS-12`.
    pub system_requirements: Vec<String>,
}

/// What a record is for a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// It helps to show that the control operated.
    Supporting,
    /// The control is about this very event.
    Direct,
}

impl Strength {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Supporting => "supporting",
            Self::Direct => "direct",
        }
    }
}

/// Records of one action as evidence for one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The place of the control in [`Controls::list`].
    pub control: usize,
    /// The action by its stored form; `None` for every record.
    pub action: Option<&'static str>,
    /// What the record is.
    pub strength: Strength,
    /// When it is.
    pub condition: Condition,
}

/// The controls of one framework with their rows.
#[derive(Debug)]
pub struct Controls {
    list: Vec<Control>,
    places: HashMap<String, usize>,
    rows: Vec<Row>,
    of_actions: HashMap<&'static str, Vec<usize>>,
    of_all: Vec<usize>,
}

#[derive(Deserialize)]
struct ControlLine {
    framework: String,
    control_id: String,
    paraphrase: String,
    verification: String,
    source: String,
}

#[derive(Deserialize)]
struct RowLine {
    action: String,
    framework: String,
    control_id: String,
    strength: Strength,
    condition: String,
}

#[derive(Deserialize)]
struct RequirementLine {
    req_id: String,
    sources: String,
}

impl Controls {
    /// Those of a framework.
    pub fn of(framework: Framework) -> &'static Self {
        static ALL: OnceLock<Vec<Controls>> = OnceLock::new();
        let all = ALL.get_or_init(|| Framework::ALL.into_iter().map(Self::read).collect());
        &all[framework as usize]
    }

    /// The controls, in the catalogue's order.
    pub fn list(&self) -> &[Control] {
        &self.list
    }

    /// The control of this number.
    pub fn find(&self, id: &str) -> Option<&Control> {
        self.place(id).map(|place| &self.list[place])
    }

    /// Where the control of this number stands in the list.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// All rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The places of the rows that speak of records of an action, by its stored form in the
    /// catalogue; of any other action only those that speak of every record.
    pub fn rows_of(&self, action: &str) -> impl Iterator<Item = usize> + '_ {
        let own = self.of_actions.get(action).map_or(&[][..], Vec::as_slice);
        own.iter().chain(&self.of_all).copied()
    }

    /// The stored forms of the actions whose records may be evidence for a control, aliases
    /// included, sorted; `None` where every record may be.
    pub fn actions_of(&self, place: usize) -> Option<Vec<String>> {
        let rows = self.rows.iter().filter(|row| row.control == place);
        let mut forms = Vec::new();
        for row in rows {
            forms.extend(catalogue::synonyms(row.action?));
        }
        forms.sort_unstable();
        forms.dedup();
        Some(forms.into_iter().map(str::to_owned).collect())
    }

    fn read(framework: Framework) -> Self {
        let own = |name: &str| name == framework.name();
        let requirements: Vec<RequirementLine> = lines(catalogue::SYSTEM_REQUIREMENTS).collect();
        let list: Vec<_> = lines::<ControlLine>(catalogue::CONTROLS)
            .filter(|line| own(&line.framework))
            .map(|line| Control {
                system_requirements: citing(&requirements, framework, &line.control_id),
                id: line.control_id,
                paraphrase: line.paraphrase,
                verification: line.verification,
                source: line.source,
            })
            .collect();
        let places: HashMap<_, _> = list
            .iter()
            .enumerate()
            .map(|(place, control)| (control.id.clone(), place))
            .collect();
        let rows: Vec<_> = lines::<RowLine>(catalogue::ACTION_CONTROLS)
            .filter(|line| own(&line.framework))
            .map(|line| Row {
                control: places[&line.control_id],
                action: stored_form(&line.action),
                strength: line.strength,
                condition: line
                    .condition
                    .parse()
                    .expect("the catalogue's tests read each"),
            })
            .collect();
        let mut of_actions: HashMap<_, Vec<usize>> = HashMap::new();
        let mut of_all = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            match row.action {
                Some(action) => of_actions.entry(action).or_default().push(place),
                None => of_all.push(place),
            }
        }
        Self {
            list,
            places,
            rows,
            of_actions,
            of_all,
        }
    }
}

/// The rows of one of the catalogue's files.
pub(crate) fn lines<T: for<'de> Deserialize<'de>>(file: &'static str) -> impl Iterator<Item = T> {
    let reader = csv::Reader::from_reader(file.as_bytes());
    reader
        .into_deserialize()
        .map(|line| line.expect("the catalogue's tests read each line"))
}

fn stored_form(name: &str) -> Option<&'static str> {
    if name == "*" {
        return None;
    }
    let action = catalogue::find(&name.to_lowercase());
    Some(
        action
            .expect("the mapping speaks of actions of the catalogue")
            .value,
    )
}

/// The requirements among whose sources the control stands: `PCI 10.2.2; NIST AU-3`.
fn citing(lines: &[RequirementLine], framework: Framework, id: &str) -> Vec<String> {
    let short = match framework {
        Framework::PciDss => "PCI",
        Framework::Soc2 => "SOC2",
        Framework::Gdpr => "GDPR",
        Framework::Hipaa => "HIPAA",
        Framework::Iso27001 => "ISO",
        Framework::Nist80053 => "NIST",
    };
    let cites = |line: &&RequirementLine| {
        let mut sources = line.sources.split(';').map(str::trim);
        sources.any(|source| source.split_once(' ') == Some((short, id)))
    };
    lines
        .iter()
        .filter(cites)
        .map(|line| line.req_id.clone())
        .collect()
}
