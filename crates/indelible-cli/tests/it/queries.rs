//! `query`.

use serde_json::Value;

use crate::desk::{Desk, on_each_store};

on_each_store! {
    a_page_has_its_shape_and_is_newest_first,
    cursors_go_through_all_pages_of_one_state,
    filters_are_those_of_the_trail,
    an_ill_formed_question_is_a_usage_error_that_names_the_field,
    the_hint_for_the_next_page_holds_for_spans_of_time_too,
    all_pages_come_as_lines,
    lines_and_documents_say_the_same,
    tables_fit_a_hundred_columns_where_there_is_no_terminal,
    attempts_without_an_outcome_are_found_page_after_page,
}

fn seqs(page: &Value) -> Vec<u64> {
    let entries = page["entries"].as_array().expect("a list");
    entries
        .iter()
        .map(|entry| entry["seq"].as_u64().expect("a seq"))
        .collect()
}

fn a_page_has_its_shape_and_is_newest_first(new: fn() -> Desk) {
    let desk = new();
    desk.records(5);
    let page = desk.json(&["query", "--limit", "2"]);
    let keys: Vec<_> = page.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["as_of", "entries", "has_more", "limit", "next_cursor"]
    );
    assert_eq!(
        (seqs(&page), &page["as_of"], &page["limit"]),
        (vec![4, 3], &5.into(), &2.into())
    );
    assert_eq!(page["has_more"], true);
    let last = desk.json(&["query", "--offset", "3"]);
    assert_eq!(
        (seqs(&last), &last["next_cursor"]),
        (vec![1, 0], &Value::Null)
    );
}

fn cursors_go_through_all_pages_of_one_state(new: fn() -> Desk) {
    let desk = new();
    desk.records(7);
    let mut page = desk.json(&["query", "--limit", "3"]);
    let mut met = seqs(&page);
    while let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) {
        desk.run(&["record", "later", "t"]).fine();
        page = desk.json(&["query", "--limit", "3", "--cursor", &cursor]);
        met.extend(seqs(&page));
    }
    assert_eq!(met, [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(seqs(&desk.json(&["query", "--as-of", "2"])), [1, 0]);
    desk.run(&["query", "--as-of", "99"]).fails(2, "`as_of`");
}

fn filters_are_those_of_the_trail(new: fn() -> Desk) {
    let desk = new();
    let context = "{\"request\": {\"method\": \"GET\", \"n\": [7]}, \"a.b\": true}";
    desk.run(&[
        "record",
        "page_viewed",
        "page",
        "--user-id",
        "u",
        "--ip-address",
        "10.1.2.3",
        "--context",
        context,
        "--tag",
        "x",
        "--tag",
        "y",
        "--correlation-id",
        "c",
        "--resource-id",
        "https://example.com/?a=b",
        "--occurred-at",
        "2026-03-01T23:59:59.999999Z",
        "--outcome",
        "denied",
    ])
    .fine();
    desk.run(&[
        "record",
        "other_action",
        "thing",
        "--occurred-at",
        "2026-03-02T00:00:00Z",
    ])
    .fine();
    let all: &[&[&str]] = &[
        &["--user-id", "u"],
        &["--action", "page_viewed"],
        &["--resource-type", "page"],
        &["--resource-id", "https://example.com/?a=b"],
        &["--ip-address", "10.1.0.0/16"],
        &["--ip-address", "10.1.2.3"],
        &["--tag", "x", "--tag", "y"],
        &["--correlation-id", "c"],
        &["--outcome", "denied"],
        &["--context", "request.method=GET"],
        &["--context", "/a.b=true", "--context", "request.n.0=7"],
        &["--start-date", "2026-03-01", "--end-date", "2026-03-01"],
    ];
    for flags in all {
        assert_eq!(
            seqs(&desk.json(&[&["query"], *flags].concat())),
            [0],
            "{flags:?}"
        );
    }
    assert_eq!(seqs(&desk.json(&["query", "--user-id", "none"])), [1]);
    assert_eq!(
        seqs(&desk.json(&["query", "--start-date", "2026-03-02"])),
        [1]
    );
    assert_eq!(
        seqs(&desk.json(&["query", "--start-date", "9000w"])),
        [1, 0]
    );
    assert_eq!(
        seqs(&desk.json(&["query", "--end-date", "9000w"])),
        [0_u64; 0]
    );
    assert_eq!(
        seqs(&desk.json(&["query", "--user-id", "u", "--action", "other_action"])),
        [0_u64; 0]
    );
}

fn an_ill_formed_question_is_a_usage_error_that_names_the_field(new: fn() -> Desk) {
    let desk = new();
    desk.records(2);
    for (flags, said) in [
        (&["--limit", "0"][..], "`limit`"),
        (&["--limit", "-1"], "`limit`"),
        (&["--limit", "1.5"], "--limit"),
        (&["--offset", "-1"], "`offset`"),
        (&["--outcome", "maybe"], "`outcome`"),
        (&["--start-date", "yesterday"], "`start_date`"),
        (&["--start-date", "2026-03-01T00:00:00"], "`start_date`"),
        (&["--start-date", "-1d"], "`start_date`"),
        (
            &["--start-date", "2026-03-02", "--end-date", "2026-03-01"],
            "`end_date`",
        ),
        (&["--cursor", "AAAA"], "`cursor`"),
        (&["--context", "no-equals-sign"], "`context`"),
        (&["--ip-address", "10.0.0.0/99"], "`ip_address`"),
        (&["--action", "no_such_*"], "`action`"),
    ] {
        desk.run(&[&["query"], flags].concat()).fails(2, said);
    }
    let cursor = desk.json(&["query", "--limit", "1"])["next_cursor"].clone();
    let cursor = cursor.as_str().expect("more");
    desk.run(&["query", "--cursor", cursor, "--user-id", "u-0"])
        .fails(2, "`cursor`");
    desk.run(&["query", "--cursor", cursor, "--trail", "other"])
        .fails(2, "`cursor`");
    desk.run(&["query", "--cursor", &cursor[1..]])
        .fails(2, "`cursor`");
}

fn the_hint_for_the_next_page_holds_for_spans_of_time_too(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    let shown = desk
        .run(&["query", "--limit", "2", "--start-date", "9000w"])
        .fine();
    let (_, hint) = shown
        .out
        .split_once("older entries match; add ")
        .expect("a hint");
    let next: Vec<&str> = ["query", "--output", "json"]
        .into_iter()
        .chain(hint.split_whitespace())
        .collect();
    assert_eq!(seqs(&desk.run(&next).fine().json()), [0]);
    let json = desk
        .run(&[
            "query",
            "--limit",
            "2",
            "--start-date",
            "9000w",
            "--output",
            "json",
        ])
        .fine();
    assert!(
        json.err.contains("--start-date") && json.err.contains("--cursor"),
        "{json:?}"
    );
    let silent = desk
        .run(&["query", "--limit", "2", "--output", "json"])
        .fine();
    assert_eq!(silent.err, "");
}

fn all_pages_come_as_lines(new: fn() -> Desk) {
    let desk = new();
    desk.records(1203);
    let all = desk
        .run(&["query", "--all", "--output", "ndjson"])
        .fine()
        .lines();
    let seqs: Vec<_> = all
        .iter()
        .map(|entry| entry["seq"].as_u64().expect("a seq"))
        .collect();
    assert_eq!(seqs, (0..1203).rev().collect::<Vec<_>>());
    let sheet = desk
        .run(&["query", "--all", "--output", "csv", "--user-id", "u-7"])
        .fine();
    assert_eq!(sheet.out.lines().count(), 2);
    desk.run(&["query", "--all"]).fails(2, "--output");
    desk.run(&["query", "--all", "--output", "json"])
        .fails(2, "--output");
}

fn lines_and_documents_say_the_same(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    let page = desk.json(&["query"]);
    let lines = desk.run(&["query", "--output", "ndjson"]).fine().lines();
    assert_eq!(&lines, page["entries"].as_array().expect("a list"));
    assert_eq!(lines[0], desk.json(&["show", "2"]));
}

fn tables_fit_a_hundred_columns_where_there_is_no_terminal(new: fn() -> Desk) {
    let desk = new();
    let arn = format!("arn:aws:iam::123456789012:user/{}", "e".repeat(200));
    desk.run(&[
        "record",
        "page_viewed",
        "page",
        "--user-id",
        &arn,
        "--resource-id",
        &arn,
    ])
    .fine();
    let shown = desk.run(&["query"]).fine();
    assert!(
        shown.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains('\x1b'), "{}", shown.out);
    let none = desk.run(&["query", "--user-id", "nobody"]).fine();
    assert_eq!(none.out, "no entry matches, as of size 1\n");
}

fn attempts_without_an_outcome_are_found_page_after_page(new: fn() -> Desk) {
    let desk = new();
    for n in 0..5 {
        let id = format!("request-{n}");
        let record = ["record", "user_login_attempted", "session"];
        desk.run(&[&record[..], &["--correlation-id", &id]].concat())
            .fine();
        if n % 2 == 0 {
            let record = ["record", "user_login_failed", "session"];
            desk.run(&[&record[..], &["--correlation-id", &id]].concat())
                .fine();
        }
    }
    let page = desk.json(&["query", "--unresolved"]);
    assert_eq!(seqs(&page), [5, 2]);
    let first = desk.json(&["query", "--unresolved", "--limit", "1"]);
    assert_eq!(seqs(&first), [5]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = ["query", "--unresolved", "--limit", "2", "--cursor", cursor];
    assert_eq!(seqs(&desk.json(&second)), [2]);
    let all = ["query", "--unresolved", "--all", "--output", "ndjson"];
    assert_eq!(desk.run(&all).fine().lines().len(), 2);
    desk.run(&["query", "--unresolved", "--outcome", "failed"])
        .fails(2, "--outcome");
}
