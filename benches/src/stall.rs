//! The longest waits of those who record: a write-ahead log is copied into its database now and
//! then, and nobody is to wait for that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indelible::{AuditProtocol, TrailName};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::raw::Raw;
use crate::record::{open, waits};
use crate::report::{Report, Rounds, part};
use crate::timing::Stopwatch;
use crate::workload;

/// Tasks that record at once.
const TASKS: u64 = 256;
/// Events of a transaction of the raw loop: half of the tasks wait while the other half is written.
const BATCH: u64 = TASKS / 2;
/// So many times `--events` are recorded in a round: the log is copied several times meanwhile.
const TIMES: usize = 5;

/// The longest that a record took, beside the longest transaction of a raw loop that writes the log
/// alone and copies it into the database every 10,000 pages, as SQLite does by itself.
pub fn beside_raw(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let (mut rounds, mut tails) = (Rounds::default(), Rounds::default());
    let events = (arguments.events * TIMES) as u64;
    for _ in 0..arguments.rounds {
        let folder = tempfile::tempdir()?;
        let runtime = Runtime::new()?;
        let database = runtime.block_on(open(folder.path()))?;
        let audit = database.trail(TrailName::standard());
        // The first record makes trail and mark; what is measured is the steady state.
        runtime.block_on(audit.record(workload::event(u64::MAX)))?;
        let begun = AtomicU64::new(0);
        let goes_on = move || begun.fetch_add(1, Ordering::Relaxed) < events;
        let (times, _) = runtime.block_on(waits(&audit, (TASKS, Duration::ZERO), 1, goes_on))?;
        rounds.ours.push(part(&times, 1.0));
        tails.ours.push(part(&times, 0.99));
        anyhow::ensure!(times.len() as u64 == events, "records are missing");
        runtime.block_on(database.close())?;
        let mut raw = Raw::log(&folder.path().join("raw.db"))?;
        raw.append(0, 1, 1)?;
        let mut times = Vec::new();
        for from in (1..events).step_by(BATCH as usize) {
            let watch = Stopwatch::start();
            raw.append(from, from + BATCH, BATCH)?;
            times.push(watch.passed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        rounds.baseline.push(part(&times, 1.0));
        tails.baseline.push(part(&times, 0.99));
    }
    let facts = json!({
        "unit": "µs", "tasks": TASKS, "mean_batch": BATCH, "events": events,
    });
    report.add("record_longest_vs_raw_log", &rounds, facts.clone());
    report.add("record_p99_vs_raw_log", &tails, facts);
    Ok(())
}
