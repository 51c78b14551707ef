//! Recording in PostgreSQL, beside what people do instead: on one server, in one run, in
//! interleaved rounds.

mod chain;
mod inserts;
mod orm;
mod ours;
mod plain;
mod raw;

use anyhow::Context;
use serde_json::json;
use testbed::{Cluster, Profile};

use crate::Arguments;
use crate::python;
use crate::report::{Report, Rounds};
use ours::Ours;
use plain::Plain;

/// Tasks that wait for `record` at once.
const TASKS: usize = 512;

/// What ours is measured beside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Baseline {
    /// One ORM insert and commit for each record, 16 at once.
    Orm,
    /// One event for each transaction, the head of the chain locked meanwhile, 16 connections.
    NaiveChain,
    /// One row for each commit, 16 connections.
    Inserts16,
    /// A loop with the same schema, the same hashing and the same mean batch.
    RawUnnest,
}

impl Baseline {
    const ALL: [Self; 4] = [
        Self::Orm,
        Self::NaiveChain,
        Self::Inserts16,
        Self::RawUnnest,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Orm => "pg_vs_orm",
            Self::NaiveChain => "pg_vs_naive_chain",
            Self::Inserts16 => "pg_vs_inserts16",
            Self::RawUnnest => "pg_vs_raw_unnest",
        }
    }

    /// How many events of a round of ours it gets: enough for a second or two at its own rate.
    fn share(self, events: usize) -> usize {
        match self {
            Self::Orm => events / 20,
            Self::NaiveChain => events / 16,
            Self::Inserts16 => events / 3,
            Self::RawUnnest => events,
        }
        .max(160)
    }
}

/// All four on empty tables.
pub fn empty(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    measure(arguments, report, 0, "")
}

/// The first three on tables of 5 million entries.
pub fn large(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    measure(arguments, report, 5_000_000, "_5m")
}

fn measure(
    arguments: &Arguments,
    report: &mut Report,
    before: usize,
    suffix: &str,
) -> anyhow::Result<()> {
    let wanted = |baseline: &Baseline| {
        let name = format!("{}{suffix}", baseline.name());
        let group = format!("pg{suffix}");
        let asked = arguments.name.as_deref();
        let of_python = asked == Some("pg_vs_orm_python") && *baseline == Baseline::Orm;
        let is_asked = asked.is_none_or(|asked| asked == name || asked == group) || of_python;
        is_asked && (suffix.is_empty() || *baseline != Baseline::RawUnnest)
    };
    let baselines: Vec<_> = Baseline::ALL.into_iter().filter(wanted).collect();
    let mut cluster = Cluster::try_start(Profile {
        on_disk: true,
        ..Profile::default()
    })?;
    tune(&mut cluster);
    // Each is dropped with its database, after the connections to it.
    let (of_ours, of_raw) = (cluster.database(), cluster.database());
    let mut ours = Ours::new(&of_ours)?;
    let plain = Plain::new(cluster.database())?;
    let mut raw = raw::Raw::new(&of_raw)?;
    if before > 0 {
        eprintln!("  filling {before} entries …");
        ours.fill(before)?;
        plain.fill(before)?;
    }
    // The same from Python: what an application on asyncio and SQLAlchemy would change to.
    let through_python = baselines.contains(&Baseline::Orm) && suffix.is_empty();
    if through_python {
        python::install_wheel()?;
    }
    let (mut from_python, mut python_batches) = (Rounds::default(), Vec::new());
    let mut rounds: Vec<Rounds> = baselines.iter().map(|_| Rounds::default()).collect();
    let mut batches = Vec::new();
    for round in 0..arguments.rounds {
        let (rate, batch) = ours.round(arguments.events, TASKS)?;
        batches.push(batch);
        for (baseline, rounds) in baselines.iter().zip(&mut rounds) {
            let events = baseline.share(arguments.events);
            let theirs = match baseline {
                Baseline::Orm => orm::rate(&plain, events)?,
                Baseline::NaiveChain => chain::rate(&plain, events)?,
                Baseline::Inserts16 => inserts::rate(&plain, events)?,
                Baseline::RawUnnest => raw.rate(events, batch)?,
            };
            rounds.ours.push(rate);
            rounds.baseline.push(theirs);
            if through_python && *baseline == Baseline::Orm {
                let first = round * arguments.events;
                let (rate, batch) = ours.python_round(TASKS, arguments.events, first)?;
                python_batches.push(batch);
                from_python.ours.push(rate);
                from_python.baseline.push(theirs);
            }
        }
    }
    ours.close()?;
    let mean = batches.iter().sum::<f64>() / batches.len() as f64;
    let facts = json!({
        "tasks": TASKS, "mean_batch": mean.round(), "events": arguments.events,
        "entries_before": before,
    });
    if through_python {
        let mean = python_batches.iter().sum::<f64>() / python_batches.len() as f64;
        let facts = json!({
            "tasks": TASKS, "mean_batch": mean.round(), "events": arguments.events,
        });
        report.add("pg_vs_orm_python", &from_python, facts);
    }
    for (baseline, rounds) in baselines.iter().zip(&rounds) {
        report.add(
            &format!("{}{suffix}", baseline.name()),
            rounds,
            facts.clone(),
        );
    }
    Ok(())
}

/// Sets the server up as one for writing is: memory for the hot pages, room between checkpoints.
/// Durability stays as it is by default: on.
fn tune(cluster: &mut Cluster) {
    let database = cluster.database();
    for setting in [
        "ALTER SYSTEM SET shared_buffers = '2GB'",
        "ALTER SYSTEM SET max_wal_size = '8GB'",
        "ALTER SYSTEM SET checkpoint_timeout = '15min'",
        "ALTER SYSTEM SET wal_buffers = '64MB'",
    ] {
        database.execute(setting);
    }
    drop(database);
    cluster.restart();
}

/// A runtime for clients: as many threads as the machine has.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Runtime::new().context("no runtime")
}
