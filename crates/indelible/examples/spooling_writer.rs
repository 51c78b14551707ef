//! Records from many tasks into a trail that fails at random, spools what the trail does not take,
//! and prints each receipt when it is given, one per line, until it is ended.
//!
//! ```text
//! spooling_writer DATABASE_URL STATE_DIR WRITER TASKS SEED
//! ```
//!
//! A line is `recorded|duplicate|spooled <id> <resource>.`, or `- <what>.` for an event that was
//! refused. With `TASKS` 0 the trail does not fail, what is left in the spool is delivered, and the
//! program ends.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use indelible::core::StoreError;
use indelible::spool::Options;
use indelible::{
    Audit, AuditAction, AuditError, AuditEvent, AuditProtocol, Database, Delivering, DeliveryMode,
    Page, Query, Receipt, Settings, TrailName,
};
use serde_json::json;

/// How long the trail may take before an event is spooled.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take with what was spooled: short, so that its silence is often met.
const DEADLINE: Duration = Duration::from_millis(50);
/// Calls of one spell of weather; the last of four spells is bad.
const SPELL: u64 = 32;
/// Bytes of one file of the spool: small, so that there are many.
const SEGMENT_BYTES: u64 = 8 << 10;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match write(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spooling_writer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A trail that in bad weather fails at random: before it records, after it recorded, or without
/// a word.
struct Faulty {
    trail: Audit,
    state: AtomicU64,
    calls: AtomicU64,
    fails: bool,
}

impl Faulty {
    /// The next number of a generator by Vigna (splitmix64).
    fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self
            .state
            .fetch_add(step, Ordering::Relaxed)
            .wrapping_add(step);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

#[async_trait]
impl AuditProtocol for Faulty {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let source = || "a fault".into();
        let spell = self.calls.fetch_add(1, Ordering::Relaxed) / SPELL;
        let is_bad = self.fails && spell % 4 == 3;
        match self.next() % 8 {
            0 if is_bad => Err(StoreError::Unavailable { source: source() }.into()),
            1 if is_bad => {
                self.trail.record(event).await?;
                Err(StoreError::Unknown { source: source() }.into())
            }
            2 if is_bad => {
                self.trail.record(event).await?;
                std::future::pending().await
            }
            3 if is_bad => std::future::pending().await,
            _ => self.trail.record(event).await,
        }
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.trail.query(query).await
    }
}

async fn write(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [url, state, writer, tasks, seed] = arguments else {
        return Err("DATABASE_URL STATE_DIR WRITER TASKS SEED".into());
    };
    let (tasks, seed) = (tasks.parse::<usize>()?, seed.parse::<u64>()?);
    let mut settings = Settings::default();
    settings.state_dir = Some(PathBuf::from(state));
    settings.options.long_lived = false;
    let database = Database::open(&url.parse()?, settings).await?;
    let trail = TrailName::standard();
    let faulty = Faulty {
        trail: database.trail(trail.clone()),
        state: AtomicU64::new(seed),
        calls: AtomicU64::new(0),
        fails: tasks > 0,
    };
    let mut options = Options::default();
    options.mode = DeliveryMode::Spooled;
    options.folder = database
        .spool_folder()
        .map(|folder| folder.join(trail.as_str()));
    options.segment_bytes = SEGMENT_BYTES;
    if tasks > 0 {
        (options.patience, options.deadline) = (PATIENCE, DEADLINE);
    }
    let audit = Delivering::open(Arc::new(faulty), trail, options)?;
    if tasks == 0 {
        audit.flush().await?;
        audit.close();
        return Ok(database.close().await?);
    }
    let tasks: Vec<_> = (0..tasks)
        .map(|task| tokio::spawn(steadily(audit.clone(), format!("{writer}/{task}"))))
        .collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

async fn steadily(audit: Delivering, name: String) {
    for n in 0_u64.. {
        let resource = format!("{name}/{n}");
        let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
            .resource_id(&*resource)
            .context(json!({"password": "hunter2", "filler": "x".repeat(200)}));
        let line = match audit.record(event).await {
            Ok(receipt) => {
                let delivery = format!("{:?}", receipt.delivery).to_lowercase();
                format!("{delivery} {} {resource}.\n", receipt.id)
            }
            Err(error) => format!("- {error}.\n"),
        };
        // One write for one line, so that a killed process leaves whole lines. Where nobody reads
        // on, the process that started this one has ended.
        if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
            std::process::exit(1);
        }
    }
}
