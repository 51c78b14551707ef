//! What `doctor` says of a server that lets nobody in, or not far enough, and that it mends it.

use testbed::{Cluster, Profile};

use crate::desk::Desk;
use crate::postgres::check;

#[test]
fn what_a_role_lacks_is_told_as_the_grant_that_mends_it() {
    let desk = Desk::on_postgres();
    desk.records(1);
    let server = desk.server();
    let name = server.name().to_owned();
    let role = format!("shut_out_{name}");
    let url = server.url_as(&role);
    server.execute(&format!("CREATE ROLE {role} LOGIN"));
    let stranger = format!("GRANT indelible_writer TO {role}");
    let writer = "indelible_writer";
    for (before, remedy, after) in [
        (String::new(), stranger.clone(), stranger),
        (
            format!("REVOKE USAGE ON SCHEMA indelible FROM {writer}"),
            format!("GRANT USAGE ON SCHEMA indelible TO {writer}"),
            String::new(),
        ),
        (
            format!("REVOKE SELECT ON indelible.op_migration FROM {writer}"),
            format!("GRANT SELECT ON indelible.op_migration TO {writer}"),
            String::new(),
        ),
        (
            format!("REVOKE INSERT ON indelible.entry FROM {writer}"),
            format!("GRANT INSERT ON indelible.entry TO {writer}"),
            String::new(),
        ),
        (
            format!("REVOKE UPDATE ON indelible.op_registry FROM {writer}"),
            format!("GRANT UPDATE ON indelible.op_registry TO {writer}"),
            String::new(),
        ),
        (
            format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {name} TO {role}"),
            String::new(),
        ),
    ] {
        server.execute(&before);
        let told = desk.run(&["doctor", "--database", &url, "--output", "json"]);
        let (verdict, _, said) = check(&told.status_is(1).json(), "privileges");
        assert_eq!(verdict, "fail", "{before}");
        assert!(said.starts_with(&remedy), "{before}: {said}");
        // One record alone goes without the registry's rows changing.
        if !before.contains("op_registry") {
            let refused = desk.run(&["record", "a", "t", "--database", &url]);
            let refused = refused.fails(1, "").err;
            assert!(
                refused.contains("GRANT ") || refused.contains("`indelible doctor`"),
                "{before}: {refused}"
            );
        }
        // What is told mends it.
        server.execute(if after.is_empty() { &remedy } else { &after });
        desk.run(&["record", "a", "t", "--database", &url]).fine();
    }
    server.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn what_is_no_damage_is_not_mended_by_a_restore() {
    let desk = Desk::on_postgres();
    let server = desk.server();
    let told = |url: &str| {
        let told = desk.run(&["doctor", "--database", url, "--output", "json"]);
        check(&told.status_is(1).json(), "address")
    };
    let absent = "?sslmode=verify-full&sslrootcert=/absent.pem";
    let (_, detail, remedy) = told(&format!("{}{absent}", desk.url()));
    assert!(detail.contains("/absent.pem"), "{detail}");
    assert!(remedy.starts_with("mend sslrootcert=FILE"), "{remedy}");

    // A history that takes longer to read than the role may ask.
    let role = format!("hasty_{}", server.name());
    server.execute(&format!(
        "ALTER TABLE indelible.op_migration RENAME TO op_history; \
         CREATE VIEW indelible.op_migration AS SELECT h.* FROM indelible.op_history AS h, \
         (SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) AS s) AS slow; \
         GRANT SELECT ON indelible.op_migration TO indelible_writer; \
         CREATE ROLE {role} LOGIN IN ROLE indelible_writer; \
         ALTER ROLE {role} SET statement_timeout = '100ms'"
    ));
    let (_, _, remedy) = told(&server.url_as(&role));
    assert!(remedy.contains("RESET statement_timeout"), "{remedy}");
    server.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            // Whoever called may have gone.
            let _ = std::io::Write::write_all(&mut &stream, answer);
        }
    });
    let (_, _, remedy) = told(&format!("postgres://app@127.0.0.1:{port}/audit"));
    assert!(remedy.contains("no PostgreSQL"), "{remedy}");
}

#[test]
fn a_database_that_was_emptied_or_dropped_is_to_be_restored() {
    let desk = Desk::on_postgres();
    desk.records(3);
    let superuser = desk.server().superuser_url();
    desk.server().execute("DROP SCHEMA indelible CASCADE");
    let told = |url: &str, name: &str| {
        let told = desk.run(&["doctor", "--database", url, "--output", "json"]);
        check(&told.status_is(1).json(), name).2
    };
    let remedy = told(&desk.url(), "schema");
    assert!(remedy.contains("restored from a backup"), "{remedy}");
    desk.run(&["migrate", "up", "--database", &superuser])
        .fine();
    let remedy = told(&desk.url(), "store");
    assert!(remedy.starts_with("restore the database"), "{remedy}");
    assert!(!remedy.contains("begins a trail"), "{remedy}");
}

#[test]
fn a_setting_of_the_server_is_mended_at_the_server() {
    let cluster = Cluster::start(Profile::default());
    let desk = Desk::with(Some(cluster.database()));
    let superuser = desk.server().superuser_url();
    let call = |words: &[&str]| desk.run(&[words, &["--database", &superuser]].concat());
    call(&["migrate", "up"]).fine();
    let fresh = call(&["doctor", "--output", "json"]).fine().json();
    let (_, detail, remedy) = check(&fresh, "state");
    assert_eq!(
        (detail.as_str(), remedy.as_str()),
        ("there is none yet", "the first record makes it")
    );
    call(&["record", "a", "t"]).fine();
    let folder = desk.server().query_text("SHOW data_directory")[0][0].clone();
    let file = format!("{}/postgresql.auto.conf", folder.expect("a path"));
    desk.server().execute(&format!(
        "COPY (SELECT 'full_page_writes = off') TO '{file}'"
    ));
    cluster.restart();
    let told = call(&["doctor", "--output", "json"]).status_is(1).json();
    let (verdict, detail, remedy) = check(&told, "durability");
    assert_eq!(
        (verdict.as_str(), detail.as_str()),
        ("fail", "full_page_writes is off, not on")
    );
    assert!(
        remedy.starts_with("`ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()`"),
        "{remedy}"
    );
}

#[test]
fn each_way_not_to_get_in_has_its_own_remedy_and_tells_no_secret() {
    let desk = Desk::new();
    let cluster = Cluster::start(Profile {
        tls: true,
        ..Profile::default()
    });
    let database = cluster.database();
    let (port, name) = (cluster.port(), database.name());
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = free.local_addr().expect("an address").port();
    drop(free);
    for (url, name, said) in [
        (
            format!("postgres://u:hunter2@127.0.0.1:{closed}/d"),
            "address",
            "start PostgreSQL",
        ),
        (
            format!("postgres://u:hunter2@no-such-host.invalid:{port}/d"),
            "address",
            "name service",
        ),
        (
            format!("postgres://postgres:hunter2@127.0.0.1:{port}/absent"),
            "address",
            "`createdb absent`",
        ),
        (
            format!("postgres://nobody:hunter2@127.0.0.1:{port}/{name}"),
            "credentials",
            "CREATE ROLE",
        ),
        (
            format!("postgres://postgres:hunter2@127.0.0.1:{port}/{name}?sslmode=verify-full"),
            "address",
            "sslrootcert=FILE",
        ),
    ] {
        let told = desk
            .run(&["doctor", "--database", &url, "--output", "json"])
            .status_is(1);
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        let (verdict, _, remedy) = check(&told.json(), name);
        assert_eq!(verdict, "fail", "{url}");
        assert!(remedy.contains(said), "{url}: {remedy}");
        let refused = desk.run(&["record", "a", "t", "--database", &url]);
        let refused = refused.fails(1, "`indelible doctor`").err;
        assert!(!refused.contains("hunter2"));
        let place = url.replace(":hunter2", "");
        let place = place.split('?').next().expect("a part");
        assert!(refused.contains(place), "{refused}");
    }
}

#[test]
fn a_password_comes_from_the_environment_and_is_shown_nowhere() {
    let desk = Desk::new();
    let cluster = Cluster::start(Profile::default());
    let database = cluster.database();
    desk.run(&["migrate", "up", "--database", &database.superuser_url()])
        .fine();
    database.execute("CREATE ROLE app LOGIN PASSWORD 'hunter2' IN ROLE indelible_writer");
    let file = database.query_text("SHOW hba_file")[0][0]
        .clone()
        .expect("a path");
    database.execute(&format!(
        "COPY (SELECT 'host all app 127.0.0.1/32 scram-sha-256' UNION ALL \
         SELECT 'host all all 127.0.0.1/32 trust') TO '{file}'"
    ));
    cluster.restart();
    let url = database.url_as("app");
    let record = ["record", "a", "t", "--database", &url];
    let told = desk
        .run(&["doctor", "--database", &url, "--output", "json"])
        .status_is(1);
    let (_, _, remedy) = check(&told.json(), "credentials");
    assert!(remedy.contains("INDELIBLE__DATABASE__PASSWORD"), "{remedy}");
    let in_url = url.replacen("app@", "app:swordfish@", 1);
    let told = desk
        .run(&["doctor", "--database", &in_url, "--output", "json"])
        .status_is(1);
    let (_, _, remedy) = check(&told.json(), "credentials");
    assert!(
        remedy.starts_with("mend the password in the URL") && remedy.contains("VALID UNTIL"),
        "{remedy}"
    );
    desk.file("password", "hunter2\n");
    for (name, value) in [
        ("INDELIBLE__DATABASE__PASSWORD", "hunter2"),
        ("INDELIBLE__DATABASE__PASSWORD_FILE", "password"),
        ("PGPASSWORD", "hunter2"),
    ] {
        desk.call(&record).env(name, value).assert().success();
    }
    let wrong = desk
        .call(&["doctor", "--database", &url])
        .env("PGPASSWORD", "swordfish")
        .output();
    let wrong = wrong.expect("the binary runs");
    let said = String::from_utf8(wrong.stdout).expect("UTF-8");
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(
        said.contains("credentials") && !said.contains("swordfish"),
        "{said}"
    );
}

#[test]
fn a_purge_that_is_not_finished_is_a_line_of_its_own() {
    let desk = Desk::on_postgres();
    desk.records(3);
    let url = desk.server().url_as("cli_eraser");
    let erase = [
        "subject",
        "erase",
        "u-1",
        "--reason",
        "Art. 17",
        "--yes",
        "--database",
        &url,
    ];
    desk.run(&erase).fine();
    let told = desk.run(&["doctor", "--output", "json"]).fine().json();
    let checks = told["checks"].as_array().expect("a list");
    assert!(
        checks.iter().all(|check| check["check"] != "erasure"),
        "{told}"
    );
    // As it is left by a run that ended before its purge.
    desk.server().execute(
        "UPDATE indelible.op_registry SET value = jsonb_set(value::jsonb, '{purged}', '0')::text \
         WHERE kind = 'erasure'",
    );
    let told = desk
        .run(&["doctor", "--output", "json"])
        .status_is(1)
        .json();
    let (verdict, detail, remedy) = check(&told, "erasure");
    assert_eq!(verdict, "fail");
    assert!(detail.contains("still in the database's files"), "{detail}");
    assert!(remedy.contains("subject erase"), "{remedy}");
    desk.run(&erase).fine();
    desk.run(&["doctor"]).fine();
}
