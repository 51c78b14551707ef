//! `indelible outbox`, and what `serve` and `doctor` make of the outbox.

mod elsewhere;

use indelible::outbox::tokio_postgres;

use crate::desk::{Desk, on_each_store};
use crate::postgres::check;
use crate::serving::Server;

on_each_store!(
    a_pass_moves_what_waits_and_shows_what_never_can_be,
    what_cannot_be_recorded_is_told_without_its_text,
    a_server_drains_the_outbox_of_its_database,
    a_server_shows_what_it_found_in_the_outbox,
    doctor_says_what_waits,
    doctor_takes_a_time_that_is_yet_to_come_for_no_sign_of_health,
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
        {"recorded": 3, "duplicates": 0, "refused": 2, "locked": 0, "unsettled": 0,
         "problem": null, "held": []}
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

fn what_cannot_be_recorded_is_told_without_its_text(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    let repeated = "{\"hunter2\":1,\"hunter2\":2}".to_owned();
    let rows = [
        // The two columns the wrong way round.
        ("{\"password\":\"hunter2\"}", "default".to_owned()),
        ("hunter2 is no name", event(1, "a")),
        ("default", repeated),
        (
            "default",
            event(1, "a").replace("account_opened", "hunter2 is mine"),
        ),
        ("default", event(1, "a").replace(ID, "hunter2")),
        (
            "default",
            event(1, "a").replace("\"context\"", "\"hunter2\""),
        ),
        ("default", "hunter2".to_owned()),
        ("bank", "[]".to_owned()),
    ];
    put(&desk, &rows);
    let drained = desk.run(&["outbox", "drain", "--output", "json"]).fine();
    assert_eq!(drained.json()["refused"], rows.len());
    let told = |call: &[&str]| {
        let answer = desk.run(call).fine();
        let told = format!("{}{}", answer.out, answer.err);
        assert!(!told.contains("hunter"), "{told}");
        told
    };
    for form in ["json", "ndjson", "csv", "table"] {
        let told = told(&["outbox", "status", "--output", form]);
        assert!(told.contains("is ill-formed"), "{told}");
        assert!(told.contains("in it twice"), "{told}");
        assert!(told.contains("bank"), "a trail's name is said: {told}");
    }
    let told = format!("{}{}", drained.out, drained.err);
    assert!(!told.contains("hunter"), "{told}");
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
    // What is said of a row comes just before it is settled.
    figures(&mut server, "indelible_outbox_moved_total 1");
    drop(server);
    let other = Server::start(&desk, &["--drain-every", "off"]);
    let (_, metrics) = other.ask("GET", "/metrics", "");
    assert!(!metrics.contains("indelible_outbox"), "{metrics}");
}

/// The figures of the outbox, once this one is among them.
fn figures(server: &mut Server, awaited: &str) -> Vec<String> {
    loop {
        let (status, metrics) = server.ask("GET", "/metrics", "");
        assert_eq!(status, 200);
        let figures = metrics.lines();
        let figures = figures.filter(|line| line.starts_with("indelible_outbox_"));
        let figures: Vec<String> = figures.map(str::to_owned).collect();
        if figures.iter().any(|figure| figure.starts_with(awaited)) {
            return figures;
        }
        // Or its log would be full one day, and it would wait for a reader.
        server.hear("/metrics");
    }
}

fn a_server_shows_what_it_found_in_the_outbox(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    let rows = [
        ("default", event(1, "a")),
        ("default", "{}".to_owned()),
        ("bank", event(2, "b")),
        ("bank", "{}".to_owned()),
        ("default", event(3, "c")),
    ];
    put(&desk, &rows);
    // One pass, and then a count: the next is hours away.
    let mut server = Server::start(&desk, &["--drain-every", "9h"]);
    let figures = figures(&mut server, "indelible_outbox_refused ");
    let expected = [
        "indelible_outbox_draining 1",
        "indelible_outbox_moved_total 3",
        "indelible_outbox_failures_total 0",
        "indelible_outbox_waiting 0",
        "indelible_outbox_age_seconds 0",
        "indelible_outbox_refused 2",
    ];
    assert_eq!(figures, expected);
}

fn doctor_takes_a_time_that_is_yet_to_come_for_no_sign_of_health(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(1);
    put(&desk, &[("default", event(1, "a"))]);
    set_time(&desk, "2999-01-01T00:00:00Z");
    let report = desk.run(&["doctor", "--output", "json"]).json();
    let (verdict, detail, remedy) = check(&report, "outbox");
    assert_eq!(verdict, "warn");
    assert_eq!(
        detail,
        "1 events wait, the oldest came by a clock ahead of this one"
    );
    assert!(remedy.starts_with("`indelible outbox drain`"), "{remedy}");
}

/// Says of all rows that they were put there at this time.
fn set_time(desk: &Desk, time: &str) {
    let table = if desk.is_on_postgres() {
        "indelible.op_outbox"
    } else {
        "op_outbox"
    };
    let sql = format!("UPDATE {table} SET queued_at = '{time}'");
    if desk.is_on_postgres() {
        desk.server().execute(&sql);
    } else {
        let db = rusqlite::Connection::open(desk.database()).expect("opens");
        db.execute_batch(&sql).expect("set");
    }
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
    set_time(&desk, "2026-01-01T00:00:00Z");
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
fn rows_that_another_transaction_holds_are_told_and_moved_later() {
    let desk = Desk::on_postgres();
    desk.records(1);
    put(
        &desk,
        &[("default", event(1, "a")), ("default", event(2, "b"))],
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let holder = runtime.block_on(async {
        let url = desk.server().superuser_url();
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .expect("connected");
        tokio::spawn(connection);
        let hold = "BEGIN; SELECT 1 FROM indelible.op_outbox FOR UPDATE";
        client.batch_execute(hold).await.expect("it holds");
        client
    });
    let drained = desk.run(&["outbox", "drain", "--output", "json"]);
    let drained = drained.status_is(1).json();
    assert_eq!(
        (&drained["recorded"], &drained["locked"]),
        (&2.into(), &2.into())
    );
    let shown = desk.run(&["outbox", "drain"]).status_is(1);
    let locked = shown.out.lines().find(|line| line.starts_with("locked"));
    assert!(
        locked.is_some_and(|line| line.ends_with('2')),
        "{}",
        shown.out
    );
    let ended = runtime.block_on(holder.batch_execute("ROLLBACK"));
    ended.expect("it lets go");
    let drained = desk.json(&["outbox", "drain"]);
    assert_eq!(
        (&drained["duplicates"], &drained["locked"]),
        (&2.into(), &0.into())
    );
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
