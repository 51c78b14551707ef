//! The console's pages at a million entries, beside the least that the same server answers.

use std::time::Duration;

use anyhow::{Context, bail};
use indelible::{Audit, AuditEvent, Timestamp, TrailName};
use indelible_core::{AuditProtocol, Query};
use serde_json::json;
use tokio::runtime::Runtime;

use super::client::Connection;
use super::{Served, open};
use crate::Arguments;
use crate::report::{Report, Rounds};
use crate::workload;

/// Entries of the trail whose pages are shown.
const ENTRIES: u64 = 1_000_000;
/// Seconds between two of them: all of them are most of a year.
const SECONDS_BETWEEN: u64 = 30;
/// Times that each page, and the answer beside it, is asked for in a round.
const TURNS: usize = 60;

/// The time that each page takes, as a browser asks for it, beside that of `/healthz`.
pub fn pages(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(async {
        let database = open(folder.path()).await?;
        let audit = database.trail(TrailName::standard());
        fill(&audit).await?;
        let served = Served::start(database.engine().clone()).await?;
        let cookie = log_in(&served).await?;
        for (name, path) in paths(&audit).await? {
            let mut rounds = Rounds::default();
            let mut bytes = 0;
            for _ in 0..arguments.rounds {
                let (ours, baseline, length) = round(&served, &cookie, &path).await?;
                rounds.ours.push(micros(ours));
                rounds.baseline.push(micros(baseline));
                bytes = length;
            }
            let facts = json!({ "unit": "µs", "entries": ENTRIES, "bytes": bytes });
            report.add(&format!("console_{name}_vs_healthz"), &rounds, facts);
        }
        served.end().await?;
        database.close().await?;
        anyhow::Ok(())
    })
}

/// The pages that a reader of a trail turns.
async fn paths(audit: &Audit) -> anyhow::Result<Vec<(&'static str, String)>> {
    let page = audit.query(Query::new().limit(50)).await?;
    let cursor = page.next_cursor.context("more than one page")?;
    let entry = page.entries.last().context("an entry")?;
    let user = entry.user_id.as_deref().context("a user")?;
    let trail = "/console/trails/default";
    Ok(vec![
        ("trails", "/console".to_owned()),
        ("events", format!("{trail}/events")),
        ("older", format!("{trail}/events?cursor={cursor}")),
        ("oldest", format!("{trail}/events?way=newer")),
        (
            "failed",
            format!("{trail}/events?action=user_login_failed&start_date=30d"),
        ),
        ("of_user", format!("{trail}/events?user_id={user}")),
        ("entry", format!("{trail}/events/{}", entry.seq)),
        ("user", format!("{trail}/user?id={user}")),
        ("integrity", format!("{trail}/integrity")),
        ("keys", "/console/keys".to_owned()),
        ("health", "/console/health".to_owned()),
    ])
}

/// Asks in turn for the page and for `/healthz`, and answers the medians and the page's length.
async fn round(
    served: &Served,
    cookie: &str,
    path: &str,
) -> anyhow::Result<(Duration, Duration, usize)> {
    let mut connection = Connection::open(served.address, served.key.clone()).await?;
    let asked = format!("Cookie: {cookie}\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\n");
    let (mut ours, mut baseline, mut length) = (Vec::new(), Vec::new(), 0);
    for _ in 0..TURNS {
        let (took, bytes) = connection.get(path, &asked).await?;
        ours.push(took);
        length = bytes;
        baseline.push(connection.get("/healthz", "").await?.0);
    }
    Ok((middle(ours), middle(baseline), length))
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The cookie of a session.
async fn log_in(served: &Served) -> anyhow::Result<String> {
    let mut connection = Connection::open(served.address, served.key.clone()).await?;
    let body = format!("key={}", served.key);
    let head = connection.submit("/console/login", &body).await?;
    let set = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let Some(cookie) = set.and_then(|set| set.split(';').next()) else {
        bail!("nobody was let in: {head}");
    };
    Ok(cookie.to_owned())
}

async fn fill(audit: &Audit) -> anyhow::Result<()> {
    let now = audit.engine().ground().clock.now();
    let at =
        |n: u64| -> Timestamp { now.earlier(Duration::from_secs((ENTRIES - n) * SECONDS_BETWEEN)) };
    for start in (0..ENTRIES).step_by(8192) {
        let end = (start + 8192).min(ENTRIES);
        let events: Vec<AuditEvent> = (start..end)
            .map(|n| workload::event(n).occurred_at(at(n)))
            .collect();
        for answer in audit.record_all(events).await {
            answer?;
        }
    }
    Ok(())
}
