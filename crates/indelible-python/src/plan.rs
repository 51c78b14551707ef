//! Where a trail is and how it is to be opened: what is left of a handle in a forked process.

use std::path::PathBuf;

use indelible::{ApiKey, DatabaseUrl, DeliveryMode, Settings, TrailName};

use crate::failing::Failing;

/// What a handle was made with, not yet read: what is wrong with it is told at its first use.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    pub place: Place,
    pub only: Only,
    pub trail: Option<String>,
    pub delivery: Option<String>,
    pub state_dir: Option<PathBuf>,
    pub key: Option<String>,
    pub verifier_key: Option<String>,
}

/// Where a trail is.
#[derive(Clone)]
pub(crate) enum Place {
    Url(String),
    /// A database in this file, whatever its name looks like.
    File(PathBuf),
    /// A path or URL that no file or host can have.
    Unreadable,
}

/// What a handle is for, whatever its URL says.
#[derive(Clone, Copy, Default)]
pub(crate) enum Only {
    #[default]
    Any,
    Postgres,
    Server,
    /// A file only where it holds trails: the URL is the application's own, as a rule.
    Trails,
}

impl Default for Place {
    fn default() -> Self {
        Self::Url("memory:".to_owned())
    }
}

/// A plan that was read.
pub(crate) struct Settled {
    pub target: Target,
    pub trail: TrailName,
    pub mode: DeliveryMode,
    pub settings: Settings,
}

/// What is behind a handle.
pub(crate) enum Target {
    Database(DatabaseUrl),
    Server(String),
}

impl Plan {
    /// Whether the trail lives in a file that may not be open while the process is forked.
    pub fn is_file(&self) -> bool {
        match &self.place {
            Place::File(_) => true,
            Place::Unreadable => false,
            Place::Url(url) => matches!(url.parse(), Ok(DatabaseUrl::Sqlite(_))),
        }
    }

    /// Whether the trail ends with the process.
    pub fn is_memory(&self) -> bool {
        matches!(&self.place, Place::Url(url) if matches!(url.parse(), Ok(DatabaseUrl::Memory)))
    }

    pub fn settle(&self) -> Result<Settled, Failing> {
        let mut settings = Settings::from_environment()?;
        if let Some(folder) = &self.state_dir {
            settings.state_dir = Some(folder.clone());
        }
        if let Some(key) = &self.key {
            settings.client.key = Some(ApiKey::new(key));
        }
        if let Some(key) = &self.verifier_key {
            let read = key.trim().parse();
            settings.client.verifier_key =
                Some(read.map_err(|error| wrong("verifier_key", &error))?);
        }
        settings.options.program = concat!("indelible-python ", env!("CARGO_PKG_VERSION")).into();
        let mode = match &self.delivery {
            Some(name) => name.parse().map_err(|error| wrong("delivery", &error))?,
            None => settings.delivery.mode,
        };
        settings.delivery.mode = mode;
        let trail = match &self.trail {
            Some(name) => name.parse().map_err(|error| wrong("trail", &error))?,
            None => TrailName::standard(),
        };
        Ok(Settled {
            target: self.target()?,
            trail,
            mode,
            settings,
        })
    }

    fn target(&self) -> Result<Target, Failing> {
        let target = match &self.place {
            Place::File(path) => Target::Database(DatabaseUrl::Sqlite(path.clone())),
            Place::Unreadable => {
                let problem = "its address has a lone surrogate, which no file and no host has";
                return Err(Failing::new("configuration", problem));
            }
            Place::Url(url) if is_server(url) => Target::Server(url.clone()),
            Place::Url(url) => Target::Database(url.parse::<DatabaseUrl>()?),
        };
        match (self.only, &target) {
            (Only::Any, _)
            | (Only::Postgres, Target::Database(DatabaseUrl::Postgres(_)))
            | (Only::Server, Target::Server(_)) => Ok(target),
            (Only::Postgres, _) => Err(wrong("url", &"it names no PostgreSQL database")),
            (Only::Server, _) => Err(wrong("url", &"it names no server: http://… or https://…")),
            (Only::Trails, Target::Database(url)) if url.is_foreign_file()? => Err(Failing::new(
                "configuration",
                format!("{url}: {OF_APPLICATION}"),
            )),
            (Only::Trails, _) => Ok(target),
        }
    }
}

/// Two SQLites in one process must not share a file.
const OF_APPLICATION: &str = "DATABASE_URL names a file that holds no trail, so it is taken for \
     the application's own, which Indelible does not touch; name the trail with \
     INDELIBLE_DATABASE_URL, such as sqlite:audit.db";

fn is_server(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    ["http", "https"]
        .iter()
        .any(|own| scheme.eq_ignore_ascii_case(own))
}

fn wrong(field: &'static str, problem: &dyn std::fmt::Display) -> Failing {
    let mut failing = Failing::new("configuration", format!("`{field}`: {problem}"));
    failing.field = Some(field.to_owned());
    failing
}
