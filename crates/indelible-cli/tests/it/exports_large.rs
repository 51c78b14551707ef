//! Exports of many entries: all of them, in memory that does not grow.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::desk::{Desk, on_each_store};

on_each_store! {
    an_export_is_whole_however_many_there_are,
}

/// What an export may take, however many entries there are: pages and connections.
const MEMORY_KIB_MAX: u64 = 128 * 1024;
/// How many events one file of the import has.
const FILE_EVENTS: u32 = 100_000;

#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
fn count() -> u32 {
    match std::env::var_os("INDELIBLE_SOAK") {
        Some(_) => 1_000_001,
        None => 5_001,
    }
}

/// The formats, and how many lines stand before the first entry.
const FORMATS: [(&str, usize); 5] = [
    ("ndjson", 0),
    ("csv", 1),
    ("ocsf", 0),
    ("cef", 0),
    ("syslog", 0),
];

fn an_export_is_whole_however_many_there_are(new: fn() -> Desk) {
    // T33
    let desk = new();
    let count = count();
    filled(&desk, count);
    for (format, before) in FORMATS {
        let mut process = desk
            .process(&["export", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = 0;
        let (tenth, nine_tenths) = (count as usize / 10, count as usize / 10 * 9);
        let mut memory = Vec::new();
        for line in BufReader::new(process.stdout.take().expect("piped")).lines() {
            assert!(!line.expect("UTF-8").is_empty());
            lines += 1;
            if lines == tenth || lines == nine_tenths {
                memory.push(testbed::memory_kib_max(process.id()));
            }
        }
        let ended = process.wait_with_output().expect("it ends");
        let told = String::from_utf8(ended.stderr).expect("UTF-8");
        assert!(ended.status.success(), "{format}: {told}");
        assert_eq!(lines, count as usize + before, "{format}");
        let said = format!("{count} entries, as of size {count}");
        assert!(told.contains(&said), "{format}: {told}");
        println!("{format}: {lines} lines, KiB at a tenth and nine tenths: {memory:?}");
        assert!(memory[1] < MEMORY_KIB_MAX, "{format}: {memory:?}");
    }
}

fn filled(desk: &Desk, count: u32) {
    for begin in (0..count).step_by(FILE_EVENTS as usize) {
        let mut lines = String::new();
        for n in begin..count.min(begin + FILE_EVENTS) {
            let (day, hour, minute, second) = (n / 86400 + 1, n / 3600 % 24, n / 60 % 60, n % 60);
            // Writing into a text cannot fail.
            let _ = writeln!(
                lines,
                "{{\"action\":\"data_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-{}\",\
                 \"context\":{{\"n\":{n}}},\
                 \"occurred_at\":\"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z\"}}",
                n % 1000
            );
        }
        desk.file("events.ndjson", &lines);
        desk.run(&["import", "ndjson", "events.ndjson"]).fine();
    }
}
