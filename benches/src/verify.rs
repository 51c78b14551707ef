//! Full verification, beside the bare hashing of the same bytes on one core.

use std::ops::Range;

use indelible::{Audit, AuditEvent, Database, DatabaseUrl, Settings, TrailName};
use indelible_core::part::{Part, PartKind};
use indelible_merkle::{Frontier, leaf_hash};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::report::{Report, Rounds};
use crate::timing::rate;
use crate::workload;

/// What of an entry is hashed.
struct Hashed {
    skeleton: Vec<u8>,
    parts: Vec<(PartKind, Part)>,
}

/// Verification of a whole trail in the embedded store, reading included, against hashing the
/// same parts, skeletons and nodes from memory on one core.
pub fn whole(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.path().join("state"));
    settings.options.long_lived = false;
    let url = DatabaseUrl::Sqlite(folder.path().join("trail.db"));
    let database = runtime.block_on(Database::open(&url, settings))?;
    let audit = database.trail(TrailName::standard());
    let count = arguments.events;
    runtime.block_on(fill(&audit, 0..count as u64))?;
    // What is hashed is the same for all rounds; beyond this many it only costs memory.
    let sample = runtime.block_on(sample(&audit, count.min(SAMPLE)))?;
    let mut rounds = Rounds::default();
    for _ in 0..arguments.rounds {
        let (ours, clean) = rate(count, || {
            Ok(runtime.block_on(audit.verify(Vec::new(), None, &mut |_| {}))?)
        })?;
        anyhow::ensure!(
            clean.ok && clean.entries_checked == count as u64,
            "{:?}",
            clean.findings
        );
        let (baseline, ()) = rate(sample.len(), || hash(&sample))?;
        rounds.ours.push(ours);
        rounds.baseline.push(baseline);
    }
    runtime.block_on(database.close())?;
    report.add("verify_vs_hash", &rounds, json!({ "entries": count }));
    Ok(())
}

/// Entries that are hashed from memory at most.
const SAMPLE: usize = 200_000;

/// Records these events without measuring.
pub async fn fill(audit: &Audit, numbers: Range<u64>) -> anyhow::Result<()> {
    for start in numbers.clone().step_by(8192) {
        let end = (start + 8192).min(numbers.end);
        let events: Vec<AuditEvent> = (start..end).map(workload::event).collect();
        for answer in audit.record_all(events).await {
            answer?;
        }
    }
    Ok(())
}

async fn sample(audit: &Audit, count: usize) -> anyhow::Result<Vec<Hashed>> {
    let store = &audit.engine().ground().store;
    let mut sample = Vec::with_capacity(count);
    for start in (0..count as u64).step_by(8192) {
        let end = (start + 8192).min(count as u64);
        for entry in store.entries(audit.name(), start..end).await? {
            let skeleton = entry.skeleton(audit.name());
            let part = |kind| Some((kind, entry.parts.get(kind).clone()?));
            let parts = PartKind::ALL.into_iter().filter_map(part).collect();
            sample.push(Hashed { skeleton, parts });
        }
    }
    Ok(sample)
}

fn hash(entries: &[Hashed]) -> anyhow::Result<()> {
    let mut frontier = Frontier::new();
    for entry in entries {
        for (kind, part) in &entry.parts {
            std::hint::black_box(part.hash(*kind));
        }
        frontier.push(leaf_hash(&entry.skeleton), &mut |_, hash| {
            std::hint::black_box(hash);
        });
    }
    std::hint::black_box(frontier.root());
    Ok(())
}
