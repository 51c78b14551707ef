//! What is kept outside a database: state directory, marks, and which installation it belongs to.

use std::path::PathBuf;
use std::sync::Arc;

use indelible_core::Entropy;
use indelible_core::state::{State, StateDir, StateInMemory};

use crate::database::Settings;
use crate::error::ConnectError;
use crate::known::Known;
use crate::url::DatabaseUrl;

/// What is kept outside a database, and where.
pub(crate) enum Outside {
    /// Nothing: the database ends with the process.
    Nowhere,
    /// In a state directory that was named.
    Named(StateDir),
    /// In the folder of all state directories, by the installation's name.
    Home {
        states: PathBuf,
        known: Option<Known>,
    },
}

impl Outside {
    pub fn of(url: &DatabaseUrl, settings: &Settings) -> Result<Self, ConnectError> {
        if matches!(url, DatabaseUrl::Memory) {
            return Ok(Self::Nowhere);
        }
        match (&settings.state_dir, &settings.state_home) {
            (Some(dir), _) => Ok(Self::Named(StateDir::at(dir))),
            (None, Some(home)) => {
                let states = home.join("indelible");
                Ok(Self::Home {
                    known: match url {
                        DatabaseUrl::Memory => None,
                        DatabaseUrl::Sqlite(path) => Known::of_file(&states, path),
                        #[cfg(feature = "postgres")]
                        DatabaseUrl::Postgres(address) => {
                            Some(Known::of_server(&states, address.place()))
                        }
                    },
                    states,
                })
            }
            (None, None) => Err(ConnectError::NoStateHome),
        }
    }

    /// The installation that the database is known to belong to.
    pub fn installation(&self) -> Result<Option<String>, ConnectError> {
        Ok(match self {
            Self::Nowhere => None,
            Self::Named(dir) => dir.owner()?,
            Self::Home { known, .. } => match known {
                Some(known) => known.installation()?,
                None => None,
            },
        })
    }

    pub fn state(
        &self,
        settings: &Settings,
        installation: &str,
    ) -> Result<(Arc<dyn State>, Option<PathBuf>), ConnectError> {
        let Some(dir) = self.state_dir(installation) else {
            return Ok((Arc::new(StateInMemory::new()), None));
        };
        let path = dir.path().to_owned();
        Ok((
            Arc::new(dir.with_signing_seed(settings.signing_seed.clone())),
            Some(path),
        ))
    }

    /// The state directory of the installation that the database is known to belong to.
    #[cfg(feature = "spool")]
    pub fn known_state_dir(&self) -> Result<Option<PathBuf>, ConnectError> {
        let known = self.installation()?;
        Ok(known.and_then(|installation| Some(self.state_dir(&installation)?.path().to_owned())))
    }

    fn state_dir(&self, installation: &str) -> Option<StateDir> {
        match self {
            Self::Nowhere => None,
            Self::Named(dir) => Some(dir.clone()),
            Self::Home { states, .. } => Some(StateDir::at(states.join(installation))),
        }
    }

    /// Refuses a database that is gone, or empty, although it held the trails of an installation
    /// whose marks are still kept.
    pub fn refuse_lost(
        &self,
        url: &DatabaseUrl,
        known: Option<&str>,
        settings: &Settings,
    ) -> Result<(), ConnectError> {
        let lost = known.filter(|_| !settings.replace_lost);
        let Some((installation, place)) = lost.and_then(|name| Some((name, self.marked(name)?)))
        else {
            return Ok(());
        };
        Err(ConnectError::Lost {
            url: url.to_string(),
            installation: installation.to_owned(),
            place,
        })
    }

    /// Where the high-water marks of an installation are, if it has any.
    fn marked(&self, installation: &str) -> Option<String> {
        let dir = self.state_dir(installation)?;
        let marks = dir.path().join("marks");
        let mut files = std::fs::read_dir(marks).ok()?;
        files.next().map(|_| dir.path().display().to_string())
    }

    /// Ties state directory and database file to the installation.
    pub fn tie(&self, installation: &str, entropy: &dyn Entropy) -> Result<(), ConnectError> {
        match self {
            Self::Nowhere => {}
            Self::Named(dir) => dir.claim(installation)?,
            Self::Home { states, known } => {
                StateDir::at(states.join(installation)).claim(installation)?;
                if let Some(known) = known {
                    known.remember(installation, entropy)?;
                }
            }
        }
        Ok(())
    }
}
