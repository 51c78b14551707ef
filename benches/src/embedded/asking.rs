//! Questions to a large trail, warm and cold.

use std::path::Path;
use std::time::Duration;

use indelible::{Audit, AuditAction, Query, TrailName};
use indelible_core::AuditProtocol;
use rusqlite::Connection;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::record::open;
use crate::report::{Report, Rounds, median};
use crate::timing::Stopwatch;

/// Entries of a page.
const PAGE: i64 = 100;
/// Times that each question is asked in a round.
const TURNS: usize = 40;
/// How far into the trail the page lies that an offset leads to.
const OFFSET: i64 = 1_000_000;
/// What an operating system forgets when it is told so, if this process may tell.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// A question, and how long it may take, in microseconds.
type Question = (&'static str, f64, fn(&Audit) -> Query);

const QUESTIONS: [Question; 4] = [
    ("newest_of_user_5m", 1_000.0, |_| {
        Query::new().user_id("user-000042").limit(PAGE)
    }),
    ("action_of_a_day_5m", 1_000.0, |audit| {
        let now = audit.engine().ground().clock.now();
        Query::new()
            .action(AuditAction::USER_LOGIN_FAILED.as_str())
            .start_date(now.earlier(Duration::from_secs(86_400)).to_string())
            .limit(PAGE)
    }),
    ("user_without_entries_5m", 10_000.0, |_| {
        Query::new().user_id("nobody-of-this-name").limit(PAGE)
    }),
    ("nothing_of_both_5m", 10_000.0, |_| {
        Query::new()
            .user_id("user-000042")
            .resource_id("customer/none-such")
            .limit(PAGE)
    }),
];

/// Each question beside the time that it may take; a page by its cursor beside one by an offset.
pub fn all(arguments: &Arguments, report: &mut Report, folder: &Path) -> anyhow::Result<()> {
    for (name, bound, query) in QUESTIONS {
        let (mut rounds, mut cold) = (Rounds::default(), Vec::new());
        let mut are_dropped = true;
        for _ in 0..arguments.rounds {
            are_dropped &= std::fs::write(DROP_CACHES, "1").is_ok();
            let runtime = Runtime::new()?;
            let database = runtime.block_on(open(folder))?;
            let audit = database.trail(TrailName::standard());
            let ask = || took(&runtime, &audit, &query(&audit));
            cold.push(ask()?);
            let warm: Vec<f64> = (0..TURNS).map(|_| ask()).collect::<anyhow::Result<_>>()?;
            rounds.ours.push(median(&warm));
            rounds.baseline.push(bound);
            runtime.block_on(database.close())?;
        }
        let facts = json!({
            "unit": "µs", "entries": arguments.entries, "cold": median(&cold).round(),
            "system_cache": if are_dropped { "dropped" } else { "kept" },
        });
        report.add(name, &rounds, facts);
    }
    paging(arguments, report, folder)
}

fn paging(arguments: &Arguments, report: &mut Report, folder: &Path) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let database = runtime.block_on(open(folder))?;
    let audit = database.trail(TrailName::standard());
    let skip = OFFSET.min(arguments.entries.cast_signed() / 2);
    let page = runtime.block_on(audit.query(Query::new().limit(PAGE).offset(skip)))?;
    let query = Query::new()
        .limit(PAGE)
        .cursor(page.next_cursor.unwrap_or_default());
    let plain = Connection::open(folder.join("ours.db"))?;
    let mut rounds = Rounds::default();
    for _ in 0..arguments.rounds {
        let keyset: Vec<f64> = (0..TURNS)
            .map(|_| took(&runtime, &audit, &query))
            .collect::<anyhow::Result<_>>()?;
        rounds.ours.push(median(&keyset));
        let offset: Vec<f64> = (0..5)
            .map(|_| by_offset(&plain, skip))
            .collect::<anyhow::Result<_>>()?;
        rounds.baseline.push(median(&offset));
    }
    runtime.block_on(database.close())?;
    let facts = json!({"unit": "µs", "entries": arguments.entries, "offset": skip});
    report.add("keyset_vs_offset_5m", &rounds, facts);
    Ok(())
}

/// A page by an offset, as a program would read it without cursors.
fn by_offset(db: &Connection, skip: i64) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    let mut statement = db.prepare_cached(
        "SELECT e.*, p.* FROM entry AS e LEFT JOIN part AS p ON p.place = e.place \
         ORDER BY e.place DESC LIMIT 100 OFFSET ?1",
    )?;
    let mut rows = statement.query([skip])?;
    while let Some(row) = rows.next()? {
        std::hint::black_box(row.get_ref(0)?);
    }
    Ok(micros(watch.passed()))
}

fn took(runtime: &Runtime, audit: &Audit, query: &Query) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    let page = runtime.block_on(audit.query(query.clone()))?;
    std::hint::black_box(page);
    Ok(micros(watch.passed()))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
