//! What only a PostgreSQL database has: roles, a schema made on request, a way to it.

use serde_json::json;
use testbed::Cluster;

use crate::desk::Desk;

/// The check of this name in what `doctor` answers.
#[track_caller]
pub fn check(report: &serde_json::Value, name: &str) -> (String, String, String) {
    let checks = report["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("{name}: {report}"));
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("detail"), text("remedy"))
}

#[test]
fn a_database_without_schema_says_who_makes_it_and_is_made_once() {
    let desk = Desk::new();
    let database = Cluster::shared().database();
    let url = database.superuser_url();
    let call = |words: &[&str]| desk.run(&[words, &["--database", &url]].concat());
    call(&["record", "a", "t"]).fails(1, "`indelible migrate up`");
    let ill = call(&["doctor", "--output", "json"]).status_is(1).json();
    let (verdict, detail, remedy) = check(&ill, "schema");
    assert_eq!(
        (verdict.as_str(), detail.as_str()),
        ("fail", "the database has no schema of Indelible's")
    );
    assert!(remedy.contains("`indelible migrate up`"), "{remedy}");

    let pending = call(&["migrate", "status", "--output", "json"])
        .fine()
        .json();
    let all = pending["migrations"].as_array().expect("a list").len();
    assert_eq!(pending["pending"], all);
    let planned = call(&["migrate", "up", "--dry-run"]).fine();
    planned
        .says("-- 0001 log")
        .says("CREATE TABLE indelible.entry (");
    let planned = call(&["migrate", "up", "--dry-run", "--output", "json"])
        .fine()
        .json();
    assert_eq!(planned["pending"], all);
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'indelible'";
    assert_eq!(
        database.query_text(made)[0][0].as_deref(),
        Some("0"),
        "a dry run changes nothing"
    );

    assert_eq!(
        call(&["migrate", "up", "--output", "json"]).fine().json()["pending"],
        0
    );
    call(&["migrate", "up"])
        .fine()
        .says("the schema is up to date");
    call(&["migrate", "up", "--dry-run"])
        .fine()
        .says("-- the schema is up to date");
    call(&["record", "a", "t"]).fine();
}

#[test]
fn a_history_that_is_newer_or_altered_is_refused() {
    let desk = Desk::on_postgres();
    let server = desk.server();
    let sql = "INSERT INTO indelible.op_migration (version, name, sha256, program) \
               VALUES (99, 'later', sha256('x'), 'indelible 9.9')";
    server.execute(sql);
    for call in [
        &["migrate", "status"][..],
        &["migrate", "up"],
        &["record", "a", "t"],
    ] {
        desk.run(call).fails(1, "written by a newer version");
    }
    let remedy = || {
        let told = desk.run(&["doctor", "--output", "json"]).status_is(1);
        check(&told.json(), "schema").2
    };
    assert!(remedy().contains("a newer one"), "{}", remedy());
    server.execute("DELETE FROM indelible.op_migration WHERE version = 99");
    server.execute("UPDATE indelible.op_migration SET sha256 = sha256('y') WHERE version = 1");
    for call in [&["migrate", "status"][..], &["migrate", "up"], &["query"]] {
        desk.run(call).fails(1, "one of the two was altered");
    }
    assert!(remedy().contains("use the program that made this database"));
}

#[test]
fn what_a_migration_may_not_do_is_left_as_statements() {
    let database = Cluster::shared().database();
    let name = database.name().to_owned();
    let role = format!("plain_{name}");
    database.execute(&format!(
        "CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {name} TO {role}"
    ));
    let desk = Desk::new();
    let url = database.url_as(&role);
    let made = desk.run(&["migrate", "up", "--database", &url, "--output", "json"]);
    let made = made.fine().json();
    let notes = made["notes"].as_array().expect("a list").len();
    assert!(notes > 0, "{made}");
    // It is said until it is done.
    let call = |words: &[&str], url: &str| {
        let told = desk.run(&[words, &["--database", url, "--output", "json"]].concat());
        told.fine().json()
    };
    assert_eq!(call(&["migrate", "up"], &url)["notes"], made["notes"]);
    assert_eq!(call(&["migrate", "status"], &url)["notes"], made["notes"]);
    let superuser = database.superuser_url();
    let (verdict, detail, remedy) = check(&call(&["doctor"], &superuser), "roles");
    assert_eq!(verdict, "warn");
    assert!(detail.contains("the owner of tables"), "{detail}");
    assert_eq!(remedy, "`indelible migrate up` by a superuser");
    assert_eq!(call(&["migrate", "up"], &superuser)["notes"], json!([]));
    assert_eq!(call(&["migrate", "status"], &url)["notes"], json!([]));
    let healthy = call(&["doctor"], &superuser);
    let checks = healthy["checks"].as_array().expect("a list");
    assert!(checks.iter().all(|c| c["check"] != "roles"), "{healthy}");
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn an_auditor_reads_and_may_not_record() {
    let desk = Desk::on_postgres();
    desk.records(3);
    let url = desk.server().url_as("cli_auditor");
    let call = |words: &[&str]| desk.run(&[words, &["--database", &url]].concat());
    for words in [
        &["query"][..],
        &["show", "0"],
        &["prove", "1"],
        &["verify"],
        &["export"],
        &["checkpoint"],
        &["vkey"],
        &["consistency", "--from", "1"],
        &["trail", "list"],
        &["migrate", "status"],
    ] {
        call(words).fine();
    }
    call(&["record", "a", "t"]).fails(1, "");
    let report = call(&["doctor", "--output", "json"]).fine().json();
    let (verdict, detail, _) = check(&report, "privileges");
    assert_eq!(
        (verdict.as_str(), detail.as_str()),
        ("ok", "this role may read all, and not record")
    );
    desk.server()
        .execute("REVOKE SELECT ON indelible.tag FROM indelible_auditor");
    let report = call(&["doctor", "--output", "json"]).status_is(1).json();
    let (verdict, _, remedy) = check(&report, "privileges");
    assert_eq!(
        (verdict.as_str(), remedy.as_str()),
        ("fail", "GRANT SELECT ON indelible.tag TO indelible_auditor")
    );
}

#[test]
fn sys_25_a_healthy_server_is_fine_on_one_screen() {
    let desk = Desk::on_postgres();
    desk.run(&["record", "a", "t"]).fine();
    let report = desk.json(&["doctor"]);
    for name in [
        "store",
        "schema",
        "guards",
        "privileges",
        "clock",
        "partitions",
        "mark",
    ] {
        assert_eq!(check(&report, name).0, "ok", "{name}");
    }
    assert_eq!(
        check(&report, "durability").1,
        "an acknowledged record survives the loss of power",
        "the files are the server's"
    );
    let shown = desk.run(&["doctor"]).fine().out;
    assert!(shown.lines().count() <= 24, "{shown}");
    let superuser = desk.server().superuser_url();
    let report = desk.json(&["doctor", "--database", &superuser]);
    assert_eq!(report["ok"], true);
    let (verdict, detail, _) = check(&report, "privileges");
    assert_eq!(verdict, "warn");
    assert!(detail.contains("superuser"), "{detail}");
}

#[test]
fn a_guard_that_is_off_is_named_and_nothing_is_recorded() {
    let desk = Desk::on_postgres();
    desk.run(&["record", "a", "t"]).fine();
    desk.server()
        .execute("ALTER TABLE indelible.head DISABLE TRIGGER ALL");
    desk.run(&["record", "a", "t"])
        .fails(1, "`indelible doctor`");
    let report = desk
        .run(&["doctor", "--output", "json"])
        .status_is(1)
        .json();
    let (verdict, detail, remedy) = check(&report, "guards");
    assert_eq!(verdict, "fail");
    assert!(
        detail.contains("head: ") && detail.contains("disabled"),
        "{detail}"
    );
    desk.run(&["migrate", "status"])
        .fine()
        .says("head: delete guard is disabled");
    assert!(remedy.contains("`indelible verify`"), "{remedy}");
    let (_, sql) = remedy.split_once("superuser: ").expect("statements");
    desk.server().execute(sql);
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["migrate", "status"]).fine().says("up to date");
}
