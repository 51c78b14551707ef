//! What the reader of a report has to be told because no record says it: which data and systems
//! the trail is about, and which controls do not apply. A file of the operator, with who stands
//! for it.

mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::{Setting, Truth};
use crate::framework::{ControlId, Framework};

pub use read::ScopeError;

/// A declared scope; `docs/guide/reports.md` is the reference. The default declares nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scope {
    /// What the scope is called.
    pub name: Option<String>,
    /// Who stands for it; `None` where nothing was declared.
    pub declared: Option<Declaration>,
    /// What the trail is about, by name.
    pub scope: BTreeMap<Area, Presence>,
    /// The controls that do not apply.
    pub not_applicable: Vec<NotApplicable>,
    /// The tags that are written whenever they apply, so that an entry without one denies it.
    pub complete_tags: Vec<String>,
    /// The resource types that are system objects, and no others.
    pub system_objects: Option<Vec<String>>,
    /// Settings that concern logging, by key, beside those that say so themselves.
    pub audit_settings: Vec<String>,
    /// Settings that concern time.
    pub time_settings: Vec<String>,
    /// The endpoints of authentication, and no others.
    pub login_endpoints: Option<Vec<String>>,
    /// Actions that are recorded whenever they happen, though none may have.
    pub instrumented: Vec<String>,
    /// Actions that say that recording is alive: heartbeats and canaries.
    pub liveness: Vec<String>,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: Option<String>,
}

/// Who declares something, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Who.
    pub by: String,
    /// The day.
    pub on: String,
    /// Why.
    pub why: String,
}

/// What a framework asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The cardholder data environment.
    Cde,
    /// Cardholder data.
    Chd,
    /// Electronic protected health information.
    Ephi,
    /// Personal data.
    Personal,
}

impl Area {
    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cde => "cde",
            Self::Chd => "chd",
            Self::Ephi => "ephi",
            Self::Personal => "personal",
        }
    }

    /// What it is.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cde => "the cardholder data environment",
            Self::Chd => "cardholder data",
            Self::Ephi => "electronic protected health information",
            Self::Personal => "personal data",
        }
    }

    /// What all rows of a framework presuppose.
    pub const fn presupposed(framework: Framework) -> Option<Self> {
        match framework {
            Framework::PciDss => Some(Self::Cde),
            Framework::Hipaa => Some(Self::Ephi),
            _ => None,
        }
    }
}

/// Whether the trail is about something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Whether it is.
    pub present: bool,
    /// Of these resource types alone; of all where none is named.
    pub resource_types: Vec<String>,
    /// What there is to say of it.
    pub why: Option<String>,
}

/// A control that does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplicable {
    /// The control.
    pub control: ControlId,
    /// Who says so, when and why.
    #[serde(flatten)]
    pub declaration: Declaration,
}

/// The kinds of resource that the condition language names.
const SYSTEM_OBJECTS: [&str; 5] = ["bucket", "job", "queue", "system_object", "table"];

impl Scope {
    /// What was declared of an area.
    pub fn area(&self, area: Area) -> Option<&Presence> {
        self.scope.get(&area)
    }

    /// Why a control does not apply: it is declared so, or what its framework presupposes is
    /// declared not to be there.
    pub fn not_applicable(&self, framework: Framework, id: &str) -> Option<Declaration> {
        let own =
            |it: &&NotApplicable| it.control.framework() == framework && it.control.id() == id;
        if let Some(declared) = self.not_applicable.iter().find(own) {
            return Some(declared.declaration.clone());
        }
        let area = Area::presupposed(framework)?;
        let presence = self.area(area).filter(|presence| !presence.present)?;
        let declared = self.declared.as_ref()?;
        let why = presence.why.as_deref().unwrap_or(&declared.why);
        Some(Declaration {
            why: format!("{} is not in scope: {why}", area.title()),
            ..declared.clone()
        })
    }

    /// By which declaration a control does not apply.
    pub(crate) fn exclusion_of(&self, framework: Framework, id: &str) -> &'static str {
        let is_own =
            |it: &NotApplicable| it.control.framework() == framework && it.control.id() == id;
        match Area::presupposed(framework) {
            _ if self.not_applicable.iter().any(is_own) => "not_applicable",
            Some(Area::Ephi) => "scope.ephi",
            _ => "scope.cde",
        }
    }

    pub(crate) fn has_cardholder_environment(&self, resource_type: &str) -> Truth {
        match self.area(Area::Cde) {
            None => Truth::Unknown,
            Some(presence) => presence.covers(resource_type).into(),
        }
    }

    pub(crate) fn is_system_object(&self, resource_type: &str) -> Truth {
        match &self.system_objects {
            Some(declared) => declared.iter().any(|it| it == resource_type).into(),
            None if SYSTEM_OBJECTS.contains(&resource_type) => Truth::True,
            None if is_of_catalogue(resource_type) => Truth::False,
            None => Truth::Unknown,
        }
    }

    pub(crate) fn names_setting(&self, setting: Setting, key: &str) -> bool {
        let declared = match setting {
            Setting::Audit => &self.audit_settings,
            Setting::Time => &self.time_settings,
        };
        declared.iter().any(|it| it == key)
    }

    pub(crate) fn is_login_endpoint(&self, endpoint: &str) -> Truth {
        match &self.login_endpoints {
            Some(declared) => declared.iter().any(|it| it == endpoint).into(),
            None => Truth::Unknown,
        }
    }

    /// Whether an entry without this tag says that it does not apply.
    pub(crate) fn denies_untagged(&self, tag: &str) -> bool {
        let absent = |area| self.area(area).is_some_and(|presence| !presence.present);
        let is_absent = match tag {
            "data.chd" => absent(Area::Chd),
            "data.ephi" => absent(Area::Ephi),
            "data.personal" => absent(Area::Personal),
            _ => false,
        };
        is_absent || self.is_complete(tag)
    }

    /// By which declaration an entry without this tag says that it does not apply.
    pub(crate) fn denial_of(&self, tag: &str) -> &'static str {
        match tag {
            _ if self.is_complete(tag) => "tags.complete",
            "data.chd" => "scope.chd",
            "data.ephi" => "scope.ephi",
            _ => "scope.personal",
        }
    }

    fn is_complete(&self, tag: &str) -> bool {
        self.complete_tags.iter().any(|it| it == tag)
    }
}

impl Presence {
    fn covers(&self, resource_type: &str) -> bool {
        let is_named = || self.resource_types.iter().any(|it| it == resource_type);
        self.present && (self.resource_types.is_empty() || is_named())
    }
}

fn is_of_catalogue(resource_type: &str) -> bool {
    let mut all = indelible_core::catalogue::all().iter();
    all.any(|action| action.resource_type == resource_type)
}
