//! What only the program that opened an installation knows of it: its state, its spools, its
//! server.

use std::path::{Path, PathBuf};

use indelible::spool::inspect;
use indelible::{DatabaseUrl, TrailName};
use indelible_evidence::{Backlog, StateKept, Surroundings};

use crate::command::doctor::place;
use crate::failure::Failure;
use crate::session::Opened;
use crate::settings::ServerSettings;

/// Where to look, for as long as it is asked for.
pub struct Around {
    state_dir: Option<PathBuf>,
    database: DatabaseUrl,
    spools: Option<PathBuf>,
    server: ServerSettings,
}

impl Around {
    /// What is around an open database.
    pub fn of(opened: &Opened) -> Self {
        Self {
            state_dir: opened.database.state_dir().map(Path::to_owned),
            database: opened.settings.database.clone(),
            spools: opened.database.spool_folder(),
            server: opened.settings.server.clone(),
        }
    }

    /// Looks at it, API keys and policies aside.
    ///
    /// # Errors
    /// Spools that cannot be read.
    pub fn look(&self) -> Result<Surroundings, Failure> {
        let verification = self.server.verification.0.map(|every| every.as_secs());
        Ok(Surroundings {
            state: state(self.state_dir.as_deref(), &self.database),
            spool: backlog(self.spools.as_deref())?,
            tls: self.server.tls.is_some(),
            listen: self.server.listen.clone(),
            verification_seconds: verification.filter(|every| *every > 0),
            ..Surroundings::default()
        })
    }
}

fn state(dir: Option<&Path>, database: &DatabaseUrl) -> StateKept {
    let Some(dir) = dir else {
        return StateKept::InMemory;
    };
    let shown = dir.display().to_string();
    let wrong = |problem: String| StateKept::Wrong {
        place: shown.clone(),
        problem,
    };
    match place::of(dir, database) {
        Ok(()) => StateKept::Apart {
            mode: mode(dir),
            place: shown,
        },
        Err(place::Fault::Missing) => wrong("it is not there".to_owned()),
        Err(place::Fault::Open { path, mode }) => {
            wrong(format!("{} has mode {mode:o}", path.display()))
        }
        Err(place::Fault::BesideDatabase) => wrong("it lies in the database's folder".to_owned()),
        Err(place::Fault::Unreadable(error)) => wrong(error.to_string()),
    }
}

#[cfg(unix)]
fn mode(dir: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(dir).ok()?;
    Some(format!("{:o}", found.permissions().mode() & 0o777))
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<String> {
    None
}

/// What waits in the spools of all trails; nothing where there can be none.
fn backlog(folder: Option<&Path>) -> Result<Option<Backlog>, Failure> {
    let Some(folder) = folder else {
        return Ok(None);
    };
    let mut backlog = Backlog {
        folder: folder.display().to_string(),
        ..Backlog::default()
    };
    if !folder.exists() {
        return Ok(Some(backlog));
    }
    let names = std::fs::read_dir(folder)?;
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for trail in names.filter_map(|name| name.parse::<TrailName>().ok()) {
        let seen = inspect(&folder.join(trail.as_str()), &trail);
        if let Some(seen) = seen.map_err(Failure::new)? {
            backlog.used = true;
            backlog.waiting += seen.events;
            backlog.lost += seen.lost;
            backlog.dead += seen.dead + seen.damaged;
        }
    }
    Ok(Some(backlog))
}
