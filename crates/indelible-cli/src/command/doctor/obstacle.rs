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
    /// The certificates to trust cannot be read.
    Certificates,
    /// Every connection that the server allows is in use.
    Full,
    /// The server starts, stops or recovers.
    Starting,
    /// This database lets the role not in, or the role has no right to what it asks.
    Privilege,
    /// A statement took longer than the role or the database allows.
    TimeLimit,
    /// Something answers that is no PostgreSQL, or closes at once.
    Foreign,
}

/// What the driver says of an answer that is not PostgreSQL's.
const FOREIGN: [&str; 3] = [
    "unexpected message",
    "parsing response",
    "connection closed",
];

impl Obstacle {
    /// What an error of the store comes from, if it is one of these.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(cause) = next {
            let found = match cause.downcast_ref::<io::Error>() {
                Some(error) => Self::of_io(error),
                None => Self::of_server(cause).or_else(|| Self::of_certificates(cause)),
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
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => Some(Self::Foreign),
            _ => None,
        }
    }

    /// A file of certificates that is not there or holds none, said before anybody is asked.
    fn of_certificates(error: &(dyn Error + 'static)) -> Option<Self> {
        let text = error.to_string();
        let begins = |words: &str| text.starts_with(words).then_some(Self::Certificates);
        begins("sslrootcert").or_else(|| begins("the system has no trusted certificates"))
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
                "42501" => Some(Self::Privilege),
                "57014" => Some(Self::TimeLimit),
                _ => None,
            },
            // Before the server says anything, the driver does.
            PostgresError::Connection { problem, .. } => match problem {
                problem if problem.contains("password missing") => Some(Self::Password),
                problem if problem.contains("TLS") => Some(Self::Tls),
                problem if FOREIGN.iter().any(|word| problem.contains(word)) => Some(Self::Foreign),
                _ => None,
            },
            PostgresError::Silent(_) => Some(Self::Silent),
            _ => None,
        }
    }

    /// What is looked at, as a check's name.
    pub fn check(self) -> &'static str {
        match self {
            Self::Password | Self::Role => "credentials",
            Self::Privilege => "privileges",
            _ => "address",
        }
    }

    /// What opens the way to this database; `password_in_url` says where the password came from.
    pub fn remedy(self, address: &Address, password_in_url: bool) -> String {
        let name = quoted(address.database());
        let role = quoted(address.user().unwrap_or("…"));
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
                let place = match password_in_url {
                    true => "mend the password in the URL, which goes before every variable",
                    false => {
                        "put the role's password into INDELIBLE__DATABASE__PASSWORD, or its file \
                         into INDELIBLE__DATABASE__PASSWORD_FILE"
                    }
                };
                format!(
                    "{place}; where it is right, the role may have expired: `ALTER ROLE {role} \
                     VALID UNTIL 'infinity'`"
                )
            }
            Self::Role => format!(
                "`CREATE ROLE {role} LOGIN IN ROLE indelible_writer`, `ALTER ROLE {role} LOGIN` \
                 where it is there, and a line of pg_hba.conf that lets it in from this host"
            ),
            Self::Database => format!(
                "restore it from a backup if it held a trail; a new one is made by `createdb \
                 {name}` and `indelible migrate up`; or mend the URL's last part"
            ),
            Self::Privilege => format!("GRANT CONNECT ON DATABASE {name} TO {role}"),
            Self::TimeLimit => format!(
                "`ALTER ROLE {role} RESET statement_timeout`, or raise it where it is set: for the \
                 role, the database or the server"
            ),
            Self::Foreign => {
                "what answers there is no PostgreSQL, or closes at once: mend host and port of the \
                 URL, or read the server's log"
                    .to_owned()
            }
            Self::Certificates => {
                "mend sslrootcert=FILE in the URL: a file of certificates in PEM that this user \
                 may read"
                    .to_owned()
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

/// A name as a shell and SQL take it.
fn quoted(name: &str) -> String {
    let plain = |byte: u8| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match name.bytes().all(plain) || name == "…" {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
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
        assert_eq!(of(io::ErrorKind::UnexpectedEof), Some(Obstacle::Foreign));
        let lookup = io::Error::other("failed to lookup address information: nothing");
        assert_eq!(Obstacle::of(&lookup), Some(Obstacle::UnknownHost));
    }
}
