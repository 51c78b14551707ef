//! What a client is told where the database does not do what it should.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use indelible::TrailName;
use indelible::core::engine::{Engine, Ground, Options};
use indelible::core::entry::StoredEntry;
use indelible::core::redact::Redactor;
use indelible::core::state::StateInMemory;
use indelible::core::store::{
    Commit, Condition, Find, Head, IndexCondition, Projected, ProjectionKind, Rollup, Span, Verdict,
};
use indelible::core::{MemoryStore, Store, StoreError, SystemClock, SystemEntropy};
use indelible::merkle::Hash;
use indelible_server::{App, ServeError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tower::ServiceExt;
use uuid::Uuid;

/// What an append comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    Unavailable,
    Unknown,
}

/// A store in memory whose appends wait for leave, those of the trail `system` aside.
struct Moody {
    store: MemoryStore,
    mood: Mutex<Mood>,
    leave: Semaphore,
    entered: Semaphore,
}

#[async_trait]
impl Store for Moody {
    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        if commits.iter().all(|commit| commit.head.trail.is_system()) {
            return self.store.append(commits).await;
        }
        self.entered.add_permits(1);
        let leave = self.leave.acquire().await;
        leave.expect("it stays open").forget();
        let mood = *self.mood.lock().expect("no panic");
        let source = || "the disk at /secret/place is on fire".into();
        match mood {
            Mood::Fine => self.store.append(commits).await,
            Mood::Unavailable => Err(StoreError::Unavailable { source: source() }),
            Mood::Unknown => Err(StoreError::Unknown { source: source() }),
        }
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.store.heads().await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        self.store.head(trail).await
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.store.entries(trail, range).await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.store.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        self.store.find(trail, find).await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        self.store.hashes(trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        self.store.spans(trail, height, range).await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.store.rollups(trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        self.store.projection(trail, kind, after, limit).await
    }

    async fn index(&self) -> Result<Option<IndexCondition>, StoreError> {
        self.store.index().await
    }

    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        self.store.reindex(progress).await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.store.condition().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Store::close(&self.store).await
    }
}

/// A server over it, with room for one event in the queue and no patience.
struct House {
    store: Arc<Moody>,
    app: App,
    router: axum::Router,
    admin: String,
}

impl House {
    async fn new(mood: Mood, leave: usize) -> Self {
        let store = Arc::new(Moody {
            store: MemoryStore::new(),
            mood: Mutex::new(mood),
            leave: Semaphore::new(leave),
            entered: Semaphore::new(0),
        });
        let ground = Ground {
            store: store.clone(),
            registry: Arc::new(MemoryStore::new()),
            state: Arc::new(StateInMemory::new()),
            installation: "house".to_owned(),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
            redactor: Arc::new(Redactor::default_mask()),
        };
        let options = Options {
            queue_events_max: 1,
            patience: Duration::ZERO,
            long_lived: false,
            ..Options::default()
        };
        let app = App::new(Engine::open(ground, options).await.expect("opens"));
        let first = app.keys().first().await.expect("made").expect("the first");
        app.keys().first_was_said(&first).await.expect("kept");
        Self {
            store,
            router: indelible_server::router(app.clone()),
            app,
            admin: first.key.token.expose().to_owned(),
        }
    }

    async fn record(&self) -> Response<Body> {
        self.send("application/json", EVENT.to_owned()).await
    }

    async fn send(&self, media: &str, body: String) -> Response<Body> {
        let request = Request::post("/v1/trails/shop/events")
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", media)
            .body(Body::from(body));
        let answered = self.router.clone().oneshot(request.expect("a request"));
        answered.await.expect("answered")
    }
}

const EVENT: &str = "{\"action\":\"a\",\"resource_type\":\"r\"}";

async fn text(response: Response<Body>) -> String {
    let body = to_bytes(response.into_body(), 1 << 20).await;
    String::from_utf8(body.expect("whole").to_vec()).expect("UTF-8")
}

async fn problem(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_many_at_once_is_told_to_wait() {
    let house = House::new(Mood::Fine, 0).await;
    let mut answers = FuturesUnordered::new();
    answers.push(house.record());
    // The first is being written; one of the others finds the place in the queue.
    tokio::select! {
        _ = answers.next() => panic!("nothing was written yet"),
        entered = house.store.entered.acquire() => drop(entered.expect("it stays open")),
    }
    answers.extend((0..5).map(|_| house.record()));
    for _ in 0..4 {
        let answer = answers.next().await.expect("one more");
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(
            problem(answer).await["type"],
            "urn:indelible:problem:overloaded"
        );
    }
    house.store.leave.add_permits(100);
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.status(), 201);
    }
    let head = house.store.head(&"shop".parse().expect("a name")).await;
    assert_eq!(head.expect("readable").expect("a head").size, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_nothing_is_a_success_that_was_not_written() {
    // An outcome that is not known is looked up, and found not to be there.
    for mood in [Mood::Unavailable, Mood::Unknown] {
        let house = House::new(mood, 1000).await;
        let answer = house.record().await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let problem = problem(answer).await;
        assert_eq!(problem["type"], "urn:indelible:problem:unavailable");
        // What the database says is for the log.
        assert!(!problem.to_string().contains("secret"), "{problem}");
        // Of many each has a result of its own, and none a receipt.
        let array = house.send("application/json", format!("[{EVENT},{EVENT}]"));
        let array: Vec<Value> = serde_json::from_str(&text(array.await).await).expect("JSON");
        let lines = format!("{EVENT}\n{EVENT}\n");
        let lines = text(house.send("application/x-ndjson", lines).await).await;
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let results: Vec<Value> = array.into_iter().chain(lines).collect();
        assert_eq!(results.len(), 4);
        for result in results {
            assert_eq!(
                (&result["status"], result.get("receipt")),
                (&json!(503), None)
            );
        }
        let head = house.store.head(&"shop".parse().expect("a name")).await;
        assert!(head.expect("readable").is_none());
        *house.store.mood.lock().expect("no panic") = Mood::Fine;
        assert_eq!(house.record().await.status(), 201);
    }
}

#[tokio::test]
async fn a_stop_gives_up_what_takes_too_long_for_a_client_that_is_gone() {
    let house = House::new(Mood::Fine, 0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(indelible_server::serve(listener, house.app, stopped));
    let mut client = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{EVENT}",
        house.admin,
        EVENT.len()
    );
    client.write_all(head.as_bytes()).await.expect("sent");
    let entered = house.store.entered.acquire().await;
    entered.expect("it stays open").forget();
    client.shutdown().await.expect("closed");
    let answer = client.read_to_end(&mut Vec::new()).await;
    assert_eq!(answer.expect("closed in order"), 0);
    // Nothing is left to wait for but the database, which does not answer.
    tokio::time::pause();
    stop.send(()).expect("it runs");
    let served = serving.await.expect("no panic");
    let is_cut_off = matches!(served, Err(ServeError::CutOff { .. }));
    assert!(is_cut_off, "{served:?}");
}
