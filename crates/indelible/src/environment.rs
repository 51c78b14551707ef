//! The one place that reads the environment.

use std::path::PathBuf;

use indelible_core::engine::Audit;
use indelible_core::state::Secret;

use crate::database::Settings;
use crate::error::ConnectError;

/// Opens the database that the environment names: `INDELIBLE_DATABASE_URL`, else `DATABASE_URL`,
/// else `sqlite:indelible.db`.
///
/// ```no_run
/// use indelible::{AuditAction, AuditEvent, AuditProtocol};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let audit = indelible::get_audit().await?;
/// let backup = AuditEvent::new(AuditAction::ADMIN_BACKUP_CREATED, "system");
/// println!("recorded as #{:?}", audit.record(backup).await?.seq);
/// audit.close().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`crate::connect`].
pub async fn get_audit() -> Result<Audit, ConnectError> {
    crate::connect(&database_url()).await
}

/// The database that the environment names, see [`get_audit`].
pub fn database_url() -> String {
    text("INDELIBLE_DATABASE_URL")
        .or_else(|| text("DATABASE_URL"))
        .unwrap_or_else(|| "sqlite:indelible.db".to_owned())
}

/// Whether [`database_url`] may be the application's own database: it is what `DATABASE_URL`
/// names, and `INDELIBLE_DATABASE_URL` is not set.
pub fn database_url_is_shared() -> bool {
    text("INDELIBLE_DATABASE_URL").is_none() && text("DATABASE_URL").is_some()
}

impl Settings {
    /// The standard settings with what the environment says of state directory, installation and
    /// signing key:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `INDELIBLE__STATE__DIR` | the state directory |
    /// | `XDG_STATE_HOME`, else `HOME` | where state directories are, `~/.local/state` |
    /// | `INDELIBLE__INSTALLATION__NAME` | the installation's name for a new database |
    /// | `INDELIBLE__IDENTITY__SIGNING_KEY`, `…_FILE` | the signing key, 64 hexadecimal digits |
    /// | `INDELIBLE__DELIVERY__MODE` | `required`, `spooled` or `best_effort` |
    /// | `INDELIBLE__DELIVERY__FOLDER` | the folder of the spools |
    /// | `INDELIBLE__DELIVERY__BYTES_MAX` | bytes that may wait in one of them |
    /// | `INDELIBLE__DELIVERY__WHEN_FULL` | `refuse` or `drop_newest` |
    /// | `INDELIBLE__CLIENT__KEY`, `…_FILE` | the API key for a server |
    /// | `INDELIBLE__CLIENT__VERIFIER_KEY` | the verifier key of its trail, see [`crate::AnyAudit`] |
    /// | `INDELIBLE__CLIENT__CERTIFICATES` | a PEM file of authorities for its certificate |
    ///
    /// The last three need the feature `client`.
    ///
    /// # Errors
    /// [`ConnectError::SigningKey`] where a signing key is named that cannot be read,
    /// [`ConnectError::Delivery`] for a setting of delivery that is none.
    pub fn from_environment() -> Result<Self, ConnectError> {
        let home = text("HOME").map(|home| PathBuf::from(home).join(".local").join("state"));
        Ok(Self {
            state_dir: text("INDELIBLE__STATE__DIR").map(PathBuf::from),
            state_home: text("XDG_STATE_HOME").map(PathBuf::from).or(home),
            installation: text("INDELIBLE__INSTALLATION__NAME"),
            signing_seed: secret("INDELIBLE__IDENTITY__SIGNING_KEY")?,
            #[cfg(feature = "spool")]
            delivery: delivery()?,
            #[cfg(feature = "client")]
            client: client()?,
            ..Self::default()
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(feature = "spool")]
fn delivery() -> Result<crate::delivery::DeliverySettings, ConnectError> {
    let mode = setting("INDELIBLE__DELIVERY__MODE")?;
    let when_full = setting("INDELIBLE__DELIVERY__WHEN_FULL")?;
    Ok(crate::delivery::DeliverySettings {
        mode: mode.unwrap_or_default(),
        folder: text("INDELIBLE__DELIVERY__FOLDER").map(PathBuf::from),
        bytes_max: setting("INDELIBLE__DELIVERY__BYTES_MAX")?,
        when_full: when_full.unwrap_or_default(),
        patience: None,
    })
}

#[cfg(feature = "spool")]
fn setting<T>(name: &'static str) -> Result<Option<T>, ConnectError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let read = |text: String| text.parse().map_err(|error: T::Err| (text, error));
    let setting = text(name).map(read).transpose();
    setting.map_err(|(text, error)| ConnectError::Delivery {
        variable: name,
        problem: format!("`{text}`: {error}"),
    })
}

fn secret(name: &'static str) -> Result<Option<Secret>, ConnectError> {
    let wrong = |problem: String| ConnectError::SigningKey {
        variable: name,
        problem,
    };
    let Some(value) = value_or_file(name).map_err(wrong)? else {
        return Ok(None);
    };
    let malformed = || wrong("expected 64 hexadecimal digits".to_owned());
    Secret::from_hex(value.trim())
        .map(Some)
        .ok_or_else(malformed)
}

/// The value of a variable, else what stands in the file that `…_FILE` names.
fn value_or_file(name: &str) -> Result<Option<String>, String> {
    match (text(name), text(&format!("{name}_FILE"))) {
        (Some(value), _) => Ok(Some(value)),
        (None, Some(path)) => std::fs::read_to_string(&path)
            .map(Some)
            .map_err(|error| format!("{path}: {error}")),
        (None, None) => Ok(None),
    }
}

#[cfg(feature = "client")]
fn client() -> Result<crate::server::ClientSettings, ConnectError> {
    const KEY: &str = "INDELIBLE__CLIENT__KEY";
    const VERIFIER_KEY: &str = "INDELIBLE__CLIENT__VERIFIER_KEY";
    let mut settings = crate::server::ClientSettings::default();
    let wrong = |variable, problem| ConnectError::Variable { variable, problem };
    let key = value_or_file(KEY).map_err(|problem| wrong(KEY, problem))?;
    settings.key = key.map(crate::server::ApiKey::new);
    if let Some(text) = text(VERIFIER_KEY) {
        let key = text.trim().parse();
        settings.verifier_key = Some(key.map_err(
            |error: indelible_merkle::note::VerifierKeyError| {
                wrong(VERIFIER_KEY, error.to_string())
            },
        )?);
    }
    settings.certificates = text("INDELIBLE__CLIENT__CERTIFICATES").map(PathBuf::from);
    Ok(settings)
}
