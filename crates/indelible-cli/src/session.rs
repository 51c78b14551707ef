//! One call of the command line: its settings, its database, its output.

use std::sync::Arc;

use indelible::core::redact::{Mode, Redactor, Rules};
use indelible::core::state::Purpose;
use indelible::core::{Clock, SystemClock};
use indelible::{Audit, Database, Timestamp, TrailName};

use crate::arguments::Global;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// What every command is run with.
pub struct Session {
    /// Where answers are printed.
    pub output: Output,
    flags: Global,
    environment: Environment,
    clock: SystemClock,
}

/// What a command does to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes to it; it is there already.
    Write,
    /// Writes to it and makes it where it is missing.
    Create,
}

/// An open database and the trail that the call means.
pub struct Opened {
    /// The database.
    pub database: Database,
    /// The trail.
    pub audit: Audit,
    /// The settings it was opened with.
    pub settings: Settings,
}

impl Session {
    /// A session of these flags and variables.
    pub fn new(flags: Global, environment: Environment, output: Output) -> Self {
        Self {
            output,
            flags,
            environment,
            clock: SystemClock::new(),
        }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the caller wants to hear more.
    pub fn is_verbose(&self) -> bool {
        self.flags.verbose
    }

    /// The settings.
    ///
    /// # Errors
    /// As [`Settings::gather`].
    pub fn settings(&self) -> Result<Settings, Failure> {
        Settings::gather(&self.flags, &self.environment)
    }

    /// Opens the database.
    ///
    /// # Errors
    /// What is wrong with the settings or the database.
    pub async fn open(&self, access: Access) -> Result<Opened, Failure> {
        let settings = self.settings()?;
        let trail = settings.trail.clone();
        self.open_trail(access, settings, trail).await
    }

    /// Opens the database for a trail that the call names otherwise than by `--trail`.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_trail(
        &self,
        access: Access,
        settings: Settings,
        trail: TrailName,
    ) -> Result<Opened, Failure> {
        let mut how = indelible::Settings::from_environment()?;
        if let Some(dir) = &settings.state_dir {
            how.state_dir = Some(dir.clone());
        }
        how.signing_seed.clone_from(&settings.signing_key);
        how.installation.clone_from(&settings.installation);
        how.create = access == Access::Create;
        how.read_only = access == Access::Read;
        how.options.long_lived = false;
        how.options.read_only = how.read_only;
        how.options.program = concat!("indelible-cli ", env!("CARGO_PKG_VERSION")).to_owned();
        how.redactor = Arc::new(redactor(&settings, &how).await?);
        let database = Database::open(&settings.database, how).await?;
        let audit = database.trail(trail);
        Ok(Opened {
            database,
            audit,
            settings,
        })
    }
}

impl Opened {
    /// Releases the database, then answers `answer`, or what failed on the way.
    ///
    /// # Errors
    /// That of `answer`, else of the closing.
    pub async fn close<T>(self, answer: Result<T, Failure>) -> Result<T, Failure> {
        let closed = self.database.close().await;
        let answer = answer?;
        closed?;
        Ok(answer)
    }
}

/// The redaction that the settings ask for.
async fn redactor(settings: &Settings, how: &indelible::Settings) -> Result<Redactor, Failure> {
    let rules = settings.rules.clone().unwrap_or_else(Rules::standard);
    if settings.redaction != Mode::KeyedHash {
        return Ok(Redactor::new(rules, settings.redaction, [0; 32]));
    }
    // The key lies in the state directory, whose place the database says: it is opened twice.
    let database = Database::open(&settings.database, how.clone()).await?;
    let secret = database.engine().secret(Purpose::Redaction);
    database.close().await?;
    Ok(Redactor::new(rules, Mode::KeyedHash, *secret?.expose()))
}
