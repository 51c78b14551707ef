//! Reviews by a server and by the command line, of the same trail.

use serde_json::Value;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;

on_each_store!(what_http_answers_is_what_the_command_line_prints);

const RULES: &str = "name = \"shop\"\nversion = \"7\"\n[[rule]]\nname = \"logins\"\n\
    severity = \"low\"\nwhy = \"somebody is there\"\nmatch = [{ action = \"user_login\" }]\n\
    group_by = [\"user_id\"]\n";

fn what_http_answers_is_what_the_command_line_prints(desk: fn() -> Desk) {
    let desk = desk();
    desk.file("reviews.toml", RULES);
    desk.file("indelible.toml", "[review]\nrules = \"reviews.toml\"\n");
    let record = [
        "record",
        "user_login",
        "session",
        "--trail",
        "shop",
        "--user-id",
    ];
    for user in ["u-1", "u-2"] {
        desk.run(&[&record[..], &[user]].concat()).fine();
    }
    let server = Server::start(&desk, &[]);
    let ask = |method: &str, rest: &str, body: &str| {
        let (status, said) = server.ask(method, &format!("/v1/trails/shop/review{rest}"), body);
        assert!(status < 300, "{said}");
        said
    };
    let print = |words: &[&str]| {
        let call = [&["review"], words, &["--trail", "shop", "--output", "json"]].concat();
        desk.run(&call).fine().out
    };
    // The rules are those of the settings, for both.
    let shown = print(&["show", "--as-of", "2"]);
    assert_eq!(ask("GET", "?as_of=2", ""), shown);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["rules"]["version"], "7");
    assert_eq!(shown["findings"][1]["id"], "logins-1");
    ask("POST", "/findings", "{\"as_of\": 2, \"all\": true}");
    ask(
        "POST",
        "/findings/logins-0/close",
        "{\"as\": \"benign\", \"comment\": \"was me\"}",
    );
    let findings = print(&["findings"]);
    assert!(findings.contains("was me"), "{findings}");
    assert_eq!(ask("GET", "/findings", ""), findings);
    assert_eq!(
        ask("GET", "/findings?open", ""),
        print(&["findings", "--open"])
    );
    let signed = ask("POST", "/sign-offs", "{\"as_of\": 2}");
    let signed: Value = serde_json::from_str(&signed).expect("JSON");
    assert_eq!(signed["said"]["rule_set"], "shop");
    // A day that is over stands as it stands.
    let days = print(&["list", "--from", "2020-01-01", "--to", "2020-01-02"]);
    assert_eq!(ask("GET", "/days?from=2020-01-01&to=2020-01-02", ""), days);
    let (status, said) = server.ask("GET", "/v1/reports/system?format=json", "");
    assert_eq!(status, 200, "{said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let around = &report["installation"]["surroundings"];
    // What only the program that serves knows.
    assert_eq!(around["listen"], "127.0.0.1:0");
    assert_eq!(around["keys"]["admins"], 1);
    assert_eq!(around["spool"]["waiting"], 0);
    drop(server);
    desk.file("reviews.toml", "name = 7\n");
    let check = desk.run(&["serve", "--check-config"]);
    check.fails(2, "reviews.toml, line 1");
}
