//! A server whose console is looked at, and ways through it.

use std::future::Future;

use serde_json::Value;
use testbed::{Browser, Look, Page};

use super::windows;
use crate::desk::Desk;
use crate::serving::Server;

/// A running server, the desk that it was started from, and the key that it printed.
pub struct Console {
    pub desk: Desk,
    pub server: Server,
    pub admin: String,
}

/// Plays in browsers.
pub fn play(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(story);
}

/// A page of a browser of its own.
pub async fn open(look: Look) -> Page {
    Browser::start().open(look).await
}

impl Console {
    /// The first start on this desk.
    pub fn start(desk: Desk) -> Self {
        let server = Server::start(&desk, &["--log", "error"]);
        let admin = server.key.clone().expect("the first start prints a key");
        Self {
            desk,
            server,
            admin,
        }
    }

    /// A server over the first `count` events of the Windows log, in trail `windows`.
    pub fn with_windows(desk: Desk, count: u32) -> Self {
        let console = Self::start(desk);
        console.imports(windows::lines(count));
        console
    }

    /// Imports lines of a Windows log into trail `windows`.
    pub fn imports(&self, lines: String) {
        let count = lines.lines().count();
        let call = ["import", "windows", "-", "--trail", "windows"];
        let call = [&call[..], &["--output", "json"]].concat();
        let told = self.desk.fed(&call, lines).fine().json();
        assert_eq!(
            (&told["read"], &told["rejected"]),
            (&count.into(), &0.into())
        );
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// A new key.
    pub fn key(&self, role: &str, trail: Option<&str>) -> String {
        self.key_called(role, role, trail)
    }

    /// The same, of this name: two of one name are one person's.
    pub fn key_called(&self, name: &str, role: &str, trail: Option<&str>) -> String {
        let call = ["keys", "create", name, "--role", role];
        let of = trail.map(|trail| ["--trail", trail]);
        let call = [&call[..], of.as_ref().map_or(&[], |of| &of[..])].concat();
        self.desk.run(&call).fine().out.trim().to_owned()
    }

    /// What the API answers to the admin key.
    #[track_caller]
    pub fn asks(&self, path: &str) -> Value {
        let (status, body) = self.server.call(&self.admin, "GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Records events over the API.
    #[track_caller]
    pub fn records(&self, trail: &str, events: &Value) {
        let path = format!("/v1/trails/{trail}/events");
        let (status, body) = self
            .server
            .call(&self.admin, "POST", &path, &events.to_string());
        assert!(status == 200 || status == 201, "{status}: {body}");
    }

    /// Logs in, which leads to the first page, or back to the one that was asked for.
    pub async fn log_in(&self, page: &Page, key: &str) {
        page.goto(&self.url("/console/login")).await;
        page.fill("#key", key).await;
        page.submit("#key").await;
    }

    /// Stops the server, does something meanwhile, and starts it again at the same address.
    pub fn restart(self, meanwhile: impl FnOnce(&Desk)) -> Self {
        let Self {
            desk,
            server,
            admin,
        } = self;
        let address = server.address.clone();
        let (status, _, logged) = server.stop("TERM");
        assert_eq!(status, Some(0), "{logged}");
        meanwhile(&desk);
        let call = ["serve", "--listen", &address, "--log", "error"];
        let server = Server::of(desk.process(&call));
        Self {
            desk,
            server,
            admin,
        }
    }

    /// Ends it, which must be in order and without an error.
    pub fn stop(self) {
        let (status, _, logged) = self.server.stop("TERM");
        assert_eq!((status, logged.as_str()), (Some(0), ""));
    }
}

/// What holds of every page that was looked at.
pub async fn is_without_fault(page: &Page) {
    assert_eq!(page.complaints().await, [], "{}", page.url().await);
}
