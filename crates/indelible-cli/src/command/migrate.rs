//! `indelible migrate`

mod answer;

use clap::{Args, Subcommand};
use indelible::DatabaseUrl;
use indelible::core::Store;
use indelible_postgres::{Address, PostgresStore};
use indelible_sqlite::SqliteStore;

use crate::failure::{Failure, Status, remark};
use crate::progress::Bars;
use crate::session::Session;
use answer::{Migrations, Planned, Step};

/// Entries that an index must lack to be waited for; fewer are covered in less than a second.
const LAG_MIN: u64 = 65_536;

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
/// All are applied in one transaction, or none. A file is brought up to date by every command that
/// writes; where its index is to be made then, this one waits for it. A PostgreSQL database is brought
/// up to date by this one alone, which wants a role that may make schemas and
/// roles: the database's owner or a superuser. Roles, owners and grants that lack, after a restore on
/// a new server for one, are brought about each time. What this role may not do of it is printed,
/// statement by statement, for whoever may, until it is done.
#[derive(Debug, Args)]
#[command(
    name = "up",
    after_long_help = "\
Examples:
  indelible migrate up --database postgres://postgres@db.example/audit
  indelible migrate up --dry-run | less"
)]
pub struct MigrateUp {
    /// Prints what would be applied, with its SQL for reading, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let url = session.settings()?.database;
        self.migrate(&url, session)
            .await
            .map_err(|failure| failure.at(&url))
    }

    async fn migrate(self, url: &DatabaseUrl, session: &Session) -> Result<Status, Failure> {
        let schema = Schema::of(url)?;
        let notes = match self {
            Self::Up(MigrateUp { dry_run: true }) => {
                let planned = schema.planned().await?;
                session.output.print(&planned)?;
                return Ok(Status::Fine);
            }
            Self::Up(_) => schema.migrate().await?,
            Self::Status(_) => schema.lacking().await?,
        };
        let migrations = schema.steps().await?;
        let pending = migrations.iter().filter(|step| !step.applied).count();
        let altered = match (&schema, pending) {
            (Schema::Server(address), 0) => {
                let options = indelible_postgres::Options::default();
                PostgresStore::altered(address, &options).await?
            }
            _ => Vec::new(),
        };
        session.output.print(&Migrations {
            pending,
            migrations,
            altered,
            notes,
        })?;
        Ok(Status::Fine)
    }
}

/// Waits for an index that is far behind, as after a change of the layout.
async fn index(store: &SqliteStore) -> Result<(), Failure> {
    let lag = store.index().await?.map_or(0, |index| index.lag);
    if lag < LAG_MIN {
        return Ok(());
    }
    let mut bars = Bars::default();
    let progress = &mut |done, of| bars.show("indexing", done, Some(of));
    if let Err(error) = store.indexed(progress).await {
        drop(bars);
        remark(&format!(
            "the index could not be made: {error}; searches read the log until `indelible reindex`"
        ));
    }
    Ok(())
}

/// The schema of one database.
enum Schema<'u> {
    File(&'u std::path::Path),
    Server(&'u Address),
}

impl<'u> Schema<'u> {
    fn of(url: &'u DatabaseUrl) -> Result<Self, Failure> {
        match url {
            DatabaseUrl::Sqlite(path) if path.exists() => Ok(Self::File(path)),
            DatabaseUrl::Sqlite(_) => {
                let text = format!("there is no database at {url}; `indelible record` begins one");
                Err(Failure::not_found(text))
            }
            DatabaseUrl::Postgres(address) => Ok(Self::Server(address)),
            _ => Err(Failure::usage(format!("{url} has no schema to migrate"))),
        }
    }

    async fn steps(&self) -> Result<Vec<Step>, Failure> {
        Ok(match self {
            Self::File(path) => {
                let steps = SqliteStore::migrations(path)?;
                steps.into_iter().map(Step::from).collect()
            }
            Self::Server(address) => {
                let options = indelible_postgres::Options::default();
                let steps = PostgresStore::migrations(address, &options).await?;
                steps.into_iter().map(Step::from).collect()
            }
        })
    }

    /// Answers what is left to do for somebody with more privileges.
    async fn migrate(&self) -> Result<Vec<String>, Failure> {
        match self {
            Self::File(path) => {
                let options = indelible_sqlite::Options {
                    create: false,
                    ..indelible_sqlite::Options::default()
                };
                let store = SqliteStore::open_with(path, &options)?;
                index(&store).await?;
                store.close().await?;
                Ok(Vec::new())
            }
            Self::Server(address) => {
                let options = indelible_postgres::Options::default();
                Ok(PostgresStore::migrate(address, &options).await?.notes)
            }
        }
    }

    /// What roles, owners and grants of a migrated database lack.
    async fn lacking(&self) -> Result<Vec<String>, Failure> {
        match self {
            Self::File(_) => Ok(Vec::new()),
            Self::Server(_) if self.steps().await?.iter().any(|step| !step.applied) => {
                Ok(Vec::new())
            }
            Self::Server(address) => {
                let options = indelible_postgres::Options::default();
                Ok(PostgresStore::lacking_access(address, &options).await?)
            }
        }
    }

    async fn planned(&self) -> Result<Planned, Failure> {
        let mut steps = self.steps().await?;
        steps.retain(|step| !step.applied);
        let sql = match self {
            Self::File(_) => Vec::new(),
            Self::Server(address) => {
                let options = indelible_postgres::Options::default();
                PostgresStore::pending_sql(address, &options).await?
            }
        };
        let sql_of = |version| {
            let found = sql.iter().find(|(step, _)| step.version == version);
            found.map(|(_, sql)| (*sql).to_owned())
        };
        Ok(Planned::of(steps, sql_of))
    }
}
