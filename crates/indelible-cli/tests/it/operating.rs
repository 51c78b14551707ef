//! What an operator sees of a server: alarms, metrics, TLS, health, settings.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use testbed::Certificates;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;

on_each_store!(
    t62_a_bit_that_flips_on_its_way_into_the_database_alarms,
    sys_21_a_scheduled_verification_that_fails_is_told,
);

const EVENTS: &str = "/v1/trails/shop/events";

fn event(word: &str) -> String {
    format!(
        "{{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"context\":{{\"is\":\"{word}\"}}}}"
    )
}

/// The findings that are recorded in `system`.
fn findings(desk: &Desk) -> Vec<Value> {
    let failed = "audit_integrity_failed";
    let page = desk.json(&["query", "--trail", "system", "--action", failed]);
    page["entries"].as_array().expect("a list").clone()
}

#[track_caller]
fn expect_sample(server: &Server, sample: &str) {
    let (status, text) = server.ask("GET", "/metrics", "");
    assert_eq!(status, 200, "{text}");
    assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
}

/// Makes the database write another byte wherever an event says `intact`.
fn flip_a_bit_of_what_comes(desk: &Desk) {
    if desk.is_on_postgres() {
        desk.tamper(
            "CREATE FUNCTION indelible.flip() RETURNS trigger LANGUAGE plpgsql AS $flip$ BEGIN \
             NEW.details := convert_to(replace(convert_from(NEW.details, 'UTF8'), \
             'intact', 'iotact'), 'UTF8'); RETURN NEW; END $flip$; \
             CREATE TRIGGER flip BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION \
             indelible.flip()",
        );
        return;
    }
    let database = rusqlite::Connection::open(desk.database()).expect("a database");
    database
        .execute_batch(
            "DROP TRIGGER part_update; \
             CREATE TRIGGER flip AFTER INSERT ON part WHEN NEW.details IS NOT NULL BEGIN \
             UPDATE part SET details = CAST(replace(CAST(NEW.details AS TEXT), \
             'intact', 'iotact') AS BLOB) WHERE place = NEW.place; END",
        )
        .expect("changed");
}

fn t62_a_bit_that_flips_on_its_way_into_the_database_alarms(desk: fn() -> Desk) {
    let desk = desk();
    let mut server = Server::start(&desk, &["--verify-every", "off"]);
    let (status, receipt) = server.ask("POST", EVENTS, &event("intact"));
    assert_eq!(status, 201, "{receipt}");
    flip_a_bit_of_what_comes(&desk);
    let (status, receipt) = server.ask("POST", EVENTS, &event("intact"));
    assert_eq!(status, 201, "{receipt}");
    let alarm = server.hear("what was committed is not what was hashed");
    let alarm: Value = serde_json::from_str(&alarm).expect("JSON");
    assert_eq!(alarm["level"], "ERROR");
    assert_eq!(
        (&alarm["trail"], &alarm["seq"]),
        (&"shop".into(), &1.into())
    );
    server.hear("the finding is recorded");
    expect_sample(&server, "indelible_reread_failures_total 1");
    let findings = findings(&desk);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["resource_id"], "shop");
    assert_eq!(findings[0]["outcome"], "failed");
    assert_eq!(findings[0]["context"]["first_bad_sequence"], 1);
    let found = &findings[0]["context"]["found"];
    assert_eq!(found, "the details part is altered");
    let (code, _, err) = server.stop("TERM");
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains("iotact") && !err.contains("intact"), "{err}");
}

fn sys_21_a_scheduled_verification_that_fails_is_told(desk: fn() -> Desk) {
    let desk = desk();
    desk.records(3);
    let mut server = Server::start(&desk, &["--verify-every", "1s"]);
    server.hear("\"ok\":true");
    expect_sample(&server, "indelible_verify_ok 1");
    expect_sample(&server, "indelible_verify_failures_total 0");
    desk.tamper("UPDATE entry SET action = 'page_edited' WHERE action = 'page_viewed' AND seq = 1");
    let told = server.hear("verification failed");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["level"], &told["trail"]),
        (&"ERROR".into(), &"default".into())
    );
    server.hear("the finding is recorded");
    server.hear("\"ok\":false");
    expect_sample(&server, "indelible_verify_ok 0");
    let findings = findings(&desk);
    let last = &findings[0];
    assert_eq!(last["resource_id"], "default");
    assert_eq!(last["context"]["source"], "scheduled verification");
    assert_eq!(last["context"]["first_bad_sequence"], 1);
    assert_eq!(server.stop("TERM").0, Some(0));
}

#[test]
fn settings_can_be_checked_without_a_start() {
    let desk = Desk::new();
    let check = ["serve", "--check-config"];
    let good = desk.run(&check).fine();
    assert_eq!(good.out, "the settings are good: no file was read\n");
    desk.file(
        "indelible.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\nmetrics_listen = \"127.0.0.1:0\"\n\
         [verification]\ninterval = \"12h\"\n[log]\nlevel = \"warn\"\nformat = \"text\"\n\
         [limits]\nconnections = 100\nqueue_events = 10\npatience = \"2s\"\nrate = 5\n",
    );
    desk.run(&check).fine().says("good: indelible.toml");
    desk.file("indelible.toml", "[server]\n  listn = \"127.0.0.1:0\"\n");
    let wrong = desk.run(&check);
    wrong.fails(2, "indelible.toml, line 2, column 3: unknown field `listn`");
    desk.file(
        "indelible.toml",
        "[tls]\ncert = \"no.pem\"\nkey = \"no.key\"\n",
    );
    desk.run(&check).fails(2, "TLS: no.pem: ");
    desk.file("indelible.toml", "");
    let mut command = desk.call(&check);
    command.env("INDELIBLE__VERIFICATION__INTERVAL", "often");
    let refused = command.output().expect("runs");
    let said = String::from_utf8(refused.stderr).expect("UTF-8");
    assert!(
        said.contains("INDELIBLE__VERIFICATION__INTERVAL: `often`"),
        "{said}"
    );
    assert!(!desk.database().exists() && !desk.path("state").exists());
}

#[test]
fn metrics_and_health_may_have_a_listener_of_their_own() {
    let desk = Desk::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let metrics = listener.local_addr().expect("an address").to_string();
    drop(listener);
    desk.file(
        "indelible.toml",
        format!("[server]\nmetrics_listen = \"{metrics}\"\n"),
    );
    desk.run(&["healthcheck"]).fails(1, "does not answer");
    let server = Server::start(&desk, &[]);
    desk.run(&["healthcheck"]).fine().says("alive");
    let own = ["healthcheck", "--listen", &server.address];
    desk.run(&own).fine().says("alive");
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&metrics).expect("connected");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\
                     Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    };
    let answer = ask("/metrics");
    assert!(answer.contains("indelible_build_info{version="), "{answer}");
    assert!(ask("/v1/trails").starts_with("HTTP/1.1 404 "));
    assert_eq!(server.stop("TERM").0, Some(0));
}

#[test]
fn tls_shows_its_certificate_and_reads_it_again_when_it_is_told_to() {
    let desk = Desk::new();
    let (old, new) = (desk.path("old"), desk.path("new"));
    let (old, new) = (Certificates::new(&old), Certificates::new(&new));
    let (cert, key) = (desk.path("server.crt"), desk.path("server.key"));
    let put = |from: &Certificates| {
        fs::copy(&from.server, &cert).expect("copied");
        fs::copy(&from.key, &key).expect("copied");
    };
    put(&old);
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let flags = ["--tls-cert", &path(&cert), "--tls-key", &path(&key)];
    let mut server = Server::start(&desk, &flags);
    let healthy = |trusted: &Certificates| ask_with_tls(&server.address, trusted);
    assert!(healthy(&old).expect("trusted").contains("alive"));
    assert!(healthy(&new).is_err(), "another authority's");
    let mut plain = TcpStream::connect(&server.address).expect("connected");
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\n\r\n")
        .expect("sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "no answer without TLS");

    fs::write(&cert, "no certificate").expect("written");
    server.signal("HUP");
    server.hear("the certificate stays the old one");
    assert!(ask_with_tls(&server.address, &old).is_ok());
    put(&new);
    server.signal("HUP");
    server.hear("the certificate was read again");
    assert!(
        ask_with_tls(&server.address, &new)
            .expect("trusted")
            .contains("alive")
    );
    assert!(ask_with_tls(&server.address, &old).is_err());
    assert_eq!(server.stop("TERM").0, Some(0));

    // The certificate of one and the key of another.
    fs::copy(&old.key, &key).expect("copied");
    let check = [&["serve", "--check-config"][..], &flags].concat();
    desk.run(&check).fails(2, "TLS: certificate and key: ");
}

/// What `/healthz` answers over TLS to who trusts this authority alone.
fn ask_with_tls(address: &str, trusted: &Certificates) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(&trusted.authority).expect("PEM");
    roots.add(authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let client = rustls::ClientConnection::new(Arc::new(client), name).expect("a client");
    let mut stream = rustls::StreamOwned::new(client, TcpStream::connect(address)?);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_level_of_the_log_is_read_again_when_it_is_told_to() {
    let desk = Desk::new();
    let file = |level: &str| {
        desk.file("indelible.toml", format!("[log]\nlevel = \"{level}\"\n"));
    };
    file("error");
    let mut server = Server::start(&desk, &[]);
    let ask = |server: &Server| assert_eq!(server.ask("GET", "/healthz", "").0, 200);
    ask(&server);
    file("info");
    server.signal("HUP");
    // The first line of all: what was asked before is not in the log.
    let said = server.hear("");
    assert!(said.contains("level of the log was read again"), "{said}");
    ask(&server);
    server.hear("/healthz");
    file("loud");
    server.signal("HUP");
    let said = server.hear("settings stay the old ones");
    assert!(said.contains("indelible.toml, line 2, column 9"), "{said}");
    let (code, _, err) = server.stop("TERM");
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn what_flags_say_may_stand_in_the_file_or_in_variables() {
    let desk = Desk::new();
    desk.file(
        "indelible.toml",
        "[server]\ndemo = true\n[limits]\nrate = 1\n",
    );
    let mut command = desk.process(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    command.env("INDELIBLE__LIMITS__RATE", "1000000");
    let server = Server::of(command);
    for _ in 0..10 {
        assert_eq!(server.ask("GET", "/v1/trails/demo/checkpoint", "").0, 200);
    }
    assert_eq!(server.stop("TERM").0, Some(0));
}

#[test]
fn the_service_manager_hears_signs_of_life_where_it_wants_them() {
    let desk = Desk::new();
    let socket = desk.path("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    let mut command = desk.process(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    command.env("NOTIFY_SOCKET", &socket);
    command.env("WATCHDOG_USEC", "20000");
    let server = Server::of(command);
    let told = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!(told(), "READY=1");
    for _ in 0..5 {
        assert_eq!(told(), "WATCHDOG=1");
    }
    server.signal("TERM");
    let last = std::iter::repeat_with(told).find(|told| told != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(server.stop("TERM").0, Some(0));
}

#[test]
fn the_service_manager_is_told_of_readiness_and_stop() {
    let desk = Desk::new();
    let socket = desk.path("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    let mut command = desk.process(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &socket);
    let server = Server::of(command);
    let told = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!(told(), "READY=1");
    assert_eq!(
        server
            .call(
                server.key.as_deref().unwrap_or_default(),
                "GET",
                "/readyz",
                ""
            )
            .0,
        200
    );
    assert_eq!(server.stop("TERM").0, Some(0));
    assert_eq!(told(), "STOPPING=1");
}

#[test]
fn what_is_said_may_be_lines_for_people() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--log-format", "text"]);
    assert_eq!(
        server
            .call(
                server.key.as_deref().unwrap_or_default(),
                "GET",
                "/healthz",
                ""
            )
            .0,
        200
    );
    let (code, _, err) = server.stop("TERM");
    assert_eq!(code, Some(0));
    assert!(err.contains("INFO answered request_id="), "{err}");
}
