//! Erasures that take two people, on the command line and by a server.

use serde_json::{Value, json};

use crate::desk::{Desk, files, on_each_store};
use crate::serving::Server;
use crate::subjects::officer;

on_each_store! {
    an_erasure_waits_for_a_second_person,
    what_one_asks_by_a_server_another_approves_after_its_restart,
    what_http_answers_of_a_person_is_what_the_command_line_prints,
}

const APPROVAL: &str = "[erasure]\napproval = true\n";
const ERASE: [&str; 7] = [
    "subject",
    "erase",
    "zwiebel.z",
    "--reason",
    "Art. 17",
    "--by",
    "officer.one",
];

fn login(desk: &Desk, trail: &str) {
    for user in ["zwiebel.z", "somebody"] {
        let call = ["record", "user_login", "session", "--user-id", user];
        desk.run(&[&call[..], &["--trail", trail]].concat()).fine();
    }
}

/// A server that may erase.
fn served(desk: &Desk) -> Server {
    if !desk.is_on_postgres() {
        return Server::start(desk, &[]);
    }
    let url = desk.server().url_as("cli_eraser");
    Server::start(desk, &["--database", &url])
}

/// The files that hold a text, of what the desk can see.
fn holding(desk: &Desk, text: &str) -> Vec<String> {
    let folder = match desk.is_on_postgres() {
        true => desk.path("state"),
        false => desk.path(""),
    };
    let holds = |file: &std::path::PathBuf| {
        let bytes = std::fs::read(file).expect("readable");
        bytes.windows(text.len()).any(|w| w == text.as_bytes())
    };
    let files = files(&folder).into_iter().filter(holds);
    files.map(|file| file.display().to_string()).collect()
}

fn asked(desk: &Desk) -> String {
    let call = [&ERASE[..], &["--yes", "--output", "json"]].concat();
    let asked = officer(desk, &call).fine().json();
    assert_eq!(
        (&asked["erased"], &asked["recorded"]),
        (&json!(0), &json!([]))
    );
    asked["request"]["id"].as_str().expect("an id").to_owned()
}

fn an_erasure_waits_for_a_second_person(new: fn() -> Desk) {
    let desk = new();
    desk.file("indelible.toml", APPROVAL);
    login(&desk, "default");
    assert!(
        desk.run(&["doctor"]).out.contains("erasures by two people"),
        "what is set is told"
    );
    officer(&desk, &[&ERASE[..5], &["--yes"]].concat()).fails(2, "must be named");
    officer(&desk, &[&ERASE[..], &["--yes"]].concat())
        .fine()
        .says("until somebody else approves");
    let listed = desk.run(&["subject", "requests"]).fine();
    assert!(!listed.out.contains("zwiebel"), "{}", listed.out);
    let waiting = desk.json(&["subject", "requests"]);
    let first = waiting["requests"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let reject = [
        "subject", "reject", &first, "--reason", "it runs", "--by", "b",
    ];
    officer(&desk, &reject).fine();

    let id = asked(&desk);
    let shown = desk.json(&["subject", "requests"]);
    assert_eq!(shown["requests"][0]["ids"], json!(["zwiebel.z"]));
    assert_eq!(shown["requests"].as_array().map(Vec::len), Some(1));
    let by = |by: &'static str| ["subject", "approve", &id, "--by", by].map(str::to_owned);
    let by = |name: &'static str| by(name).to_vec();
    let run = |words: Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        officer(&desk, &words)
    };
    run(by("Officer.One ")).fails(1, "asks a second person");
    let dry = [by("officer.two"), vec!["--dry-run".to_owned()]].concat();
    run(dry).fine().says("1 actor would go");
    let all = desk.json(&["query"]);
    assert!(all.to_string().contains("\"user_id\":\"zwiebel.z\""));

    run(by("officer.two")).fine().says("1 actor went");
    run(by("officer.three")).fails(4, "waits");
    desk.run(&["verify"]).fine();
    let all = desk.json(&["query", "--limit", "100"]);
    assert!(!all.to_string().contains("zwiebel"), "{all}");
    let newest = &all["entries"][0];
    assert_eq!(newest["action"], "audit_subject_erased");
    assert_eq!(newest["user_id"], "officer.one");
    assert_eq!(newest["context"]["approved_by"], "officer.two");
    assert_eq!(holding(&desk, "zwiebel.z"), [""; 0]);
}

fn what_one_asks_by_a_server_another_approves_after_its_restart(new: fn() -> Desk) {
    let desk = new();
    desk.file("indelible.toml", APPROVAL);
    login(&desk, "shop");
    let server = served(&desk);
    let admin = server.key.clone().expect("a key");
    let make = |name: &str| {
        let body = json!({"name": name, "role": "admin", "trail": "shop"}).to_string();
        let (status, said) = server.call(&admin, "POST", "/v1/keys", &body);
        assert_eq!(status, 201, "{said}");
        let made: Value = serde_json::from_str(&said).expect("JSON");
        made["key"].as_str().expect("a text").to_owned()
    };
    let (one, namesake, two) = (make("dpo one"), make("DPO one"), make("dpo two"));
    let subjects = "/v1/trails/shop/subjects";
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"}).to_string();
    let (status, said) = server.call(&one, "POST", &format!("{subjects}/erase"), &order);
    assert_eq!(status, 202, "{said}");
    let asked: Value = serde_json::from_str(&said).expect("JSON");
    let id = asked["request"]["id"].as_str().expect("an id").to_owned();
    // It stands in one file, which is its owner's alone.
    let held = holding(&desk, "zwiebel.z");
    let waits = |file: &&String| file.contains("erasure-requests");
    assert_eq!(held.iter().filter(waits).count(), 1, "{held:?}");
    let (code, _, log) = server.stop("TERM");
    assert_eq!(code, Some(0));
    assert!(!log.contains("zwiebel"), "{log}");

    let server = served(&desk);
    let requests = format!("{subjects}/requests");
    let (status, said) = server.call(&two, "GET", &requests, "");
    assert!(status == 200 && said.contains("zwiebel.z"), "{said}");
    let printed = officer(
        &desk,
        &["subject", "requests", "--trail", "shop", "--output", "json"],
    );
    assert_eq!(printed.fine().out, said);
    let approve = format!("{requests}/{id}/approve");
    for key in [&one, &namesake] {
        let (status, said) = server.call(key, "POST", &approve, "{}");
        assert_eq!(status, 409, "{said}");
        assert!(said.contains("urn:indelible:problem:same-person"), "{said}");
    }
    let (status, said) = server.call(&two, "POST", &approve, "{\"dry_run\":true}");
    assert_eq!(status, 200, "{said}");
    let (status, said) = server.call(&two, "POST", &approve, "{}");
    assert_eq!(status, 200, "{said}");
    let done: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(done["erased"], 1);
    let (status, said) = server.call(&two, "POST", &approve, "{}");
    assert_eq!(status, 409, "{said}");
    let (_, entries) = server.call(&admin, "GET", "/v1/trails/shop/events?limit=1000", "");
    assert!(!entries.contains("zwiebel"), "{entries}");
    let (code, _, log) = server.stop("TERM");
    assert_eq!(code, Some(0));
    assert!(!log.contains("zwiebel"), "{log}");
    assert_eq!(holding(&desk, "zwiebel.z"), [""; 0]);
    officer(&desk, &["verify", "--trail", "shop"]).fine();
}

fn what_http_answers_of_a_person_is_what_the_command_line_prints(new: fn() -> Desk) {
    let desk = new();
    login(&desk, "shop");
    let server = served(&desk);
    let ask = |rest: &str, body: Value| {
        let path = format!("/v1/trails/shop/subjects/{rest}");
        let (status, said) = server.ask("POST", &path, &body.to_string());
        assert!(status < 300, "{said}");
        said
    };
    let print = |words: &[&str]| {
        let more = ["--trail", "shop", "--output", "json"];
        officer(&desk, &[words, &more[..]].concat()).fine().out
    };
    let before = print(&["subject", "show", "zwiebel.z"]);

    let said = ask("show", json!({"id": "zwiebel.z"}));
    assert_eq!(said, before);
    // Its look is on record.
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17", "dry_run": true});
    let printed = print(&["subject", "erase", "zwiebel.z", "--reason", "Art. 17"]);
    assert_eq!(ask("erase", order), printed);

    ask("erase", json!({"ids": ["zwiebel.z"], "reason": "Art. 17"}));
    officer(&desk, &["subject", "show", "zwiebel.z", "--trail", "shop"]).fails(4, "nowhere");
    let (code, _, log) = server.stop("TERM");
    assert_eq!(code, Some(0));
    assert!(!log.contains("zwiebel"), "{log}");
}
