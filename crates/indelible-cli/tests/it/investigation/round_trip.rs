//! An export, imported again.

use std::path::Path;

use serde_json::Value;

use super::guide::TWIN;
use super::shared::day;
use super::{ask_all, import};
use crate::desk::{Desk, on_each_store};

on_each_store! {
    the_real_day_goes_round,
    the_invented_day_goes_round,
    what_is_rare_goes_round,
}

/// Entries by their ids, without what their trail gave them.
fn contents(desk: &Desk, trail: &[&str]) -> Vec<Value> {
    let mut entries = ask_all(desk, trail);
    for entry in &mut entries {
        let entry = entry.as_object_mut().expect("an entry");
        entry.retain(|name, _| {
            !["trail", "seq", "created_at", "leaf_hash"].contains(&name.as_str())
        });
    }
    entries.sort_by_key(|entry| entry["id"].to_string());
    entries
}

/// Exports all of `desk`, which holds `count` entries, and imports it everywhere.
fn goes_round(new: fn() -> Desk, desk: &Desk, count: u64) {
    desk.run(&["export", "--format", "ndjson", "-o", "all.ndjson"])
        .fine();
    let file = desk
        .path("here/all.ndjson")
        .into_os_string()
        .into_string()
        .expect("UTF-8");
    let fresh = new();
    assert_eq!(import(&fresh, &["ndjson", &file]), [count, count, 0, 0]);
    assert_eq!(import(&fresh, &["ndjson", &file]), [count, 0, count, 0]);
    assert_eq!(import(desk, &["ndjson", &file]), [count, 0, count, 0]);
    assert_eq!(contents(&fresh, &[]), contents(desk, &[]));
    assert_eq!(fresh.json(&["verify"])["ok"], true);
    // And once more: an export of the copy adds nothing to the original.
    fresh.run(&["export", "-o", "copy.ndjson"]).fine();
    let copy = fresh
        .path("here/copy.ndjson")
        .into_os_string()
        .into_string()
        .expect("UTF-8");
    assert_eq!(import(desk, &["ndjson", &copy]), [count, 0, count, 0]);
    assert_eq!(desk.json(&["query"])["as_of"], count);
}

fn the_real_day_goes_round(new: fn() -> Desk) {
    if let Some(desk) = day(new) {
        goes_round(new, &desk, 2202);
    }
}

fn the_invented_day_goes_round(new: fn() -> Desk) {
    let desk = new();
    let twin = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(TWIN);
    let twin = twin.to_str().expect("UTF-8");
    assert_eq!(import(&desk, &["cloudtrail", twin]), [45, 45, 0, 0]);
    goes_round(new, &desk, 45);
}

fn what_is_rare_goes_round(new: fn() -> Desk) {
    let desk = new();
    let context = r#"{"big": 9223372036854775807, "empty": {}, "list": [null, 0.1, "\u2028"],
        "password": "hunter2", "a.b": {"": "=x"}}"#;
    desk.run(&[
        "record",
        "user_login",
        "session",
        "--context",
        context,
        "--tag",
        "b",
        "--tag",
        "a",
        "--on-behalf-of",
        "a\u{301}",
        "--user-agent",
        &"x".repeat(2000),
        "--ip-address",
        "unknown",
        "--resource-id",
        "=1+1",
        "--outcome",
        "attempted",
        "--correlation-id",
        "c\td",
    ])
    .fine();
    desk.run(&["record", "USER_LOGIN_FAILED", "session", "--context", "{}"])
        .fine();
    desk.run(&[
        "record",
        "x",
        "y",
        "--occurred-at",
        "1969-12-31T23:59:59.000001Z",
    ])
    .fine();
    goes_round(new, &desk, 3);
}
