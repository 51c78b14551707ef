//! What each role may do: the one table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Records, and sees nothing.
    Writer,
    /// Asks.
    Reader,
    /// Asks, proves, verifies, exports, reports and reviews.
    Auditor,
    /// Does all, keys and trails included.
    Admin,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Recording events.
    Record,
    /// Reading entries, pages, counts and the list of trails.
    Read,
    /// Reading proofs and checkpoints.
    Prove,
    /// Having a trail verified.
    Verify,
    /// Taking all entries away.
    Export,
    /// Having a report made.
    Report,
    /// Deciding in reviews: raising, assigning and closing findings, signing off.
    Review,
    /// Deciding what a trail keeps: policies, runs of retention, legal holds.
    Retain,
    /// Erasing persons, and deciding about erasures that wait.
    Erase,
    /// Beginning trails.
    BeginTrails,
    /// Making, listing and revoking keys.
    ManageKeys,
}

/// The permissions of each role.
const TABLE: [(Role, &[Permission]); 4] = {
    use Permission as P;
    [
        (Role::Writer, &[P::Record]),
        (Role::Reader, &[P::Read]),
        (
            Role::Auditor,
            &[
                P::Read,
                P::Prove,
                P::Verify,
                P::Export,
                P::Report,
                P::Review,
            ],
        ),
        (
            Role::Admin,
            &[
                P::Record,
                P::Read,
                P::Prove,
                P::Verify,
                P::Export,
                P::Report,
                P::Review,
                P::Retain,
                P::Erase,
                P::BeginTrails,
                P::ManageKeys,
            ],
        ),
    ]
};

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is writer, reader, auditor or admin")]
pub struct RoleError;

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Writer, Self::Reader, Self::Auditor, Self::Admin];

    /// Whether keys of this role may do that.
    pub fn may(self, permission: Permission) -> bool {
        let row = TABLE.iter().find(|(role, _)| *role == self);
        row.is_some_and(|(_, permissions)| permissions.contains(&permission))
    }

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Reader => "reader",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let named = |role: &Self| role.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(RoleError)
    }
}

impl Permission {
    /// The permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Read => "read",
            Self::Prove => "prove",
            Self::Verify => "verify",
            Self::Export => "export",
            Self::Report => "report",
            Self::Review => "review",
            Self::Retain => "retain",
            Self::Erase => "erase",
            Self::BeginTrails => "begin_trails",
            Self::ManageKeys => "manage_keys",
        }
    }

    /// Whether it is one of looking at a trail.
    pub const fn looks(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Prove | Self::Verify | Self::Export | Self::Report
        )
    }
}
