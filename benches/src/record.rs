//! Recording from many waiting tasks, beside a raw loop.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indelible::{Audit, AuditProtocol, Database, DatabaseUrl, Settings, TrailName};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Arguments;
use crate::raw::Raw;
use crate::report::{Report, Rounds};
use crate::timing::{Stopwatch, rate};
use crate::workload;

/// `record()` from 64 and 256 waiting tasks against a raw loop with the same schema, the same
/// indexes, the same hashing and the mean batch that the tasks came to.
pub fn indexed(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    beside(arguments, report, "record_vs_raw_indexed", Raw::new)
}

/// The same against a raw loop without any index, which is what a log alone costs.
pub fn log(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    beside(arguments, report, "record_vs_raw_log", Raw::log)
}

fn beside(
    arguments: &Arguments,
    report: &mut Report,
    name: &str,
    loop_at: fn(&Path) -> anyhow::Result<Raw>,
) -> anyhow::Result<()> {
    for tasks in [64, 256] {
        let mut rounds = Rounds::default();
        let mut batches = Vec::new();
        for _ in 0..arguments.rounds {
            let folder = tempfile::tempdir()?;
            let (ours, batch) = record(folder.path(), tasks, arguments.events)?;
            let mut raw = loop_at(&folder.path().join("raw.db"))?;
            raw.append(0, 1, 1)?;
            rounds.ours.push(ours);
            rounds
                .baseline
                .push(raw_rate(&mut raw, 1, batch, arguments.events)?);
            batches.push(batch);
        }
        let facts = json!({
            "tasks": tasks, "mean_batch": mean(&batches), "events": arguments.events,
        });
        report.add(&format!("{name}_{tasks}"), &rounds, facts);
    }
    // The name of the contract is the harder of the two.
    report.worst_of(name, &format!("{name}_"));
    Ok(())
}

pub fn mean(batches: &[f64]) -> f64 {
    (batches.iter().sum::<f64>() / batches.len() as f64).round()
}

/// Events per second of a raw loop that goes on at `from` in batches of this mean.
pub fn raw_rate(raw: &mut Raw, from: u64, batch: f64, events: usize) -> anyhow::Result<f64> {
    let batch = (batch.round() as u64).max(1);
    let (rate, ()) = rate(events, || raw.append(from, from + events as u64, batch))?;
    Ok(rate)
}

/// Events per second of this many tasks in a fresh file, and the mean batch.
pub fn record(folder: &Path, tasks: usize, events: usize) -> anyhow::Result<(f64, f64)> {
    let runtime = Runtime::new()?;
    let database = runtime.block_on(open(folder))?;
    let audit = database.trail(TrailName::standard());
    // The first record makes trail and mark; what is measured is the steady state.
    runtime.block_on(audit.record(workload::event(u64::MAX)))?;
    let measured = waiting(&runtime, &audit, (tasks, events), 0)?;
    runtime.block_on(database.close())?;
    Ok(measured)
}

/// The embedded database of a folder.
pub async fn open(folder: &Path) -> anyhow::Result<Database> {
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.join("state"));
    settings.options.long_lived = false;
    let url = DatabaseUrl::Sqlite(folder.join("ours.db"));
    Ok(Database::open(&url, settings).await?)
}

/// Events per second of this many tasks that each wait for every receipt, and the mean batch. The
/// events are those from `start` on.
pub fn waiting(
    runtime: &Runtime,
    audit: &Audit,
    (tasks, events): (usize, usize),
    start: u64,
) -> anyhow::Result<(f64, f64)> {
    let (rate, sizes) = rate(events, || {
        runtime.block_on(async {
            let share = events / tasks;
            let handles: Vec<_> = (0..tasks)
                .map(|task| {
                    let audit = audit.clone();
                    tokio::spawn(async move {
                        let mut sizes = Vec::with_capacity(share);
                        for n in 0..share {
                            let event = workload::event(start + (task * share + n) as u64);
                            sizes.push(audit.record(event).await?.tree_size);
                        }
                        anyhow::Ok(sizes)
                    })
                })
                .collect();
            let mut sizes = BTreeSet::new();
            for handle in handles {
                sizes.extend(handle.await??);
            }
            anyhow::Ok(sizes)
        })
    })?;
    // One commit gives all its receipts the same tree size.
    Ok((rate, events as f64 / sizes.len() as f64))
}

/// Numbers of events that each task of [`waits`] has for itself.
const NUMBERS: u64 = 1 << 32;

/// How long each record took, in µs, sorted, and records per second, of so many tasks that each
/// wait for every receipt, and then for a pause, while `goes_on`. No two calls with different `first` record the same
/// events, nor does one of those that count from 0.
#[expect(clippy::disallowed_methods, reason = "an application at its own pace")]
pub async fn waits(
    audit: &Audit,
    (tasks, pause): (u64, Duration),
    first: u64,
    goes_on: impl Fn() -> bool + Send + Sync + 'static,
) -> anyhow::Result<(Vec<f64>, f64)> {
    let (goes_on, whole) = (Arc::new(goes_on), Stopwatch::start());
    let mut all = JoinSet::new();
    for task in 0..tasks {
        let (audit, goes_on) = (audit.clone(), goes_on.clone());
        let numbers = (first * tasks + task) * NUMBERS..;
        all.spawn(async move {
            let mut times = Vec::new();
            for number in numbers {
                if !goes_on() {
                    break;
                }
                let watch = Stopwatch::start();
                audit.record(workload::event(number)).await?;
                times.push(watch.passed().as_secs_f64() * 1e6);
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(some) = all.join_next().await {
        times.extend(some??);
    }
    let rate = times.len() as f64 / whole.passed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Ok((times, rate))
}
