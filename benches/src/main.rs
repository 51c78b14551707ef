//! Measures the product beside its baselines: each figure is a ratio within one run.
//!
//! `scripts/bench [NAME] [--output json]` runs every measurement or one, in interleaved rounds,
//! and prints the medians as `{name: {ours, baseline, ratio, rounds, …}}`.

mod embedded;
mod http;
mod postgres;
mod python;
mod raw;
mod record;
mod report;
mod retention;
mod stall;
mod timing;
mod verify;
mod workload;

use std::net::SocketAddr;

use clap::Parser;

use http::attack::Attack;
use report::Report;

/// Measure Indelible beside its baselines.
#[derive(Parser)]
#[command(name = "bench", version, after_help = names())]
struct Arguments {
    /// One measurement; all when absent.
    name: Option<String>,
    /// How to print.
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    output: String,
    /// Rounds of each measurement.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Events of one round of recording, and of the trail that is verified.
    #[arg(long, default_value_t = 40_000)]
    events: usize,
    /// Entries of the large trail that `sqlite_5m` fills.
    #[arg(long, default_value_t = 5_000_000)]
    entries: u64,
    /// How many milliseconds each task of `retention_p99` waits between two records. Without a
    /// pause a trail grows by more than is removed, and a long run needs the disk for it.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pause: u64,
    /// Does harm to a server instead, for `http_disturbed`.
    #[arg(long, hide = true, requires_all = ["at", "key"])]
    attack: Option<Attack>,
    /// The server that is harmed.
    #[arg(long, hide = true)]
    at: Option<SocketAddr>,
    /// The key with which it is harmed.
    #[arg(long, hide = true)]
    key: Option<String>,
}

/// One measurement: its name and what runs it.
type Measurement = (
    &'static str,
    fn(&Arguments, &mut Report) -> anyhow::Result<()>,
);

const MEASUREMENTS: &[Measurement] = &[
    ("record_vs_raw_indexed", |arguments, report| {
        record::indexed(arguments, report)
    }),
    ("record_vs_raw_log", |arguments, report| {
        record::log(arguments, report)
    }),
    ("record_longest_vs_raw_log", |arguments, report| {
        stall::beside_raw(arguments, report)
    }),
    ("bytes_written_per_stored", |arguments, report| {
        embedded::written(arguments, report)
    }),
    ("sqlite_5m", |arguments, report| {
        embedded::large(arguments, report)
    }),
    ("verify_vs_hash", |arguments, report| {
        verify::whole(arguments, report)
    }),
    ("http_single", |arguments, report| {
        http::single(arguments, report)
    }),
    ("ndjson_vs_raw_log", |arguments, report| {
        http::lines(arguments, report)
    }),
    ("console", |arguments, report| {
        http::pages(arguments, report)
    }),
    ("http_disturbed", |arguments, report| {
        http::disturbed(arguments, report)
    }),
    ("retention_p99_sqlite", |arguments, report| {
        retention::sqlite(arguments, report)
    }),
    ("retention_p99_postgres", |arguments, report| {
        retention::postgres(arguments, report)
    }),
    ("pg", |arguments, report| postgres::empty(arguments, report)),
    ("python_vs_rust", |arguments, report| {
        python::beside_rust(arguments, report)
    }),
    ("pg_5m", |arguments, report| {
        postgres::large(arguments, report)
    }),
];

fn names() -> String {
    let names = MEASUREMENTS.iter().map(|(name, _)| *name);
    let names: Vec<_> = names.collect();
    format!(
        "Measurements: {}.\nWhat each figure is, and what was measured: docs/performance.md.",
        names.join(", ")
    )
}

/// Whether a call that asks for `asked` runs the measurement `name`: some give several figures.
fn is_of(name: &str, asked: &str) -> bool {
    let of_postgres = asked.starts_with("pg_vs_") && name.starts_with("pg");
    let of_single = ["http_single_vs_nostore", "http_p99_vs_file"].contains(&asked);
    let of_sqlite =
        ["rate_5m_vs_empty", "reindex_vs_scan"].contains(&asked) || asked.ends_with("_5m");
    if of_sqlite && !asked.starts_with("pg_") && name == "sqlite_5m" {
        return true;
    }
    if of_single && name == "http_single" {
        return true;
    }
    if asked.starts_with("http_disturbed_") && name == "http_disturbed" {
        return true;
    }
    if asked == "record_p99_vs_raw_log" && name == "record_longest_vs_raw_log" {
        return true;
    }
    if asked == "retention_p99" && name.starts_with(asked) {
        return true;
    }
    if asked.starts_with("console_") && name == "console" {
        return true;
    }
    name == asked || (of_postgres && asked.ends_with("_5m") == name.ends_with("_5m"))
}

/// The allocator of the command line, so that what is measured is what is used.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let (Some(attack), Some(at), Some(key)) = (arguments.attack, arguments.at, &arguments.key) {
        return http::attack::run(attack, at, key.clone());
    }
    let wanted = |name: &str| {
        arguments
            .name
            .as_deref()
            .is_none_or(|wanted| is_of(name, wanted))
    };
    if !MEASUREMENTS.iter().any(|(name, _)| wanted(name)) {
        eprintln!("no such measurement. {}", names());
        std::process::exit(2);
    }
    let mut report = Report::default();
    for (name, measure) in MEASUREMENTS.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("{name} …");
        measure(&arguments, &mut report)?;
    }
    report.print(&arguments.output);
    Ok(())
}
