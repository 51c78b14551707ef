//! `indelible outbox`, and what `serve` and `doctor` make of the outbox.

use crate::desk::{Desk, on_each_store};
use crate::postgres::check;
use crate::serving::Server;

on_each_store!(
    a_pass_moves_what_waits_and_shows_what_never_can_be,
    a_server_drains_the_outbox_of_its_database,
    doctor_says_what_waits,
);

const ID: &str = "01890000-0000-7000-8000-00000000000";

/// An event as another program writes it, `digit` telling its id.
fn event(digit: u8, resource: &str) -> String {
    format!(
        "{{\"action\":\"account_opened\",\"resource_type\":\"account\",\"id\":\"{ID}{digit}\",\
         \"resource_id\":\"{resource}\",\"context\":{{\"password\":\"hunter2\"}}}}"
    )
}

/// Puts events into the outbox of a desk's database, as its application does.
fn put(desk: &Desk, events: &[(&str, String)]) {
    for (trail, event) in events {
        let table = if desk.is_on_postgres() {
            "indelible."
        } else {
            ""
        };
        let sql =
            format!("INSERT INTO {table}op_outbox (trail, event) VALUES ('{trail}', '{event}')");
        if desk.is_on_postgres() {
            desk.server().execute(&sql);
        } else {
            let db = rusqlite::Connection::open(desk.database()).expect("opens");
            db.execute_batch(&sql).expect("inserted");
        }
    }
}

fn a_pass_moves_what_waits_and_shows_what_never_can_be(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    let empty = desk.json(&["outbox", "status"]);
    let nothing = serde_json::json!(
        {"waiting": 0, "waiting_since": null, "refused": 0, "refusals": []}
    );
    assert_eq!(empty, nothing);
    let rows = [
        ("default", event(1, "a")),
        ("default", event(1, "b")),
        ("bank", event(1, "c")),
        ("default", "{}".to_owned()),
        ("default", event(2, "d")),
    ];
    put(&desk, &rows);
    let drained = desk.json(&["outbox", "drain"]);
    let counts = serde_json::json!(
        {"recorded": 3, "duplicates": 0, "refused": 2, "held": []}
    );
    assert_eq!(drained, counts);
    let shown = desk.run(&["query", "--action", "account_opened", "--output", "ndjson"]);
    let shown = shown.fine().out;
    let resources: Vec<String> = shown
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an entry"))
        .map(|entry| entry["resource_id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(resources, ["d", "a"]);
    assert!(
        !shown.contains("hunter2"),
        "what came unredacted is redacted"
    );
    let status = desk.json(&["outbox", "status"]);
    assert_eq!(
        (&status["waiting"], &status["refused"]),
        (&0.into(), &2.into())
    );
    let reason = |place: usize| {
        status["refusals"][place]["reason"]
            .as_str()
            .unwrap_or_default()
    };
    assert!(reason(0).contains("has another resource_id"), "{status}");
    assert!(reason(1).contains("`action` is missing"), "{status}");
    desk.run(&["outbox", "status"])
        .fine()
        .says("`action` is missing");
    desk.run(&["verify"]).fine();
}

fn a_server_drains_the_outbox_of_its_database(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    let mut server = Server::start(&desk, &["--drain-every", "1s"]);
    let rows = [("default", event(1, "a")), ("default", event(1, "b"))];
    put(&desk, &rows);
    // The second is answered after the first one is recorded.
    server.hear("can never be recorded");
    let (status, page) = server.ask("GET", "/v1/trails/default/events?action=account_opened", "");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains(&format!("{ID}1")), "{page}");
    let (status, metrics) = server.ask("GET", "/metrics", "");
    assert_eq!(status, 200);
    for figure in [
        "indelible_outbox_moved_total",
        "indelible_outbox_failures_total 0",
    ] {
        assert!(metrics.contains(figure), "{metrics}");
    }
    drop(server);
    let other = Server::start(&desk, &["--drain-every", "off"]);
    let (_, metrics) = other.ask("GET", "/metrics", "");
    assert!(!metrics.contains("indelible_outbox"), "{metrics}");
}

fn doctor_says_what_waits(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    let told = |name| check(&desk.run(&["doctor", "--output", "json"]).json(), name);
    assert_eq!(
        told("outbox"),
        ("ok".into(), "nothing waits".into(), String::new())
    );
    put(&desk, &[("default", event(1, "a"))]);
    let (verdict, detail, _) = told("outbox");
    assert_eq!(verdict, "ok");
    assert!(
        detail.starts_with("1 events wait, the oldest came "),
        "{detail}"
    );
    let table = if desk.is_on_postgres() {
        "indelible.op_outbox"
    } else {
        "op_outbox"
    };
    let aged = format!("UPDATE {table} SET queued_at = '2026-01-01T00:00:00Z'");
    if desk.is_on_postgres() {
        desk.server().execute(&aged);
    } else {
        let db = rusqlite::Connection::open(desk.database()).expect("opens");
        db.execute_batch(&aged).expect("aged");
    }
    let (verdict, _, remedy) = told("outbox");
    assert_eq!(verdict, "warn");
    assert!(remedy.starts_with("`indelible outbox drain`"), "{remedy}");
    put(&desk, &[("No Trail", event(1, "a"))]);
    desk.run(&["outbox", "drain"]).fine();
    let (verdict, detail, remedy) = told("outbox");
    assert_eq!(verdict, "warn");
    assert_eq!(detail, "nothing waits; 1 can never be recorded");
    assert_eq!(remedy, "`indelible outbox status` says why");
}

#[test]
fn an_outbox_in_a_database_of_its_own_is_drained_from_there() {
    let desk = Desk::new();
    desk.records(1);
    let bank = desk.path("bank.db");
    let url = format!("sqlite:{}", bank.display());
    let absent = desk.run(&["outbox", "drain", "--at", &url]);
    absent.fails(1, "there is no outbox at sqlite:");
    assert!(!bank.exists());
    let db = rusqlite::Connection::open(&bank).expect("opens");
    db.execute_batch(indelible::outbox::SQLITE_CREATE)
        .expect("made");
    let insert = indelible::outbox::SQLITE_INSERT;
    db.execute(insert, ["default", &event(1, "a")])
        .expect("inserted");
    let status = desk.json(&["outbox", "status", "--at", &url]);
    assert_eq!(status["waiting"], 1);
    let drained = desk.json(&["outbox", "drain", "--at", &url]);
    assert_eq!(drained["recorded"], 1);
    desk.run(&["outbox", "drain", "--at", "memory:"])
        .status_is(1);
}

#[test]
fn what_waits_in_a_database_that_was_left_is_moved_into_the_new_one() {
    let desk = Desk::new();
    desk.records(1);
    let (old, new) = ("sqlite:indelible.db", "sqlite:new.db");
    put(&desk, &[("default", event(1, "a"))]);
    desk.run(&["copy", old, new]).fine();
    put(&desk, &[("default", event(2, "b"))]);
    let held = desk.run(&["outbox", "drain", "--output", "json"]);
    let held = held.status_is(1).json();
    assert_eq!(
        (&held["recorded"], &held["refused"]),
        (&0.into(), &0.into())
    );
    assert_eq!(held["held"][0]["trail"], "default");
    let reason = held["held"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("moved it"), "{reason}");
    let moved = desk.json(&["outbox", "drain", "--database", new, "--at", old]);
    assert_eq!(
        (&moved["recorded"], &moved["held"]),
        (&2.into(), &serde_json::json!([]))
    );
    assert_eq!(desk.json(&["outbox", "status"])["waiting"], 0);
}
