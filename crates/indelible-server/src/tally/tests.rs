mod crash;
mod length;

use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Query, TrailName};
use serde_json::{Map, Value, json};

use super::{Happening, Tally};
use crate::limits::TALLIES_MAX;
use crate::site::Site;

impl Site {
    /// Makes a trail.
    async fn begin(&self, trail: &str) {
        let event = AuditEvent::new(AuditAction::custom("begun"), "thing");
        let audit = self.engine.trail(name(trail));
        audit.record(event).await.expect("recorded");
    }

    /// The contexts of the records of looks in a trail, oldest first.
    async fn records(&self, trail: &str) -> Vec<Value> {
        let query = Query::new().action("audit_log_accessed").limit(1000);
        let page = self.engine.trail(name(trail)).query(query).await;
        let entries = page.expect("readable").entries.into_iter().rev();
        let context = |entry| serde_json::to_value(entry).expect("JSON")["context"].clone();
        entries.map(context).collect()
    }
}

fn name(trail: &str) -> TrailName {
    trail.parse().expect("a name")
}

/// A look of this key at a trail.
fn look(trail: &str, key: &str) -> Happening {
    let event = [
        ("action", json!("audit_log_accessed")),
        ("resource_type", json!("audit_log")),
        ("resource_id", json!(trail)),
        ("user_id", json!(key)),
    ];
    let own = |(name, value): (&str, Value)| (name.to_owned(), value);
    Happening {
        trail: name(trail),
        group: format!("{key}\nread"),
        event: event.into_iter().map(own).collect(),
        details: Map::new(),
        results: 0,
        request_id: "r-1".to_owned(),
    }
}

/// How many looks records tell of.
fn told(records: &[Value]) -> u64 {
    let count = |context: &Value| context["repeats"]["count"].as_u64().unwrap_or(1);
    records.iter().map(count).sum()
}

#[tokio::test]
async fn names_that_are_made_up_fill_no_places_and_each_look_is_counted() {
    let site = Site::new().await;
    let tally = Tally::new(site.engine.clone());
    for n in 0..100_000 {
        let look = look(&format!("made-up-{n}"), "key:1");
        tally.note(look).await.expect("noted");
    }
    assert_eq!(tally.places.len(), 1);
    tally.settle_all().await.expect("settled");
    let records = site.records("system").await;
    assert_eq!((records.len(), told(&records)), (2, 100_000));
    let repeats = &records[1]["repeats"];
    assert_eq!(repeats["asked"][0]["trail"], "made-up-1");
    let heads = site.engine.heads().await.expect("readable");
    assert_eq!(heads.len(), 1, "looking made no trail");
}

#[tokio::test]
async fn places_are_bounded_whoever_looks_at_whatever() {
    let site = Site::new().await;
    let tally = Tally::new(site.engine.clone());
    let trails = TALLIES_MAX + 44;
    for n in 0..trails {
        site.begin(&format!("t-{n}")).await;
    }
    for key in ["key:1", "key:2", "key:3"] {
        for n in 0..trails {
            let look = look(&format!("t-{n}"), key);
            tally.note(look).await.expect("noted");
        }
    }
    // Of their own, the rest of a trail, and the rest of them all.
    assert_eq!(tally.places.len(), 2 * TALLIES_MAX + 1);
    tally.settle_all().await.expect("settled");
    let mut all = site.records("system").await;
    let rest = all.last().expect("a sum").clone();
    assert_eq!(rest["repeats"]["callers_more"], 0);
    for n in 0..trails {
        all.extend(site.records(&format!("t-{n}")).await);
    }
    assert_eq!(told(&all), 3 * trails as u64);
}

#[tokio::test]
async fn a_sum_of_several_says_who_they_were() {
    let site = Site::new().await;
    site.begin("shop").await;
    let tally = Tally::new(site.engine.clone());
    let keys = TALLIES_MAX + 100;
    for n in 0..keys {
        for _ in 0..2 {
            let look = look("shop", &format!("key:{n}"));
            tally.note(look).await.expect("noted");
        }
    }
    tally.settle_all().await.expect("settled");
    let records = site.records("shop").await;
    assert_eq!(told(&records), 2 * keys as u64);
    let of_several = |context: &&Value| context["of"] == "several";
    let sum = records.iter().find(of_several).expect("a sum");
    let callers = sum["repeats"]["callers"].as_array().expect("a list");
    // The first look of the first of them is recorded at once.
    assert_eq!(callers[0]["user_id"], format!("key:{TALLIES_MAX}"));
    assert_eq!(
        (&callers[0]["count"], &callers[1]["count"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (callers.len(), &sum["repeats"]["callers_more"]),
        (64, &json!(72))
    );
}
