//! One call of the command line: its settings, its database, its output.

mod moves;

use std::sync::Arc;
use std::time::Duration;

use indelible::core::engine::InstallationError;
use indelible::core::redact::{Mode, Redactor, Rules};
use indelible::core::state::Purpose;
use indelible::core::{Clock, SystemClock};
use indelible::{Audit, ConnectError, Database, Timestamp, TrailName};

use crate::arguments::Global;
use crate::environment::Environment;
use crate::failure::{Failure, Status};
use crate::output::Output;
use crate::settings::{ServerFlags, Settings};

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
    /// Writes to it and makes nothing.
    Write,
    /// Writes to it and makes it where it is missing.
    Create,
    /// Writes to it and begins it anew where it was lost.
    Replace,
    /// Writes to it for long and makes it where it is missing.
    Serve,
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

    /// Redaction as the settings ask for it, for what is only shown: where values are hashed under
    /// a key of the installation, they are masked.
    ///
    /// # Errors
    /// As [`Settings::gather`].
    pub fn shown_redactor(&self) -> Result<Redactor, Failure> {
        let settings = self.settings()?;
        let mode = match settings.redaction {
            Mode::KeyedHash => Mode::Mask,
            other => other,
        };
        let rules = settings.rules.unwrap_or_else(Rules::standard);
        Ok(Redactor::new(rules, mode, [0; 32]))
    }

    /// The settings with the flags of a server.
    ///
    /// # Errors
    /// As [`Settings::gather`].
    pub fn server_settings(&self, flags: &ServerFlags) -> Result<Settings, Failure> {
        Settings::gather_for_server(&self.flags, flags, &self.environment)
    }

    /// Where the service manager listens, if there is one that does.
    pub fn notify_socket(&self) -> Option<&str> {
        self.environment.notify_socket()
    }

    /// After what silence the service manager takes this process for dead, if it does.
    pub fn watchdog(&self) -> Option<Duration> {
        self.environment.watchdog(std::process::id())
    }

    /// The settings for a database that the command names itself.
    ///
    /// # Errors
    /// As [`Settings::gather`]; a text that is no database URL.
    pub fn settings_at(&self, url: &str) -> Result<Settings, Failure> {
        self.settings()?.at(url, &self.environment)
    }

    /// Whether the caller named a trail on the command line.
    pub fn names_trail(&self) -> bool {
        self.flags.trail.is_some()
    }

    /// Whether the caller named a form of answers.
    pub fn names_output(&self) -> bool {
        self.flags.output.is_some()
    }

    /// Whether the caller named a database on the command line.
    pub fn names_database(&self) -> bool {
        self.flags.database.is_some()
    }

    /// Opens the database. To whoever reads it is said where else its trails are written.
    ///
    /// # Errors
    /// What is wrong with the settings or the database.
    pub async fn open(&self, access: Access) -> Result<Opened, Failure> {
        let settings = self.settings()?;
        let trail = settings.trail.clone();
        let opened = self.open_trail(access, settings, trail).await?;
        if access == Access::Read {
            moves::remark_all(&opened.database).await;
        }
        Ok(opened)
    }

    /// Opens the database to write to a trail that is there, for orders that say what is to become
    /// of it: one to a misspelt name would begin that trail, and bind nothing that anybody recorded.
    ///
    /// # Errors
    /// As [`Session::open`]; there is no such trail.
    pub async fn open_begun(&self) -> Result<Opened, Failure> {
        let opened = self.open(Access::Write).await?;
        match opened.check_begun().await {
            Ok(()) => Ok(opened),
            Err(failure) => opened.close(Err(failure)).await,
        }
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
        how.delivery.folder.clone_from(&settings.spool_folder);
        how.create = matches!(access, Access::Create | Access::Replace | Access::Serve);
        how.replace_lost = access == Access::Replace;
        how.read_only = access == Access::Read;
        how.options.read_only = how.read_only;
        how.options.erasure_approval = settings.erasure_approval;
        if let Some(most) = settings.server.queue_events_max {
            how.options.queue_events_max = most;
        }
        if let Some(patience) = settings.server.patience {
            how.options.patience = patience;
        }
        how.options.program = concat!("indelible-cli ", env!("CARGO_PKG_VERSION")).to_owned();
        // What is opened only for its key's sake starts nothing that would be recorded.
        how.options.long_lived = false;
        let redactor = redactor(&settings, &how).await;
        how.redactor = Arc::new(redactor.map_err(|error| of_open(error, &settings))?);
        how.options.long_lived = access == Access::Serve;
        let opened = Database::open(&settings.database, how).await;
        let database = opened.map_err(|error| of_open(error, &settings))?;
        let audit = database.trail(trail);
        Ok(Opened {
            database,
            audit,
            settings,
        })
    }
}

impl Opened {
    async fn check_begun(&self) -> Result<(), Failure> {
        if self.audit.head().await?.is_some() {
            return Ok(());
        }
        let name = self.audit.name();
        let begins = match name.is_system() {
            true => String::new(),
            false => format!(", `indelible trail create {name}` begins it"),
        };
        Err(Failure::not_found(format!(
            "there is no trail {name}: `indelible trail list` names those that there are{begins}"
        )))
    }

    /// Releases the database, then answers `answer`, or what failed on the way.
    ///
    /// # Errors
    /// That of `answer`, else of the closing.
    pub async fn close<T>(self, answer: Result<T, Failure>) -> Result<T, Failure> {
        let closed = self.database.close().await.map_err(Failure::from);
        match (answer, closed) {
            (Ok(answer), closed) => closed.map(|()| answer),
            // A reader that went away says nothing of the database.
            (Err(gone), Err(failure)) if gone.status == Status::Fine => Err(failure),
            (Err(failure), _) => Err(failure),
        }
    }
}

/// Says of a database that could not be opened what is to be done, where that depends on the
/// settings.
fn of_open(error: ConnectError, settings: &Settings) -> Failure {
    let ConnectError::Installation(InstallationError::Other { there, given }) = &error else {
        return Failure::from(error).at(&settings.database);
    };
    if settings.installation.as_ref() == Some(given) {
        let remedy = "name that one in the settings, or another database";
        return Failure::new(format!("{error}; {remedy}"));
    }
    let place = match &settings.state_dir {
        Some(dir) => format!("{} is the state directory of {given}", dir.display()),
        None => format!("the database at {} was of {given}", settings.database),
    };
    Failure::new(format!(
        "{error}: {place}. Put the database of {given} back, or name the state directory of \
         {there} with --state-dir"
    ))
}

/// The redaction that the settings ask for.
async fn redactor(
    settings: &Settings,
    how: &indelible::Settings,
) -> Result<Redactor, ConnectError> {
    let rules = settings.rules.clone().unwrap_or_else(Rules::standard);
    if settings.redaction != Mode::KeyedHash {
        return Ok(Redactor::new(rules, settings.redaction, [0; 32]));
    }
    // The key lies in the state directory, whose place the database says: it is opened twice.
    let database = Database::open(&settings.database, how.clone()).await?;
    let secret = database.engine().secret(Purpose::Redaction).await;
    database.close().await?;
    Ok(Redactor::new(rules, Mode::KeyedHash, *secret?.expose()))
}
