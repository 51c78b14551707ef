//! What went wrong, and the exit status that says so.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use indelible::core::OrderProblem;
use indelible::core::StoreError;
use indelible::core::engine::InstallationError;
use indelible::{AuditError, ConnectError, DatabaseUrl};
use indelible_postgres::PostgresError;

use crate::text::visible;

/// Exit statuses, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All went well.
    Fine = 0,
    /// Something failed.
    Failed = 1,
    /// The call itself, a field of the event or of the question is wrong.
    Usage = 2,
    /// Something does not verify.
    Unverified = 3,
    /// There is no such entry, trail, file or database.
    NotFound = 4,
}

/// Who looks at the way to a server.
const WAY: &str = "`indelible doctor` looks at the way to it";

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// What it means for the caller.
    pub status: Status,
    /// What to say on standard error; nothing where the reader went away.
    message: Option<String>,
    /// Who says more, where somebody does.
    hint: Option<&'static str>,
}

impl Failure {
    /// Something failed.
    pub fn new(message: impl Display) -> Self {
        Self::with(Status::Failed, message)
    }

    /// The call is wrong.
    pub fn usage(message: impl Display) -> Self {
        Self::with(Status::Usage, message)
    }

    /// Something does not verify.
    pub fn unverified(message: impl Display) -> Self {
        Self::with(Status::Unverified, message)
    }

    /// What was asked for is not there.
    pub fn not_found(message: impl Display) -> Self {
        Self::with(Status::NotFound, message)
    }

    /// A failure with this status.
    pub fn with(status: Status, message: impl Display) -> Self {
        Self {
            status,
            message: Some(message.to_string()),
            hint: None,
        }
    }

    /// The same failure, with who says more of a database on a server that let nobody in or
    /// refused its role something.
    fn hinted(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            self.hint = match cause.downcast_ref::<PostgresError>() {
                Some(PostgresError::Server { code, .. }) if code == "42501" => {
                    Some("`indelible doctor` names the GRANT that lacks")
                }
                Some(PostgresError::Server { code, .. })
                    if ["28", "3D", "53", "57"]
                        .iter()
                        .any(|class| code.starts_with(class)) =>
                {
                    Some(WAY)
                }
                Some(PostgresError::Connection { .. } | PostgresError::Silent(_)) => Some(WAY),
                _ => None,
            };
            if self.hint.is_some() {
                break;
            }
            next = cause.source();
        }
        self
    }

    /// The same failure for a command that judges what it reads: what is wrong with the database
    /// is its finding.
    #[must_use]
    pub fn into_finding(self) -> Self {
        match self.status {
            Status::Usage => self,
            _ => Self {
                status: Status::Unverified,
                ..self
            },
        }
    }

    /// The same failure, where it is one of the way to a server, with the server's place.
    #[must_use]
    pub fn at(self, place: &DatabaseUrl) -> Self {
        let message = self.message.map(|message| match self.hint {
            Some(WAY) => format!("{place}: {message}"),
            _ => message,
        });
        Self { message, ..self }
    }

    /// What is said of it.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    /// Says it on standard error and answers the status.
    pub fn report(self) -> Status {
        match (&self.message, self.hint) {
            (Some(message), Some(hint)) => complain(&format!("{message}; {hint}")),
            (Some(message), None) => complain(message),
            (None, _) => {}
        }
        self.status
    }
}

/// Says something on standard error, as `indelible: …`.
pub fn complain(message: &str) {
    // Nobody is left to tell where standard error is closed.
    let _ = writeln!(
        anstream::stderr(),
        "\x1b[1;31mindelible:\x1b[0m {}",
        visible(message)
    );
}

/// Remarks on something that is no failure, as `indelible: …`.
pub fn remark(message: &str) {
    let _ = writeln!(
        anstream::stderr(),
        "\x1b[1mindelible:\x1b[0m {}",
        visible(message)
    );
}

/// Prints what clap says: help and version as they are, errors as `indelible: …`.
pub fn report_usage(error: &clap::Error) -> Status {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        let _ = write!(
            anstream::stderr(),
            "{}",
            text.replacen("error:", "indelible:", 1)
        );
        return Status::Usage;
    }
    let _ = write!(anstream::stdout(), "{text}");
    Status::Fine
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        let status = match &error {
            AuditError::Invalid(_) | AuditError::Query(_) | AuditError::Reserved(_) => {
                Status::Usage
            }
            AuditError::Removed { .. }
            | AuditError::Order(OrderProblem::Unknown(_) | OrderProblem::Decided(_)) => {
                Status::NotFound
            }
            _ => Status::Failed,
        };
        Self::with(status, &error).hinted(&error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(&error).hinted(&error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let status = match &error {
            ConnectError::Missing(_) | ConnectError::Lost { .. } => Status::NotFound,
            ConnectError::Audit(error) => return error.clone().into(),
            ConnectError::UnknownScheme(_)
            | ConnectError::NotBuiltIn(_)
            | ConnectError::NoPath(_)
            | ConnectError::Options(_)
            | ConnectError::Address(_)
            | ConnectError::NoStateHome
            | ConnectError::Installation(InstallationError::IllFormed(_))
            | ConnectError::Rules(_) => Status::Usage,
            _ => Status::Failed,
        };
        Self::with(status, &error).hinted(&error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Whoever read this output has seen enough.
            return Self {
                status: Status::Fine,
                message: None,
                hint: None,
            };
        }
        Self::new(format!("the answer could not be written: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let broken = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((broken.status, broken.message()), (Status::Fine, ""));
    }

    #[test]
    fn what_is_wrong_with_the_database_is_a_finding_of_verification() {
        assert_eq!(
            Failure::not_found("x").into_finding().status,
            Status::Unverified
        );
        assert_eq!(Failure::new("x").into_finding().status, Status::Unverified);
        assert_eq!(Failure::usage("x").into_finding().status, Status::Usage);
    }
}
