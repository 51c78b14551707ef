//! Retention and holds by a server and by the command line, of the same trail.

use serde_json::Value;

use crate::desk::{Desk, on_each_store};
use crate::serving::Server;

on_each_store!(sys_34_sys_36_what_http_answers_is_what_the_command_line_prints);

fn sys_34_sys_36_what_http_answers_is_what_the_command_line_prints(desk: fn() -> Desk) {
    let desk = desk();
    let record = ["record", "document_read", "document", "--trail", "shop"];
    for user in ["u-1", "u-2"] {
        desk.run(&[&record[..], &["--user-id", user]].concat())
            .fine();
    }
    let server = Server::start(&desk, &[]);
    let ask = |method: &str, rest: &str, body: &str| {
        let (status, said) = server.ask(method, &format!("/v1/trails/shop/{rest}"), body);
        assert!(status < 300, "{said}");
        said
    };
    let print = |words: &[&str]| {
        let call = [words, &["--trail", "shop", "--output", "json"]].concat();
        desk.run(&call).fine().out
    };
    let policy = r#"{"minimum_days": 365, "maximum_days": 730, "legal_basis": "PCI DSS 10.5.1",
        "classes": [{"actions": ["document_*"], "after_days": 400, "parts": ["actor"]}]}"#;
    let set = ask("PUT", "retention", policy);
    assert_eq!(set, print(&["retention", "show"]));
    assert_eq!(ask("GET", "retention", ""), set);
    let placed = ask(
        "POST",
        "holds",
        r#"{"filter": ["user_id=u-2"], "reason": "letter", "matter": "C-12"}"#,
    );
    let placed: Value = serde_json::from_str(&placed).expect("JSON");
    let id = placed["id"].as_str().expect("an id");
    let words = ["release", id, "--reason", "closed", "--by", "alice"];
    let asked: Value =
        serde_json::from_str(&print(&[&["hold"], &words[..]].concat())).expect("JSON");
    assert_eq!(asked["placed_by"], placed["placed_by"]);
    // One has asked at the desk, another one approves over HTTP.
    let over = ask("POST", &format!("holds/{id}/approve"), "");
    assert!(
        over.contains("\"release_requested_by\": \"alice\""),
        "{over}"
    );
    let holds = print(&["hold", "list"]);
    assert_eq!(ask("GET", "holds", ""), holds);
    assert!(
        holds.contains(&over.trim_end().replace('\n', "\n  ")),
        "{holds}"
    );
    // What was looked at before is on record, so that the trail has as many entries now.
    let plan = print(&["retention", "plan"]);
    assert_eq!(ask("GET", "retention/plan", ""), plan);
    desk.run(&["verify", "--trail", "shop"]).fine();
}
