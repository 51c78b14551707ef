//! `import` of audit tables that other programs kept.

use serde_json::{Value, json};

use crate::desk::{Desk, on_each_store};

on_each_store! {
    the_history_of_a_table_is_taken_over_once,
    what_is_no_table_is_named,
}

const CREATE: &str = "CREATE TABLE shop_audit (nr INTEGER PRIMARY KEY, happened TEXT, what TEXT, \
     who TEXT, ok INTEGER, details TEXT); INSERT INTO shop_audit VALUES \
     (1, '2025-03-01 08:00:00', 'user_login', 'anna', 1, '{\"ip\": \"203.0.113.1\", \"password\": \"hunter2-hunter2\"}'), \
     (2, '2025-03-01 08:00:01', 'order refunded', 'bob', 0, 'no JSON'), \
     (3, NULL, NULL, NULL, NULL, NULL)";

const MAPPING: &str = r#"
format = 1
name = "shop"
embedded = ["/details"]
[table]
name = "shop_audit"
[key]
from = "/nr"
[time]
from = "/happened"
formats = ["rfc3339_utc"]
[event]
action = [{ template = "shop.{what}", parts = { what = "/what" } }, { value = "event_recorded" }]
resource_type = { value = "shop" }
user_id = "/who"
ip_address = "/details/ip"
[outcome]
otherwise = "completed"
[[outcome.rule]]
is = "failed"
when = [{ at = "/ok", equals = 0 }]
"#;

/// The database of the other program: on the server that the desk has, else in a file.
fn shop(desk: &Desk) -> String {
    desk.file("shop.toml", MAPPING);
    if desk.is_on_postgres() {
        desk.server().execute(CREATE);
        return desk.server().superuser_url();
    }
    let db = rusqlite::Connection::open(desk.path("here/shop.db")).expect("a database");
    db.execute_batch(CREATE).expect("SQL");
    "sqlite:shop.db".to_owned()
}

fn counts(summary: &Value) -> [u64; 4] {
    ["read", "recorded", "duplicates", "rejected"].map(|name| summary[name].as_u64().expect(name))
}

fn the_history_of_a_table_is_taken_over_once(new: fn() -> Desk) {
    let desk = new();
    let url = shop(&desk);
    let explain = [
        "import",
        "--explain",
        "shop",
        &url,
        "--mapping",
        "shop.toml",
    ];
    let explained = desk.json(&explain);
    assert_eq!(explained.as_array().map(Vec::len), Some(3), "{explained}");
    assert!(!explained.to_string().contains("hunter2"), "{explained}");
    let call = ["import", "shop", &url, "--mapping", "shop.toml"];
    assert_eq!(counts(&desk.json(&call)), [3, 3, 0, 0]);
    assert_eq!(counts(&desk.json(&call)), [3, 0, 3, 0]);
    let found = desk.json(&["query"]);
    let entries = found["entries"].as_array().expect("a list");
    let of = |action: &str| {
        entries
            .iter()
            .find(|entry| entry["action"] == action)
            .expect(action)
    };
    let login = of("shop.user_login");
    assert_eq!(login["occurred_at"], "2025-03-01T08:00:00.000000Z");
    assert_eq!(
        (&login["user_id"], &login["ip_address"]),
        (&json!("anna"), &json!("203.0.113.1"))
    );
    assert_eq!(login["context"]["details"]["ip"], "203.0.113.1");
    let refund = of("shop.order_refunded");
    assert_eq!(
        (&refund["outcome"], &refund["user_id"]),
        (&json!("failed"), &json!("bob"))
    );
    assert_eq!(refund["context"]["details"], "no JSON");
    assert_eq!(of("event_recorded")["context"]["nr"], 3);
    assert!(!found.to_string().contains("hunter2"), "{found}");
    desk.run(&["verify"]).fine();
}

fn what_is_no_table_is_named(new: fn() -> Desk) {
    let desk = new();
    let url = shop(&desk);
    desk.file("other.toml", MAPPING.replace("shop_audit", "shop_audits"));
    let other = ["import", "shop", &url, "--mapping", "other.toml"];
    let answered = desk.run(&other);
    assert_ne!(answered.status, 0, "{answered:?}");
    assert!(answered.err.contains("shop_audits"), "{answered:?}");
    desk.run(&["import", "audit-table", &url])
        .fails(2, "--mapping");
    desk.run(&["import", "shop", "memory:", "--mapping", "shop.toml"])
        .fails(2, "sqlite:PATH");
    desk.run(&["import", "shop", "shop.db", "--mapping", "shop.toml"])
        .fails(2, "shop.db");
    let missing = ["import", "shop", "sqlite:none.db", "--mapping", "shop.toml"];
    let answered = desk.run(&missing);
    assert!(answered.err.contains("none.db"), "{answered:?}");
    assert!(!desk.path("here/none.db").exists());
}
