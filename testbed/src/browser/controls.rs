//! What a visitor does with the controls of a page.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::page::Page;
use super::waiting::until;

/// Sets what is not typed, and tells the page; whether the input is of such a kind.
const CHOOSE: &str = "
    const [css, text] = arguments, input = document.querySelector(css);
    const kinds = ['color', 'date', 'datetime-local', 'month', 'range', 'time', 'week'];
    if (!kinds.includes(input.type)) return false;
    input.value = text;
    if (text !== '' && input.value === '') throw new Error(`${text} is no ${input.type}`);
    for (const kind of ['input', 'change']) {
        input.dispatchEvent(new Event(kind, {bubbles: true}));
    }
    return true;";

impl Page {
    /// The key that leaves.
    pub const ESCAPE: &str = "\u{e00c}";
    /// The key that confirms.
    pub const ENTER: &str = "\u{e007}";
    /// The key that goes to the next control.
    pub const TAB: &str = "\u{e004}";
    /// The key that goes up.
    pub const UP: &str = "\u{e013}";
    /// The key that goes down.
    pub const DOWN: &str = "\u{e015}";

    /// Scrolls to an element and presses the mouse in its middle. It waits for nothing that this
    /// begins: [`Page::follow`] does.
    pub async fn click(&self, css: &str) {
        let clicked = self.on(css, "/click", json!({})).await;
        self.sound(clicked, || format!("click `{css}`")).await;
    }

    /// Clicks where that leads to another page, and returns when the other page is loaded.
    pub async fn follow(&self, css: &str) {
        self.leaving(self.click(css)).await;
    }

    /// Does what leads to another page, or to the same one anew, and returns when it is loaded.
    ///
    /// # Panics
    /// No other page is loaded within 30 s.
    pub async fn leaving<T>(&self, act: impl Future<Output = T>) -> T {
        let begun = self.run("return performance.timeOrigin", json!([])).await;
        let answer = act.await;
        let left = until(async || {
            let js = "return [performance.timeOrigin, document.readyState]";
            let now = self.session.run(js, json!([])).await?;
            Ok((now[0] != begun && now[1] == "complete").then_some(()))
        });
        self.sound(left.await, || "leaving".to_owned()).await;
        answer
    }

    /// Types a text in place of what stood in an input. A date, a time or a colour is chosen, as
    /// HTML spells it, because how it is typed depends on the language.
    pub async fn fill(&self, css: &str, text: &str) {
        let filled = async {
            if self.session.run(CHOOSE, json!([css, text])).await? == Value::Bool(true) {
                return Ok(());
            }
            self.on(css, "/clear", json!({})).await?;
            self.on(css, "/value", json!({"text": text})).await
        };
        self.sound(filled.await, || format!("fill `{css}`")).await;
    }

    /// Chooses the option with that `value` of a `<select>`.
    pub async fn select(&self, css: &str, value: &str) {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let option = format!("{css} option[value=\"{quoted}\"]");
        let chosen = self.on(&option, "/click", json!({})).await;
        self.sound(chosen, || format!("select {value} of `{css}`"))
            .await;
    }

    /// Presses keys one after the other, whatever has the focus: characters and the constants
    /// of this type.
    pub async fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            let stroke = |kind| json!({"type": kind, "value": key.to_string()});
            [stroke("keyDown"), stroke("keyUp")]
        });
        let strokes: Vec<Value> = strokes.collect();
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]});
        let pressed = self.session.post("/actions", actions).await;
        self.sound(pressed, || format!("press {keys:?}")).await;
    }

    /// Sends the form that the element is, or stands in, as its first button would, and returns
    /// when the page that answers is loaded.
    pub async fn submit(&self, css: &str) {
        let js = "document.querySelector(arguments[0]).closest('form').requestSubmit()";
        self.leaving(async {
            let sent = self.session.run(js, json!([css])).await;
            self.sound(sent, || format!("submit `{css}`")).await;
        })
        .await;
    }

    /// Chooses a file for an `<input type=file>`.
    pub async fn upload(&self, css: &str, file: &Path) {
        let text = json!({"text": file.display().to_string()});
        let chosen = self.on(css, "/value", text).await;
        self.sound(chosen, || format!("upload to `{css}`")).await;
    }

    async fn on(&self, css: &str, what: &str, body: Value) -> Result<()> {
        let element = self.session.element(css).await?;
        let done = self.session.post(&format!("{element}{what}"), body).await;
        done.map(drop)
    }
}
