//! A real server on a port of its own, a clock that is set by hand, and pauses that set it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use indelible::core::state::Secret;
use indelible::core::verify::TrailReport;
use indelible::core::{Clock, Timestamp};
use indelible::{Database, DatabaseUrl, Settings, TrailName};
use indelible_client::{HttpAudit, HttpAuditBuilder, Pause};
use indelible_server::{App, Door, ServeError, TrustedProxies};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A clock that stands still but for the pauses of the client, which are written down.
pub struct HandClock {
    micros: AtomicI64,
    pub pauses: Mutex<Vec<Duration>>,
}

impl HandClock {
    pub fn new() -> Arc<Self> {
        let begin: Timestamp = "2026-03-09T12:00:00Z".parse().expect("a time");
        Arc::new(Self {
            micros: AtomicI64::new(begin.as_micros()),
            pauses: Mutex::default(),
        })
    }

    pub fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("a short time");
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// A pause takes no time and moves the clock on.
pub struct HandPause(pub Arc<HandClock>);

#[async_trait]
impl Pause for HandPause {
    async fn pause(&self, time: Duration) {
        self.0.pauses.lock().expect("whole").push(time);
        self.0.pass(time);
        tokio::task::yield_now().await;
    }
}

/// A server over a database of its own.
pub struct Server {
    pub database: Database,
    pub admin: String,
    pub clock: Arc<HandClock>,
    app: App,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
    folder: TempDir,
}

impl Server {
    pub async fn new() -> Self {
        Self::with(10_000, |door| door).await
    }

    /// A server that takes so many requests a second of a key, and whose door is made so.
    pub async fn with(rate: u32, make: impl FnOnce(Door) -> Door) -> Self {
        Self::of(Settings::default(), rate, make).await
    }

    /// A server that signs as every other twin does, with a trail of its own.
    pub async fn twin() -> Self {
        let mut settings = Settings::default();
        settings.installation = Some("twins.example".to_owned());
        settings.signing_seed = Secret::from_hex(&"17".repeat(32));
        Self::of(settings, 10_000, |door| door).await
    }

    async fn of(settings: Settings, rate: u32, make: impl FnOnce(Door) -> Door) -> Self {
        let clock = HandClock::new();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        let database = open(settings, &folder, &clock).await;
        let app = App::with(database.engine().clone(), rate, TrustedProxies::none());
        let first = app.keys().first().await.expect("made").expect("the first");
        let admin = first.key.token.expose().to_owned();
        Self::serve(database, app, admin, (clock, folder), make).await
    }

    async fn serve(
        database: Database,
        app: App,
        admin: String,
        (clock, folder): (Arc<HandClock>, TempDir),
        make: impl FnOnce(Door) -> Door,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let door = make(listener.into());
        let ended = tokio::spawn(indelible_server::serve(door, app.clone(), stopped));
        Self {
            database,
            admin,
            clock,
            app,
            address,
            stop,
            ended,
            folder,
        }
    }

    /// The same server, started again after its signing key was rotated.
    pub async fn rotated(self) -> Self {
        self.stop.send(()).expect("it runs");
        self.ended.await.expect("no panic").expect("in order");
        self.database.close().await.expect("closed");
        let database = open(Settings::default(), &self.folder, &self.clock).await;
        let rotated = database.engine().rotate_key("planned").await;
        assert!(!rotated.expect("rotated").is_empty());
        database.close().await.expect("closed");
        let database = open(Settings::default(), &self.folder, &self.clock).await;
        let app = App::new(database.engine().clone());
        let ground = (self.clock, self.folder);
        Self::serve(database, app, self.admin, ground, |door| door).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of the trail `shop` that pauses by the clock of the server.
    pub fn client(&self) -> HttpAuditBuilder {
        client(&self.url(), &self.clock).key(&self.admin)
    }

    /// A key that may only record into the trail `shop`.
    pub async fn writer(&self) -> String {
        let new = indelible_server::keys::Wish {
            name: "a writer".to_owned(),
            role: indelible_server::keys::Role::Writer,
            trail: Some(shop()),
            expires_at: None,
        };
        let made = self.app.keys().create(new, "test").await.expect("made");
        made.token.expose().to_owned()
    }

    /// Verifies the trail `shop`, which must be clean, and answers how many entries it has.
    pub async fn entries(&self) -> u64 {
        let report: TrailReport = self
            .database
            .trail(shop())
            .verify(Vec::new(), None, &mut |_| {})
            .await
            .expect("readable");
        assert!(report.ok, "{:?}", report.findings);
        report.entries_checked
    }

    pub async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.ended.await.expect("no panic").expect("in order");
    }
}

pub fn shop() -> TrailName {
    "shop".parse().expect("a name")
}

pub fn client(url: &str, clock: &Arc<HandClock>) -> HttpAuditBuilder {
    HttpAudit::builder(url)
        .trail(shop())
        .clock(clock.clone())
        .pause(Arc::new(HandPause(clock.clone())))
}

async fn open(mut settings: Settings, folder: &TempDir, clock: &Arc<HandClock>) -> Database {
    settings.state_dir = Some(folder.path().join("state"));
    settings.options.long_lived = false;
    settings.clock = clock.clone();
    let file = folder.path().join("data").join("trail.db");
    let database = Database::open(&DatabaseUrl::Sqlite(file), settings).await;
    database.expect("opens")
}
