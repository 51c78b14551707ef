//! The variables of the process that concern Indelible, read once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::failure::Failure;

/// What the environment says: the values by their names, `None` where one is no UTF-8.
#[derive(Debug, Default)]
pub struct Environment(BTreeMap<String, Option<String>>);

/// Settings as variables. Each may also come from a file that the variable with `_FILE` names.
const SETTINGS: &[&str] = &[
    "INDELIBLE__DATABASE__URL",
    "INDELIBLE__DATABASE__PASSWORD",
    "INDELIBLE__TRAIL__NAME",
    "INDELIBLE__STATE__DIR",
    "INDELIBLE__INSTALLATION__NAME",
    "INDELIBLE__IDENTITY__SIGNING_KEY",
    "INDELIBLE__REDACTION__MODE",
    "INDELIBLE__REDACTION__RULES",
    "INDELIBLE__DELIVERY__MODE",
    "INDELIBLE__DELIVERY__FOLDER",
    "INDELIBLE__DELIVERY__BYTES_MAX",
    "INDELIBLE__DELIVERY__WHEN_FULL",
    "INDELIBLE__OUTBOX__INTERVAL",
    "INDELIBLE__SERVER__LISTEN",
    "INDELIBLE__SERVER__METRICS_LISTEN",
    "INDELIBLE__SERVER__TRUSTED_PROXIES",
    "INDELIBLE__SERVER__DEMO",
    "INDELIBLE__TLS__CERT",
    "INDELIBLE__TLS__KEY",
    "INDELIBLE__VERIFICATION__INTERVAL",
    "INDELIBLE__REVIEW__RULES",
    "INDELIBLE__ERASURE__APPROVAL",
    "INDELIBLE__LOG__LEVEL",
    "INDELIBLE__LOG__FORMAT",
    "INDELIBLE__LIMITS__CONNECTIONS",
    "INDELIBLE__LIMITS__QUEUE_EVENTS",
    "INDELIBLE__LIMITS__PATIENCE",
    "INDELIBLE__LIMITS__RATE",
];

/// Where every program of PostgreSQL looks for a password.
const PASSWORD_OF_ALL: &str = "PGPASSWORD";
/// Where the service manager listens for what a service says of itself.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
/// How often it wants to hear that the service is alive, in microseconds, and the process that it
/// means.
const WATCHDOG_TIME: &str = "WATCHDOG_USEC";
const WATCHDOG_PROCESS: &str = "WATCHDOG_PID";

impl Environment {
    /// The environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line is where it is read"
    )]
    pub fn of_process() -> Self {
        Self::of_variables(std::env::vars_os())
    }

    fn of_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let is_ours = |name: &str| {
            let others = [
                "DATABASE_URL",
                "DATABASE_URL_FILE",
                PASSWORD_OF_ALL,
                NOTIFY_SOCKET,
                WATCHDOG_TIME,
                WATCHDOG_PROCESS,
            ];
            name.starts_with("INDELIBLE") || others.contains(&name)
        };
        let text = |(name, value): (OsString, OsString)| {
            let name = name.to_string_lossy().into_owned();
            (is_ours(&name) && !value.is_empty()).then(|| (name, value.into_string().ok()))
        };
        Self(variables.into_iter().filter_map(text).collect())
    }

    /// The value of a variable, or what stands in the file that the variable with `_FILE` names.
    ///
    /// # Errors
    /// Both are set, one is no UTF-8, or the file cannot be read.
    pub fn value(&self, name: &str) -> Result<Option<String>, Failure> {
        let from_file = format!("{name}_FILE");
        match (self.text(name)?, self.text(&from_file)?) {
            (Some(_), Some(_)) => Err(Failure::usage(format!(
                "{name} and {from_file} are both set; keep one"
            ))),
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(Failure::usage(format!("{from_file}: {path}: {error}"))),
            },
            (None, None) => Ok(None),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(Failure::usage(format!("{name} is no UTF-8 text"))),
        }
    }

    /// The database by the two variables that applications use, `INDELIBLE_DATABASE_URL` first.
    ///
    /// # Errors
    /// As [`Environment::value`].
    pub fn database_url(&self) -> Result<Option<String>, Failure> {
        for name in [
            "INDELIBLE_DATABASE_URL",
            "INDELIBLE__DATABASE__URL",
            "DATABASE_URL",
        ] {
            if let Some(url) = self.value(name)? {
                return Ok(Some(url));
            }
        }
        Ok(None)
    }

    /// The password of the database, for a URL that holds none.
    ///
    /// # Errors
    /// As [`Environment::value`].
    pub fn database_password(&self) -> Result<Option<String>, Failure> {
        match self.value("INDELIBLE__DATABASE__PASSWORD")? {
            Some(password) => Ok(Some(password)),
            None => Ok(self.text(PASSWORD_OF_ALL)?.map(str::to_owned)),
        }
    }

    /// Where the service manager listens, if there is one that does.
    pub fn notify_socket(&self) -> Option<&str> {
        self.text(NOTIFY_SOCKET).ok().flatten()
    }

    /// After what silence the service manager takes this process for dead, if it does.
    pub fn watchdog(&self, process: u32) -> Option<Duration> {
        let text = |name| self.text(name).ok().flatten();
        let meant = text(WATCHDOG_PROCESS).is_none_or(|id| id.parse() == Ok(process));
        let micros = text(WATCHDOG_TIME)?.parse().ok()?;
        (meant && micros > 0).then(|| Duration::from_micros(micros))
    }

    /// Refuses settings that do not exist, which are misspelled ones as a rule.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), Failure> {
        let known = |name: &str| {
            let name = name.strip_suffix("_FILE").unwrap_or(name);
            SETTINGS.contains(&name)
        };
        match self
            .0
            .keys()
            .find(|name| name.starts_with("INDELIBLE__") && !known(name))
        {
            None => Ok(()),
            Some(name) => {
                let all = SETTINGS.join(", ");
                Err(Failure::usage(format!(
                    "{name} is no setting; there are {all}"
                )))
            }
        }
    }

    /// An environment of these variables.
    #[cfg(test)]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        Self::of_variables(variables.iter().map(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_setting_is_refused() {
        assert!(
            Environment::of(&[("INDELIBLE__STATE__DIR", "x")])
                .check()
                .is_ok()
        );
        assert!(
            Environment::of(&[("INDELIBLE__DATABASE__URL_FILE", "x")])
                .check()
                .is_ok()
        );
        let error = Environment::of(&[("INDELIBLE__STATE__DIRECTORY", "x")]).check();
        let error = error.expect_err("no such setting");
        assert!(
            error.message().contains("INDELIBLE__STATE__DIRECTORY"),
            "{}",
            error.message()
        );
    }

    #[test]
    fn our_own_variable_goes_before_everybodys() {
        let both = Environment::of(&[("DATABASE_URL", "a"), ("INDELIBLE_DATABASE_URL", "b")]);
        assert_eq!(both.database_url().expect("set").as_deref(), Some("b"));
        let one = Environment::of(&[("DATABASE_URL", "a")]);
        assert_eq!(one.database_url().expect("set").as_deref(), Some("a"));
        let twice = [("DATABASE_URL", "a"), ("DATABASE_URL_FILE", "b")];
        assert!(Environment::of(&twice).database_url().is_err());
    }

    #[test]
    fn our_own_password_goes_before_everybodys() {
        let ours = ("INDELIBLE__DATABASE__PASSWORD", "a");
        let both = Environment::of(&[("PGPASSWORD", "b"), ours]);
        assert_eq!(both.database_password().expect("set").as_deref(), Some("a"));
        let one = Environment::of(&[("PGPASSWORD", "b")]);
        assert_eq!(one.database_password().expect("set").as_deref(), Some("b"));
    }

    #[test]
    fn a_watchdog_means_one_process() {
        let time = ("WATCHDOG_USEC", "1500000");
        let of = |variables: &[(&str, &str)]| Environment::of(variables).watchdog(17);
        let expected = Some(Duration::from_millis(1500));
        assert_eq!(of(&[time]), expected);
        assert_eq!(of(&[time, ("WATCHDOG_PID", "17")]), expected);
        for variables in [
            &[][..],
            &[time, ("WATCHDOG_PID", "18")],
            &[time, ("WATCHDOG_PID", "x")],
            &[("WATCHDOG_USEC", "0")],
            &[("WATCHDOG_USEC", "soon")],
        ] {
            assert_eq!(of(variables), None, "{variables:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_refused_and_named() {
        use std::os::unix::ffi::OsStringExt;
        let of = |name: &str| {
            let value = OsString::from_vec(b"sqlite:\xff.db".to_vec());
            Environment::of_variables([(OsString::from(name), value)])
        };
        for name in [
            "INDELIBLE_DATABASE_URL",
            "DATABASE_URL",
            "DATABASE_URL_FILE",
        ] {
            let error = of(name).database_url().expect_err(name);
            assert_eq!(error.message(), format!("{name} is no UTF-8 text"));
        }
        let name = "INDELIBLE__STATE__DIR";
        let error = of(name).value(name).expect_err(name);
        assert_eq!(error.message(), format!("{name} is no UTF-8 text"));
        let others = of("PATH");
        assert!(others.0.is_empty(), "{others:?}");
    }
}
