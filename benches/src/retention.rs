//! Recording beside retention: how long a record takes while entries go from the front of the same
//! trail, beside how long it takes while none go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use indelible::core::engine::RetentionPolicy;
use indelible::{Audit, Database, DatabaseUrl, Settings, Timestamp, TrailName};
use indelible_core::{Clock, SystemClock};
use indelible_postgres::{Options, PostgresStore};
use serde_json::json;
use testbed::{Cluster, Profile};
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::record::waits;
use crate::report::{Report, Rounds, median, part};
use crate::timing::Stopwatch;
use crate::verify::fill;

/// Tasks that record at once.
const TASKS: u64 = 16;
/// How long it is recorded without a removal in each round, and with one at least.
const WINDOW: Duration = Duration::from_secs(10);
/// Entries are kept for so many days.
const KEPT_DAYS: u32 = 30;
/// What was recorded for each round is so much older than what is for the next.
const APART_DAYS: i64 = 2;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A clock that can be set.
struct Shifted {
    system: SystemClock,
    micros: AtomicI64,
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let shift = self.micros.load(Ordering::Relaxed);
        Timestamp::from_micros(self.system.now().as_micros() + shift)
    }

    fn elapsed(&self) -> Duration {
        self.system.elapsed()
    }
}

/// On SQLite, `--events` entries removed in all, a share of them in each round.
pub fn sqlite(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = DatabaseUrl::Sqlite(folder.path().join("ours.db"));
    on_store(arguments, report, "sqlite", &url)
}

/// The same on PostgreSQL.
pub fn postgres(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let cluster = Cluster::try_start(Profile {
        on_disk: true,
        ..Profile::default()
    })?;
    let database = cluster.database();
    let url = database.superuser_url();
    let (address, options) = (url.parse()?, Options::default());
    Runtime::new()?.block_on(PostgresStore::migrate(&address, &options))?;
    on_store(arguments, report, "postgres", &url.parse()?)
}

fn on_store(
    arguments: &Arguments,
    report: &mut Report,
    store: &str,
    url: &DatabaseUrl,
) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let state = tempfile::tempdir()?;
    let clock = Arc::new(Shifted {
        system: SystemClock::new(),
        micros: AtomicI64::new(0),
    });
    let mut settings = Settings::default();
    settings.state_dir = Some(state.path().join("state"));
    settings.options.long_lived = false;
    settings.clock = clock.clone();
    let database = runtime.block_on(Database::open(url, settings))?;
    let audit = database.trail(TrailName::standard());
    let pause = Duration::from_millis(arguments.pause);
    let share = (arguments.events / arguments.rounds).max(1) as u64;
    let rounds = i64::try_from(arguments.rounds)?;
    for round in 0..rounds {
        let days = i64::from(KEPT_DAYS) + 1 + APART_DAYS * (rounds - 1 - round);
        clock.micros.store(-days * DAY_MICROS, Ordering::Relaxed);
        let begin = u64::try_from(round)? * share;
        eprintln!("  {store}: filling {share} entries of {days} days ago …");
        runtime.block_on(fill(&audit, begin..begin + share))?;
    }
    clock.micros.store(0, Ordering::Relaxed);
    let (mut tails, mut rates, mut gone, mut seconds) =
        (Rounds::default(), Rounds::default(), 0, 0.0);
    for round in 0..rounds {
        let (tail, rate) =
            runtime.block_on(record(&audit, pause, Arc::new(AtomicBool::new(true))))?;
        tails.baseline.push(tail);
        rates.baseline.push(rate);
        // The next share is just not old enough.
        let days = i64::from(KEPT_DAYS) + APART_DAYS * (rounds - 1 - round);
        let policy = RetentionPolicy {
            maximum_days: Some(u32::try_from(days)?),
            legal_basis: "measurement".to_owned(),
            ..RetentionPolicy::default()
        };
        runtime.block_on(audit.set_retention_policy(&policy, "bench"))?;
        let is_done = Arc::new(AtomicBool::new(false));
        let removing = runtime.spawn({
            let (audit, is_done) = (audit.clone(), is_done.clone());
            async move {
                let watch = Stopwatch::start();
                let retained = audit.retain("bench", &mut |_| {}).await;
                is_done.store(true, Ordering::Relaxed);
                retained.map(|(retained, _)| (retained.entries, watch.passed()))
            }
        });
        let (tail, rate) = runtime.block_on(record(&audit, pause, is_done))?;
        tails.ours.push(tail);
        rates.ours.push(rate);
        let (entries, passed) = runtime.block_on(removing)??;
        eprintln!(
            "  {store}: {entries} removed in {:.0} s",
            passed.as_secs_f64()
        );
        ensure!(entries > 0, "nothing was removed");
        gone += entries;
        seconds += passed.as_secs_f64();
    }
    let rate = |rates: &[f64]| median(rates).round();
    let facts = json!({
        "unit": "µs", "tasks": TASKS, "pause_ms": arguments.pause, "removed": gone,
        "removed_per_second": (gone as f64 / seconds).round(),
        "events_per_second": [rate(&rates.ours), rate(&rates.baseline)],
    });
    report.add(&format!("retention_p99_{store}"), &tails, facts);
    let kept = runtime.block_on(audit.first_kept())?;
    ensure!(kept >= gone, "{kept} of {gone}");
    let verified = runtime.block_on(audit.verify(Vec::new(), None, &mut |_| {}))?;
    ensure!(
        verified.ok,
        "the rest does not verify: {:?}",
        verified.findings
    );
    runtime.block_on(database.close())?;
    Ok(())
}

/// Records until a window has passed and `is_done`; answers the 99th of a hundred times that a
/// record took, in µs, and records per second.
async fn record(
    audit: &Audit,
    pause: Duration,
    is_done: Arc<AtomicBool>,
) -> anyhow::Result<(f64, f64)> {
    let whole = Stopwatch::start();
    let goes_on = move || whole.passed() < WINDOW || !is_done.load(Ordering::Relaxed);
    let (times, rate) = waits(audit, (TASKS, pause), 1, goes_on).await?;
    Ok((part(&times, 0.99), rate))
}
