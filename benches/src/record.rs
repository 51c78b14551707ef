//! Recording from many waiting tasks, beside a raw loop.

use std::collections::BTreeSet;
use std::path::Path;

use indelible::{AuditProtocol, Database, DatabaseUrl, Settings, TrailName};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::raw::Raw;
use crate::report::{Report, Rounds};
use crate::timing::rate;
use crate::workload;

/// `record()` from 64 and 256 waiting tasks against a raw loop with the same schema, the same
/// indexes, the same hashing and the mean batch that the tasks came to.
pub fn indexed(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    for tasks in [64, 256] {
        let mut rounds = Rounds::default();
        let mut batches = Vec::new();
        for _ in 0..arguments.rounds {
            let folder = tempfile::tempdir()?;
            let (ours, batch) = record(folder.path(), tasks, arguments.events)?;
            let (baseline, ()) = raw(folder.path(), batch, arguments.events)?;
            rounds.ours.push(ours);
            rounds.baseline.push(baseline);
            batches.push(batch);
        }
        let mean = batches.iter().sum::<f64>() / batches.len() as f64;
        let facts = json!({"tasks": tasks, "mean_batch": mean.round(), "events": arguments.events});
        report.add(&format!("record_vs_raw_indexed_{tasks}"), &rounds, facts);
    }
    // The name of the contract is the harder of the two.
    report.worst_of("record_vs_raw_indexed", "record_vs_raw_indexed_");
    Ok(())
}

/// Events per second of this many tasks in a fresh file, and the mean batch.
pub fn record(folder: &Path, tasks: usize, events: usize) -> anyhow::Result<(f64, f64)> {
    let runtime = Runtime::new()?;
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.join("state"));
    settings.options.long_lived = false;
    let url = DatabaseUrl::Sqlite(folder.join("ours.db"));
    let database = runtime.block_on(Database::open(&url, settings))?;
    let audit = database.trail(TrailName::standard());
    // The first record makes trail and mark; what is measured is the steady state.
    runtime.block_on(audit.record(workload::event(u64::MAX)))?;
    let (rate, sizes) = rate(events, || {
        runtime.block_on(async {
            let share = events / tasks;
            let handles: Vec<_> = (0..tasks)
                .map(|task| {
                    let audit = audit.clone();
                    tokio::spawn(async move {
                        let mut sizes = Vec::with_capacity(share);
                        for n in 0..share {
                            let event = workload::event((task * share + n) as u64);
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
    runtime.block_on(database.close())?;
    // One commit gives all its receipts the same tree size.
    Ok((rate, events as f64 / sizes.len() as f64))
}

fn raw(folder: &Path, batch: f64, events: usize) -> anyhow::Result<(f64, ())> {
    let mut raw = Raw::new(&folder.join("raw.db"))?;
    raw.append(0, 1, 1)?;
    let batch = (batch.round() as u64).max(1);
    rate(events, || raw.append(1, events as u64 + 1, batch))
}
