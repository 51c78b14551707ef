//! What the tests stand on: a trail that fails on command in front of an engine in memory.

use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::engine::{Audit, Engine, Ground, Options as EngineOptions};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Clock, Entry, MemoryStore, Page, Query,
    Receipt, RecordInOrder, StoreError, SystemEntropy, Timestamp, TrailName,
};
use indelible_spool::{Delivering, DeliveryMode, Options};
use serde_json::json;
use tokio::sync::Notify;

/// A clock that is set by hand; each reading is one microsecond later.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("a short time");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// How the trail behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Up,
    /// It refuses at once.
    Down,
    /// It records, and says that it does not know.
    Mute,
    /// It records, and never answers.
    Slow,
    /// It takes nothing, and never answers.
    BlackHole,
    /// It panics.
    Panicking,
}

/// A trail with moods before another one.
pub struct Moody {
    inner: Audit,
    mood: Mutex<Mood>,
    pub tries: AtomicU64,
    /// Tries that got as far as they ever will: those after which an answer never comes.
    pub answering: AtomicU64,
    /// Told after each try.
    pub tried: Notify,
}

impl Moody {
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().expect("no panic") = mood;
    }

    async fn never<T>(&self) -> T {
        self.answering.fetch_add(1, Ordering::SeqCst);
        self.tried.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl AuditProtocol for Moody {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let mood = *self.mood.lock().expect("no panic");
        self.tries.fetch_add(1, Ordering::SeqCst);
        self.tried.notify_one();
        let source = || "a fault".into();
        match mood {
            Mood::Up => self.inner.record(event).await,
            Mood::Down => Err(StoreError::Unavailable { source: source() }.into()),
            Mood::Mute => {
                self.inner.record(event).await?;
                Err(StoreError::Unknown { source: source() }.into())
            }
            Mood::Slow => {
                self.inner.record(event).await?;
                self.never().await
            }
            Mood::BlackHole => self.never().await,
            Mood::Panicking => panic!("a fault"),
        }
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.inner.query(query).await
    }
}

#[async_trait]
impl RecordInOrder for Moody {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        let mood = *self.mood.lock().expect("no panic");
        self.tries.fetch_add(1, Ordering::SeqCst);
        self.tried.notify_one();
        let source = || "a fault".into();
        let count = events.len();
        match mood {
            Mood::Up => self.inner.record_in_order(events).await,
            Mood::Down => {
                let error = || StoreError::Unavailable { source: source() };
                (0..count).map(|_| Err(error().into())).collect()
            }
            Mood::Mute => {
                self.inner.record_in_order(events).await;
                let error = || StoreError::Unknown { source: source() };
                (0..count).map(|_| Err(error().into())).collect()
            }
            Mood::Slow => {
                self.inner.record_in_order(events).await;
                self.never().await
            }
            Mood::BlackHole => self.never().await,
            Mood::Panicking => panic!("a fault"),
        }
    }
}

/// A trail, its moods, and a folder for its spool.
pub struct Site {
    pub audit: Audit,
    pub trail: Arc<Moody>,
    pub clock: Arc<HandClock>,
    pub folder: tempfile::TempDir,
}

impl Site {
    pub async fn new() -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(1_767_225_600_000_000)));
        let store = Arc::new(MemoryStore::new());
        let ground = Ground {
            store: store.clone(),
            registry: store,
            state: Arc::new(StateInMemory::new()),
            installation: "test".to_owned(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            redactor: Arc::new(Redactor::default_mask()),
        };
        let engine = Engine::open(ground, EngineOptions::default()).await;
        let audit = engine.expect("open").trail(TrailName::standard());
        let trail = Arc::new(Moody {
            inner: audit.clone(),
            mood: Mutex::new(Mood::Up),
            tries: AtomicU64::new(0),
            answering: AtomicU64::new(0),
            tried: Notify::new(),
        });
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            audit,
            trail,
            clock,
            folder,
        }
    }

    pub fn spool(&self) -> &Path {
        self.folder.path()
    }

    pub fn options(&self, mode: DeliveryMode) -> Options {
        let mut options = Options::default();
        options.mode = mode;
        options.folder = Some(self.spool().to_owned());
        // So long that a trail which is up always answers before.
        options.patience = Duration::from_secs(1);
        options.deadline = Duration::from_secs(1);
        options.clock = self.clock.clone();
        options
    }

    pub fn open(&self, mode: DeliveryMode) -> Delivering {
        self.open_with(self.options(mode))
    }

    pub fn open_with(&self, options: Options) -> Delivering {
        let trail = self.trail.clone();
        Delivering::open_in_order(trail, TrailName::standard(), options).expect("open")
    }

    /// All entries, oldest first.
    pub async fn entries(&self) -> Vec<Entry> {
        let page = self.audit.query(Query::new().limit(1000)).await;
        let mut entries = page.expect("a page").entries;
        entries.reverse();
        entries
    }

    /// The resources of all entries of views, oldest first.
    pub async fn viewed(&self) -> Vec<String> {
        let entries = self.entries().await.into_iter();
        let views = entries.filter(|entry| entry.action == "data_viewed");
        views.filter_map(|entry| entry.resource_id).collect()
    }

    /// Files in the first place of the spool that end in this.
    pub fn files(&self, end: &str) -> Vec<std::path::PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.spool().join("0")) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(end));
        paths.sort();
        paths
    }
}

/// A view of resource `n`.
pub fn view(n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
        .user_id(format!("user-{n}"))
        .resource_id(n.to_string())
        .context(json!({"n": n, "password": "hunter2"}))
}

pub fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}
