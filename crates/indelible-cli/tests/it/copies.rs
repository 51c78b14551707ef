//! `copy`: one installation, from one kind of database to another and back.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::investigation::day;

const FILE: &str = "sqlite:file.db";

/// A desk with three trails in a file, and an empty database on a server.
fn desk(entries: u32) -> Desk {
    let desk = Desk::on_postgres();
    let lines: String = (0..entries)
        .map(|n| format!("{{\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"u-{n}\"}}\n"))
        .collect();
    desk.fed(&["import", "ndjson", "-", "--database", FILE], lines)
        .fine();
    let other = ["record", "a", "t", "--trail", "other", "--database", FILE];
    desk.run(&other).fine();
    desk
}

/// Trail, size and root of each.
fn roots(desk: &Desk, url: &str) -> Vec<Value> {
    let list = desk.json(&["trail", "list", "--database", url]);
    let trails = list["trails"].as_array().expect("a list").iter();
    trails
        .map(|t| json!([t["trail"], t["size"], t["root"]]))
        .collect()
}

/// The whole path of the file.
fn file(desk: &Desk) -> String {
    let path = desk.path("here/file.db").canonicalize().expect("a file");
    path.display().to_string()
}

/// Takes the database of the server away and makes it anew.
fn lose_server(desk: &Desk) {
    desk.server().execute("DROP SCHEMA indelible CASCADE");
    let url = desk.server().superuser_url();
    desk.run(&["migrate", "up", "--database", &url]).fine();
}

/// Takes a database file away.
fn lose_file(desk: &Desk, name: &str) {
    for end in ["", "-wal", "-shm"] {
        // Where it was closed in order there is no log beside it.
        let _ = std::fs::remove_file(desk.path("here").join(format!("{name}{end}")));
    }
}

#[test]
fn an_installation_goes_there_and_back_with_the_same_roots() {
    let desk = desk(1300);
    let server = desk.url();
    let moved = desk.json(&["copy", FILE, &server]);
    let keys: Vec<_> = moved.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["from", "to", "trails"]);
    let first = &moved["trails"][0];
    assert_eq!(
        (&first["trail"], &first["size"]),
        (&json!("default"), &json!(1301))
    );
    // With the last entry, which says where it went.
    assert_eq!(first["copied"], 1301);
    assert_eq!(roots(&desk, &server), roots(&desk, FILE));
    desk.run(&["verify"]).fine();

    let place = moved["to"].as_str().expect("a place");
    let record = ["record", "a", "t", "--database", FILE];
    desk.run(&record).fails(1, place);
    let ill = desk.run(&["doctor", "--database", FILE]).status_is(1);
    ill.says(place);
    // Whoever reads there is told that it may be behind.
    let read = desk.run(&["query", "--database", FILE]).fine();
    assert!(
        read.err.contains(&format!("moved to {place}")),
        "{}",
        read.err
    );
    let read = desk.run(&["query"]).fine();
    assert!(!read.err.contains("moved"), "{}", read.err);
    assert_eq!(desk.json(&["record", "a", "t"])["seq"], 1301);

    // Again: it is there already, and has gone on.
    let again = desk.json(&["copy", FILE, &server]);
    assert_eq!(again["trails"][0]["copied"], 0);
    assert_eq!(desk.json(&["record", "a", "t"])["seq"], 1302);

    let back = desk.json(&["copy", &server, FILE]);
    assert_eq!(back["trails"][0]["copied"], 3);
    assert_eq!(roots(&desk, FILE), roots(&desk, &server));
    desk.run(&["verify", "--database", FILE]).fine();
    assert_eq!(desk.json(&[&record[..]].concat())["seq"], 1304);
    desk.run(&["record", "a", "t"]).fails(1, "file.db");
}

#[test]
fn a_copy_that_was_cut_short_goes_on_where_it_stopped() {
    let desk = desk(1300);
    let server = desk.url();
    let stop = "ALTER TABLE indelible.event_id ADD CONSTRAINT full_disk CHECK (seq < 600)";
    desk.server().execute(stop);
    desk.run(&["copy", FILE, &server]).fails(1, "");
    // Meanwhile neither of the two may be written.
    desk.run(&["record", "a", "t", "--database", FILE])
        .fails(1, "cut short");
    desk.run(&["record", "a", "t"]).fails(1, "of 1300 entries");
    // Nobody takes it for tampering, and each says what finishes it.
    let finish = format!("finish it with `indelible copy sqlite:{}", file(&desk));
    let verified = desk.run(&["verify"]).status_is(3);
    assert!(verified.err.contains(&finish), "{}", verified.err);
    desk.run(&["copy", &server, FILE]).fails(1, &finish);
    let remedy = format!("`indelible copy sqlite:{} postgres://", file(&desk));
    for url in [FILE, &server] {
        let ill = desk.run(&["doctor", "--database", url]).status_is(1);
        ill.says(&remedy);
    }
    desk.server()
        .execute("ALTER TABLE indelible.event_id DROP CONSTRAINT full_disk");
    let moved = desk.json(&["copy", FILE, &server]);
    let copied = moved["trails"][0]["copied"].as_u64().expect("a count");
    assert!(copied > 0 && copied < 1301, "{moved}");
    assert_eq!(roots(&desk, &server), roots(&desk, FILE));
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["verify"]).fine();
}

#[test]
fn the_real_day_goes_there_and_back_with_one_root() {
    let Some(desk) = day(Desk::new) else { return };
    let server = Desk::on_postgres().into_server();
    let url = server.url_as("cli_writer");
    let before = roots(&desk, "sqlite:indelible.db");
    assert_eq!(before[0][1], 2202);
    desk.run(&["verify"]).fine();
    let moves = [("sqlite:indelible.db", &*url), (&*url, "sqlite:second.db")];
    for ((from, to), size) in moves.into_iter().zip(2203..) {
        assert_eq!(desk.json(&["copy", from, to])["trails"][0]["copied"], size);
        // Each move adds the entry that says so.
        let there = roots(&desk, to);
        assert_eq!(there[0][1], size);
        assert_eq!(there, roots(&desk, from));
        desk.run(&["verify", "--database", to]).fine();
    }
}

#[test]
fn whoever_writes_for_long_must_stop_first() {
    let desk = desk(2);
    let db = rusqlite::Connection::open(desk.path("here/file.db")).expect("a database");
    let lease = r#"{"program": "till", "seen_at": "2999-01-01T00:00:00.000000Z"}"#;
    let sql = "INSERT INTO op_registry (kind, key, version, value) VALUES ('instance', 'i', 1, ?1)";
    db.execute(sql, [lease]).expect("inserted");
    let refused = desk.run(&["copy", FILE, &desk.url()]);
    refused.fails(1, "till (i) has it open for writing; stop it first");
    db.execute("DELETE FROM op_registry", []).expect("deleted");
    desk.run(&["copy", FILE, &desk.url()]).fine();
}

#[test]
fn what_cannot_be_copied_is_refused() {
    let desk = desk(2);
    let server = desk.url();
    desk.run(&["copy", FILE, FILE])
        .fails(2, "the same database");
    let whole = format!("sqlite:{}", desk.path("here/file.db").display());
    desk.run(&["copy", FILE, &whole])
        .fails(2, "the same database");
    desk.run(&["copy", "sqlite:none.db", &server])
        .fails(4, "none.db");
    desk.run(&["copy", &server, FILE])
        .fails(4, "there is no trail");
    desk.run(&["copy", FILE, "memory:"]).fails(2, "memory:");
    desk.run(&["copy", FILE, &server, "--trail", "other"])
        .fails(2, "moves as a whole");
    let bare = testbed::Cluster::shared().database();
    let refused = desk.run(&["copy", FILE, &bare.superuser_url()]);
    refused.fails(1, "`indelible migrate up`");
    // Nothing of this took the right to write away.
    desk.run(&["record", "a", "t", "--database", FILE]).fine();
}

#[test]
fn a_database_of_another_installation_is_no_target() {
    let (desk, other) = (desk(2), Desk::on_postgres());
    other.records(1);
    let refused = desk.run(&["copy", FILE, &other.url()]);
    refused.fails(1, "belongs to the installation");
    desk.run(&["record", "a", "t", "--database", FILE]).fine();
}

#[test]
fn a_copy_whose_target_was_lost_on_the_way_starts_over_on_a_server() {
    let desk = desk(1300);
    let server = desk.url();
    let stop = "ALTER TABLE indelible.event_id ADD CONSTRAINT full_disk CHECK (seq < 600)";
    desk.server().execute(stop);
    desk.run(&["copy", FILE, &server]).fails(1, "");
    lose_server(&desk);
    let moved = desk.json(&["copy", FILE, &server]);
    assert_eq!(moved["trails"][0]["copied"], 1301);
    assert_eq!(roots(&desk, &server), roots(&desk, FILE));
    assert_eq!(desk.json(&["record", "a", "t"])["seq"], 1301);
    desk.run(&["verify"]).fine();
}

#[test]
fn a_copy_whose_target_was_lost_on_the_way_starts_over_in_a_file() {
    let desk = desk(1300);
    let (server, second) = (desk.url(), "sqlite:second.db");
    desk.run(&["copy", FILE, &server]).fine();
    desk.run(&["copy", &server, second]).fine();
    // As the server is left by a copy that ends before the last step.
    desk.server().execute(
        "UPDATE indelible.op_registry SET value = \
         replace(value::text, '\"sent\"', '\"sending\"')::jsonb WHERE kind = 'moved'",
    );
    desk.run(&["record", "a", "t"]).fails(1, "cut short");
    lose_file(&desk, "second.db");
    assert_eq!(
        desk.json(&["copy", &server, second])["trails"][0]["copied"],
        1302
    );
    assert_eq!(roots(&desk, second), roots(&desk, &server));
    let record = ["record", "a", "t", "--database", second];
    assert_eq!(desk.json(&record)["seq"], 1302);
}

#[test]
fn a_copy_that_is_given_up_leaves_no_second_writer() {
    let desk = desk(1300);
    let server = desk.url();
    let stop = "ALTER TABLE indelible.event_id ADD CONSTRAINT full_disk CHECK (seq < 600)";
    desk.server().execute(stop);
    desk.run(&["copy", FILE, &server]).fails(1, "");
    desk.run(&["trail", "succeed", "--reason", "x", "--database", FILE])
        .fails(1, "--abandon");
    desk.run(&["copy", FILE, "--abandon"]).fails(2, "--reason");
    desk.run(&["copy", FILE, "--abandon", "--reason", " "])
        .fails(2, "--reason");
    let abandoned = desk.json(&["copy", FILE, "--abandon", "--reason", "disk full"]);
    let first = &abandoned["trails"][0];
    assert_eq!(
        (&first["seq"], &first["new_origin"]),
        (&json!(1301), &json!(false))
    );
    let record = ["record", "a", "t", "--database", FILE];
    assert_eq!(desk.json(&record)["seq"], 1302);
    let entry = desk.json(&["show", "1301", "--database", FILE]);
    assert_eq!(entry["context"]["reason"], "disk full");
    desk.run(&["verify", "--database", FILE]).fine();
    // The target was not lost: it still refuses.
    desk.run(&["record", "a", "t"]).fails(1, "cut short");
    desk.run(&["copy", FILE, "--abandon", "--reason", "again"])
        .fails(1, "nothing to take back");
    desk.server()
        .execute("ALTER TABLE indelible.event_id DROP CONSTRAINT full_disk");
    desk.run(&["copy", FILE, &server]).fine();
    desk.run(&["verify"]).fine();
}

#[test]
fn a_database_that_is_gone_for_good_gives_the_right_back() {
    let desk = desk(20);
    let server = desk.url();
    // There, and from there back: each of the two is lost once.
    for round in 1..=2 {
        let (from, to) = match round {
            1 => (FILE, &*server),
            _ => (&*server, FILE),
        };
        if round == 2 {
            desk.run(&["copy", FILE, &server]).fine();
        }
        desk.run(&["copy", from, to]).fine();
        let record = ["record", "a", "t", "--database", to];
        desk.run(&record).fine();
        match round {
            1 => lose_server(&desk),
            _ => lose_file(&desk, "file.db"),
        }
        // It may have gone on, so that nothing starts over unasked.
        desk.run(&["copy", from, to]).fails(1, "--abandon");
        let taken = desk.json(&["copy", from, "--abandon", "--reason", "burnt"]);
        assert_eq!(taken["trails"][0]["new_origin"], true);
        let record = ["record", "a", "t", "--database", from];
        desk.run(&record).fine();
        let verified = desk.run(&["verify", "--database", from]).fine();
        let told = verified.err.contains("default goes on since #");
        assert!(told, "{}", verified.err);
        let doctor = desk.run(&["doctor", "--database", from]);
        doctor.says("goes on since #");
    }
}

#[test]
fn a_copy_that_is_refused_makes_neither_key_nor_database() {
    let desk = desk(2);
    desk.records(1);
    let state = desk.path("empty");
    let (server, second) = (desk.url(), desk.path("here/second.db"));
    for from in [FILE, &server] {
        let mut call = desk.call(&["copy", from, "sqlite:second.db"]);
        let output = call.env("XDG_STATE_HOME", &state).output().expect("runs");
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(told.contains("signing key"), "{told}");
        assert!(!second.exists() && !state.exists(), "{told}");
    }
}
