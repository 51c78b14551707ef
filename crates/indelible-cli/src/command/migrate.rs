//! `indelible migrate`

use clap::{Args, Subcommand};
use indelible::DatabaseUrl;
use indelible::core::Store;
use indelible_sqlite::{MigrationStatus, Options, SqliteStore};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::Session;

/// Shows and applies changes of the database's schema
#[derive(Debug, Subcommand)]
pub enum Migrate {
    Status(MigrateStatus),
    Up(MigrateUp),
}

/// Shows which migrations the database has
#[derive(Debug, Args)]
#[command(
    name = "status",
    after_long_help = "\
Example:
  indelible migrate status --output json"
)]
pub struct MigrateStatus {}

/// Applies the migrations that the database lacks
///
/// Every command that writes does so too. All are applied in one transaction, or none.
#[derive(Debug, Args)]
#[command(
    name = "up",
    after_long_help = "\
Example:
  indelible migrate up"
)]
pub struct MigrateUp {}

impl Migrate {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let url = session.settings()?.database;
        let DatabaseUrl::Sqlite(path) = &url else {
            return Err(Failure::usage(format!("{url} has no schema to migrate")));
        };
        if !path.exists() {
            let text = format!("there is no database at {url}; `indelible record` begins one");
            return Err(Failure::not_found(text));
        }
        if let Self::Up(_) = self {
            let options = Options {
                create: false,
                ..Options::default()
            };
            SqliteStore::open_with(path, &options)?.close().await?;
        }
        let list = SqliteStore::migrations(path)?;
        session.output.print(&Migrations {
            pending: list.iter().filter(|migration| !migration.applied).count(),
            migrations: list.into_iter().map(MigrationLine::from).collect(),
        })?;
        Ok(Status::Fine)
    }
}

#[derive(Serialize)]
struct Migrations {
    pending: usize,
    migrations: Vec<MigrationLine>,
}

#[derive(Serialize)]
struct MigrationLine {
    version: u32,
    name: String,
    applied: bool,
}

impl From<MigrationStatus> for MigrationLine {
    fn from(status: MigrationStatus) -> Self {
        Self {
            version: status.version,
            name: status.name,
            applied: status.applied,
        }
    }
}

impl Answer for Migrations {
    fn layout(&self) -> Layout {
        let line = match self.pending {
            0 => "the schema is up to date".to_owned(),
            count => format!("{count} to be applied; `indelible migrate up` does"),
        };
        Layout::Parts(vec![Layout::Table(self.sheet()), Layout::Line(line)])
    }

    fn sheet(&self) -> Sheet {
        let rows = self.migrations.iter().map(|migration| {
            vec![
                migration.version.to_string(),
                migration.name.clone(),
                if migration.applied { "yes" } else { "no" }.to_owned(),
            ]
        });
        Sheet {
            columns: vec!["version", "name", "applied"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.migrations)
    }
}
