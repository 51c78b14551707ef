//! `indelible copy`

mod abandon;
mod answer;

use std::path::Path;

use clap::Args;
use indelible::core::engine::CopyProgress;
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
/// short goes on when the same call is made again, also where TO is empty again. Whatever writes to
/// FROM for long must be stopped first. Key, marks and state directory stay where they are; a
/// PostgreSQL database has its schema from `indelible migrate up` beforehand.
///
/// Where TO is gone for good, --abandon takes the right to write back to FROM, and each trail gets
/// an entry that says why. A trail that was there whole, and may have gone on there, then has a new
/// origin here, as after `indelible trail succeed`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible migrate up --database postgres://postgres@db.example/audit
  indelible copy sqlite:indelible.db postgres://app@db.example/audit
  export INDELIBLE_DATABASE_URL=postgres://app@db.example/audit
  indelible verify

Where db.example was lost, with all that was recorded there:
  indelible copy sqlite:indelible.db --abandon --reason 'db.example burnt down, no backup'

A password is better kept in INDELIBLE__DATABASE__PASSWORD than in a URL.")]
pub struct Copy {
    /// The database that the trails leave, as --database has it
    #[arg(value_name = "FROM")]
    from: String,
    /// The database that they go to
    #[arg(value_name = "TO", required_unless_present = "abandon")]
    to: Option<String>,
    /// Takes the right to write back to FROM: the database that it went to is gone for good
    #[arg(long, requires = "reason", conflicts_with = "to")]
    abandon: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "abandon")]
    reason: Option<String>,
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
        check_lasting(&from.database)?;
        let trail = TrailName::system();
        let Some(to) = &self.to else {
            let reason = self.reason.as_deref().unwrap_or_default();
            return abandon::run(session, from, reason).await;
        };
        let mut to = session.settings_at(to)?;
        check_lasting(&to.database)?;
        if from.database == to.database {
            return Err(same());
        }
        let source = session
            .open_trail(Access::Write, from, trail.clone())
            .await?;
        let moved = async {
            let engine = source.database.engine();
            let mut heads = engine.heads().await?;
            if heads.is_empty() {
                let url = source.database.url();
                return Err(Failure::not_found(format!("there is no trail at {url}")));
            }
            // Whoever begins to write for long records so in `system`: once that is gone, nobody
            // does.
            heads.sort_by_key(|head| !head.trail.is_system());
            let trails: Vec<_> = heads.into_iter().map(|head| head.trail).collect();
            // Before the target is made, and a state directory with it.
            engine.check_movable(&trails, &place(&to.database)).await?;
            to.installation = Some(engine.ground().installation.clone());
            let url = to.database.clone();
            // Its marks are kept already: to the target they would look like those of a database
            // that was lost.
            let target = session.open_trail(Access::Replace, to, trail).await;
            let target = target.map_err(|failure| of_target(&url, failure))?;
            let moved = move_all(session, &source, &target, &trails).await;
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
    trails: &[TrailName],
) -> Result<Status, Failure> {
    if is_same(&source.database, &target.database).await? {
        return Err(same());
    }
    let (from, to) = (place(source.database.url()), place(target.database.url()));
    let bar = progress::bar("copying", None, Unit::Entries);
    let mut draw = |trail: &TrailName, progress: CopyProgress| {
        bar.set_message(format!("copying {trail}"));
        bar.set_length(progress.size);
        bar.set_position(progress.done);
    };
    let (source, target) = (source.database.engine(), target.database.engine());
    let copied = source
        .move_trails(trails, (target, &from, &to), &mut draw)
        .await;
    bar.finish_and_clear();
    let moved = Moved::new(&from, &to, copied?);
    session.output.print_judged(&moved, Ok(Status::Fine))
}

fn check_lasting(url: &DatabaseUrl) -> Result<(), Failure> {
    match url {
        DatabaseUrl::Memory => Err(Failure::usage(
            "memory: ends with this call; name a database",
        )),
        _ => Ok(()),
    }
}

/// Whether two URLs lead to one database: what is put into the one is in the other.
pub(super) async fn is_same(source: &Database, target: &Database) -> Result<bool, Failure> {
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
            // A file that is not there yet has a folder.
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            let folder = std::fs::canonicalize(folder.unwrap_or(Path::new(".")));
            let missing = || Some(folder.ok()?.join(path.file_name()?));
            let whole = std::fs::canonicalize(path).ok().or_else(missing);
            format!("sqlite:{}", whole.as_deref().unwrap_or(path).display())
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
