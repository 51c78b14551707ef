//! How many bytes go to the disk for each byte that stays there.

use std::path::Path;

use serde_json::json;

use super::{TASKS, counted};
use crate::Arguments;
use crate::record;
use crate::report::{Report, Rounds};

/// Bytes that this process has written while it recorded and closed the database, beside the bytes
/// that the database has then, per event. Linux counts them (`write_bytes` of `/proc/self/io`).
pub fn written(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let (mut rounds, mut batches) = (Rounds::default(), Vec::new());
    for _ in 0..arguments.rounds {
        let folder = tempfile::tempdir()?;
        let before = counted::sent_to_disk()?;
        let (_, batch) = record::record(folder.path(), TASKS, arguments.events)?;
        let sent = counted::sent_to_disk()? - before;
        let stored = stored(folder.path())?;
        rounds.ours.push(sent as f64 / arguments.events as f64);
        rounds
            .baseline
            .push(stored as f64 / arguments.events as f64);
        batches.push(batch);
    }
    let facts = json!({
        "unit": "bytes/event", "tasks": TASKS, "mean_batch": record::mean(&batches),
        "events": arguments.events,
    });
    report.add("bytes_written_per_stored", &rounds, facts);
    Ok(())
}

/// Bytes of all files of the database.
fn stored(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("ours.db") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}
