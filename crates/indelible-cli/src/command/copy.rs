//! `indelible copy`

mod answer;

use std::path::Path;

use clap::Args;
use indelible::core::engine::{Copied, CopyProgress};
use indelible::core::store::Head;
use indelible::{Database, DatabaseUrl, TrailName};
use serde_json::json;

use crate::failure::{Failure, Status};
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
use answer::Moved;

/// Moves all trails of an installation to another database
///
/// The entries travel as they are: same hashes, same roots, same proofs, and with them goes the
/// right to write. From then on FROM refuses to record and says where the trails are. What was cut
/// short goes on when the same call is made again. Whatever writes to FROM for long must be stopped
/// first. Key, marks and state directory stay where they are; a PostgreSQL database has its schema
/// from `indelible migrate up` beforehand.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible migrate up --database postgres://postgres@db.example/audit
  indelible copy sqlite:indelible.db postgres://app@db.example/audit
  export INDELIBLE_DATABASE_URL=postgres://app@db.example/audit
  indelible verify

A password is better kept in INDELIBLE__DATABASE__PASSWORD than in a URL.")]
pub struct Copy {
    /// The database that the trails leave, as --database has it
    #[arg(value_name = "FROM")]
    from: String,
    /// The database that they go to
    #[arg(value_name = "TO")]
    to: String,
}

impl Copy {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if session.names_trail() {
            return Err(Failure::usage(
                "an installation moves as a whole: with one key in two databases each would have \
                 a trail `system` of its own; leave --trail out",
            ));
        }
        if session.names_database() {
            return Err(Failure::usage(
                "FROM and TO name the databases; leave --database out",
            ));
        }
        let from = session.settings_at(&self.from)?;
        let mut to = session.settings_at(&self.to)?;
        for url in [&from.database, &to.database] {
            if matches!(url, DatabaseUrl::Memory) {
                return Err(Failure::usage(
                    "memory: ends with this call; name a database",
                ));
            }
        }
        if from.database == to.database {
            return Err(same());
        }
        let trail = TrailName::system();
        let source = session
            .open_trail(Access::Write, from, trail.clone())
            .await?;
        let moved = async {
            let heads = source.database.engine().heads().await?;
            if heads.is_empty() {
                let url = source.database.url();
                return Err(Failure::not_found(format!("there is no trail at {url}")));
            }
            let installation = &source.database.engine().ground().installation;
            to.installation = Some(installation.clone());
            let url = to.database.clone();
            // Its marks are kept already: to the target they would look like those of a database
            // that was lost.
            let target = session.open_trail(Access::Replace, to, trail).await;
            let target = target.map_err(|failure| of_target(&url, failure))?;
            let moved = move_all(session, &source, &target, heads).await;
            target.close(moved).await
        };
        let moved = moved.await;
        source.close(moved).await
    }
}

async fn move_all(
    session: &Session,
    source: &Opened,
    target: &Opened,
    mut heads: Vec<Head>,
) -> Result<Status, Failure> {
    if is_same(&source.database, &target.database).await? {
        return Err(same());
    }
    // Whoever begins to write for long records so in `system`: once that is gone, nobody does.
    heads.sort_by_key(|head| !head.trail.is_system());
    let (from, to) = (place(source.database.url()), place(target.database.url()));
    let mut moved = Moved::new(&from, &to);
    let mut verdict = Ok(Status::Fine);
    for head in heads {
        match move_one(source, target, &head, (&from, &to)).await {
            Ok(copied) => moved.add(copied),
            Err(failure) => {
                verdict = Err(failure);
                break;
            }
        }
    }
    session.output.print_judged(&moved, verdict)
}

async fn move_one(
    source: &Opened,
    target: &Opened,
    head: &Head,
    (from, to): (&str, &str),
) -> Result<Copied, Failure> {
    let trail = &head.trail;
    let bar = progress::bar(&format!("copying {trail}"), Some(head.size), Unit::Entries);
    let mut draw = |progress: CopyProgress| {
        bar.set_length(progress.size);
        bar.set_position(progress.done);
    };
    let (source, target) = (source.database.engine(), target.database.engine());
    let copied = source
        .move_trail(trail, (target, from, to), &mut draw)
        .await;
    bar.finish_and_clear();
    Ok(copied?)
}

/// The rows of the registry that say where the right to write a trail is.
pub(super) const MOVED: &str = "moved";

/// Whether two URLs lead to one database: what is put into the one is in the other.
async fn is_same(source: &Database, target: &Database) -> Result<bool, Failure> {
    const KIND: &str = "copy";
    let ground = source.engine().ground();
    let mut bytes = [0; 8];
    ground.entropy.fill(&mut bytes);
    let key = format!("{:016x}", u64::from_be_bytes(bytes));
    let value = json!({});
    let version = ground.registry.put(KIND, &key, None, Some(&value)).await?;
    let there = target.engine().ground().registry.get(KIND, &key).await;
    ground.registry.put(KIND, &key, version, None).await?;
    Ok(there?.is_some())
}

fn same() -> Failure {
    Failure::usage("FROM and TO are the same database")
}

/// The database as whoever is refused later is told it, and tells it from others.
fn place(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let whole = std::fs::canonicalize(path);
            let whole = whole.as_deref().unwrap_or(Path::new(path));
            format!("sqlite:{}", whole.display())
        }
        // Whoever connects.
        DatabaseUrl::Postgres(address) => format!("postgres://{}", address.place()),
        other => other.to_string(),
    }
}

fn of_target(url: &DatabaseUrl, failure: Failure) -> Failure {
    let message = failure.message();
    if message.contains("migration") {
        return Failure::with(failure.status, format!("{message} (--database {url})"));
    }
    Failure::with(failure.status, format!("{url}: {message}"))
}
