//! The description of the API held against the binary, by Schemathesis: `scripts/test` installs
//! it. What it is told stands in `tests/schemathesis`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::desk::Desk;
use crate::serving::Server;

/// Cases that are sent at least, and the most that are made up for each operation.
#[expect(
    clippy::disallowed_methods,
    reason = "the long form is asked for by the environment"
)]
fn scale() -> (u64, u32) {
    if std::env::var_os("INDELIBLE_SOAK").is_some() {
        (10_000, 700)
    } else {
        (1_000, 16)
    }
}

#[test]
fn nothing_is_answered_that_the_description_does_not_say() {
    let (cases, most) = scale();
    let served = Served::start();
    let run = served.run(&served.key, &["--max-examples", &most.to_string()]);
    run.expect_no_failure();
    let answered: u64 = run.answers.values().flatten().map(|(_, count)| count).sum();
    assert!(answered >= cases, "{answered} cases\n{}", run.said);
    // What is only ever refused is not tested.
    let succeeded: BTreeSet<&str> = run.succeeded().collect();
    let mut all = served.operations();
    assert!(all.len() > 20, "{all:?}");
    // It reads the document, and so leaves it out.
    all.retain(|operation| operation != "GET /openapi.json");
    for operation in &all {
        assert!(succeeded.contains(operation.as_str()), "{operation}");
    }
}

#[test]
fn every_role_is_answered_as_described() {
    let served = Served::start();
    let few = ["--max-examples", "2", "--phases", "examples,fuzzing"];
    for (role, reads, records) in [
        ("writer", false, true),
        ("reader", true, false),
        ("auditor", true, false),
    ] {
        let made = ["keys", "create", role, "--role", role, "--trail", "shop"];
        let key = served.desk.run(&made).fine().out.trim().to_owned();
        let run = served.run(&key, &few);
        run.expect_no_failure();
        let succeeded: BTreeSet<&str> = run.succeeded().collect();
        let does = |operation: &str| succeeded.contains(operation);
        assert_eq!(does("GET /v1/trails/{trail}/events"), reads, "{role}");
        assert_eq!(does("POST /v1/trails/{trail}/events"), records, "{role}");
        assert!(!does("POST /v1/keys"), "{role}");
    }
    let run = served.run("none", &few);
    run.expect_no_failure();
    let succeeded: BTreeSet<&str> = run.succeeded().collect();
    let open = |operation: &&str| !operation.contains("/v1/");
    assert!(succeeded.iter().all(open), "{succeeded:?}");
    assert!(succeeded.contains("GET /docs"), "{succeeded:?}");
}

/// A running server whose trail `shop` has entries.
struct Served {
    desk: Desk,
    server: Server,
    key: String,
    key_id: String,
}

impl Served {
    fn start() -> Self {
        let desk = Desk::new();
        // So that there are orders to be decided about, and nothing goes meanwhile.
        desk.file("indelible.toml", "[erasure]\napproval = true\n");
        let server = Server::start(&desk, &["--log", "error", "--rate", "1000000"]);
        let key = server.key.clone().expect("the first key");
        let event = "{\"action\":\"user_login\",\"resource_type\":\"session\",\
                     \"user_id\":\"u-17\",\"context\":{\"request\":{\"method\":\"GET\"}}}";
        for _ in 0..6 {
            let (status, said) = server.ask("POST", "/v1/trails/shop/events", event);
            assert_eq!(status, 201, "{said}");
        }
        let (_, keys) = server.ask("GET", "/v1/keys", "");
        let keys: Value = serde_json::from_str(&keys).expect("JSON");
        let key_id = keys["keys"][0]["id"].as_str().expect("an id").to_owned();
        Self {
            desk,
            server,
            key,
            key_id,
        }
    }

    /// Method and path of all that the document describes.
    fn operations(&self) -> Vec<String> {
        let (_, document) = self.server.ask("GET", "/openapi.json", "");
        let document: Value = serde_json::from_str(&document).expect("JSON");
        let paths = document["paths"].as_object().expect("paths").iter();
        let named = |(path, methods): (&String, &Value)| {
            let methods = methods.as_object().expect("methods").keys();
            let named = |method: &String| format!("{} {path}", method.to_uppercase());
            methods.map(named).collect::<Vec<_>>()
        };
        paths.flat_map(named).collect()
    }

    /// Runs it with a key and further arguments.
    fn run(&self, key: &str, arguments: &[&str]) -> Run {
        let told = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
        let report = self.desk.path("report.ndjson");
        let mut command = Command::new(program());
        command
            .arg("--config-file")
            .arg(told.join("schemathesis.toml"))
            .arg("run")
            .arg(format!("http://{}/openapi.json", self.server.address))
            .args(["--checks", "all", "--no-color", "--report", "ndjson"])
            .arg("--report-ndjson-path")
            .arg(&report)
            .args(arguments)
            .current_dir(self.desk.path("here"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PYTHONPATH", &told)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("INDELIBLE_TEST_KEY", key)
            .env("INDELIBLE_TEST_KEY_ID", &self.key_id);
        let output = command.output().expect("Schemathesis runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut run = Run {
            is_fine: output.status.success(),
            said: text(&output.stdout) + &text(&output.stderr),
            answers: BTreeMap::new(),
            failed: Vec::new(),
        };
        let report = std::fs::File::open(&report).unwrap_or_else(|_| panic!("{}", run.said));
        for line in BufReader::new(report).lines() {
            let line: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
            run.read(&line["ScenarioFinished"]["recorder"]);
        }
        run
    }
}

/// Where `scripts/test` says it is, or puts it.
#[expect(
    clippy::disallowed_methods,
    reason = "what runs the tests knows where it has put the program"
)]
fn program() -> PathBuf {
    let given = std::env::var_os("INDELIBLE_SCHEMATHESIS").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = given.unwrap_or_else(|| root.join("target/schemathesis/bin/st"));
    assert!(
        program.exists(),
        "{} is missing: scripts/test installs it",
        program.display()
    );
    program
}

/// What a run sent and found.
struct Run {
    is_fine: bool,
    said: String,
    /// For each operation its answers by status code.
    answers: BTreeMap<String, BTreeMap<u64, u64>>,
    failed: Vec<String>,
}

impl Run {
    /// Counts the cases of one scenario.
    fn read(&mut self, recorder: &Value) {
        let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
        for (case, interaction) in members(&recorder["interactions"]) {
            let sent = &recorder["cases"][&case]["value"];
            let operation = format!(
                "{} {}",
                sent["method"].as_str().expect("a method"),
                sent["path"].as_str().expect("a path")
            );
            match interaction["response"]["status_code"].as_u64() {
                Some(status) => {
                    *self
                        .answers
                        .entry(operation)
                        .or_default()
                        .entry(status)
                        .or_default() += 1;
                }
                None => self.failed.push(format!("{operation}: no answer")),
            }
        }
        for (case, checks) in members(&recorder["checks"]) {
            for check in checks.as_array().into_iter().flatten() {
                if check["status"] != "success" {
                    self.failed.push(format!("{case}: {check}"));
                }
            }
        }
    }

    fn expect_no_failure(&self) {
        assert!(
            self.is_fine && self.failed.is_empty(),
            "{:#?}\n{}",
            self.failed,
            self.said
        );
    }

    /// The operations of which a request succeeded.
    fn succeeded(&self) -> impl Iterator<Item = &str> {
        let is_success =
            |answers: &BTreeMap<u64, u64>| answers.keys().any(|status| (200..300).contains(status));
        let succeeded = self
            .answers
            .iter()
            .filter(move |(_, answers)| is_success(answers));
        succeeded.map(|(operation, _)| operation.as_str())
    }
}
