//! One browser, as its driver sees it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use super::{Driver, wire};
use crate::programs::own_uid;

/// A browser with one window.
#[derive(Debug)]
pub(crate) struct Session {
    driver: Arc<Driver>,
    path: String,
    downloads: PathBuf,
}

impl Session {
    pub(crate) async fn open(driver: Arc<Driver>) -> Result<Self> {
        let folder = driver.page_folder()?;
        let downloads = folder.join("downloads");
        std::fs::create_dir(&downloads)?;
        let asked = capabilities(driver.chromium(), &folder.join("profile"), &downloads)?;
        let port = driver.port();
        let opened = wire::command(port, Method::POST, "/session", Some(&asked)).await?;
        let id = opened["sessionId"].as_str().context("a session's id")?;
        Ok(Self {
            path: format!("/session/{id}"),
            driver,
            downloads,
        })
    }

    pub(crate) fn downloads(&self) -> &Path {
        &self.downloads
    }

    pub(crate) async fn get(&self, what: &str) -> Result<Value> {
        self.command(Method::GET, what, None).await
    }

    pub(crate) async fn post(&self, what: &str, body: Value) -> Result<Value> {
        self.command(Method::POST, what, Some(&body)).await
    }

    pub(crate) async fn delete(&self, what: &str) -> Result<()> {
        self.command(Method::DELETE, what, None).await.map(drop)
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({"cmd": command, "params": parameters});
        let answer = self.post("/goog/cdp/execute", body).await;
        answer.with_context(|| command.to_owned())
    }

    /// Runs the body of a function with these arguments in the page.
    pub(crate) async fn run(&self, js: &str, arguments: Value) -> Result<Value> {
        let body = json!({"script": js, "args": arguments});
        self.post("/execute/sync", body).await
    }

    /// The path of the first element that the selector finds.
    pub(crate) async fn element(&self, css: &str) -> Result<String> {
        let asked = json!({"using": "css selector", "value": css});
        let found = self.post("/element", asked).await?;
        let names = found.as_object().context("an element")?;
        let id = names.values().next().and_then(Value::as_str);
        Ok(format!("/element/{}", id.context("an element's id")?))
    }

    /// What a log of the browser has gained since it was last read.
    pub(crate) async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        match self.post("/se/log", json!({"type": kind})).await? {
            Value::Array(entries) => Ok(entries),
            other => anyhow::bail!("{other} is no log"),
        }
    }

    async fn command(&self, method: Method, what: &str, body: Option<&Value>) -> Result<Value> {
        let path = format!("{}{what}", self.path);
        wire::command(self.driver.port(), method, &path, body).await
    }
}

fn capabilities(chromium: &Path, profile: &Path, downloads: &Path) -> Result<Value> {
    let mut arguments = vec![
        "--headless".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        // Pictures of the same page are the same on every machine with the same fonts.
        "--force-color-profile=srgb".to_owned(),
        "--font-render-hinting=none".to_owned(),
        // They take no room on a phone: a width is what the page has.
        "--hide-scrollbars".to_owned(),
        // A browser whose driver is gone ends.
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ];
    if own_uid()? == 0 {
        arguments.push("--no-sandbox".to_owned());
    }
    Ok(json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        // Tests make certificates of their own.
        "acceptInsecureCerts": true,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": {
            "binary": chromium.display().to_string(),
            "args": arguments,
            "prefs": {
                "download.default_directory": downloads.display().to_string(),
                "download.prompt_for_download": false,
                // Not the page that Chromium shows to somebody who sits there.
                "session.restore_on_startup": 4,
                "session.startup_urls": ["about:blank"],
            },
        },
    }}}))
}
