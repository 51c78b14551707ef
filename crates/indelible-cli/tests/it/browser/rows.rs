//! The table of events as a page shows it, and as the API answers it.

use serde_json::{Value, json};
use testbed::Page;

use super::console::Console;

/// The seqs of the rows, from the top.
pub async fn rows(page: &Page) -> Vec<u64> {
    let js = "return Array.from(document.querySelectorAll('[data-rows] a.entry'),
        (link) => Number(new URL(link.href).pathname.split('/').pop()))";
    numbers(&page.run(js, json!([])).await)
}

/// The seqs of entries.
pub fn seqs(entries: &Value) -> Vec<u64> {
    let entries = entries.as_array().expect("a list").iter();
    let seqs = entries.map(|entry| entry["seq"].clone()).collect();
    numbers(&Value::Array(seqs))
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().expect("a list").iter();
    list.map(|seq| seq.as_u64().expect("a seq")).collect()
}

/// What stands after `?` in an address; nothing where there is no `?`.
pub fn question(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, question)| question)
}

impl Console {
    /// The seqs of all entries of trail `windows` that match, newest first, read page by page.
    pub fn matching(&self, question: &str) -> Vec<u64> {
        let mut all = Vec::new();
        let mut path = format!("/v1/trails/windows/events?limit=1000&{question}");
        loop {
            let page = self.asks(&path);
            all.extend(seqs(&page["entries"]));
            let Some(cursor) = page["next_cursor"].as_str() else {
                return all;
            };
            path = format!("/v1/trails/windows/events?limit=1000&{question}&cursor={cursor}");
        }
    }
}

/// The chips above the table: label and value, without the link that takes one away.
pub async fn chips(page: &Page) -> Vec<String> {
    let js = "return Array.from(document.querySelectorAll('.chip'), (chip) =>
        chip.querySelector('.label').textContent + ' ' + chip.querySelector('bdi').textContent)";
    let chips = page.run(js, json!([])).await;
    let chips = chips.as_array().expect("a list").iter();
    chips
        .map(|chip| chip.as_str().expect("a text").to_owned())
        .collect()
}
