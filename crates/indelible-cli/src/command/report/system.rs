//! `indelible report system`

use std::io::Write;
use std::path::Path;

use clap::Args;
use indelible::spool::inspect;
use indelible::{Database, TrailName};
use indelible_evidence::{
    ApiKeys, Backlog, Count, Form, StateKept, Surroundings, SystemReport, measure, render_system,
};
use indelible_server::keys::{Keys, Role, State};
use serde::Serialize;

use super::Format;
use crate::answer::{Answer, Layout, Sheet};
use crate::command::doctor::place;
use crate::destination::Destination;
use crate::failure::{Failure, Status, remark};
use crate::session::{Access, Opened, Session};

/// Answers what is asked of the audit system itself, SYS-01 to SYS-48, for this installation
///
/// Each requirement is met, not met, or needs evidence from elsewhere, with the fact that was
/// measured. Nothing is recorded and no entry is verified: that is what `indelible verify` does,
/// and the last verification on record is one of the facts. The exit status is 0 however the
/// answers are.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible report system -o system.html
  indelible report system --format csv --policy 'Logging policy, 3.1, M. Muster'

What the product brings to each requirement, and the tests that show it: docs/requirements.md.")]
pub struct System {
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// A written policy that goes with the report: its title, version and owner
    #[arg(long = "policy", value_name = "TEXT")]
    policies: Vec<String>,
    #[command(flatten)]
    destination: Destination,
}

impl System {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let written = self.write(&opened, session).await;
        let made = opened.close(written).await?;
        match self.destination.path() {
            Some(_) => session.output.print(&made)?,
            None => remark(&made.line()),
        }
        Ok(Status::Fine)
    }

    async fn write(&self, opened: &Opened, session: &Session) -> Result<Made, Failure> {
        let surroundings = self.surroundings(opened, session).await?;
        let measured = measure(opened.database.engine(), surroundings).await?;
        let software = concat!("indelible ", env!("CARGO_PKG_VERSION"));
        let report = SystemReport::of(measured, software);
        let text = render_system(&report, Form::from(self.format)).map_err(Failure::new)?;
        let mut sink = self.destination.begin(&session.output)?;
        sink.write_all(text.as_bytes())?;
        sink.finish()?;
        Ok(Made {
            counts: report.counts,
            file: self
                .destination
                .path()
                .map(|path| path.display().to_string()),
        })
    }

    async fn surroundings(
        &self,
        opened: &Opened,
        session: &Session,
    ) -> Result<Surroundings, Failure> {
        let server = &opened.settings.server;
        let verification = server.verification.0.map(|every| every.as_secs());
        Ok(Surroundings {
            state: state(opened),
            spool: backlog(&opened.database)?,
            keys: api_keys(opened, session).await,
            tls: server.tls.is_some(),
            listen: server.listen.clone(),
            verification_seconds: verification.filter(|every| *every > 0),
            policies: self.policies.clone(),
        })
    }
}

fn state(opened: &Opened) -> StateKept {
    let Some(dir) = opened.database.state_dir() else {
        return StateKept::InMemory;
    };
    let shown = dir.display().to_string();
    let wrong = |problem: String| StateKept::Wrong {
        place: shown.clone(),
        problem,
    };
    match place::of(dir, &opened.settings.database) {
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
fn backlog(database: &Database) -> Result<Option<Backlog>, Failure> {
    let Some(folder) = database.spool_folder() else {
        return Ok(None);
    };
    let mut backlog = Backlog {
        folder: folder.display().to_string(),
        ..Backlog::default()
    };
    if !folder.exists() {
        return Ok(Some(backlog));
    }
    let names = std::fs::read_dir(&folder)?;
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

/// The API keys that open; nothing where there are none, or where this host cannot tell.
async fn api_keys(opened: &Opened, session: &Session) -> Option<ApiKeys> {
    let keys = Keys::new(opened.database.engine().clone());
    let keys = keys.list().await.ok()?;
    let mut counts = ApiKeys::default();
    for key in &keys {
        match key.state(session.now()) {
            State::Unsealed | State::Unreadable => counts.unsealed += 1,
            State::Expired | State::Revoked => {}
            State::Active => {
                *match key.role {
                    Role::Writer => &mut counts.writers,
                    Role::Reader => &mut counts.readers,
                    Role::Auditor => &mut counts.auditors,
                    Role::Admin => &mut counts.admins,
                } += 1;
                counts.of_one_trail += u64::from(key.trail.is_some());
                match (&key.trail, key.role) {
                    (_, Role::Writer) => {}
                    (Some(trail), _) => drop(counts.read_apart.insert(trail.to_string())),
                    (None, Role::Admin) => {}
                    (None, _) => counts.readers_of_all += 1,
                }
            }
        }
    }
    (!keys.is_empty()).then_some(counts)
}

/// What is said of answers that were written.
#[derive(Serialize)]
struct Made {
    counts: Vec<Count>,
    /// Where they were written; nothing for standard output.
    file: Option<String>,
}

impl Made {
    fn line(&self) -> String {
        let counts = self.counts.iter();
        let counts = counts.map(|count| format!("{} {}", count.requirements, count.answer));
        let counts: Vec<_> = counts.collect();
        match &self.file {
            Some(file) => format!("{}; written to {file}", counts.join(", ")),
            None => counts.join(", "),
        }
    }
}

impl Answer for Made {
    fn layout(&self) -> Layout {
        Layout::Line(self.line())
    }

    fn sheet(&self) -> Sheet {
        let counts = self.counts.iter();
        let fields = counts.map(|count| (count.answer.as_str(), count.requirements.to_string()));
        Sheet::of_fields(fields.collect())
    }
}
