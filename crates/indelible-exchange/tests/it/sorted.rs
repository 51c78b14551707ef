//! Records in the order of their time.

use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};

use indelible_exchange::{Source, plan};
use serde_json::json;

use crate::fixture::{Read, importer, path, read_files};

/// Two sources, each with its times mixed up, and what belongs to no time.
fn sources() -> Vec<Source> {
    let lines = |file: u64| -> String {
        (0..500_u64)
            .map(|n| {
                let minute = (n * 7_919 + file) % 60;
                let time = json!(format!("2026-02-03T09:{minute:02}:00Z"));
                let time = if n % 50 == 49 { json!(null) } else { time };
                let record = json!({"action": format!("f{file}.n{n}"), "resource_type": "r",
                    "occurred_at": time, "user_id": "u", "tags": ["t"], "outcome": "failed",
                    "context": {"n": n, "deep": [[{"x": u64::MAX}]], "t": "\u{2028}\u{1}"},
                    "notes": [{"field": "context", "kind": "redacted", "path": "/x"}]});
                format!("{record}\n{}", if n % 100 == 0 { "broken\n" } else { "" })
            })
            .collect()
    };
    (0..2)
        .map(|file| Source::reader(format!("f{file}"), Cursor::new(lines(file))))
        .collect()
}

#[test]
fn runs_on_disk_give_the_same_as_memory() {
    let in_memory = Read::of(importer("ndjson").read_sorted(sources()));
    assert_eq!(
        (in_memory.records.len(), in_memory.rejected.len()),
        (1_000, 10)
    );
    // Small enough for more runs than are merged at once.
    for run_bytes in [1, 2_000, 20_000] {
        let spilled = Read::of(
            importer("ndjson")
                .run_bytes(run_bytes)
                .read_sorted(sources()),
        );
        assert_eq!(spilled.errors, Vec::<String>::new());
        assert!(
            spilled.records == in_memory.records,
            "runs of {run_bytes} bytes"
        );
        assert_eq!(spilled.rejected, in_memory.rejected);
    }
}

#[test]
fn facts_of_any_nesting_wait_on_a_disk() {
    let deep = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let text: String = (60..=64)
        .map(|levels| {
            let (erased, fact) = (deep(levels), deep(levels - 2));
            format!(
                "{{\"action\":\"a\",\"resource_type\":\"t\",\"erased\":{erased},\
                 \"notes\":[{{\"field\":\"x\",\"kind\":\"y\",\"was\":{fact}}}],\
                 \"context\":{{\"deep\":{fact}}}}}\n"
            )
        })
        .collect();
    let read = |run_bytes| {
        let source = Source::reader("text", Cursor::new(text.clone()));
        let importer = importer("ndjson").run_bytes(run_bytes);
        Read::of(importer.read_sorted(vec![source]))
    };
    let (held, waited) = (read(1 << 20), read(1));
    assert_eq!(waited.errors, Vec::<String>::new());
    assert!(waited.rejected.is_empty() && waited.records.len() == 5);
    assert!(waited.records == held.records);
}

#[test]
fn time_comes_first_then_the_source_then_the_place_in_it() {
    let read = Read::of(importer("ndjson").read_sorted(sources()));
    let ranks: Vec<_> = read
        .records
        .iter()
        .map(|record| {
            let time = record.event.occurred_at;
            (
                time.is_none(),
                time,
                record.origin.file.clone(),
                record.origin.record,
            )
        })
        .collect();
    assert!(ranks.is_sorted());
    assert_eq!(ranks.iter().filter(|rank| rank.0).count(), 20);
}

#[test]
fn what_is_rejected_comes_before_the_first_record() {
    let items: Vec<_> = importer("ndjson").read_sorted(sources()).collect();
    let kinds = items
        .iter()
        .map(|item| matches!(item, Ok(indelible_exchange::ImportItem::Record(_))));
    assert!(kinds.is_sorted());
}

#[test]
fn files_that_overlap_in_time_are_interleaved() {
    let read = read_files(
        "cloudtrail",
        &["cloudtrail-array.json", "cloudtrail.ndjson"],
    );
    assert_eq!(read.records.len(), 16);
    let sources = plan(&[path("cloudtrail-array.json"), path("cloudtrail.ndjson")]);
    let sorted = Read::of(importer("cloudtrail").read_sorted(sources.expect("they are there")));
    let ids = sorted.ids();
    assert!(ids.chunks(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
}

#[test]
fn progress_reaches_the_whole() {
    let sources = plan(&[
        path("cloudtrail-delivery.json"),
        path("cloudtrail-delivery.json.gz"),
    ]);
    let sources = sources.expect("they are there");
    let total: u64 = sources.iter().filter_map(Source::bytes).sum();
    let seen = AtomicU64::new(0);
    let mut sorted = importer("cloudtrail")
        .read_sorted(sources)
        .on_progress(|progress| {
            assert_eq!(progress.bytes_total, Some(total));
            assert!(progress.bytes_read <= total);
            seen.store(progress.bytes_read, Ordering::Relaxed);
        });
    assert_eq!(sorted.by_ref().count(), 16);
    let progress = sorted.progress();
    assert_eq!(
        (progress.files_done, progress.files_total, progress.records),
        (2, 2, 16)
    );
    drop(sorted);
    assert_eq!(seen.into_inner(), total);
}
