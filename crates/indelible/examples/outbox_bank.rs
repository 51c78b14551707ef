//! A bank whose movements and their audit events share one transaction, and what drains its
//! outbox.
//!
//! ```text
//! outbox_bank bank BANK_URL WRITER TASKS SEED
//! outbox_bank drain TRAIL_URL STATE_DIR own|BANK_URL once|steadily
//! ```
//!
//! The bank opens no trail. It moves money from many tasks, in transactions of up to five movements
//! of which it rolls back some, until it is ended, and prints `<transaction>.` after each commit. A
//! movement's key, `WRITER/TASK/TRANSACTION/PLACE`, is the resource of its event.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indelible::outbox::{PostgresOutbox, SqliteOutbox, rusqlite, tokio_postgres};
use indelible::{AuditAction, AuditEvent, Database, DatabaseUrl, Settings, TrailName};
use serde_json::json;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// How often a steady drain looks: often, so that its end falls into every moment of its work.
const INTERVAL: Duration = Duration::from_millis(2);
/// How long a movement waits for the others of its file.
const PATIENCE: Duration = Duration::from_secs(60);

const MOVE: &str = "INSERT INTO movement (key, cents) VALUES ";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["bank", url, writer, tasks, seed] => bank(url, writer, tasks, seed).await,
        ["drain", url, state, from, how] => drain(url, state, from, how).await,
        _ => Err("bank BANK_URL WRITER TASKS SEED | drain TRAIL_URL STATE_DIR BANK_URL HOW".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("outbox_bank: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn drain(url: &str, state: &str, from: &str, how: &str) -> Result<(), Problem> {
    let mut settings = Settings::default();
    settings.state_dir = Some(PathBuf::from(state));
    settings.options.long_lived = false;
    settings.outbox_interval = INTERVAL;
    let database = Database::open(&url.parse()?, settings).await?;
    let own = database.outbox().filter(|_| from == "own");
    let outbox = match own {
        Some(outbox) => outbox,
        None => indelible::outbox::open(&from.parse()?)?,
    };
    let mut drain = database.drain(outbox);
    if how == "once" {
        let moved = drain.pass().await?;
        if !moved.held.is_empty() {
            return Err(format!("{:?}", moved.held).into());
        }
        return Ok(database.close().await?);
    }
    let _draining = drain.start(INTERVAL)?;
    println!("draining.");
    std::future::pending().await
}

async fn bank(text: &str, writer: &str, tasks: &str, seed: &str) -> Result<(), Problem> {
    let (url, seed): (DatabaseUrl, u64) = (text.parse()?, seed.parse()?);
    let mut running = Vec::new();
    for task in 0..tasks.parse::<u64>()? {
        let teller = Teller {
            name: format!("{writer}/{task}"),
            dice: seed.wrapping_mul(1000).wrapping_add(task),
        };
        running.push(match &url {
            DatabaseUrl::Sqlite(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || teller.in_file(&path))
            }
            DatabaseUrl::Postgres(_) => tokio::spawn(teller.on_server(text.parse()?)),
            _ => return Err("a bank in memory".into()),
        });
    }
    for task in running {
        task.await??;
    }
    Ok(())
}

/// Who makes one transaction after the other.
struct Teller {
    name: String,
    dice: u64,
}

impl Teller {
    /// The next number of a generator by Vigna (splitmix64).
    fn below(&mut self, end: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % end
    }

    /// The keys of the next transaction, and whether it is committed.
    fn next(&mut self, n: u64) -> (Vec<String>, bool) {
        let count = 1 + self.below(5);
        let keys = (0..count).map(|place| format!("{}/{n}/{place}", self.name));
        (keys.collect(), self.below(4) > 0)
    }

    fn in_file(mut self, path: &std::path::Path) -> Result<(), Problem> {
        let outbox = SqliteOutbox::new(TrailName::standard());
        let mut db = rusqlite::Connection::open(path)?;
        db.busy_timeout(PATIENCE)?;
        for n in 0_u64.. {
            let (keys, is_kept) = self.next(n);
            let immediate = rusqlite::TransactionBehavior::Immediate;
            let transaction = db.transaction_with_behavior(immediate)?;
            for key in keys {
                transaction.execute(&format!("{MOVE} (?1, 5)"), [&key])?;
                let _queued = outbox.record_in(&transaction, event(key))?;
            }
            if is_kept {
                transaction.commit()?;
                self.say(n)?;
            } else {
                transaction.rollback()?;
            }
        }
        Ok(())
    }

    async fn on_server(mut self, config: tokio_postgres::Config) -> Result<(), Problem> {
        let outbox = PostgresOutbox::new(TrailName::standard());
        let (mut db, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        for n in 0_u64.. {
            let (keys, is_kept) = self.next(n);
            let transaction = db.transaction().await?;
            for key in keys {
                let sql = format!("{MOVE} ($1, 5)");
                transaction.execute(&sql, &[&key]).await?;
                let _queued = outbox.record_in(&transaction, event(key)).await?;
            }
            if is_kept {
                transaction.commit().await?;
                self.say(n)?;
            } else {
                transaction.rollback().await?;
            }
        }
        Ok(())
    }

    /// One write for one line, so that a killed process leaves whole lines.
    fn say(&self, n: u64) -> Result<(), Problem> {
        let line = format!("{}/{n}.\n", self.name);
        Ok(std::io::stdout().lock().write_all(line.as_bytes())?)
    }
}

fn event(key: String) -> AuditEvent {
    AuditEvent::new(AuditAction::custom("money_moved"), "movement")
        .resource_id(key)
        .context(json!({"cents": 5, "password": "hunter2"}))
}
