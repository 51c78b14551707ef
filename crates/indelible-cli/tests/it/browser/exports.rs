//! Exports: what a page's links download is what its filters find.

use serde_json::Value;
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::rows::question;
use crate::desk::Desk;

/// The links, and the names of what they bring.
const LINKS: [(&str, &str); 6] = [
    ("CSV", "csv"),
    ("NDJSON", "ndjson"),
    ("OCSF", "ocsf.ndjson"),
    ("CEF", "cef"),
    ("syslog", "log"),
    ("Evidence pack", "pack"),
];

#[test]
fn what_is_filtered_is_what_is_downloaded() {
    play(async {
        let console = Console::with_windows(Desk::new(), 1_000);
        let page = open(Look::DESK).await;
        console
            .log_in(&page, &console.key("auditor", Some("windows")))
            .await;
        let path = "/console/trails/windows/events?action=windows.process_created";
        page.goto(&console.url(path)).await;
        page.fill("input[name=user_id]", r"EXAMPLE\alice").await;
        page.submit("form[role=search]").await;
        let expected = console.matching(question(&page.url().await));
        assert!(expected.len() > 10, "{expected:?}");
        let as_of = page.text("[data-count]").await;
        let as_of = as_of.split_once("as of ").expect("a size").1.to_owned();
        let as_of: String = as_of.chars().filter(char::is_ascii_digit).collect();
        for (nth, (name, extension)) in LINKS.into_iter().enumerate() {
            let file = format!("windows-{as_of}.{extension}");
            let bytes = download(&page, nth, name, &file).await;
            console.desk.file(&file, &bytes);
            let found = match extension {
                "pack" => proved(&console, &file),
                _ => seqs(extension, &String::from_utf8(bytes).expect("UTF-8")),
            };
            assert_eq!(found, expected, "{name}");
        }
        is_without_fault(&page).await;
        console.stop();
    });
}

async fn download(page: &Page, nth: usize, name: &str, file: &str) -> Vec<u8> {
    if !page.shows(".menu li").await {
        page.click(".menu summary").await;
    }
    let link = format!(".menu li:nth-child({}) a", nth + 1);
    assert_eq!(page.text(&link).await, name);
    page.click(&link).await;
    page.downloaded(file).await
}

/// The seqs that a file speaks of, in its order.
fn seqs(extension: &str, text: &str) -> Vec<u64> {
    let json = |line: &str| -> Value { serde_json::from_str(line).expect("JSON") };
    let between = |line: &str, before: &str| -> u64 {
        let rest = line
            .split_once(before)
            .unwrap_or_else(|| panic!("{line}"))
            .1;
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..digits].parse().expect("a seq")
    };
    let seq = |line: &str| match extension {
        "ndjson" => json(line)["seq"].as_u64().expect("a seq"),
        "ocsf.ndjson" => json(line)["metadata"]["sequence"].as_u64().expect("a seq"),
        "cef" => between(line, "cn1="),
        _ => between(line, "seq=\""),
    };
    if extension == "csv" {
        let mut sheet = csv::Reader::from_reader(text.as_bytes());
        let heads = sheet.headers().expect("heads").clone();
        let at = heads
            .iter()
            .position(|head| head == "seq")
            .expect("a column");
        let rows = sheet.records().map(|row| row.expect("a row"));
        return rows.map(|row| row[at].parse().expect("a seq")).collect();
    }
    text.lines().map(seq).collect()
}

/// The seqs that a pack opens, newest first, once it is verified.
fn proved(console: &Console, file: &str) -> Vec<u64> {
    let key = console.desk.run(&["vkey", "--trail", "windows"]).fine().out;
    let call = ["verify-pack", file, "--key", key.trim()];
    let verdict = console.desk.json(&call);
    assert_eq!(verdict["ok"], true, "{verdict}");
    let text = console.desk.read(file);
    let lines = text
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).expect("JSON") });
    let opened = lines.filter(|line| line["parts"].is_object());
    let mut seqs: Vec<u64> = opened
        .map(|line| line["seq"].as_u64().expect("a seq"))
        .collect();
    assert_eq!(verdict["opened"], seqs.len());
    seqs.reverse();
    seqs
}
