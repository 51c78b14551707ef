//! What the call stands on: defaults < `indelible.toml` < environment < flags.

mod file;
mod server;
mod value;

use std::path::PathBuf;
use std::str::FromStr;

use indelible::core::redact::{Mode, Rules};
use indelible::core::state::Secret;
use indelible::{DatabaseUrl, TrailName};

use crate::arguments::Global;
use crate::environment::Environment;
use crate::failure::Failure;
use file::SettingsFile;
use server::ServerTables;
pub use server::{ServerFlags, ServerSettings, TlsFiles};
pub use value::{Level, LogFormat};

/// The settings of one call.
pub struct Settings {
    /// Where the trails are.
    pub database: DatabaseUrl,
    /// Whether the URL itself holds the password, so that no variable is asked for one.
    pub password_in_url: bool,
    /// The trail that is meant.
    pub trail: TrailName,
    /// Whether the caller named the trail.
    pub trail_given: bool,
    /// The state directory, where it is not the standard one.
    pub state_dir: Option<PathBuf>,
    /// The installation's name for a new database.
    pub installation: Option<String>,
    /// The signing key, where it does not come from the state directory.
    pub signing_key: Option<Secret>,
    /// What takes the place of secrets.
    pub redaction: Mode,
    /// The rules of redaction, where they are not the standard ones.
    pub rules: Option<Rules>,
    /// The rules of reviews, where they are not those that ship.
    pub review_rules: Option<PathBuf>,
    /// Whether erasures take two people.
    pub erasure_approval: bool,
    /// The folder of the spools of all trails, where it is not in the state directory.
    pub spool_folder: Option<PathBuf>,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What a server stands on.
    pub server: ServerSettings,
}

impl Settings {
    /// Puts the sources together.
    ///
    /// # Errors
    /// The first setting that is not one, with where it came from.
    pub fn gather(flags: &Global, environment: &Environment) -> Result<Self, Failure> {
        Self::gather_for_server(flags, &ServerFlags::default(), environment)
    }

    /// Puts the sources together, with flags of a server.
    ///
    /// # Errors
    /// As [`Settings::gather`].
    pub fn gather_for_server(
        flags: &Global,
        server: &ServerFlags,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        environment.check()?;
        let (file, path) = SettingsFile::find(flags.config.as_deref())?;
        let tables = ServerTables {
            server: file.server,
            tls: file.tls,
            verification: file.verification,
            outbox: file.outbox,
            log: file.log,
            limits: file.limits,
        };
        let from = |name: &str| environment.value(name);
        let database = match (&flags.database, environment.database_url()?) {
            (Some(url), _) => url.clone(),
            (None, Some(url)) => url,
            (None, None) => file
                .database
                .url
                .unwrap_or_else(|| DATABASE_STANDARD.to_owned()),
        };
        let trail = from("INDELIBLE__TRAIL__NAME")?.map(|name| read("the trail's name", &name));
        let trail = match (&flags.trail, trail.transpose()?) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(name)) => Some(name),
            (None, None) => file.trail.name.map(|written| written.0),
        };
        let state_dir = from("INDELIBLE__STATE__DIR")?
            .or(file.state.dir)
            .map(PathBuf::from);
        let mode =
            from("INDELIBLE__REDACTION__MODE")?.map(|mode| read("the redaction mode", &mode));
        let mode = mode.transpose()?.or(file.redaction.mode.map(|mode| mode.0));
        let approval = from("INDELIBLE__ERASURE__APPROVAL")?
            .map(|approval| read("the approval of erasures", &approval));
        let rules = from("INDELIBLE__REDACTION__RULES")?.or(file.redaction.rules);
        Ok(Self {
            password_in_url: holds_password(&database),
            database: with_password(&database, environment.database_password()?)?,
            trail_given: flags.trail.is_some(),
            trail: trail.unwrap_or_else(TrailName::standard),
            state_dir: flags.state_dir.clone().or(state_dir),
            installation: from("INDELIBLE__INSTALLATION__NAME")?.or(file.installation.name),
            signing_key: from(SIGNING_KEY)?
                .map(|text| signing_key(&text))
                .transpose()?,
            redaction: mode.unwrap_or_default(),
            rules: rules.map(|path| rules_of(&path)).transpose()?,
            review_rules: from("INDELIBLE__REVIEW__RULES")?
                .map(PathBuf::from)
                .or(file.review.rules),
            erasure_approval: approval
                .transpose()?
                .or(file.erasure.approval)
                .unwrap_or(false),
            spool_folder: from("INDELIBLE__DELIVERY__FOLDER")?
                .map(PathBuf::from)
                .or(file.delivery.folder),
            file: path,
            server: ServerSettings::gather(server, environment, tables)?,
        })
    }
}

impl Settings {
    /// The same settings for another database.
    ///
    /// # Errors
    /// A text that is no database URL.
    pub fn at(mut self, url: &str, environment: &Environment) -> Result<Self, Failure> {
        self.database = with_password(url, environment.database_password()?)?;
        self.password_in_url = holds_password(url);
        Ok(self)
    }
}

/// The database at `url`, with a password where the URL has none.
fn with_password(url: &str, password: Option<String>) -> Result<DatabaseUrl, Failure> {
    Ok(match (url.parse()?, password) {
        (DatabaseUrl::Postgres(address), Some(password)) if !holds_password(url) => {
            DatabaseUrl::Postgres(Box::new(address.with_password(&password)))
        }
        (database, _) => database,
    })
}

/// Whether a URL holds a password, `postgres://USER:PASSWORD@…` or `…?password=…`.
fn holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let user = place.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || parameters.split('&').any(|p| p.starts_with("password="))
}

const DATABASE_STANDARD: &str = "sqlite:indelible.db";
const SIGNING_KEY: &str = "INDELIBLE__IDENTITY__SIGNING_KEY";

fn read<T: FromStr<Err: std::fmt::Display>>(what: &str, text: &str) -> Result<T, Failure> {
    text.parse()
        .map_err(|error| Failure::usage(format!("{what}: {error}")))
}

fn signing_key(text: &str) -> Result<Secret, Failure> {
    let problem = || Failure::usage(format!("{SIGNING_KEY}: a key is 64 hexadecimal digits"));
    Secret::from_hex(text.trim()).ok_or_else(problem)
}

fn rules_of(path: &str) -> Result<Rules, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("the redaction rules: {path}: {error}")))?;
    Rules::parse(&text).map_err(|error| Failure::usage(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(
        flags: &[&str],
        variables: &[(&str, &str)],
        file: &str,
    ) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("indelible.toml");
        std::fs::write(&path, file).expect("written");
        let mut flags = Global::of(flags);
        flags.config = Some(path);
        Settings::gather(&flags, &Environment::of(variables))
    }

    #[test]
    fn flags_go_before_the_environment_before_the_file_before_defaults() {
        let file = "[database]\nurl = \"sqlite:file.db\"\n[trail]\nname = \"file\"\n";
        let variables = [
            ("INDELIBLE__DATABASE__URL", "sqlite:variable.db"),
            ("INDELIBLE__TRAIL__NAME", "variable"),
        ];
        let flags = ["--database", "sqlite:flag.db", "--trail", "flag"];
        let names = |flags: &[&str], variables: &[(&str, &str)], file: &str| {
            let settings = gathered(flags, variables, file).expect("settings");
            (
                settings.database.to_string(),
                settings.trail.to_string(),
                settings.trail_given,
            )
        };
        let expected = |url: &str, trail: &str, given| (url.to_owned(), trail.to_owned(), given);
        assert_eq!(
            names(&flags, &variables, file),
            expected("sqlite:flag.db", "flag", true)
        );
        assert_eq!(
            names(&[], &variables, file),
            expected("sqlite:variable.db", "variable", false)
        );
        assert_eq!(
            names(&[], &[], file),
            expected("sqlite:file.db", "file", false)
        );
        assert_eq!(
            names(&[], &[], ""),
            expected("sqlite:indelible.db", "default", false)
        );
    }

    #[test]
    fn what_is_no_setting_is_refused_with_its_place() {
        for (file, said) in [
            (
                "[database]\nurll = \"x\"\n",
                "line 2, column 1: unknown field `urll`",
            ),
            ("[databse]\n", "line 1, column 2: unknown field `databse`"),
            ("[trail]\nname = 7\n", "line 2, column 8: "),
            ("[trail\n", "line 1, column 7: "),
            (
                "[trail]\nname = \"No Such\"\n",
                "line 2, column 8: `No Such`",
            ),
            ("[redaction]\nmode = \"some\"\n", "line 2, column 8: "),
            ("[server]\nlisten = 7\n", "line 2, column 10: "),
            (
                "[verification]\n  interval = \"soon\"\n",
                "line 2, column 14: `soon` is neither",
            ),
            (
                "[log]\nlevel=\"loud\"\n",
                "line 2, column 7: `loud` is no level",
            ),
            ("[erasure]\napproval = 2\n", "line 2, column 12: "),
            ("[limits]\nconnections = 0\n", "line 2, column 15: "),
            (
                "[limits]\npatience = \"0s\"\n",
                "line 2, column 12: `0s` is no span",
            ),
            ("[tls]\ncert = \"x\"\n", "no key"),
            (
                "[redaction]\nrules = \"no/such/file.toml\"\n",
                "the redaction rules",
            ),
            (
                "[database]\nurl = \"mysql://u:hunter2@h/d\"\n",
                "no database URL",
            ),
        ] {
            let Err(failure) = gathered(&[], &[], file) else {
                panic!("{file}")
            };
            assert!(
                failure.message().contains(said),
                "{file}: {}",
                failure.message()
            );
            assert!(!failure.message().contains("hunter2"));
            assert_eq!(failure.status, crate::failure::Status::Usage);
        }
    }

    #[test]
    fn a_password_comes_from_the_environment_where_the_url_has_none() {
        let variables = [("INDELIBLE__DATABASE__PASSWORD", "hunter2")];
        let address = |url: &str, variables: &[(&str, &str)]| {
            let settings = gathered(&["--database", url], variables, "").expect("settings");
            assert!(!settings.database.to_string().contains("hunter2"));
            settings.database
        };
        let known = |url: &str| url.parse::<DatabaseUrl>().expect("a URL");
        let given = address("postgres://app@db/audit", &variables);
        assert_eq!(given, known("postgres://app:hunter2@db/audit"));
        for url in [
            "postgres://app:own@db/audit",
            "postgres://app@db/audit?password=own",
        ] {
            assert_eq!(address(url, &variables), known(url));
        }
        assert_eq!(
            address("postgres://app@db/audit", &[]),
            known("postgres://app@db/audit")
        );
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_shown() {
        let Err(failure) = gathered(&[], &[(SIGNING_KEY, "abcdef")], "") else {
            panic!("a key")
        };
        assert!(failure.message().starts_with(SIGNING_KEY));
        assert!(!failure.message().contains("abcdef"));
        let key = "07".repeat(32);
        assert!(
            gathered(&[], &[(SIGNING_KEY, &key)], "")
                .expect("a key")
                .signing_key
                .is_some()
        );
    }
}
