//! What the integrity page's comparison keeps, and what it makes of a server that shows other
//! checkpoints than it proves.

use std::path::PathBuf;

use serde_json::{Value, json};
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::verifying::{pin, says};
use crate::desk::{Desk, files};

const INTEGRITY: &str = "/console/trails/windows/integrity";
const CHECKPOINT: &str = "/v1/trails/windows/checkpoint";
const VIEWED: &str = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}";

fn key_of(desk: &Desk) -> String {
    let key = desk.run(&["vkey", "--trail", "windows"]).fine().out;
    key.trim().to_owned()
}

fn records(desk: &Desk, count: usize) {
    let lines = format!("{VIEWED}\n").repeat(count);
    let call = ["import", "ndjson", "-", "--trail", "windows"];
    desk.fed(&call, lines).fine();
}

/// The trail's checkpoint as the server gives it now.
fn checkpoint(console: &Console) -> String {
    let (status, note) = console.server.call(&console.admin, "GET", CHECKPOINT, "");
    assert_eq!(status, 200, "{note}");
    note
}

/// Has the page get this for the trail's checkpoint, and its proofs from the server.
async fn shows(page: &Page, note: &str) {
    let fake = "window.fetched ??= window.fetch;
        window.fetch = (url, options) => new URL(url).pathname.endsWith('/checkpoint')
            ? Promise.resolve(new Response(arguments[0])) : window.fetched(url, options)";
    page.run(fake, json!([note])).await;
}

/// What the browser keeps under a name.
async fn kept(page: &Page, name: &str) -> Value {
    let kept = "return JSON.parse(localStorage.getItem(arguments[0]))";
    page.run(kept, json!([name])).await
}

async fn forget_key(page: &Page) {
    page.click(".pinned-key button").await;
}

async fn verdict_words(page: &Page) -> String {
    page.text(".seen-checkpoint .verdict").await
}

/// Does something that the installation has no memory of afterwards.
fn aside(desk: &Desk, act: impl FnOnce(&Desk)) {
    desk.keep();
    let state: Vec<(PathBuf, Vec<u8>)> = files(&desk.path("state"))
        .into_iter()
        .map(|file| (file.clone(), std::fs::read(file).expect("readable")))
        .collect();
    act(desk);
    desk.restore();
    for (file, content) in state {
        std::fs::write(file, content).expect("written");
    }
}

#[test]
fn a_checkpoint_that_the_proof_leads_past_is_compared_too() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let key = key_of(&console.desk);
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url(INTEGRITY)).await;
        pin(&page, &key).await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        // Two histories under the trail's own key: a server shows the one and proves the other.
        let mut forked = String::new();
        let console = console.restart(|desk| {
            aside(desk, |desk| {
                records(desk, 1);
                let call = ["checkpoint", "--trail", "windows"];
                forked = desk.run(&call).fine().out;
            });
            records(desk, 9);
        });
        shows(&page, &forked).await;
        forget_key(&page).await;
        pin(&page, &key).await;
        says(
            &page,
            "NOT consistent: nothing leads on from what is shown now",
        )
        .await;
        assert_eq!(page.count(".seen-checkpoint .verdict.ok").await, 0);
        let evidence = page.texts(".seen-checkpoint .more dt").await;
        assert_eq!(
            evidence,
            ["Seen last, and kept", "Shown now", "Given with a proof"]
        );
        assert_eq!(page.axe().await, []);
        forget_key(&page).await;
        page.wait_for(".seen-checkpoint .verdict[data-state=refused]")
            .await;
        // One of the same history is no more than late.
        let late = checkpoint(&console);
        console.records("windows", &serde_json::from_str(VIEWED).expect("JSON"));
        shows(&page, &late).await;
        pin(&page, &key).await;
        says(&page, "Grown and consistent: the").await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn what_no_key_judged_never_takes_the_place_of_what_one_has() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let key = key_of(&console.desk);
        let name = key.split('+').next().expect("a name");
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        let integrity = console.url(INTEGRITY);
        page.goto(&integrity).await;
        says(&page, "pin a key first").await;
        pin(&page, &key).await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        let event = serde_json::from_str(VIEWED).expect("JSON");
        console.records("windows", &event);
        page.goto(&integrity).await;
        says(&page, "Grown and consistent: the").await;
        let signed = kept(&page, "indelible-seen-checkpoints").await;
        assert_eq!(signed[name]["key"], key, "{signed}");
        let note = signed[name]["checkpoint"].as_str().expect("a note");
        forget_key(&page).await;
        page.wait_for(".seen-checkpoint .verdict[data-state=keyless]")
            .await;
        console.records("windows", &event);
        page.goto(&integrity).await;
        says(&page, "Not checked: pin a key first. Grown and consistent").await;
        let words = verdict_words(&page).await;
        assert!(
            words.contains("stays kept, since that one is signed"),
            "{words}"
        );
        assert_eq!(kept(&page, "indelible-seen-checkpoints").await, signed);
        // What was seen meanwhile is remembered all the same.
        shows(&page, note).await;
        pin(&page, &key).await;
        says(&page, "NOT consistent: the trail had").await;
        assert_eq!(kept(&page, "indelible-seen-checkpoints").await, signed);
        // Under the key the growth is kept.
        page.goto(&integrity).await;
        says(&page, "Grown and consistent: the").await;
        let later = kept(&page, "indelible-seen-checkpoints").await;
        assert_eq!(later[name]["key"], key, "{later}");
        assert_ne!(later, signed);
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn an_entry_that_is_looked_at_first_hides_no_earlier_name_of_the_trail() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let key = key_of(&console.desk);
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url(INTEGRITY)).await;
        pin(&page, &key).await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        let console = console.restart(|desk| {
            desk.keep();
            records(desk, 3);
            desk.restore();
            let call = ["trail", "succeed", "--trail", "windows"];
            desk.run(&[&call[..], &["--reason", "restored"]].concat())
                .fine();
        });
        // The same trail at an address where this browser never was.
        let moved = "localStorage.removeItem('indelible-trail-places')";
        page.run(moved, json!([])).await;
        page.goto(&console.url("/console/trails/windows/events/7"))
            .await;
        page.wait_for(".verify-entry .pinned-key").await;
        assert_eq!(kept(&page, "indelible-trail-places").await, Value::Null);
        page.goto(&console.url(INTEGRITY)).await;
        says(&page, "It went on as").await;
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn however_often_keys_change_a_trail_is_compared_once_more() {
    play(async {
        let console = Console::with_windows(Desk::new(), 20);
        let key = key_of(&console.desk);
        let name = key.split('+').next().expect("a name");
        let page = open(Look::DESK).await;
        console.log_in(&page, &console.admin).await;
        page.goto(&console.url(INTEGRITY)).await;
        says(&page, "First visit").await;
        // Answers wait until they are let go.
        let holds = "const real = window.fetch;
            window.asked = 0;
            window.held = new Promise((resolve) => { window.letGo = resolve; });
            window.fetch = async (url, options) => {
                if (new URL(url).pathname.endsWith('/checkpoint')) window.asked += 1;
                await window.held;
                return real(url, options);
            };
            window.told = (keys) => {
                localStorage.setItem('indelible-pinned-keys', JSON.stringify(keys));
                dispatchEvent(new StorageEvent('storage', { key: 'indelible-pinned-keys' }));
            };";
        page.run(holds, json!([])).await;
        let other = key_of_another(&page, &key).await;
        let toggles = "const [name, key] = arguments;
            for (let at = 0; at < 20; at += 1) {
                told({});
                told({ [name]: key });
            }
            const first = window.asked;
            window.letGo();
            return first";
        let first = page.run(toggles, json!([name, key])).await;
        assert_eq!(first, 1, "while one waits for its answer no other asks");
        page.wait_for(".seen-checkpoint .verdict.ok").await;
        assert_eq!(page.run("return window.asked", json!([])).await, 2);
        // A key of another trail is no reason to ask again.
        let tells = "const [name, key, other] = arguments;
            told({ [name]: key, 'other.example/trail-0': other })";
        page.run(tells, json!([name, key, other])).await;
        assert_eq!(page.run("return window.asked", json!([])).await, 2);
        assert_eq!(page.count(".seen-checkpoint .verdict.ok").await, 1);
        is_without_fault(&page).await;
        console.stop();
    });
}

async fn key_of_another(page: &Page, key: &str) -> String {
    let keys = keys_of_others(page, key, 0, 1).await;
    keys.into_iter().next().expect("one")
}

/// The same public key under the names of other trails.
pub async fn keys_of_others(page: &Page, key: &str, from: u32, count: u32) -> Vec<String> {
    let makes = "const [vkey, from, count] = arguments;
        const encoded = vkey.split('+').slice(2).join('+');
        const key = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
        const made = async (name) => {
            const named = new Uint8Array([...new TextEncoder().encode(name + '\\n'), ...key]);
            const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', named));
            const id = [...digest.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0'));
            return `${name}+${id.join('')}+${encoded}`;
        };
        const names = Array.from({ length: count }, (_, at) => `other.example/trail-${from + at}`);
        return Promise.all(names.map(made))";
    let made = page.run(makes, json!([key, from, count])).await;
    serde_json::from_value(made).expect("keys")
}
