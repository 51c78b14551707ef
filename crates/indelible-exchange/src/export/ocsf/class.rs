//! Which class and activity of OCSF an action is.

use std::collections::HashMap;
use std::sync::LazyLock;

use indelible_core::catalogue;

/// The classes in which actions of the catalogue are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    AccountChange,
    Authentication,
    EntityManagement,
    UserAccess,
    ApplicationLifecycle,
    ApiActivity,
}

/// What an action is in OCSF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub class: Class,
    pub activity_id: u32,
}

/// Action, class and activity of each action of the catalogue.
const TABLE: &str = include_str!("../../../ocsf/actions.csv");

/// An activity that the class has no number for.
const OTHER: u32 = 99;

static ACTIONS: LazyLock<HashMap<&'static str, Kind>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1).filter_map(|line| {
        let (action, rest) = line.split_once(',')?;
        let (class, activity) = rest.split_once(',')?;
        let kind = Kind {
            class: Class::of_uid(class.parse().ok()?)?,
            activity_id: activity.parse().ok()?,
        };
        Some((action, kind))
    });
    rows.collect()
});

impl Kind {
    /// What a stored action is; an alias is what it stands for, and an action outside of the
    /// catalogue a call of an interface.
    pub fn of(action: &str) -> Self {
        let action = catalogue::resolve(action).map_or(action, |known| known.value);
        ACTIONS.get(action).copied().unwrap_or(Self {
            class: Class::ApiActivity,
            activity_id: OTHER,
        })
    }

    pub fn activity_name(self) -> &'static str {
        let at = self.activity_id as usize;
        self.class.activities().get(at).copied().unwrap_or("Other")
    }
}

impl Class {
    fn of_uid(uid: u32) -> Option<Self> {
        [
            Self::AccountChange,
            Self::Authentication,
            Self::EntityManagement,
            Self::UserAccess,
            Self::ApplicationLifecycle,
            Self::ApiActivity,
        ]
        .into_iter()
        .find(|class| class.uid() == uid)
    }

    pub fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::ApplicationLifecycle => 6002,
            Self::ApiActivity => 6003,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
            Self::ApplicationLifecycle => "Application Lifecycle",
            Self::ApiActivity => "API Activity",
        }
    }

    pub fn category_uid(self) -> u32 {
        self.uid() / 1000
    }

    pub fn category_name(self) -> &'static str {
        match self.category_uid() {
            3 => "Identity & Access Management",
            _ => "Application Activity",
        }
    }

    /// The names of its activities, by their numbers.
    fn activities(self) -> &'static [&'static str] {
        match self {
            Self::AccountChange => &[
                "Unknown",
                "Create",
                "Enable",
                "Password Change",
                "Password Reset",
                "Disable",
                "Delete",
                "Attach Policy",
                "Detach Policy",
                "Lock",
                "MFA Factor Enable",
                "MFA Factor Disable",
                "Unlock",
            ],
            Self::Authentication => &[
                "Unknown",
                "Logon",
                "Logoff",
                "Authentication Ticket",
                "Service Ticket Request",
                "Service Ticket Renew",
                "Preauth",
            ],
            Self::EntityManagement => &[
                "Unknown",
                "Create",
                "Read",
                "Update",
                "Delete",
                "Move",
                "Enroll",
                "Unenroll",
                "Enable",
                "Disable",
                "Activate",
                "Deactivate",
                "Suspend",
                "Resume",
            ],
            Self::UserAccess => &["Unknown", "Assign Privileges", "Revoke Privileges"],
            Self::ApplicationLifecycle => &[
                "Unknown", "Install", "Remove", "Start", "Stop", "Restart", "Enable", "Disable",
                "Update",
            ],
            Self::ApiActivity => &["Unknown", "Create", "Read", "Update", "Delete"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_the_catalogue_has_its_class() {
        let lines = TABLE.lines().count() - 1;
        assert_eq!(ACTIONS.len(), lines, "each line is read, none is double");
        for action in catalogue::all() {
            let kind = ACTIONS.get(action.value).copied();
            let kind = kind.unwrap_or_else(|| panic!("{} has no class", action.value));
            let is_other = kind.activity_id == OTHER;
            assert!(is_other || kind.activity_name() != "Other", "{kind:?}");
        }
        assert_eq!(lines, catalogue::all().len(), "and no other action has one");
    }

    #[test]
    fn aliases_and_unknown_actions_have_one_too() {
        assert_eq!(Kind::of("user_login").class, Class::Authentication);
        let other = Kind::of("invoice.sent");
        assert_eq!((other.class.uid(), other.activity_name()), (6003, "Other"));
    }
}
