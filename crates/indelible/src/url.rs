//! Where a trail is kept, as a URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::ConnectError;

/// A parsed database URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseUrl {
    /// `memory:`
    Memory,
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`
    #[cfg(feature = "postgres")]
    Postgres(Box<indelible_postgres::Address>),
}

impl FromStr for DatabaseUrl {
    type Err = ConnectError;

    /// Reads `memory:`, `sqlite:PATH`, and for those who are used to it `sqlite://PATH`,
    /// `sqlite:///RELATIVE` and `sqlite:////ABSOLUTE` as SQLAlchemy has them, and `postgres://…` or
    /// `postgresql://…`, with any driver name after a plus.
    fn from_str(text: &str) -> Result<Self, ConnectError> {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        match scheme.split('+').next().unwrap_or_default() {
            "memory" => Ok(Self::Memory),
            "sqlite" => {
                let path = rest
                    .strip_prefix("///")
                    .or_else(|| rest.strip_prefix("//"))
                    .unwrap_or(rest);
                // Options behind a question mark are SQLAlchemy's; a plain path may hold one.
                let is_url = rest.starts_with("//");
                let path = if is_url {
                    path.split('?').next().unwrap_or_default()
                } else {
                    path
                };
                if path.contains('?') {
                    return Err(ConnectError::Options(shown(text)));
                }
                if path.is_empty() || path == ":memory:" {
                    return Err(ConnectError::NoPath(shown(text)));
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(Box::new(text.parse()?))),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => Err(ConnectError::NotBuiltIn(scheme.to_owned())),
            "http" | "https" => Err(ConnectError::NotBuiltIn(scheme.to_owned())),
            _ => Err(ConnectError::UnknownScheme(shown(text))),
        }
    }
}

#[cfg(feature = "sqlite")]
impl DatabaseUrl {
    /// Whether it names a file that is not a database of Indelible's: another program's, an empty
    /// one, or none yet. The file is neither locked nor changed.
    ///
    /// # Errors
    /// [`ConnectError::Store`] where a file cannot be read.
    pub fn is_foreign_file(&self) -> Result<bool, ConnectError> {
        match self {
            Self::Sqlite(path) => match path.try_exists() {
                Ok(false) => Ok(true),
                // What keeps it from being seen is told by whoever looks into it.
                _ => Ok(indelible_sqlite::owner(path)? != indelible_sqlite::Owner::Indelible),
            },
            _ => Ok(false),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => write!(f, "{address}"),
        }
    }
}

/// What may be shown of a URL that was not understood: no user, no password, no query.
fn shown(text: &str) -> String {
    let text = text.split(['@', '?']).next().unwrap_or_default();
    let text: String = text.chars().take(40).collect();
    match text.split_once("://") {
        Some((scheme, _)) if text.len() < 40 => format!("{scheme}://…"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_every_spelling() {
        let path = |text: &str| match text.parse() {
            Ok(DatabaseUrl::Sqlite(path)) => path.display().to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(path("sqlite:a.db"), "a.db");
        assert_eq!(path("sqlite:/var/a.db"), "/var/a.db");
        assert_eq!(path("sqlite:///a.db"), "a.db");
        assert_eq!(path("sqlite:////var/a.db"), "/var/a.db");
        assert_eq!(path("sqlite+aiosqlite:///a.db"), "a.db");
    }

    #[test]
    fn what_is_not_understood_is_said_without_its_secrets() {
        for text in [
            "mysql://root:hunter2@db/x",
            "",
            "a.db",
            "sqlite:",
            "postgres://u:hunter2@h",
            "postgres://u:hunter2@h/d?sslmode=maybe",
            "http://u:hunter2@h/d",
        ] {
            let error = text.parse::<DatabaseUrl>().expect_err(text).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
