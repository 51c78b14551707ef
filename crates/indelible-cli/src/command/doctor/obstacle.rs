//! Why a PostgreSQL database did not let anybody in, and what opens it.

use std::error::Error;
use std::io;

use indelible_postgres::{Address, PostgresError};

/// What stands in the way of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody listens there.
    Refused,
    /// No such host.
    UnknownHost,
    /// No answer.
    Silent,
    /// The password is missing or another one.
    Password,
    /// The role is not there, may not log in, or not from here.
    Role,
    /// No such database.
    Database,
    /// No encryption, or a certificate that is not trusted.
    Tls,
    /// Every connection that the server allows is in use.
    Full,
    /// The server starts, stops or recovers.
    Starting,
}

impl Obstacle {
    /// What an error of the store comes from, if it is one of these.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(cause) = next {
            let found = match cause.downcast_ref::<io::Error>() {
                Some(error) => Self::of_io(error),
                None => Self::of_server(cause),
            };
            if found.is_some() {
                return found;
            }
            next = cause.source();
        }
        None
    }

    fn of_io(error: &io::Error) -> Option<Self> {
        if error.to_string().contains("failed to lookup address") {
            return Some(Self::UnknownHost);
        }
        match error.kind() {
            // A socket file that is not there.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Some(Self::Refused),
            io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Some(Self::Silent),
            _ => None,
        }
    }

    /// By the SQLSTATE: the server's words come in the language of the server.
    fn of_server(error: &(dyn Error + 'static)) -> Option<Self> {
        match error.downcast_ref::<PostgresError>()? {
            PostgresError::Server { code, .. } => match code.as_str() {
                "28P01" => Some(Self::Password),
                "28000" => Some(Self::Role),
                "3D000" => Some(Self::Database),
                "53300" => Some(Self::Full),
                "57P03" => Some(Self::Starting),
                _ => None,
            },
            // Before the server says anything, the driver does.
            PostgresError::Connection { problem, .. } => match problem {
                problem if problem.contains("password missing") => Some(Self::Password),
                problem if problem.contains("TLS") => Some(Self::Tls),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is looked at, as a check's name.
    pub fn check(self) -> &'static str {
        match self {
            Self::Password | Self::Role => "credentials",
            _ => "address",
        }
    }

    /// What opens the way to this database.
    pub fn remedy(self, address: &Address) -> String {
        let name = address.database();
        match self {
            Self::Refused => {
                "nobody listens there: start PostgreSQL, or mend host and port of the URL"
                    .to_owned()
            }
            Self::UnknownHost => "mend the host of the URL, or its name service".to_owned(),
            Self::Silent => {
                "no answer: a firewall between here and there, or another host is meant".to_owned()
            }
            Self::Password => {
                "put the role's password into INDELIBLE__DATABASE__PASSWORD, or its file into \
                 INDELIBLE__DATABASE__PASSWORD_FILE"
                    .to_owned()
            }
            Self::Role => {
                "`CREATE ROLE … LOGIN IN ROLE indelible_writer`, and a line of pg_hba.conf that \
                 lets it in from this host"
                    .to_owned()
            }
            Self::Database => {
                format!("`createdb {name}` and `indelible migrate up`, or mend the URL's last part")
            }
            Self::Tls => {
                "sslrootcert=FILE in the URL names who signed the server's certificate; a server \
                 without TLS needs `ssl = on`"
                    .to_owned()
            }
            Self::Full => {
                "all connections are taken: raise max_connections, or put a pooler before it"
                    .to_owned()
            }
            Self::Starting => "the server starts or stops: try again, then read its log".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_apart() {
        let of = |kind: io::ErrorKind| Obstacle::of(&io::Error::from(kind));
        assert_eq!(
            of(io::ErrorKind::ConnectionRefused),
            Some(Obstacle::Refused)
        );
        assert_eq!(of(io::ErrorKind::NotFound), Some(Obstacle::Refused));
        assert_eq!(of(io::ErrorKind::TimedOut), Some(Obstacle::Silent));
        assert_eq!(of(io::ErrorKind::PermissionDenied), None);
        let lookup = io::Error::other("failed to lookup address information: nothing");
        assert_eq!(Obstacle::of(&lookup), Some(Obstacle::UnknownHost));
    }
}
