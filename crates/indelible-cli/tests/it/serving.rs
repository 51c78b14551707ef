//! `indelible serve`, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::desk::{Desk, on_each_store};

on_each_store!(
    a_server_records_answers_and_stops_in_order,
    a_port_that_is_taken_is_no_start,
    a_demonstration_is_one_day_of_one_trail,
    every_curl_line_of_the_guide_does_what_it_says,
    keys_are_made_listed_rotated_and_revoked_beside_a_running_server,
);

/// A server that is running.
pub struct Server {
    process: Child,
    pub address: String,
    /// The admin key that it printed.
    pub key: Option<String>,
    said: BufReader<std::process::ChildStdout>,
    logged: BufReader<std::process::ChildStderr>,
    log: String,
}

impl Server {
    pub fn start(desk: &Desk, flags: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        Self::of(desk.process(&arguments))
    }

    /// The server that this command starts.
    pub fn of(mut command: std::process::Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary runs");
        let mut said = BufReader::new(process.stdout.take().expect("piped"));
        let logged = BufReader::new(process.stderr.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("readable");
        let key = line.trim().strip_prefix("admin key: ").map(str::to_owned);
        if key.is_some() {
            line.clear();
            said.read_line(&mut line).expect("readable");
        }
        if line.starts_with("trail demo holds") {
            line.clear();
            said.read_line(&mut line).expect("readable");
        }
        let address = line.trim().strip_prefix("listening on http");
        let address = address.unwrap_or_else(|| panic!("{line:?}"));
        let address = address.trim_start_matches('s').trim_start_matches("://");
        Self {
            address: address.to_owned(),
            process,
            key,
            said,
            logged,
            log: String::new(),
        }
    }

    /// The most memory that it has had at once, in KiB.
    pub fn memory_kib_max(&self) -> u64 {
        testbed::memory_kib_max(self.process.id())
    }

    /// The next line of its log that holds this text.
    pub fn hear(&mut self, said: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.logged.read_line(&mut line).expect("UTF-8");
            assert!(length > 0, "{said}: {}", self.log);
            self.log.push_str(&line);
            if line.contains(said) {
                return line;
            }
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        testbed::signal(signal, self.process.id());
    }

    /// As [`Self::call`], with the key that this start printed, if it was the first.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.call(self.key.as_deref().unwrap_or_default(), method, path, body)
    }

    /// The status code and body of the answer to a request without keep-alive.
    pub fn call(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let status = answer.split(' ').nth(1).expect("a status").parse();
        let body = answer.split_once("\r\n\r\n").expect("a body").1.to_owned();
        (status.expect("a number"), body)
    }

    /// Stops it, and answers exit status, standard output and standard error.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String, String) {
        testbed::signal(signal, self.process.id());
        let mut out = String::new();
        self.said.read_to_string(&mut out).expect("UTF-8");
        let mut err = std::mem::take(&mut self.log);
        self.logged.read_to_string(&mut err).expect("UTF-8");
        let status = self.process.wait().expect("it ends");
        (status.code(), out, err)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves no server behind; one that was stopped is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn a_server_records_answers_and_stops_in_order(desk: fn() -> Desk) {
    let desk = desk();
    let mut admin = None;
    for (round, signal) in ["TERM", "INT"].into_iter().enumerate() {
        let server = Server::start(&desk, &[]);
        // The first start prints the key, and no other.
        assert_eq!(server.key.is_some(), round == 0);
        let key = admin
            .get_or_insert_with(|| server.key.clone().expect("a key"))
            .clone();
        let event =
            "{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"secret-u\"}";
        let (status, receipt) = server.call(&key, "POST", "/v1/trails/shop/events", event);
        assert_eq!(status, 201, "{receipt}");
        let receipt: Value = serde_json::from_str(&receipt).expect("JSON");
        // The look of the round before is on record, too.
        assert_eq!(receipt["seq"], 2 * round);
        let (status, page) =
            server.call(&key, "GET", "/v1/trails/shop/events?user_id=secret-u", "");
        assert_eq!(status, 200, "{page}");
        let (code, _, err) = server.stop(signal);
        assert_eq!(code, Some(0), "{err}");
        // One JSON object a line, and nothing of what was recorded or asked.
        for line in err.lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert!(line["level"].is_string(), "{line}");
        }
        assert!(err.contains("/v1/trails/{trail}/events"), "{err}");
        assert!(!err.contains("secret-u") && !err.contains(&key), "{err}");
    }
    let stops = [
        "query",
        "--trail",
        "system",
        "--action",
        "audit_stopped",
        "--outcome",
        "completed",
    ];
    let stops = desk.json(&stops);
    assert_eq!(stops["entries"].as_array().expect("a list").len(), 2);
    assert_eq!(stops["entries"][0]["context"]["reason"], "orderly");
    desk.run(&["verify"]).fine();
}

fn a_port_that_is_taken_is_no_start(desk: fn() -> Desk) {
    let desk = desk();
    let server = Server::start(&desk, &["--log", "error"]);
    let again = desk.run(&["serve", "--listen", &server.address]);
    again.fails(1, "nothing can listen on 127.0.0.1:");
    let (code, _, err) = server.stop("TERM");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let starts = ["query", "--trail", "system", "--action", "audit_started"];
    let starts = desk.json(&starts);
    assert_eq!(starts["entries"].as_array().expect("a list").len(), 1);
}

fn keys_are_made_listed_rotated_and_revoked_beside_a_running_server(desk: fn() -> Desk) {
    let desk = desk();
    let server = Server::start(&desk, &["--log", "error"]);
    let made = [
        "keys",
        "create",
        "shop backend",
        "--role",
        "writer",
        "--trail",
        "shop",
    ];
    let key = desk.run(&made).fine().out.trim().to_owned();
    let event = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}";
    let record = |key: &str, trail: &str| {
        let path = format!("/v1/trails/{trail}/events");
        server.call(key, "POST", &path, event).0
    };
    assert_eq!(record(&key, "shop"), 201);
    assert_eq!(record(&key, "other"), 403);
    let made = [
        "keys",
        "create",
        "audit",
        "--role",
        "auditor",
        "--expires",
        "90d",
    ];
    let auditor = desk.json(&made);
    assert_eq!(auditor["state"], "active");
    let listed = desk.json(&["keys", "list"]);
    let listed = listed["keys"].as_array().expect("a list");
    assert_eq!(listed.len(), 3);
    let id = |name: &str| {
        let found = listed
            .iter()
            .find(|key| key["name"] == name)
            .expect("the key");
        found["id"].as_str().expect("a text").to_owned()
    };
    let rotated = desk
        .run(&["keys", "rotate", &id("shop backend"), "--overlap", "1h"])
        .fine();
    assert_eq!(record(&key, "shop"), 201);
    assert_eq!(record(rotated.out.trim(), "shop"), 201);
    desk.run(&["keys", "revoke", &id("audit")])
        .fine()
        .says("revoked");
    let auditor = auditor["key"].as_str().expect("a text");
    assert_eq!(server.call(auditor, "GET", "/v1/trails", "").0, 401);
    desk.run(&["keys", "revoke", "none"])
        .fails(4, "there is no key none");
    desk.run(&["keys", "rotate", &id("audit")])
        .fails(1, "expired, revoked, or was rotated already");
    desk.run(&[
        "keys",
        "create",
        "x",
        "--role",
        "reader",
        "--expires",
        "2020-01-01",
    ])
    .fails(2, "past");
    desk.run(&["keys", "create", "x", "--role", "root"])
        .fails(2, "a role is");
    assert_eq!(server.stop("TERM").0, Some(0));
    let refused = ["query", "--trail", "system", "--action", "access_denied"];
    let refused = desk.json(&refused);
    assert_eq!(refused["entries"].as_array().expect("a list").len(), 1);
}

fn a_demonstration_is_one_day_of_one_trail(desk: fn() -> Desk) {
    let desk = desk();
    let sizes = || {
        let trails = desk.json(&["trail", "list"]);
        let trails = trails["trails"].as_array().expect("a list").clone();
        let demo = trails
            .iter()
            .find(|trail| trail["trail"] == "demo")
            .expect("the trail");
        demo["size"].as_u64().expect("a size")
    };
    let server = Server::start(&desk, &["--demo", "--log", "error"]);
    assert_eq!(server.stop("TERM").0, Some(0));
    let size = sizes();
    assert_eq!(size, 8 + 900 + 24 + 43);
    let server = Server::start(&desk, &["--demo", "--log", "error"]);
    assert_eq!(server.stop("TERM").0, Some(0));
    assert_eq!(sizes(), size);
    let guesses = [
        "query",
        "--trail",
        "demo",
        "--ip-address",
        "192.0.2.200",
        "--limit",
        "1000",
    ];
    let guesses = desk.json(&guesses);
    assert_eq!(guesses["entries"].as_array().expect("a list").len(), 43);
    let older = ["query", "--trail", "demo", "--end-date", "25h"];
    assert_eq!(desk.json(&older)["entries"], serde_json::json!([]));
    desk.run(&["verify", "--trail", "demo"]).fine();
}

/// The commands of README and guide that begin with `curl`, each with the lines that go on.
fn curl_lines() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pages = ["README.md", "docs/guide/server.md"];
    let read = |page: &str| std::fs::read_to_string(root.join(page)).expect("a page");
    let text: String = pages.map(read).concat().replace("\\\n", " ");
    let is_call = |line: &&str| line.starts_with("curl ");
    text.lines().filter(is_call).map(str::to_owned).collect()
}

fn every_curl_line_of_the_guide_does_what_it_says(desk: fn() -> Desk) {
    let desk = desk();
    let server = Server::start(&desk, &["--log", "error"]);
    let lines = curl_lines();
    assert!(lines.len() >= 10, "{lines:?}");
    for line in lines {
        let line = line.replace(
            "http://127.0.0.1:7878",
            &format!("http://{}", server.address),
        );
        // A problem is a failure of the call.
        let line = line.replacen("curl -s ", "curl -s --fail-with-body ", 1);
        let mut shell = std::process::Command::new("/bin/sh");
        shell
            .args(["-c", &format!("exec {line}")])
            .current_dir(desk.path("here"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("KEY", server.key.as_deref().expect("a key"));
        // A stream has no end: that it begins is what can be seen.
        if line.contains("/events/stream") {
            let mut curl = shell.stdout(Stdio::piped()).spawn().expect("a shell");
            let said = curl.stdout.take().expect("piped");
            let mut first = String::new();
            BufReader::new(said).read_line(&mut first).expect("UTF-8");
            assert!(first.starts_with("retry:"), "{line}\n{first}");
            curl.kill().expect("ended");
            curl.wait().expect("ended");
            continue;
        }
        let output = shell.output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{line}\n{said}");
        assert!(!said.is_empty(), "{line}");
    }
    let key = desk.run(&["vkey", "--trail", "shop"]).fine().out;
    let verify = ["verify-proof", "shop-0.tlog-proof", "--key", key.trim()];
    desk.run(&verify).fine();
    assert_eq!(server.stop("TERM").0, Some(0));
}
