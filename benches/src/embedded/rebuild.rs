//! Making the index again while recording goes on, beside a plain scan of the same log.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indelible::{Audit, TrailName};
use rusqlite::Connection;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::counted;
use crate::Arguments;
use crate::record::{open, waits};
use crate::report::{Report, Rounds, median};
use crate::timing::rate;

/// Tasks that record meanwhile.
const TASKS: u64 = 16;

/// Entries a second that a rebuild covers, beside those that one connection reads from the log
/// without doing anything with them, both while as many tasks record. What a rebuild covers of the
/// entries that come meanwhile is not counted. Also by how much the memory of the process grew, of
/// which the writers are a part that the index does not pace until it is abreast of them.
pub fn beside_scan(
    arguments: &Arguments,
    report: &mut Report,
    folder: &Path,
) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let database = runtime.block_on(open(folder))?;
    let audit = database.trail(TrailName::standard());
    let store = audit.engine().ground().store.clone();
    let plain = Connection::open(folder.join("ours.db"))?;
    let mut rounds = Rounds::default();
    let (mut alone, mut recorded, mut grown) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..arguments.rounds as u64 {
        let first = 1 + 2 * round;
        let entries = runtime.block_on(size(&audit))?;
        let before = counted::restart_peak()?;
        let recording = Recording::start(&runtime, &audit, first);
        let (ours, ()) = rate(usize::try_from(entries)?, || {
            Ok(runtime.block_on(store.reindex(&mut |_, _| {})).map(drop)?)
        })?;
        recorded.push(recording.stop(&runtime)?);
        grown.push(counted::peak()? - before);
        rounds.ours.push(ours);
        let recording = Recording::start(&runtime, &audit, first + 1);
        let (baseline, ()) = rate(usize::try_from(entries)?, || scan(&plain, entries))?;
        recording.stop(&runtime)?;
        rounds.baseline.push(baseline);
        alone.push(rate(usize::try_from(entries)?, || scan(&plain, entries))?.0);
    }
    drop(plain);
    runtime.block_on(database.close())?;
    let facts = json!({
        "entries": arguments.entries, "tasks": TASKS,
        "recorded_meanwhile": median(&recorded).round(), "scan_alone": median(&alone).round(),
        "memory_grown_mib": grown.iter().copied().fold(0.0, f64::max).round(),
    });
    report.add("reindex_vs_scan", &rounds, facts);
    Ok(())
}

async fn size(audit: &Audit) -> anyhow::Result<u64> {
    let store = &audit.engine().ground().store;
    let head = store.head(audit.name()).await?;
    Ok(head.map_or(0, |head| head.size))
}

/// So many entries of the log, read as a program would that has no use for them.
fn scan(db: &Connection, entries: u64) -> anyhow::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT e.*, p.* FROM entry AS e LEFT JOIN part AS p ON p.place = e.place \
         ORDER BY e.place LIMIT ?1",
    )?;
    let columns = statement.column_count();
    let mut rows = statement.query([entries.cast_signed()])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
        read += 1;
    }
    anyhow::ensure!(read == entries, "{read} entries of {entries}");
    Ok(())
}

/// Tasks that record until they are told to stop.
struct Recording {
    all: JoinHandle<anyhow::Result<(Vec<f64>, f64)>>,
    is_over: Arc<AtomicBool>,
}

impl Recording {
    fn start(runtime: &Runtime, audit: &Audit, first: u64) -> Self {
        let (audit, is_over) = (audit.clone(), Arc::<AtomicBool>::default());
        let told = is_over.clone();
        let goes_on = move || !told.load(Ordering::Relaxed);
        let all = runtime
            .spawn(async move { waits(&audit, (TASKS, Duration::ZERO), first, goes_on).await });
        Self { all, is_over }
    }

    /// Events per second that were recorded.
    fn stop(self, runtime: &Runtime) -> anyhow::Result<f64> {
        self.is_over.store(true, Ordering::Relaxed);
        Ok(runtime.block_on(self.all)??.1)
    }
}
