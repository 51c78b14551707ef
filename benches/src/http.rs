//! The server over HTTP on this machine, beside the same server with less behind it. Load and
//! server share its cores.

pub mod attack;
mod bare;
mod client;
mod console;
mod disturbed;

use anyhow::Context;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indelible::{Database, DatabaseUrl, Settings, TrailName};
use indelible_core::engine::{Engine, Ground, Options};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{AuditProtocol, MemoryStore, Store, SystemClock, SystemEntropy};
use indelible_server::{App, ServeError, TrustedProxies};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Arguments;
use crate::raw::Raw;
use crate::report::{Report, Rounds, median};
use crate::timing::rate;
use crate::workload;
use bare::Bare;
pub use console::pages;
pub use disturbed::all as disturbed;

/// Connections that record single events at once.
const CONNECTIONS: usize = 64;
/// Events of one request of lines.
const LINES: u64 = 1_000;
/// Connections that send lines at once.
const STREAMS: u64 = 4;
/// Events of one transaction of the raw loop that lines are measured beside.
const RAW_BATCH: u64 = 2_048;

/// Single events from 64 connections: the rate beside the same server with no store behind it,
/// and the slowest hundredth beside one that appends to a file.
pub fn single(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let mut rates = Rounds::default();
    let mut tails = Rounds::default();
    let mut halves = Rounds::default();
    let runtime = Runtime::new()?;
    for _ in 0..arguments.rounds {
        let folder = tempfile::tempdir()?;
        let measure = async |engine| singles(engine, arguments.events).await;
        let ours = runtime.block_on(async {
            let database = open(folder.path()).await?;
            let measured = measure(database.engine().clone()).await?;
            database.close().await?;
            anyhow::Ok(measured)
        })?;
        let nothing = runtime.block_on(async { measure(engine(Bare::nothing()).await?).await })?;
        let file = Bare::file(&folder.path().join("appended"))?;
        let file = runtime.block_on(async { measure(engine(file).await?).await })?;
        rates.ours.push(ours.rate);
        rates.baseline.push(nothing.rate);
        tails.ours.push(millis(ours.at(99)));
        tails.baseline.push(millis(file.at(99)));
        halves.ours.push(millis(ours.at(50)));
        halves.baseline.push(millis(file.at(50)));
    }
    let p50 = (median(&halves.ours), median(&halves.baseline));
    let p99 = median(&tails.ours);
    let facts = json!({
        "connections": CONNECTIONS, "events": arguments.events,
        "p50_ms": p50.0, "p99_ms": p99,
    });
    report.add("http_single_vs_nostore", &rates, facts);
    let facts = json!({
        "connections": CONNECTIONS, "events": arguments.events, "unit": "ms",
        "ours": p99, "baseline": median(&tails.baseline),
        "p50_ms": p50.0, "baseline_p50_ms": p50.1,
    });
    report.add("http_p99_vs_file", &tails, facts);
    Ok(())
}

/// Lines, a thousand a request, beside a raw loop without indexes at batch 2048.
pub fn lines(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let events = (arguments.events as u64).next_multiple_of(LINES * STREAMS);
    let mut rounds = Rounds::default();
    let mut requests = Vec::new();
    let runtime = Runtime::new()?;
    for _ in 0..arguments.rounds {
        let folder = tempfile::tempdir()?;
        let ours = runtime.block_on(async {
            let database = open(folder.path()).await?;
            let measured = streams(database.engine().clone(), events).await?;
            database.close().await?;
            anyhow::Ok(measured)
        })?;
        let mut raw = Raw::log(&folder.path().join("raw.db"))?;
        raw.append(0, 1, 1)?;
        let (baseline, ()) = rate(events as usize, || raw.append(1, events + 1, RAW_BATCH))?;
        rounds.ours.push(ours.rate);
        rounds.baseline.push(baseline);
        requests.push((millis(ours.at(50)), millis(ours.at(99))));
    }
    let of = |pick: fn(&(f64, f64)) -> f64| median(&requests.iter().map(pick).collect::<Vec<_>>());
    let facts = json!({
        "events": events, "lines_of_a_request": LINES, "connections": STREAMS,
        "p50_ms": of(|pair| pair.0), "p99_ms": of(|pair| pair.1),
    });
    report.add("ndjson_vs_raw_log", &rounds, facts);
    Ok(())
}

/// The rate of one run, in events per second, and how long its requests took.
struct Measured {
    rate: f64,
    /// Sorted.
    times: Vec<Duration>,
}

impl Measured {
    fn at(&self, percent: usize) -> Duration {
        let place = self.times.len() * percent / 100;
        self.times.get(place).copied().unwrap_or_default()
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

async fn singles(engine: Engine, events: usize) -> anyhow::Result<Measured> {
    let bodies = bodies_of_singles(events, CONNECTIONS);
    measure(engine, "application/json", 201, bodies).await
}

/// So many single events in all, in a list for each connection.
fn bodies_of_singles(events: usize, connections: usize) -> Vec<Vec<String>> {
    let share = events / connections;
    let bodies = |of: usize| {
        let event = move |n| workload::json((of * share + n) as u64);
        (0..share).map(event).collect()
    };
    (0..connections).map(bodies).collect()
}

async fn streams(engine: Engine, events: u64) -> anyhow::Result<Measured> {
    let share = events / STREAMS;
    let request = |from: u64| {
        let lines = (from..from + LINES).map(|n| workload::json(n) + "\n");
        lines.collect::<String>()
    };
    let bodies = |of: u64| {
        let from = of * share..(of + 1) * share;
        from.step_by(LINES as usize).map(request).collect()
    };
    let bodies: Vec<Vec<String>> = (0..STREAMS).map(bodies).collect();
    measure(engine, "application/x-ndjson", 200, bodies).await
}

/// Serves the engine and sends it these bodies, each list on a connection of its own.
async fn measure(
    engine: Engine,
    media: &'static str,
    status: u16,
    bodies: Vec<Vec<String>>,
) -> anyhow::Result<Measured> {
    let served = Served::start(engine).await?;
    let measured = served.load(media, status, bodies).await;
    served.end().await?;
    measured
}

/// A server at work.
struct Served {
    address: SocketAddr,
    key: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Served {
    async fn start(engine: Engine) -> anyhow::Result<Self> {
        // The first record makes trail and mark; what is measured is the steady state.
        let audit = engine.trail(TrailName::standard());
        audit.record(workload::event(u64::MAX)).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        // Faster than any key may go by default: what is measured is the server.
        let app = App::with(engine, u32::MAX / 2, TrustedProxies::none());
        let first = app.keys().first().await?.context("the first start")?;
        let key = first.key.token.expose().to_owned();
        let serving = tokio::spawn(indelible_server::serve(listener, app, stopped));
        Ok(Self {
            address,
            key,
            stop,
            serving,
        })
    }

    async fn load(
        &self,
        media: &'static str,
        status: u16,
        bodies: Vec<Vec<String>>,
    ) -> anyhow::Result<Measured> {
        let events = bodies.iter().flatten().map(|body| body.lines().count());
        let events: usize = events.sum();
        let mut connections = Vec::new();
        for _ in 0..bodies.len() {
            let connection = client::Connection::open(self.address, self.key.clone());
            connections.push(connection.await?);
        }
        let watch = crate::timing::Stopwatch::start();
        let tasks: Vec<_> = (connections.into_iter().zip(bodies))
            .map(|(connection, bodies)| tokio::spawn(connection.post_all(media, status, bodies)))
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await??);
        }
        let rate = events as f64 / watch.passed().as_secs_f64();
        times.sort_unstable();
        Ok(Measured { rate, times })
    }

    /// Nobody waits for an answer any more, so that the stop has nothing to wait for.
    async fn end(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        match self.serving.await? {
            // Harm that was being done is cut off.
            Ok(()) | Err(ServeError::CutOff { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn open(folder: &Path) -> anyhow::Result<Database> {
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.join("state"));
    settings.options.long_lived = false;
    let data = folder.join("data");
    std::fs::create_dir(&data)?;
    let url = DatabaseUrl::Sqlite(data.join("ours.db"));
    Ok(Database::open(&url, settings).await?)
}

/// The same engine over another store.
async fn engine(store: Bare) -> anyhow::Result<Engine> {
    let store: Arc<dyn Store> = Arc::new(store);
    let ground = Ground {
        store,
        registry: Arc::new(MemoryStore::new()),
        state: Arc::new(StateInMemory::new()),
        installation: "bench".to_owned(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        redactor: Arc::new(Redactor::default_mask()),
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    Ok(Engine::open(ground, options).await?)
}
