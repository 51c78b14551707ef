//! `indelible keys`

mod link;

use clap::{Args, Subcommand};
use indelible::core::span;
use indelible::{Timestamp, TrailName};
use indelible_server::keys::{KeyError, KeyLine, NewKey, Role, Wish, expiry};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Makes, lists and revokes the API keys of the server, and links into its console
#[derive(Debug, Subcommand)]
pub enum Keys {
    Create(Create),
    List(List),
    Revoke(Revoke),
    Rotate(Rotate),
    Link(link::Link),
    Seal(Seal),
}

/// Makes a key and prints it, this once
///
/// A writer records; a reader asks; an auditor asks, proves, verifies and exports; an admin does
/// all. With --trail the key is for that trail alone. What is stored is its SHA-256.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible keys create shop-backend --role writer --trail shop
  indelible keys create 'audit 2027' --role auditor --expires 90d")]
pub struct Create {
    /// What its holder is called
    name: String,
    /// writer, reader, auditor or admin
    #[arg(long)]
    role: Role,
    /// When it ends: a date, RFC 3339, or in how long, such as 90d [default: never]
    #[arg(long, value_name = "DATE|SPAN")]
    expires: Option<String>,
}

/// Lists the keys, those that ended included
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible keys list --output json")]
pub struct List {}

/// Revokes a key
///
/// A running server refuses it within a second.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible keys revoke 3f0c9a51d2b7e604")]
pub struct Revoke {
    /// The key's id, from `indelible keys list`
    id: String,
}

/// Makes a key in the place of another and prints it, this once
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible keys rotate 3f0c9a51d2b7e604 --overlap 24h")]
pub struct Rotate {
    /// The key's id, from `indelible keys list`
    id: String,
    /// How long the old key still opens, such as 24h
    #[arg(long, value_name = "SPAN", default_value = "0s")]
    overlap: String,
}

/// Seals a key that was made before keys had seals
///
/// A key whose row in the database was not written with this installation's secret is listed as
/// `unsealed` and opens nothing. It is sealed only where the trail `system` says that it was made
/// as it stands there; revoke any other.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible keys seal 3f0c9a51d2b7e604")]
pub struct Seal {
    /// The key's id, from `indelible keys list`
    id: String,
}

/// Who makes keys here, in their records.
const BY: &str = "command line";

impl Keys {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let access = match self {
            Self::List(_) => Access::Read,
            _ => Access::Create,
        };
        let now = session.now();
        let trail = session.settings()?;
        let trail = trail.trail_given.then_some(trail.trail);
        let prepared = self.prepare(trail, now)?;
        let opened = session.open(access).await?;
        let done = prepared.run(session, &opened, now).await;
        opened.close(done).await?;
        Ok(Status::Fine)
    }

    /// Looks at what was given before anything is opened.
    fn prepare(self, trail: Option<TrailName>, now: Timestamp) -> Result<Prepared, Failure> {
        Ok(match self {
            Self::Create(command) => Prepared::Create(Wish {
                name: command.name,
                role: command.role,
                trail,
                expires_at: command.expires.map(|text| end(&text, now)).transpose()?,
            }),
            Self::List(_) => Prepared::List(trail),
            Self::Revoke(command) => Prepared::Revoke(command.id),
            Self::Seal(command) => Prepared::Seal(command.id),
            Self::Link(command) => Prepared::Link(command.prepare()?),
            Self::Rotate(command) => {
                let overlap = span(&command.overlap);
                let wrong = || Failure::usage("--overlap is a span such as 24h or 7d");
                Prepared::Rotate(command.id, overlap.ok_or_else(wrong)?)
            }
        })
    }
}

enum Prepared {
    Create(Wish),
    List(Option<TrailName>),
    Revoke(String),
    Seal(String),
    Link(link::Wanted),
    Rotate(String, std::time::Duration),
}

impl Prepared {
    async fn run(self, session: &Session, opened: &Opened, now: Timestamp) -> Result<(), Failure> {
        let keys = indelible_server::keys::Keys::new(opened.database.engine().clone());
        let output = &session.output;
        match self {
            Self::Create(wish) => output.print(&Made::of(&keys.create(wish, BY).await?, now)),
            Self::Rotate(id, overlap) => {
                output.print(&Made::of(&keys.rotate(&id, overlap, BY).await?, now))
            }
            Self::Link(wanted) => output.print(&wanted.make(&keys).await?),
            Self::Revoke(id) => {
                let line = keys.revoke(&id, BY).await?.line(now);
                output.print(&Lines { keys: vec![line] })
            }
            Self::Seal(id) => {
                let line = keys.seal(&id, BY).await?.line(now);
                output.print(&Lines { keys: vec![line] })
            }
            Self::List(trail) => {
                let all = keys.list().await?;
                let wanted = all
                    .iter()
                    .filter(|key| trail.is_none() || key.trail == trail);
                let keys = wanted.map(|key| key.line(now)).collect();
                output.print(&Lines { keys })
            }
        }
    }
}

fn end(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong = |error| Failure::usage(format!("--expires: {error}, or a span such as 90d"));
    expiry(text, now).map_err(wrong)
}

/// A new key with its text.
#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    line: KeyLine,
    key: String,
}

impl Made {
    fn of(new: &NewKey, now: Timestamp) -> Self {
        Self {
            line: new.key.line(now),
            key: new.token.expose().to_owned(),
        }
    }
}

impl Answer for Made {
    fn layout(&self) -> Layout {
        Layout::Line(self.key.clone())
    }

    fn sheet(&self) -> Sheet {
        let mut fields = self.line.cells();
        fields.push(("key", self.key.clone()));
        Sheet::of_fields(fields)
    }
}

#[derive(Serialize)]
struct Lines {
    keys: Vec<KeyLine>,
}

impl Lines {
    fn sheet_of(&self, columns: &[&'static str]) -> Sheet {
        let row = |key: &KeyLine| {
            let cells = key.cells().into_iter();
            let shown = cells.filter(|(name, _)| columns.contains(name));
            shown.map(|(_, cell)| cell).collect()
        };
        Sheet {
            columns: columns.to_vec(),
            rows: self.keys.iter().map(row).collect(),
        }
    }
}

impl Answer for Lines {
    fn layout(&self) -> Layout {
        if self.keys.is_empty() {
            return Layout::Line("no key yet; `indelible keys create` makes one".to_owned());
        }
        let columns = [
            "id",
            "name",
            "role",
            "trail",
            "last_four",
            "state",
            "last_used_at",
        ];
        Layout::Table(self.sheet_of(&columns))
    }

    fn sheet(&self) -> Sheet {
        self.sheet_of(&[
            "id",
            "name",
            "role",
            "trail",
            "last_four",
            "state",
            "created_at",
            "created_by",
            "expires_at",
            "revoked_at",
            "rotated_to",
            "last_used_at",
        ])
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.keys)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown(_) => Self::not_found(error),
            KeyError::Name | KeyError::Past | KeyError::LinkTime => Self::usage(error),
            KeyError::Audit(error) => error.into(),
            error => Self::new(error),
        }
    }
}
