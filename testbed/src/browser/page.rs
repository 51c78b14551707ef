//! A page, and what it shows.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Driver;
use super::complaints::{self, Complaint};
use super::look::Look;
use super::session::Session;
use super::traffic::Record;
use super::waiting::until;

/// A window of a browser with a profile of its own.
///
/// Selectors are of CSS and mean the first element that they find. What goes wrong panics with
/// the command, the page's address and what the browser has complained about.
#[derive(Debug)]
pub struct Page {
    pub(super) session: Session,
    pub(super) seen: Mutex<Seen>,
}

/// What is known of a page so far.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) look: Look,
    pub(super) record: Record,
    pub(super) complaints: Vec<Complaint>,
}

impl Page {
    pub(super) async fn open(driver: Arc<Driver>, look: Look) -> Result<Self> {
        let session = Session::open(driver).await?;
        let page = Self {
            session,
            seen: Mutex::new(Seen {
                look,
                record: Record::default(),
                complaints: Vec::new(),
            }),
        };
        let devtools = async |command, parameters| page.session.devtools(command, parameters).await;
        devtools("Network.enable", json!({})).await?;
        devtools("Network.setCacheDisabled", json!({"cacheDisabled": true})).await?;
        let listener = json!({"source": complaints::LISTENER});
        devtools("Page.addScriptToEvaluateOnNewDocument", listener).await?;
        page.show(look, "").await?;
        Ok(page)
    }

    /// Ends the browser, before its driver is dropped.
    pub async fn close(self) {
        let closed = self.session.delete("").await;
        closed.unwrap_or_else(|error| panic!("close: {error:#}"));
    }

    /// Goes to an address, and returns when the page is loaded with all that belongs to it.
    pub async fn goto(&self, url: &str) {
        let gone = self.session.post("/url", json!({"url": url})).await;
        self.sound(gone, || format!("goto {url}")).await;
    }

    /// Goes to the same address again.
    pub async fn reload(&self) {
        let gone = self.session.post("/refresh", json!({})).await;
        self.sound(gone, || "reload".to_owned()).await;
    }

    /// Goes to the page before this one.
    pub async fn back(&self) {
        let gone = self.session.post("/back", json!({})).await;
        self.sound(gone, || "back".to_owned()).await;
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        let url = self.session.get("/url").await;
        self.text_of(url, "url").await
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        let title = self.session.get("/title").await;
        self.text_of(title, "title").await
    }

    /// What the document is made of now, as HTML.
    pub async fn source(&self) -> String {
        let source = self.session.get("/source").await;
        self.text_of(source, "source").await
    }

    /// How an element reads on the screen, without blanks at its ends.
    pub async fn text(&self, css: &str) -> String {
        let texts = self.read(css).await.and_then(|texts| {
            let first = texts.into_iter().next();
            first.context("no such element")
        });
        self.sound(texts, || format!("text of `{css}`")).await
    }

    /// How each element reads that the selector finds.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let texts = self.read(css).await;
        self.sound(texts, || format!("texts of `{css}`")).await
    }

    /// How many elements the selector finds.
    pub async fn count(&self, css: &str) -> usize {
        self.texts(css).await.len()
    }

    /// What an attribute of an element says; `None` when the element has none of that name.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let js = "return document.querySelector(arguments[0]).getAttribute(arguments[1])";
        let value = self.session.run(js, json!([css, name])).await;
        let value = self.sound(value, || format!("{name} of `{css}`")).await;
        value.as_str().map(str::to_owned)
    }

    /// What stands in an input, a text area or a choice.
    pub async fn value(&self, css: &str) -> String {
        let js = "return document.querySelector(arguments[0]).value";
        let value = self.session.run(js, json!([css])).await;
        self.text_of(value, &format!("value of `{css}`")).await
    }

    /// Whether an element is there and can be seen.
    pub async fn shows(&self, css: &str) -> bool {
        let js = "return document.querySelector(arguments[0])?.checkVisibility() ?? false";
        let shows = self.session.run(js, json!([css])).await;
        let shows = self.sound(shows, || format!("whether `{css}` shows")).await;
        shows == Value::Bool(true)
    }

    /// Runs the body of a function in the page, where `arguments` are the members of the array
    /// `arguments`, and answers what it returns: of a promise, what it comes to. The page's
    /// policy does not bind it, and it runs also where the page's own scripts do not.
    pub async fn run(&self, js: &str, arguments: Value) -> Value {
        let answer = self.session.run(js, arguments).await;
        self.sound(answer, || format!("run {js}")).await
    }

    /// Gives the browser a command of the DevTools protocol: for what is not worth a function
    /// here, as `Emulation.setTimezoneOverride`, `Browser.grantPermissions` for the clipboard, and
    /// `Network.emulateNetworkConditions` to cut the page off.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let answer = self.session.devtools(command, parameters).await;
        self.sound(answer, || "devtools".to_owned()).await
    }

    /// Waits until the selector finds an element.
    ///
    /// # Panics
    /// It finds none within 30 s.
    pub async fn wait_for(&self, css: &str) {
        let waited = until(async || {
            let there = "return document.querySelector(arguments[0]) !== null";
            let there = self.session.run(there, json!([css])).await?;
            Ok((there == Value::Bool(true)).then_some(()))
        });
        self.sound(waited.await, || format!("wait for `{css}`"))
            .await;
    }

    /// Waits until an expression is true in the page.
    ///
    /// # Panics
    /// It is not within 30 s.
    pub async fn wait_until(&self, js: &str) {
        let body = format!("return Boolean({js})");
        let waited = until(async || {
            let holds = self.session.run(&body, json!([])).await?;
            Ok((holds == Value::Bool(true)).then_some(()))
        });
        self.sound(waited.await, || format!("wait until {js}"))
            .await;
    }

    /// Shows the page to another visitor, on a screen. Whether scripts run is decided anew when a
    /// page is loaded.
    pub async fn appear(&self, look: Look) {
        let shown = self.show(look, "").await;
        self.sound(shown, || format!("appear {look:?}")).await;
        self.seen().look = look;
    }

    /// Shows the page as it would be printed, until [`Page::appear`].
    pub async fn appear_printed(&self) {
        let look = self.seen().look;
        let shown = self.show(look, "print").await;
        self.sound(shown, || "appear printed".to_owned()).await;
    }

    async fn show(&self, look: Look, medium: &str) -> Result<()> {
        for (command, parameters) in look.commands(medium) {
            self.session.devtools(command, parameters).await?;
        }
        Ok(())
    }

    async fn read(&self, css: &str) -> Result<Vec<String>> {
        let js = "return Array.from(document.querySelectorAll(arguments[0]),
                    (element) => (element.innerText ?? element.textContent).trim())";
        let texts = self.session.run(js, json!([css])).await?;
        let texts = texts.as_array().context("a list")?;
        Ok(texts
            .iter()
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect())
    }

    async fn text_of(&self, answer: Result<Value>, what: &str) -> String {
        let answer = answer.and_then(|value| value.as_str().map(str::to_owned).context("no text"));
        self.sound(answer, || what.to_owned()).await
    }

    /// The answer to a command, or a panic that says where the page stands.
    pub(super) async fn sound<T>(&self, answer: Result<T>, what: impl Fn() -> String) -> T {
        let error = match answer {
            Ok(answer) => return answer,
            Err(error) => error,
        };
        let url = self.session.get("/url").await.unwrap_or_default();
        let complaints = self.gather_complaints().await.unwrap_or_default();
        panic!(
            "{} at {url}: {error:#}\ncomplaints: {complaints:#?}",
            what()
        );
    }

    pub(super) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
