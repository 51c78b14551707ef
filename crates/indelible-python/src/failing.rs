//! Why an operation did not do what it was asked, as Python is told.

use std::borrow::Cow;

use indelible::client::ClientError;
use indelible::core::StoreError;
use indelible::{AuditError, ConnectError};

/// The name, the words and the field of a failure. Names are stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failing {
    pub code: Cow<'static, str>,
    pub message: String,
    pub field: Option<String>,
}

impl Failing {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.into(),
            field: None,
        }
    }

    /// The process is not the one that the handle was used in.
    pub fn forked() -> Self {
        Self::new(
            "forked",
            "this trail was opened before the process was forked, and its contents stayed with \
             the other process; make a new one here",
        )
    }

    /// A panic of ours, whose words went to standard error.
    pub fn internal() -> Self {
        Self::new(
            "internal",
            "a defect of Indelible; what it met is on standard error",
        )
    }
}

impl From<AuditError> for Failing {
    fn from(error: AuditError) -> Self {
        Self {
            code: code_of(&error),
            field: error.field().map(str::to_owned),
            message: error.to_string(),
        }
    }
}

impl From<ConnectError> for Failing {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Audit(error) => error.into(),
            ConnectError::Store(error) => Self::new(code_of_store(&error), error.to_string()),
            ConnectError::State(error) => Self::new("state", error.to_string()),
            ConnectError::NoStateHome => Self::new("state", error.to_string()),
            ConnectError::Lost { .. } => Self::new("database_lost", error.to_string()),
            other => Self::new("configuration", other.to_string()),
        }
    }
}

fn code_of(error: &AuditError) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        AuditError::Invalid(_) => "invalid",
        AuditError::Query(_) => "invalid_query",
        AuditError::IdConflict { .. } => "id_conflict",
        AuditError::Overloaded => "overloaded",
        AuditError::Refused { .. } => "writes_refused",
        AuditError::Reserved(_) => "reserved_trail",
        AuditError::Store(store) => match ClientError::of(error) {
            Some(remote) => return code_of_server(remote, code_of_store(store)),
            None => code_of_store(store),
        },
        AuditError::State(_) => "state",
        AuditError::OtherSecret { .. } => "other_secret",
        AuditError::SpoolFull { .. } => "spool_full",
        AuditError::Unspooled { .. } => "unspooled",
        AuditError::Unanswered { .. } => "unanswered",
        AuditError::Closed => "closed",
        AuditError::Remote(_) => match ClientError::of(error) {
            Some(remote) => return code_of_server(remote, "server"),
            None => "server",
        },
        _ => "internal",
    })
}

fn code_of_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Unknown { .. } => "outcome_unknown",
        StoreError::Corrupt { .. } => "damaged",
        StoreError::Unsupported(_) => "unsupported",
        _ => "store_refused",
    }
}

/// A refusal has the name that the server gave the problem; `docs/guide/server.md` lists them.
fn code_of_server(error: &ClientError, otherwise: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        ClientError::RolledBack { .. } => "server_rolled_back",
        ClientError::Forked { .. } => "server_forked",
        ClientError::OtherServer { .. } => "server_changed",
        ClientError::Unproved { .. } => "server_unproved",
        ClientError::Unreadable { .. } => "server_unreadable",
        ClientError::Refused { name, .. } if !name.is_empty() => {
            return Cow::Owned(name.replace('-', "_"));
        }
        ClientError::Kept(_) => "state",
        _ => otherwise,
    })
}
