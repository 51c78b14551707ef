//! Where a database is and how to get in, as a URL.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A parsed PostgreSQL URL. It is shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    config: Config,
    ssl_mode: SslMode,
    ssl_root_cert: Option<PathBuf>,
}

/// Whether connections are encrypted and whom they trust, with the meaning that libpq gives the
/// words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server can; any certificate. The default.
    Prefer,
    /// Encrypted; any certificate.
    Require,
    /// Encrypted; the certificate is signed by a trusted authority.
    VerifyCa,
    /// Encrypted; signed by a trusted authority and made for this host.
    VerifyFull,
}

/// Why a text is no address. It never holds the text itself, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The scheme is another one.
    #[error("a PostgreSQL URL begins with postgres:// or postgresql://")]
    Scheme,
    /// `sslmode` has no such value.
    #[error("sslmode is one of disable, prefer, require, verify-ca, verify-full")]
    SslMode,
    /// A part cannot be read.
    #[error("the PostgreSQL URL cannot be read: {0}")]
    Unreadable(String),
    /// It names no database, and a default would be a surprise.
    #[error("the PostgreSQL URL names no database: postgres://USER@HOST/DATABASE")]
    NoDatabase,
}

impl Address {
    /// The same place with another password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The role that connects, where the URL names one.
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// How connections are encrypted.
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// The file of trusted authorities, where it is not the system's.
    pub fn ssl_root_cert(&self) -> Option<&Path> {
        self.ssl_root_cert.as_deref()
    }

    /// Whether every host is this machine.
    pub fn is_local(&self) -> bool {
        let local = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse()
                        .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        self.config.get_hosts().iter().all(local)
    }

    /// What tells this database from others, whoever connects: hosts, ports and name.
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts: Vec<_> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(place, host)| {
                let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(path) => {
                        format!("{}:{port}", path.display().to_string().replace('/', "%2F"))
                    }
                }
            })
            .collect();
        format!("{}/{}", hosts.join(","), self.database())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…&sslrootcert=…`; also
    /// `postgresql://`, and SQLAlchemy's `postgresql+asyncpg://` with any driver. Other parameters
    /// are those of the driver (`connect_timeout`, `application_name`, `options`, …).
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        if !matches!(scheme.split('+').next(), Some("postgres" | "postgresql")) {
            return Err(AddressError::Scheme);
        }
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if !place.contains(['@', '/']) && parameters.contains('@') {
            let what = "a question mark in the password is written %3F";
            return Err(AddressError::Unreadable(what.to_owned()));
        }
        let (mut ssl_mode, mut ssl_root_cert) = (None, None);
        let mut of_system = false;
        let mut others = Vec::new();
        for parameter in parameters.split('&').filter(|p| !p.is_empty()) {
            match parameter.split_once('=') {
                // `ssl` is what asyncpg calls it.
                Some(("sslmode" | "ssl", mode)) => ssl_mode = Some(mode.parse()?),
                Some(("sslrootcert", "system")) => of_system = true,
                Some(("sslrootcert", path)) => {
                    ssl_root_cert = Some(PathBuf::from(unescaped(path)?))
                }
                _ => others.push(parameter),
            }
        }
        // As libpq reads them: who names whom to trust wants that to be checked.
        let ssl_mode = match (ssl_mode, of_system, &ssl_root_cert) {
            (None, true, _) => SslMode::VerifyFull,
            (Some(SslMode::Require), _, Some(_)) => SslMode::VerifyCa,
            (mode, ..) => mode.unwrap_or(SslMode::Prefer),
        };
        if of_system && ssl_mode != SslMode::VerifyFull {
            let what = "sslrootcert=system goes with sslmode=verify-full alone";
            return Err(AddressError::Unreadable(what.to_owned()));
        }
        let plain = format!("postgresql://{place}?{}", others.join("&"));
        let mut config: Config = plain.parse().map_err(|error| {
            // The driver's own words name the parameter, never its value.
            AddressError::Unreadable(chain(&error))
        })?;
        if config.get_hosts().is_empty() {
            config.host("localhost");
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(AddressError::NoDatabase);
        }
        config.ssl_mode(match ssl_mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        });
        Ok(Self {
            config,
            ssl_mode,
            ssl_root_cert,
        })
    }
}

impl FromStr for SslMode {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(AddressError::SslMode),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.place())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Percent-escapes undone.
fn unescaped(text: &str) -> Result<String, AddressError> {
    let wrong = || AddressError::Unreadable("a percent escape in sslrootcert".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(wrong());
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// An error with all it says of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Address {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn urls_of_every_spelling_lead_to_the_same_place() {
        for text in [
            "postgres://app@db.example/audit",
            "postgresql://app@db.example:5432/audit",
            "postgresql+asyncpg://app:secret@db.example/audit",
            "postgres://app@db.example/audit?application_name=x&connect_timeout=3",
        ] {
            assert_eq!(
                read(text).to_string(),
                "postgres://app@db.example:5432/audit"
            );
        }
        assert_eq!(read("postgres:///audit").place(), "localhost:5432/audit");
        assert_eq!(read("postgres://u@[::1]:6000/a").place(), "[::1]:6000/a");
    }

    #[test]
    fn passwords_are_never_shown() {
        let address = read("postgres://app:hunter2@db/audit");
        assert!(!format!("{address} {address:?}").contains("hunter2"));
        for text in [
            "postgres://app:hunter2@db/audit?nonsense=1",
            "postgres://app:hunter2@db/audit?sslmode=often",
            "postgres://app:hun?ter2hunter2@db/audit?sslmode=verify-full",
            "postgres://app:hunter2@db/audit?sslmode=require&sslrootcert=system",
            "postgres://app:hunter2@db",
            "postgres://app:hunter2@db:port/audit",
            "mysql://app:hunter2@db/audit",
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn encryption_is_as_libpq_calls_it() {
        assert_eq!(read("postgres://h/d").ssl_mode(), SslMode::Prefer);
        let named = read("postgres://h/d?sslmode=require&sslrootcert=ca.pem");
        assert_eq!(named.ssl_mode(), SslMode::VerifyCa);
        let system = read("postgres://h/d?sslrootcert=system");
        assert_eq!(system.ssl_mode(), SslMode::VerifyFull);
        let full = read("postgres://h/d?sslmode=verify-full&sslrootcert=/etc/ca%20of%20us.pem");
        assert_eq!(full.ssl_mode(), SslMode::VerifyFull);
        assert_eq!(full.ssl_root_cert(), Some(Path::new("/etc/ca of us.pem")));
        assert!(read("postgres://127.0.0.1/d").is_local());
        assert!(!read("postgres://10.0.0.1/d").is_local());
    }
}
