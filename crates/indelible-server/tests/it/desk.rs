//! A server over a database of its own, and calls of it.

mod tampering;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use indelible::core::Clock;
use indelible::{Database, DatabaseUrl, Settings, Timestamp};
use indelible_postgres::{Address, Options, PostgresStore};
use indelible_server::App;
use serde_json::Value;
use tempfile::TempDir;
use testbed::{Cluster, TestDatabase};
use tower::ServiceExt;

/// Makes two tests of each body, `sqlite::name` and `postgres::name`.
macro_rules! on_both {
    ($($body:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $body() {
                    super::$body($crate::desk::Desk::on_sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $body() {
                    super::$body($crate::desk::Desk::on_postgres().await).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// A clock that stands still until it is set.
pub struct Stopped(AtomicI64);

impl Stopped {
    fn new() -> Self {
        let begin: Timestamp = "2026-03-09T12:00:00Z".parse().expect("a time");
        Self(AtomicI64::new(begin.as_micros()))
    }

    /// Moves the clock on.
    pub fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("a short time");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// A server over a database of its own.
pub struct Desk {
    pub database: Database,
    pub app: App,
    pub clock: Arc<Stopped>,
    /// The key that calls carry unless they say otherwise.
    pub admin: String,
    router: Router,
    url: DatabaseUrl,
    folder: TempDir,
    server: Option<TestDatabase>,
}

/// The role that the product works as, with the rights of a writer and no other.
const WRITER: &str = "server_writer";
/// The role of whoever carries out erasures.
const ERASER: &str = "server_eraser";

impl Desk {
    pub async fn on_sqlite() -> Self {
        Self::with(None).await.started().await
    }

    pub async fn on_postgres() -> Self {
        Self::with(Some(Self::server())).await.started().await
    }

    /// Another one on the same kind of store, on which no server has started yet.
    pub async fn unstarted(&self) -> Self {
        Self::with(self.server.is_some().then(Self::server)).await
    }

    fn server() -> TestDatabase {
        let server = Cluster::shared().database_from("migrated", migrate);
        server.execute(&format!(
            "DO $$ BEGIN CREATE ROLE {WRITER} LOGIN IN ROLE indelible_writer; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ));
        server
    }

    async fn started(mut self) -> Self {
        let first = self.app.keys().first().await.expect("made");
        let first = first.expect("the first");
        let said = self.app.keys().first_was_said(&first).await;
        said.expect("kept");
        self.admin = first.key.token.expose().to_owned();
        self
    }

    async fn with(server: Option<TestDatabase>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        let url = match &server {
            Some(server) => server.url_as(WRITER).parse().expect("a good URL"),
            None => DatabaseUrl::Sqlite(data.join("trail.db")),
        };
        let clock = Arc::new(Stopped::new());
        let database = open(&url, &folder, clock.clone()).await;
        let app = App::new(database.engine().clone());
        Self {
            router: indelible_server::router(app.clone()),
            database,
            app,
            clock,
            admin: String::new(),
            url,
            folder,
            server,
        }
    }

    /// The same desk with another server on it.
    pub fn serving(mut self, app: App) -> Self {
        self.router = indelible_server::router(app.clone());
        self.app = app;
        self
    }

    /// The same database opened once more, as another process does.
    pub async fn another(&self) -> Database {
        open(&self.url, &self.folder, self.clock.clone()).await
    }

    /// The same by somebody who may erase.
    pub async fn officer(&self) -> Database {
        let url = self.officers_url();
        open(&url, &self.folder, self.clock.clone()).await
    }

    /// The same where erasures take two people.
    pub async fn officer_of_two(&self) -> Database {
        let mut settings = settings(&self.folder, self.clock.clone());
        settings.options.erasure_approval = true;
        let url = self.officers_url();
        Database::open(&url, settings).await.expect("opens")
    }

    fn officers_url(&self) -> DatabaseUrl {
        let Some(server) = &self.server else {
            return self.url.clone();
        };
        server.execute(&format!(
            "DO $$ BEGIN CREATE ROLE {ERASER} LOGIN IN ROLE indelible_writer, indelible_eraser; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ));
        server.url_as(ERASER).parse().expect("a good URL")
    }

    /// The files of the embedded database and of the state directory.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let (mut folders, mut files) = (vec![self.folder.path().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).expect("readable") {
                let path = file.expect("readable").path();
                let list = if path.is_dir() {
                    &mut folders
                } else {
                    &mut files
                };
                list.push(path);
            }
        }
        files
    }

    /// How a request is answered, its body yet to be read.
    pub async fn open(&self, mut call: Call) -> Response<Body> {
        let headers = call.0.headers_mut();
        if !call.1 && !headers.contains_key("authorization") {
            let key = format!("Bearer {}", self.admin);
            headers.insert("authorization", key.parse().expect("a value"));
        }
        let response = self.router.clone().oneshot(call.0).await;
        response.expect("answered")
    }

    /// What a request without a body is answered.
    pub async fn get(&self, url: &str) -> Answered {
        self.call(Call::new(Method::GET, url)).await
    }

    /// Makes a key of this role, for one trail or all, and answers its text.
    pub async fn key(&self, role: &str, trail: Option<&str>) -> String {
        self.key_called(&format!("a {role}"), role, trail).await
    }

    /// The same, of this name: two of one name are one person's.
    pub async fn key_called(&self, name: &str, role: &str, trail: Option<&str>) -> String {
        let body = serde_json::json!({"name": name, "role": role, "trail": trail});
        let made = self.post("/v1/keys", body.to_string()).await.is(201).json();
        made["key"].as_str().expect("a text").to_owned()
    }

    /// What a JSON body is answered.
    pub async fn post(&self, url: &str, body: impl Into<Body>) -> Answered {
        let call = Call::new(Method::POST, url).header("content-type", "application/json");
        self.call(call.body(body)).await
    }

    /// What lines are answered.
    pub async fn lines(&self, url: &str, body: impl Into<Body>) -> Answered {
        let call = Call::new(Method::POST, url).header("content-type", "application/x-ndjson");
        self.call(call.body(body)).await
    }

    /// What a request is answered.
    pub async fn call(&self, call: Call) -> Answered {
        let (parts, body) = self.open(call).await.into_parts();
        let body = to_bytes(body, 1 << 28).await.expect("a whole body");
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    /// Logs in with this key and answers the `Cookie` header of the session.
    pub async fn log_in(&self, key: &str) -> String {
        let answered = self.submit("", "/console/login", &[("key", key)]).await;
        answered.is(303).cookie()
    }

    /// What a browser with this cookie is shown.
    pub async fn visit(&self, cookie: &str, url: &str) -> Answered {
        self.call(Call::of_browser(Method::GET, cookie, url)).await
    }

    /// What a form that a browser with this cookie sends is answered.
    pub async fn submit(&self, cookie: &str, url: &str, form: &[(&str, &str)]) -> Answered {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let call = Call::of_browser(Method::POST, cookie, url);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        self.call(call.body(body)).await
    }

    /// Takes the first piece of an answer, and no more.
    pub async fn cut(&self, url: &str) {
        use http_body_util::BodyExt;
        let call = Call::new(Method::GET, url).key(&self.admin);
        let response = self.router.clone().oneshot(call.0).await;
        let mut body = response.expect("answered").into_body();
        body.frame().await.expect("a piece").expect("whole");
    }

    /// Records `count` entries: users `u-0`, `u-1`, …
    pub async fn records(&self, trail: &str, count: u32) {
        let event = |n: u32| {
            format!(
                "{{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-{n}\",\
                 \"context\":{{\"n\":{n}}}}}\n"
            )
        };
        let lines: String = (0..count).map(event).collect();
        let url = format!("/v1/trails/{trail}/events");
        let answered = self.lines(&url, lines).await.is(200);
        assert!(answered.rows().iter().all(|row| row["status"] == 201));
    }
}

async fn open(url: &DatabaseUrl, folder: &TempDir, clock: Arc<Stopped>) -> Database {
    let opened = Database::open(url, settings(folder, clock));
    opened.await.expect("opens")
}

fn settings(folder: &TempDir, clock: Arc<Stopped>) -> Settings {
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.path().join("state"));
    settings.options.long_lived = false;
    settings.clock = clock;
    settings
}

/// A request.
pub struct Call(Request<Body>, bool);

impl Call {
    pub fn new(method: Method, url: &str) -> Self {
        let request = Request::builder().method(method).uri(url);
        let request = request.header("host", "127.0.0.1:7878");
        Self(request.body(Body::empty()).expect("a request"), false)
    }

    /// One of a browser that shows a page of this server; without a cookie where it is empty.
    pub fn of_browser(method: Method, cookie: &str, url: &str) -> Self {
        let call = Self::new(method, url).anonymous();
        let call = call.header("accept", "text/html");
        let call = call.header("sec-fetch-site", "same-origin");
        if cookie.is_empty() {
            return call;
        }
        call.header("cookie", cookie)
    }

    /// The same without any key.
    pub fn anonymous(mut self) -> Self {
        self.1 = true;
        self
    }

    /// The same with this key.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = value.parse().expect("a value");
        self.0.headers_mut().append(name, value);
        self
    }

    /// The same, meant for this host.
    pub fn host(mut self, host: &str) -> Self {
        self.0.headers_mut().remove("host");
        self.header("host", host)
    }

    /// The same in an older version of HTTP.
    pub fn old(mut self) -> Self {
        *self.0.version_mut() = Version::HTTP_10;
        self
    }

    /// The same from this address.
    pub fn from(mut self, peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().expect("an address");
        self.0.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }
}

/// What a request was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    /// The same, which must have this status code.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The same, which must be a problem of this status code and name, at this field.
    #[track_caller]
    pub fn refuses(self, status: u16, name: &str, field: Option<&str>) -> Self {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.status, status, "{problem}");
        assert_eq!(problem["type"], format!("urn:indelible:problem:{name}"));
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(
            problem.get("field").and_then(Value::as_str),
            field,
            "{problem}"
        );
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        self
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The `Cookie` header that a browser sends from now on: the last cookie that it was handed.
    #[track_caller]
    pub fn cookie(&self) -> String {
        let given = self.headers.get_all("set-cookie").iter();
        let texts = given.map(|cookie| cookie.to_str().expect("ASCII"));
        let mut kept = texts.filter(|text| !text.contains("Max-Age=0"));
        let last = kept.next_back().expect("a cookie");
        let (pair, _) = last.split_once(';').expect("attributes");
        pair.to_owned()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {}", self.text());
        })
    }

    /// The lines of NDJSON.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let text = self.text();
        let row = |line: &str| serde_json::from_str(line).expect("JSON");
        text.lines().map(row).collect()
    }
}

/// Makes the schema, as its owner does.
fn migrate(url: &str) {
    let address: Address = url.parse().expect("a good URL");
    std::thread::scope(|scope| {
        let made = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime
                .block_on(PostgresStore::migrate(&address, &Options::default()))
                .expect("migrated");
        });
        made.join().expect("migrated");
    });
}
