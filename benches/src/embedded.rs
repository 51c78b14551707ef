//! The embedded store with millions of entries: what recording, reading and the disk cost then.

mod asking;
mod bytes;
mod counted;
mod rebuild;

use std::path::Path;
use std::time::Duration;

use indelible::{Audit, AuditEvent, Database, TrailName};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::raw::Raw;
use crate::record::{self, mean, open, raw_rate, waiting};
use crate::report::{Report, Rounds};
use crate::workload;

pub use bytes::written;

/// Tasks that record at once.
const TASKS: usize = 256;
/// Events that are recorded at once to fill a trail.
const FILL: u64 = 8_192;
/// Entries of one transaction of the raw loop that fills its own database.
const RAW_FILL: u64 = 2_048;
/// Time between two entries of the large trail: 5 million of them are most of a year.
const BETWEEN: Duration = Duration::from_secs(6);

/// A trail that is filled once and measured in several ways.
struct Large {
    runtime: Runtime,
    database: Database,
    audit: Audit,
    /// The number of the next event.
    next: u64,
}

impl Large {
    fn fill(folder: &Path, entries: u64) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let database = runtime.block_on(open(folder))?;
        let audit = database.trail(TrailName::standard());
        let now = audit.engine().ground().clock.now();
        for start in (0..entries).step_by(FILL as usize) {
            let end = (start + FILL).min(entries);
            let at = |n: u64| now.earlier(BETWEEN * u32::try_from(entries - n).unwrap_or(u32::MAX));
            let events: Vec<AuditEvent> = (start..end)
                .map(|n| workload::event(n).occurred_at(at(n)))
                .collect();
            runtime.block_on(async {
                for answer in audit.record_all(events).await {
                    answer?;
                }
                anyhow::Ok(())
            })?;
        }
        Ok(Self {
            runtime,
            database,
            audit,
            next: entries,
        })
    }

    fn record(&mut self, events: usize) -> anyhow::Result<(f64, f64)> {
        let measured = waiting(&self.runtime, &self.audit, (TASKS, events), self.next)?;
        self.next += events as u64;
        Ok(measured)
    }
}

/// Recording into a trail of millions beside an empty one, and beside a raw loop that keeps the
/// same index in the same transaction; then questions to that trail.
pub fn large(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut ours = Large::fill(folder.path(), arguments.entries)?;
    let mut inline = Raw::new(&folder.path().join("inline.db"))?;
    inline.append(0, arguments.entries, RAW_FILL)?;
    let (mut empty, mut layout, mut batches) = (Rounds::default(), Rounds::default(), Vec::new());
    let mut from = arguments.entries;
    for _ in 0..arguments.rounds {
        let (rate, batch) = ours.record(arguments.events)?;
        let fresh = tempfile::tempdir()?;
        let (of_empty, _) = record::record(fresh.path(), TASKS, arguments.events)?;
        empty.ours.push(rate);
        empty.baseline.push(of_empty);
        layout.ours.push(rate);
        layout
            .baseline
            .push(raw_rate(&mut inline, from, batch, arguments.events)?);
        from += arguments.events as u64;
        batches.push(batch);
    }
    drop(inline);
    let facts = json!({
        "tasks": TASKS, "mean_batch": mean(&batches), "events": arguments.events,
        "entries": arguments.entries,
    });
    report.add("rate_5m_vs_empty", &empty, facts.clone());
    report.add("layout_vs_inline_5m", &layout, facts);
    let Large {
        runtime, database, ..
    } = ours;
    runtime.block_on(database.close())?;
    drop(runtime);
    asking::all(arguments, report, folder.path())?;
    rebuild::beside_scan(arguments, report, folder.path())
}
