//! What callers make up takes no count out of a record.

use indelible_core::door::CONTEXT_BYTES_MAX;
use serde_json::{Map, Value, json};

use super::look;
use crate::limits::{DETAILS_BYTES_MAX, TALLIES_MAX, TALLY_GRACE, TALLY_TIME};
use crate::site::Site;
use crate::tally::Tally;
use crate::tally::bounded::{bounded, length};

/// Questions as long as a request's head may be, or longer.
fn hostile(n: usize) -> Map<String, Value> {
    let text = |unit: &str| format!("{n}{}", unit.repeat((32 << 10) / unit.len()));
    let query = match n % 8 {
        0 => json!({ "user_id": text("u") }),
        1 => json!({ "user_id": text("\u{1}"), "action": text("\u{10ffff}") }),
        2 => json!({ "tag": vec![format!("t{n}"); 10_000] }),
        3 => json!({ "context": vec![text("\u{1f}"); 20], "user_id": "u-1" }),
        4 => json!({ text("name"): "value" }),
        5 => (0..8_000)
            .map(|m| (format!("{n}-{m}"), json!("v")))
            .collect(),
        6 => json!({ "a": { "b": [ { "c": text("\"") } ] } }),
        _ => json!(text("\\")),
    };
    let purpose = text("\u{2}")[..255].to_owned();
    let details = json!({ "query": query, "purpose": purpose, "endpoint": "GET /", "n": n });
    details.as_object().expect("an object").clone()
}

#[test]
fn what_is_recorded_of_a_question_is_bounded_and_tells_questions_apart() {
    let mut seen = Vec::new();
    for n in 0..32 {
        let cut = bounded(hostile(n));
        assert!(
            length(&Value::Object(cut.clone())) <= DETAILS_BYTES_MAX,
            "{n}"
        );
        assert_eq!(cut["endpoint"], "GET /");
        assert!(!seen.contains(&cut["query"]), "{n}");
        seen.push(cut["query"].clone());
    }
    let plain = json!({ "query": { "user_id": "u".repeat(255), "tag": ["a", "b"] } });
    let plain = plain.as_object().expect("an object").clone();
    assert_eq!(bounded(plain.clone()), plain);
}

/// Whether a record has all its members.
fn expect_whole(context: &Value) {
    assert!(context.get("_truncated").is_none(), "{context}");
    assert!(length(context) <= CONTEXT_BYTES_MAX);
}

#[tokio::test]
async fn a_sum_always_fits_its_record() {
    for others in [0, TALLIES_MAX] {
        let site = Site::new().await;
        site.begin("shop").await;
        let tally = Tally::new(site.engine.clone());
        // With all places taken it is a sum of several.
        for n in 0..others {
            let look = look("shop", &format!("key:{n}"));
            tally.note(look).await.expect("noted");
        }
        for n in 0..100 {
            let caller = format!("{}{n}", "\u{3}".repeat(n * others));
            let mut look = look(
                "shop",
                &if others == 0 {
                    "key".to_owned()
                } else {
                    caller
                },
            );
            look.details = hostile(n);
            look.results = 3;
            tally.note(look).await.expect("noted");
        }
        tally.settle_all().await.expect("settled");
        let records = site.records("shop").await;
        records.iter().for_each(expect_whole);
        let repeats = &records.last().expect("a sum")["repeats"];
        assert_eq!(
            (&repeats["count"], &repeats["result_count"]),
            (&json!(99), &json!(297))
        );
    }
}

#[tokio::test]
async fn a_sum_that_was_left_behind_always_fits_its_record() {
    let site = Site::new().await;
    site.begin("shop").await;
    let tally = Tally::new(site.engine.clone());
    for n in 0..100 {
        let mut look = look("shop", "key:1");
        look.details = hostile(n);
        tally.note(look).await.expect("noted");
    }
    drop(tally);
    // And one that was written before questions were cut.
    let asked = vec![json!({ "query": "q".repeat(1000), "count": 1 }); 100];
    let row = json!({
        "trail": "shop",
        "event": { "action": "audit_log_accessed", "resource_type": "audit_log" },
        "count_at_most": 100,
        "first_at": "2026-01-01T00:00:00.000000Z",
        "until": "2026-01-01T00:01:00.000000Z",
        "asked": asked,
    });
    let registry = &site.engine.ground().registry;
    let put = registry.put("tally", "old", None, Some(&row)).await;
    put.expect("written");
    site.clock.pass(TALLY_TIME + TALLY_GRACE + TALLY_TIME);
    let next = Tally::new(site.another(&site.clock).await);
    next.settle().await.expect("settled");
    let records = site.records("shop").await;
    records.iter().for_each(expect_whole);
    let counts: Vec<_> = records[1..]
        .iter()
        .map(|context| context["repeats"]["count_at_most"].as_u64())
        .collect();
    assert!(counts.len() == 2 && counts.iter().all(|count| *count >= Some(99)));
}
