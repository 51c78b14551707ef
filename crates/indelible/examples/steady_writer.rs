//! Records from many tasks and prints each receipt when it is given, one per line, until it has
//! recorded `COUNT` events a task or is ended.
//!
//! ```text
//! steady_writer DATABASE_URL STATE_DIR TRAIL,… TASKS COUNT [WRITER]
//! ```
//!
//! A line is `<trail> <seq> <id> <leaf hash>.`, or `- <what>.` for an event that was refused. The
//! fault tests kill, starve and restart this program.
//!
//! With the number `WRITER`, which is another one for each process, the ids are made of it: what
//! fails in passing is recorded again under the same id until there is a receipt, and the program
//! ends in order when its standard input does.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indelible::{
    Audit, AuditAction, AuditError, AuditEvent, AuditProtocol, ConnectError, Database, DatabaseUrl,
    Receipt, Settings, TrailName,
};
use serde_json::json;

/// How long a writer waits before it tries again what failed in passing.
const PAUSE: Duration = Duration::from_millis(50);

/// Entries that are indexed at once: so few that this goes on, and runs are merged, whenever the
/// program is killed.
const INDEX_ENTRIES: u32 = 50;

/// What the command line says.
struct Plan {
    url: DatabaseUrl,
    state: PathBuf,
    trails: String,
    tasks: usize,
    count: usize,
    writer: Option<u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(plan) = Plan::read(&arguments) else {
        eprintln!("steady_writer DATABASE_URL STATE_DIR TRAIL,… TASKS COUNT [WRITER]");
        return ExitCode::from(2);
    };
    match write(plan).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("steady_writer: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Plan {
    fn read(arguments: &[String]) -> Option<Self> {
        let [url, state, trails, tasks, count, writer @ ..] = arguments else {
            return None;
        };
        Some(Self {
            url: url.parse().ok()?,
            state: state.into(),
            trails: trails.clone(),
            tasks: tasks.parse().ok()?,
            count: count.parse().ok()?,
            writer: match writer {
                [] => None,
                [number] => Some(number.parse().ok()?),
                _ => return None,
            },
        })
    }

    /// Opens the database; as a numbered writer, as soon as that is possible.
    async fn open(&self) -> Result<Database, ConnectError> {
        loop {
            let mut settings = Settings::default();
            settings.state_dir = Some(self.state.clone());
            settings.index_entries = INDEX_ENTRIES;
            match Database::open(&self.url, settings).await {
                Err(error) if self.writer.is_some() && is_passing(&error) => pause().await,
                opened => return opened,
            }
        }
    }
}

async fn write(plan: Plan) -> Result<(), Box<dyn std::error::Error>> {
    let ending = Arc::new(AtomicBool::new(false));
    if plan.writer.is_some() {
        let ending = Arc::clone(&ending);
        std::thread::spawn(move || {
            // Whatever ends it, there is nobody left to write for.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            ending.store(true, Ordering::Relaxed);
        });
    }
    let database = plan.open().await?;
    let names = plan.trails.split(',').map(str::parse::<TrailName>);
    let trails: Vec<_> = names.collect::<Result<_, _>>()?;
    let writers: Vec<_> = (0..plan.tasks)
        .zip(trails.iter().cycle())
        .map(|(task, trail)| {
            let (audit, ending) = (database.trail(trail.clone()), Arc::clone(&ending));
            tokio::spawn(async move {
                for n in 0..plan.count {
                    if ending.load(Ordering::Relaxed) {
                        return;
                    }
                    let event = event(task, n);
                    let answer = match plan.writer {
                        Some(writer) => record_surely(&audit, event.id(id(writer, task, n))).await,
                        None => audit.record(event).await,
                    };
                    print(&audit, answer);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await?;
    }
    loop {
        match database.close().await {
            Err(error) if plan.writer.is_some() && error.is_passing() => pause().await,
            closed => return Ok(closed?),
        }
    }
}

fn event(task: usize, n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
        .user_id(format!("user-{task}"))
        .resource_id(format!("customer/{n}"))
        .context(json!({"task": task, "n": n, "filler": "x".repeat(300)}))
}

/// An id that no other writer, task or event has.
fn id(writer: u32, task: usize, n: usize) -> uuid::Uuid {
    let low = (task as u64) << 40 | n as u64;
    uuid::Uuid::from_u64_pair(u64::from(writer) << 32 | 0x7000, 1 << 63 | low)
}

/// Records an event under its id until the trail has it.
async fn record_surely(audit: &Audit, event: AuditEvent) -> Result<Receipt, AuditError> {
    loop {
        match audit.record(event.clone()).await {
            Err(error) if error.is_passing() => pause().await,
            answer => return answer,
        }
    }
}

fn is_passing(error: &ConnectError) -> bool {
    use indelible::core::StoreError::{Unavailable, Unknown};
    match error {
        ConnectError::Store(error) => matches!(error, Unavailable { .. } | Unknown { .. }),
        ConnectError::Audit(error) => error.is_passing(),
        _ => false,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a database that is down has nothing to wait for"
)]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// One write for one line, so that a killed process leaves whole lines.
fn print(audit: &Audit, answer: Result<Receipt, AuditError>) {
    let line = match answer {
        Ok(receipt) => {
            let leaf = receipt.leaf_hash.map(|hash| hash.to_string());
            let (seq, id) = (receipt.seq.unwrap_or_default(), receipt.id);
            format!(
                "{} {seq} {id} {}.\n",
                audit.name(),
                leaf.unwrap_or_default()
            )
        }
        Err(error) => format!("- {error}.\n"),
    };
    // Nobody reads on: the process that started this one has ended.
    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
        std::process::exit(1);
    }
}
