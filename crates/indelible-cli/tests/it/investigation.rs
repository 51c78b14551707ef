//! Investigations of whole days: of a real one, where it is at hand, and of an invented one, which
//! is the guide's.

mod actors;
mod deeds;
mod guide;
mod pages;
mod round_trip;
pub mod shared;
mod sources;

pub use shared::day;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::desk::Desk;

/// All entries that match, newest first; no more than one page holds.
#[track_caller]
fn ask(desk: &Desk, filters: &[&str]) -> Vec<Value> {
    let mut page = desk.json(&[&["query", "--limit", "1000"], filters].concat());
    assert_eq!(page["has_more"], false, "{filters:?}");
    match page["entries"].take() {
        Value::Array(entries) => entries,
        other => panic!("{other}"),
    }
}

/// All entries that match, newest first, of any number.
#[track_caller]
fn ask_all(desk: &Desk, filters: &[&str]) -> Vec<Value> {
    let call = [&["query", "--all", "--output", "ndjson"], filters].concat();
    desk.run(&call).fine().lines()
}

/// How often each value stands in a field; a value that is no text as its JSON.
fn tally(entries: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in column(entries, field) {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// A field of each entry, by its name or as a JSON Pointer.
fn column(entries: &[Value], field: &str) -> Vec<String> {
    let at = if field.starts_with('/') {
        field.to_owned()
    } else {
        format!("/{field}")
    };
    let text = |entry: &Value| match entry.pointer(&at) {
        Some(Value::String(text)) => text.clone(),
        other => other.unwrap_or(&Value::Null).to_string(),
    };
    entries.iter().map(text).collect()
}

/// Counts as [`tally`] has them.
fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected
        .map(|(name, count)| (name.to_owned(), count))
        .into()
}

/// Imports, and answers the summary's `[read, recorded, duplicates, rejected]`, which add up.
#[track_caller]
fn import(desk: &Desk, arguments: &[&str]) -> [u64; 4] {
    let summary = desk.json(&[&["import"], arguments].concat());
    let counts = ["read", "recorded", "duplicates", "rejected"];
    let counts = counts.map(|name| summary[name].as_u64().expect("a count"));
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{summary}");
    counts
}
