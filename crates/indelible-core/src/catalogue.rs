//! The actions that ship: what each is called, what it is about, what belongs into its context.
//!
//! The data are the files in `catalogue/` beside this crate's sources; their README names every
//! column. An action outside of the catalogue is recorded all the same.

use crate::outcome::Outcome;

include!(concat!(env!("OUT_DIR"), "/catalogue_tables.rs"));

/// `catalogue/controls.csv`, for those who report on controls; its columns are named in the
/// README beside it.
pub const CONTROLS: &str = include_str!("../catalogue/controls.csv");
/// `catalogue/action_controls.csv`: which action is evidence for which control, and when.
pub const ACTION_CONTROLS: &str = include_str!("../catalogue/action_controls.csv");
/// `catalogue/pci_legacy_map.csv`: what became of the numbers of PCI DSS 3.2.1.
pub const PCI_LEGACY_MAP: &str = include_str!("../catalogue/pci_legacy_map.csv");
/// `catalogue/system_requirements.csv`: what is asked of the audit system itself.
pub const SYSTEM_REQUIREMENTS: &str = include_str!("../catalogue/system_requirements.csv");

/// One action of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct CatalogueAction {
    /// The constant's name, upper case.
    pub name: &'static str,
    /// The stored form, lower case.
    pub value: &'static str,
    /// The field of work, e.g. `authentication`.
    pub category: &'static str,
    /// The outcome that the action speaks of.
    pub stage: Outcome,
    /// The workflow that it is a step of.
    pub workflow: Option<&'static str>,
    /// The resource type that it is usually recorded with.
    pub resource_type: &'static str,
    /// The context keys that make the record useful.
    pub recommended_context: &'static [&'static str],
    /// The context keys that hold personal data.
    pub personal_keys: &'static [&'static str],
    /// The context keys into which secrets tend to slip.
    pub secret_risk_keys: &'static [&'static str],
}

/// An attempt and the actions that close it. Actions by their stored form.
#[derive(Debug, PartialEq, Eq)]
pub struct Workflow {
    /// The workflow's name.
    pub name: &'static str,
    /// The action that opens it.
    pub attempted: &'static str,
    /// The action that closes it when it was done.
    pub succeeded: Option<&'static str>,
    /// The action that closes it when it went wrong.
    pub failed: Option<&'static str>,
    /// The action that closes it when it was not allowed.
    pub denied: Option<&'static str>,
    /// A second action that is accepted as the failure, but should not be recorded any more.
    pub also_accepted_failure: Option<&'static str>,
    /// After how many seconds an attempt without outcome counts as unresolved.
    pub resolve_seconds: u32,
}

impl Workflow {
    /// The action that says that the workflow stands so. Where the catalogue has none for what was
    /// denied, it is the one for what failed, whose outcome says that it was denied.
    pub fn action(&self, outcome: Outcome) -> Option<&'static str> {
        match outcome {
            Outcome::Attempted => Some(self.attempted),
            Outcome::Succeeded => self.succeeded,
            Outcome::Failed => self.failed,
            Outcome::Denied => self.denied.or(self.failed),
            Outcome::Completed => None,
        }
    }
}

/// A name found in the wild that is not the catalogue's.
#[derive(Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name, upper case.
    pub name: &'static str,
    /// The stored form; empty where nothing must be stored.
    pub value: &'static str,
    /// The action that it means, by its stored form.
    pub canonical: Option<&'static str>,
    /// What to make of it.
    pub rule: AliasRule,
}

/// What to make of a name found in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AliasRule {
    /// Stored as given, read as the canonical action.
    Alias,
    /// The canonical name itself.
    Same,
    /// A pattern over several actions, for queries; never stored.
    Wildcard,
    /// Became an action of the catalogue.
    Add,
    /// Too general to map: an action of its own.
    Unmapped,
    /// Telemetry: not worth a record.
    Drop,
    /// No fact: a prediction.
    Reject,
}

/// The actions of the catalogue, grouped by what they are about.
pub fn all() -> &'static [CatalogueAction] {
    &ACTIONS
}

/// The workflows of the catalogue.
pub fn workflows() -> &'static [Workflow] {
    &WORKFLOWS
}

/// The names found in the wild.
pub fn aliases() -> &'static [Alias] {
    &ALIASES
}

/// The action whose stored form this is; aliases are not followed.
pub fn find(value: &str) -> Option<&'static CatalogueAction> {
    let action = |at: &u8| &ACTIONS[usize::from(*at)];
    let at = ACTIONS_BY_VALUE
        .binary_search_by(|at| action(at).value.cmp(value))
        .ok()?;
    Some(action(&ACTIONS_BY_VALUE[at]))
}

/// The action that a stored form means: itself, or what it is an alias of.
pub fn resolve(value: &str) -> Option<&'static CatalogueAction> {
    find(value).or_else(|| find(alias_of(value)?))
}

/// The workflow that a stored form is a step of; aliases are followed.
pub fn workflow_of(value: &str) -> Option<&'static Workflow> {
    let name = resolve(value)?.workflow?;
    WORKFLOWS.iter().find(|workflow| workflow.name == name)
}

/// The outcome that a stored form speaks of; `completed` outside of the catalogue.
pub fn outcome_of(value: &str) -> Outcome {
    resolve(value).map_or(Outcome::Completed, |action| action.stage)
}

/// Every stored form that means the same action as this one: the canonical form first, then its
/// aliases. Empty outside of the catalogue, where a form means only itself.
pub fn synonyms(value: &str) -> Vec<&'static str> {
    let Some(action) = resolve(value) else {
        return Vec::new();
    };
    let aliases = ALIASES
        .iter()
        .filter(|alias| alias.rule == AliasRule::Alias && alias.canonical == Some(action.value));
    std::iter::once(action.value)
        .chain(aliases.map(|alias| alias.value))
        .collect()
}

/// Every stored form that a pattern stands for: `admin_*` is all that begins with `admin_`, and
/// all that means one of these. Sorted; empty when the pattern has no or another star than one at
/// its end, or nothing before it.
pub fn expand_wildcard(pattern: &str) -> Vec<&'static str> {
    let Some(start) = pattern.strip_suffix('*') else {
        return Vec::new();
    };
    if start.is_empty() || start.contains('*') {
        return Vec::new();
    }
    let actions = ACTIONS.iter().map(|action| action.value);
    let others = ALIASES
        .iter()
        .filter(|alias| is_storable(alias))
        .map(|alias| alias.value);
    let begun: Vec<_> = actions
        .chain(others)
        .filter(|value| value.starts_with(start))
        .collect();
    let meant = ALIASES.iter().filter(|alias| {
        alias.rule == AliasRule::Alias && alias.canonical.is_some_and(|it| begun.contains(&it))
    });
    let mut forms: Vec<_> = meant
        .map(|alias| alias.value)
        .chain(begun.iter().copied())
        .collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn is_storable(alias: &Alias) -> bool {
    matches!(alias.rule, AliasRule::Alias | AliasRule::Unmapped)
}

fn alias_of(value: &str) -> Option<&'static str> {
    let alias = ALIASES
        .iter()
        .find(|it| it.rule == AliasRule::Alias && it.value == value)?;
    alias.canonical
}
