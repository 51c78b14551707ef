//! Strings that want to be more than text: in every field they are text, and nothing happens.

mod strings;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use crate::desk::Desk;

const EVENTS: &str = "/console/trails/hostile/events";
/// What is recorded at once; the live view keeps more rows.
const AT_ONCE: usize = 150;
/// Pages of entries that are not only read but shown, with all that they would load and run.
const SHOWN_MAX: usize = 60;
/// Chips of one page.
const CHIPS: usize = 40;
/// Pages that are fetched at once.
const FETCHED: usize = 25;
/// What a page is made of: elements, and attributes of each. Text alone adds nothing to it.
const SHAPE: &str = "(page) => [...new Set(Array.from(page.querySelectorAll('*'), (element) =>
    [element.localName, ...Array.from(element.attributes, ({name}) =>
        `${element.localName} ${name}`)]).flat())]";
/// What the page of an entry says: the fields, keys and texts of the tree, and the context.
const ENTRY: &str = "(page) => {
    const texts = (css) => Array.from(page.querySelectorAll(css), (found) => found.textContent);
    const user = page.querySelector(\"dl.facts a[href*='/user?']\")?.href;
    return [texts('dl.facts dd').slice(0, 7), texts('.tree .key'), texts('.tree .string'),
        texts('#raw-context'), user];
}";
/// What the page of a user says: who it is, here and in the newest row.
const USER: &str = "(page) => [page.querySelector('h1 bdi').textContent,
    page.querySelector('[data-rows] td:nth-child(4) a')?.textContent]";
/// The most rows of a page while it is live.
const LIVE_ROWS_MAX: usize = 200;
/// Fetches pages, and looks at each as it is read, without showing it.
const FETCH: &str =
    "const policy = trustedTypes.createPolicy('test', {createHTML: (text) => text});
    const read = async (url) => {
        const text = await (await fetch(url, {headers: {accept: 'text/html'}})).text();
        const page = new DOMParser().parseFromString(policy.createHTML(text), 'text/html');
        return [shape(page), look(page)];
    };
    return Promise.all(arguments[0].map(read));";

#[test]
fn a_string_of_our_own_is_text_everywhere() {
    are_text_everywhere(strings::own());
}

#[test]
fn a_string_of_the_shared_list_is_text_everywhere() {
    if let Some(strings) = strings::shared() {
        are_text_everywhere(strings);
    }
}

fn are_text_everywhere(strings: Vec<String>) {
    play(async {
        let console = Console::start(Desk::new());
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let harmless = Shapes::of(&console, &page).await;
        console.records("hostile", &event("hostile", "plain"));
        // Live rows, which a script makes.
        page.goto(&console.url(&format!("{EVENTS}?resource_type=hostile")))
            .await;
        page.click("[data-tail]").await;
        let mut entries = Vec::new();
        for some in strings.chunks(AT_ONCE) {
            let events: Vec<_> = some.iter().map(|text| event("hostile", text)).collect();
            console.records("hostile", &json!(events));
            let recorded = console.newest(some.len());
            shows_rows(&page, &recorded).await;
            entries.extend(recorded);
        }
        harmless.has(&page, "live").await;
        // The same as the server writes them.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry["seq"].as_u64()));
        let path = format!("{EVENTS}?resource_type=hostile&limit={AT_ONCE}");
        page.goto(&console.url(&path)).await;
        for (nth, some) in entries.chunks(AT_ONCE).enumerate() {
            if nth > 0 {
                page.follow(".pager [rel=next]").await;
            }
            shows_rows(&page, some).await;
            harmless.has(&page, "rows").await;
        }
        for some in entries.chunks(FETCHED) {
            shows_entries(&console, &page, some, &harmless).await;
        }
        for entry in entries.iter().take(SHOWN_MAX) {
            page.goto(&console.url(&format!("{EVENTS}/{}", entry["seq"])))
                .await;
            harmless.has(&page, "entry").await;
        }
        for some in entries.chunks(CHIPS) {
            shows_chips(&console, &page, some).await;
            harmless.has(&page, "chips").await;
        }
        let marks = "return [typeof window.hostile, document.cookie, location.hash]";
        let none = json!(["undefined", "", ""]);
        assert_eq!(page.run(marks, json!([])).await, none);
        is_without_fault(&page).await;
        console.stop();
    });
}

/// An event with a text in every field that takes any.
fn event(kind: &str, text: &str) -> Value {
    let context = if text.len() > 20_000 {
        json!({"long": text})
    } else {
        json!({text: text, "deep": {"list": [text, {text: 1}]}})
    };
    json!({
        "action": "page_viewed", "resource_type": kind, "resource_id": text, "user_id": text,
        "on_behalf_of": text, "ip_address": text, "user_agent": text, "correlation_id": text,
        "context": context,
    })
}

impl Console {
    /// The newest entries with a hostile text, newest first, as the API has them.
    fn newest(&self, count: usize) -> Vec<Value> {
        let path = format!("/v1/trails/hostile/events?resource_type=hostile&limit={count}");
        let page = self.asks(&path);
        page["entries"].as_array().expect("a list").clone()
    }
}

/// What harmless pages are made of.
struct Shapes(Vec<(&'static str, BTreeSet<String>)>);

impl Shapes {
    /// Looks at pages of texts that want nothing: a short one and one that is cut.
    async fn of(console: &Console, page: &Page) -> Self {
        let texts = ["plain", &"long ".repeat(20_000)];
        let events: Vec<_> = texts.iter().map(|text| event("harmless", text)).collect();
        let mut all = Self(Vec::new());
        let of_kind = format!("{EVENTS}?resource_type=harmless");
        console.records("hostile", &json!(events));
        page.goto(&console.url(&of_kind)).await;
        page.click("[data-tail]").await;
        console.records("hostile", &json!(events));
        page.wait_until("document.querySelectorAll('[data-rows] tr').length === 4")
            .await;
        all.learn(page, "live").await;
        // As many as push others out, to which a link leads from then on.
        let many = vec![event("harmless", "plain"); LIVE_ROWS_MAX];
        console.records("hostile", &json!(many));
        page.wait_for(".pager [rel=next]").await;
        all.learn(page, "live").await;
        for place in ["", "&limit=2"] {
            page.goto(&console.url(&format!("{of_kind}{place}"))).await;
            all.learn(page, "rows").await;
        }
        page.follow(".pager [rel=next]").await;
        all.learn(page, "rows").await;
        for seq in [0, 1] {
            page.goto(&console.url(&format!("{EVENTS}/{seq}"))).await;
            all.learn(page, "entry").await;
            // As it is read where no script of the page has seen it.
            for (name, look) in [("entry", ENTRY), ("user", USER)] {
                let url = match name {
                    "entry" => page.url().await,
                    _ => console.url("/console/trails/hostile/user?id=plain"),
                };
                all.learn_of(name, &fetched(page, vec![url], look).await[0][0]);
            }
        }
        for tags in ["tag=NO&tag=good", "tag=good&tag=too"] {
            page.goto(&console.url(&format!("{EVENTS}?{tags}"))).await;
            all.learn(page, "chips").await;
        }
        all
    }

    async fn learn(&mut self, page: &Page, name: &'static str) {
        self.learn_of(name, &shape(page).await);
    }

    fn learn_of(&mut self, name: &'static str, shape: &Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.extend(names(shape)),
            None => self.0.push((name, names(shape))),
        }
    }

    /// A page that is shown is made of nothing else.
    async fn has(&self, page: &Page, name: &str) {
        let shape = shape(page).await;
        self.knows(name, &shape, &json!(page.url().await));
    }

    fn knows(&self, name: &str, shape: &Value, of: &Value) {
        let (_, known) = self
            .0
            .iter()
            .find(|(known, _)| *known == name)
            .expect("learned");
        let shape = names(shape);
        let strange: Vec<_> = shape.difference(known).collect();
        assert!(strange.is_empty(), "{strange:?} on the page {name} of {of}");
    }
}

async fn shape(page: &Page) -> Value {
    page.run(&format!("return ({SHAPE})(document)"), json!([]))
        .await
}

fn names(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|name| name.as_str().expect("a text").to_owned())
        .collect()
}

fn text<'e>(entry: &'e Value, field: &str) -> &'e str {
    entry[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {entry}"))
}

/// The first rows, cell by cell: what one reads, and whom the links mean.
async fn shows_rows(page: &Page, entries: &[Value]) {
    let seq = &entries[0]["seq"];
    let first = "document.querySelector('[data-rows] a.entry')?.href";
    page.wait_until(&format!("{first}.endsWith('/{seq}')"))
        .await;
    let js = "const parameter = (link, name) => new URL(link.href).searchParams.get(name);
        return Array.from(document.querySelectorAll('[data-rows] tr')).slice(0, arguments[0])
            .map(({cells}) => {
                const [user, resource] = [cells[3], cells[4]].map((c) => c.querySelector('a'));
                return [cells[3].textContent, user && parameter(user, 'id'),
                    resource.textContent, parameter(resource, 'id'), cells[5].textContent];
            })";
    let rows = page.run(js, json!([entries.len()])).await;
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), entries.len());
    for (row, entry) in rows.iter().zip(entries) {
        let (user, resource) = (text(entry, "user_id"), text(entry, "resource_id"));
        let address = text(entry, "ip_address");
        // To ask for the user `none` is to ask for entries without one: no link does.
        let about = (user != "none").then_some(user);
        let expected = json!([user, about, resource, resource, address]);
        assert_eq!(*row, expected, "entry {}", entry["seq"]);
    }
}

/// The pages of entries, and those of their users, where the links lead.
async fn shows_entries(console: &Console, page: &Page, entries: &[Value], harmless: &Shapes) {
    let url = |entry: &Value| console.url(&format!("{EVENTS}/{}", entry["seq"]));
    let found = fetched(page, entries.iter().map(url).collect(), ENTRY).await;
    let mut users = Vec::new();
    for (entry, looked) in entries.iter().zip(&found) {
        harmless.knows("entry", &looked[0], &entry["seq"]);
        says_all(entry, &looked[1]);
        if entry["user_id"] != "none" {
            let user = looked[1][4].as_str().expect("an address").to_owned();
            assert!(user.starts_with(&console.url("/console/trails/hostile/user?id=")));
            users.push((text(entry, "user_id"), user));
        }
    }
    let urls = users.iter().map(|(_, url)| url.clone()).collect();
    for ((user, url), looked) in users.iter().zip(fetched(page, urls, USER).await) {
        harmless.knows("user", &looked[0], &json!(url));
        assert_eq!(looked[1], json!([user, user]), "{url}");
    }
}

/// What each of these pages is made of, and what a look at it answers.
async fn fetched(page: &Page, urls: Vec<String>, look: &str) -> Vec<Value> {
    let js = format!("const shape = {SHAPE}, look = {look}; {FETCH}");
    let found = page.run(&js, json!([urls])).await;
    found.as_array().expect("a list").clone()
}

fn says_all(entry: &Value, said: &Value) {
    let names = [
        "user_id",
        "on_behalf_of",
        "ip_address",
        "user_agent",
        "resource_type",
        "resource_id",
        "correlation_id",
    ];
    let seq = &entry["seq"];
    let fields = names.map(|name| text(entry, name));
    assert_eq!(said[0], json!(fields), "entry {seq}");
    let (mut keys, mut strings) = (Vec::new(), Vec::new());
    gather(&entry["context"], &mut keys, &mut strings);
    assert_eq!(said[1], json!(keys), "entry {seq}");
    assert_eq!(said[2], json!(strings), "entry {seq}");
    let raw = said[3][0].as_str().expect("the context");
    let raw: Value = serde_json::from_str(raw).expect("JSON");
    assert_eq!(raw, entry["context"], "entry {seq}");
}

/// The keys and texts of a tree in its order; members of lists have their place for a key.
fn gather(value: &Value, keys: &mut Vec<String>, strings: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                keys.push(key.clone());
                gather(value, keys, strings);
            }
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                keys.push(at.to_string());
                gather(value, keys, strings);
            }
        }
        Value::String(text) => strings.push(text.clone()),
        _ => {}
    }
}

/// Chips and fields, whether it can be a tag or not.
async fn shows_chips(console: &Console, page: &Page, entries: &[Value]) {
    let users: Vec<_> = entries.iter().map(|entry| text(entry, "user_id")).collect();
    let js = "return '?' + new URLSearchParams(arguments[0].map((text) => ['tag', text]))";
    let question = page.run(js, json!([users])).await;
    let question = question.as_str().expect("a text");
    page.goto(&console.url(&format!("{EVENTS}{question}")))
        .await;
    assert!([200, 400].contains(&page.status().await));
    let js = "return [Array.from(document.querySelectorAll('.chip bdi'), (c) => c.textContent),
        Array.from(document.querySelectorAll('input[name=tag]'), (field) => field.value)]";
    let shown = page.run(js, json!([])).await;
    assert_eq!(shown[0], json!(users));
    // A field of one line has no line ends, and there is one more to fill.
    let lines = users.iter().map(|user| user.replace(['\r', '\n'], ""));
    let lines: Vec<_> = lines.chain([String::new()]).collect();
    assert_eq!(shown[1], json!(lines));
}
