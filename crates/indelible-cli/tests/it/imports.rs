//! `import`.

use serde_json::{Value, json};

use crate::desk::{Answered, Desk, on_each_store, packed};

on_each_store! {
    a_delivery_file_is_imported_in_order_and_once,
    lines_come_from_files_patterns_and_standard_input,
    what_cannot_be_read_is_named_and_the_rest_goes_on,
    of_many_rejected_lines_the_first_are_named_and_the_rest_counted,
    a_key_that_is_not_unique_loses_no_record,
    a_mapping_of_ones_own_is_used_under_its_name,
    inputs_that_are_not_there_are_not_found,
    an_export_is_imported_again_without_loss,
    a_host_without_the_secrets_imports_nothing,
}

const TRAIL: &str = r#"{"Records": [
  {"eventVersion": "1.08", "eventID": "0c3dc6a3-8b2f-4f51-9d2b-6a1f3e5b7a11",
   "eventTime": "2026-03-01T10:00:01Z", "eventSource": "iam.amazonaws.com",
   "eventName": "CreateUser", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9",
   "userAgent": "aws-cli/2", "userIdentity": {"type": "IAMUser", "userName": "eve",
   "arn": "arn:aws:iam::123456789012:user/eve"}, "requestParameters": {"userName": "mallory"}},
  {"eventVersion": "1.08", "eventID": "0c3dc6a3-8b2f-4f51-9d2b-6a1f3e5b7a10",
   "eventTime": "2026-03-01T10:00:00Z", "eventSource": "s3.amazonaws.com",
   "eventName": "GetObject", "sourceIPAddress": "s3.amazonaws.com", "errorCode": "AccessDenied"}
]}"#;

fn line(n: u32) -> String {
    format!("{{\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"u-{n}\"}}\n")
}

/// The summary, which must add up.
#[track_caller]
fn summary(answered: &Answered) -> [u64; 4] {
    let summary = answered.json();
    let count = |name: &str| summary[name].as_u64().expect("a count");
    let [read, recorded] = [count("read"), count("recorded")];
    let [duplicates, rejected] = [count("duplicates"), count("rejected")];
    assert_eq!(read, recorded + duplicates + rejected, "{summary}");
    assert!(summary["seconds"].is_number());
    [recorded, duplicates, rejected, count("files")]
}

fn a_delivery_file_is_imported_in_order_and_once(new: fn() -> Desk) {
    let desk = new();
    desk.file("logs/one.json", TRAIL);
    desk.file("logs/two.json.gz", packed(TRAIL));
    desk.file("logs/README", "about these files");
    let call = ["import", "cloudtrail", "logs", "--output", "json"];
    assert_eq!(summary(&desk.run(&call).fine()), [2, 2, 0, 2]);
    assert_eq!(summary(&desk.run(&call).fine()), [0, 4, 0, 2]);
    let found = desk.json(&["query"]);
    let actions: Vec<&Value> = found["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(
        actions,
        [&json!("aws.iam.CreateUser"), &json!("aws.s3.GetObject")]
    );
    assert_eq!(found["entries"][1]["outcome"], "denied");
    desk.run(&["verify"]).fine();
}

fn lines_come_from_files_patterns_and_standard_input(new: fn() -> Desk) {
    let desk = new();
    desk.file("in/a.ndjson", line(1));
    desk.file("in/b.ndjson.gz", packed(&line(2)));
    let patterns = desk.run(&[
        "import",
        "ndjson",
        "in/*.ndjson",
        "in/b*",
        "--output",
        "json",
    ]);
    assert_eq!(summary(&patterns.fine()), [2, 0, 0, 2]);
    let piped = desk.fed(
        &["import", "ndjson", "-", "--output", "json"],
        line(3) + &line(4),
    );
    assert_eq!(summary(&piped.fine()), [2, 0, 0, 1]);
    let packed = desk.fed(
        &["import", "ndjson", "-", "--output", "json"],
        packed(&line(5)),
    );
    assert_eq!(summary(&packed.fine()), [1, 0, 0, 1]);
}

fn what_cannot_be_read_is_named_and_the_rest_goes_on(new: fn() -> Desk) {
    let desk = new();
    let bad = "{\"action\": \"a\", \"resource_type\": \"t\", \"action\": \"b\"}\n";
    desk.file(
        "events.ndjson",
        [&line(1), bad, &line(2), "{broken\n", &line(3)].concat(),
    );
    let answered = desk.run(&["import", "ndjson", "events.ndjson", "--output", "json"]);
    assert_eq!(summary(&answered), [3, 0, 2, 1]);
    let answered = answered.fails(1, "events.ndjson, line 2");
    assert!(
        answered.err.contains("events.ndjson, line 4"),
        "{answered:?}"
    );
    assert_eq!(answered.err.lines().count(), 2, "{answered:?}");
    desk.run(&["verify"]).fine();
}

fn of_many_rejected_lines_the_first_are_named_and_the_rest_counted(new: fn() -> Desk) {
    let desk = new();
    let input = "{broken\n".repeat(50) + &line(1);
    let few = desk
        .fed(&["import", "ndjson", "-"], &input)
        .fails(1, "30 more were rejected");
    assert_eq!(few.err.lines().count(), 21);
    assert!(
        few.out.contains("0 recorded, 1 duplicate,") || few.out.contains("1 recorded"),
        "{few:?}"
    );
    let all = desk
        .fed(&["import", "ndjson", "-", "--verbose"], &input)
        .fails(1, "line 50");
    assert_eq!(all.err.lines().count(), 50);
}

#[test]
fn a_dry_run_says_what_would_come_and_records_nothing() {
    let desk = Desk::new();
    let call = ["import", "ndjson", "-", "--dry-run", "--output", "json"];
    let dry = desk.fed(&call, line(1) + &line(2)).fine();
    assert_eq!(
        (summary(&dry), &dry.json()["dry_run"]),
        ([2, 0, 0, 1], &json!(true))
    );
    assert!(!desk.database().exists());
    desk.fed(&["import", "ndjson", "-"], line(1)).fine();
    let dry = desk.fed(&call, line(1) + &line(2)).fine();
    assert_eq!(summary(&dry), [1, 1, 0, 1]);
    assert_eq!(desk.json(&["query"])["as_of"], 1);
}

fn a_key_that_is_not_unique_loses_no_record(new: fn() -> Desk) {
    let desk = new();
    let id = "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11";
    let with = |user: &str| {
        format!(
            "{{\"id\":\"{id}\",\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"{user}\"}}\n"
        )
    };
    let call = ["import", "ndjson", "-", "--output", "json"];
    let input = with("one") + &with("two") + &with("one");
    let dry = [&call[..], &["--dry-run"]].concat();
    assert_eq!(summary(&desk.fed(&dry, &input).fine()), [2, 1, 0, 1]);
    assert_eq!(summary(&desk.fed(&call, &input).fine()), [2, 1, 0, 1]);
    assert_eq!(summary(&desk.fed(&dry, &input).fine()), [0, 3, 0, 1]);
    let more = with("three") + &with("one") + &with("three");
    assert_eq!(summary(&desk.fed(&dry, &more).fine()), [1, 2, 0, 1]);
    assert_eq!(summary(&desk.fed(&call, &input).fine()), [0, 3, 0, 1]);
    assert_eq!(summary(&desk.fed(&call, &input).fine()), [0, 3, 0, 1]);
    // It is the source's key that is not unique: nobody tried to pass one event off as another.
    let system = desk.json(&["query", "--trail", "system"]);
    assert_eq!(system["as_of"], 0, "{system}");
    let found = desk.json(&["query", "--user-id", "two"]);
    assert_eq!(found["entries"][0]["notes"][0]["was"], id);
    desk.run(&["verify"]).fine();
}

fn a_mapping_of_ones_own_is_used_under_its_name(new: fn() -> Desk) {
    let desk = new();
    desk.file(
        "billing.toml",
        "format = 1\nname = \"billing\"\n[event]\naction = \"/what\"\n\
        resource_type = \"/on\"\nuser_id = \"/who\"\n",
    );
    desk.file(
        "billing.log",
        "{\"what\": \"refund\", \"on\": \"order\", \"who\": \"u-9\"}\n",
    );
    let call = [
        "import",
        "billing",
        "billing.log",
        "--mapping",
        "billing.toml",
    ];
    desk.run(&call).fine();
    assert_eq!(desk.json(&["query"])["entries"][0]["action"], "refund");
    desk.run(&[
        "import",
        "other",
        "billing.log",
        "--mapping",
        "billing.toml",
    ])
    .fails(2, "billing");
    desk.file("broken.toml", "format = 1\nname = 7\n");
    let broken = [
        "import",
        "billing",
        "billing.log",
        "--mapping",
        "broken.toml",
    ];
    desk.run(&broken).fails(2, "broken.toml, line 2");
}

fn inputs_that_are_not_there_are_not_found(new: fn() -> Desk) {
    let desk = new();
    desk.run(&["import", "ndjson", "missing.ndjson"])
        .fails(4, "missing.ndjson");
    desk.run(&["import", "ndjson", "missing/*.ndjson"])
        .fails(4, "missing/*.ndjson");
    desk.run(&["import", "no-such-format", "x"])
        .fails(2, "cloudtrail, gcp");
    desk.run(&["import", "ndjson"]).fails(2, "FILE");
    let cut = &packed(&line(1).repeat(500))[..40];
    desk.file("cut.gz", cut);
    desk.run(&["import", "ndjson", "cut.gz"]).fails(1, "cut.gz");
}

fn an_export_is_imported_again_without_loss(new: fn() -> Desk) {
    let desk = new();
    desk.records(5);
    desk.run(&["export", "-o", "all.ndjson"]).fine();
    let call = ["import", "ndjson", "all.ndjson", "--output", "json"];
    assert_eq!(summary(&desk.run(&call).fine()), [0, 5, 0, 1]);
    let copy = [&call[..], &["--trail", "copy"]].concat();
    assert_eq!(summary(&desk.run(&copy).fine()), [5, 0, 0, 1]);
    let of = |trail: &str| desk.json(&["query", "--trail", trail])["entries"].clone();
    for (one, other) in of("default")
        .as_array()
        .expect("a list")
        .iter()
        .zip(of("copy").as_array().expect("a list"))
    {
        for field in ["id", "context", "user_id", "occurred_at", "outcome"] {
            assert_eq!(one[field], other[field], "{field}");
        }
    }
}

fn a_host_without_the_secrets_imports_nothing(new: fn() -> Desk) {
    let desk = new();
    let lines = "{\"action\":\"a\",\"resource_type\":\"t\"}\n";
    desk.file("lines", lines);
    let import = ["import", "ndjson", "lines", "--output", "json"];
    desk.run(&import).fine();
    let key = std::fs::read_to_string(desk.state().join("signing.key")).expect("a key");
    // The key comes by the environment, and nothing else came with it.
    let elsewhere = desk.path("elsewhere");
    let call = |arguments: &[&str]| {
        let mut call = desk.call(arguments);
        call.env("XDG_STATE_HOME", &elsewhere);
        call.env("INDELIBLE__IDENTITY__SIGNING_KEY", key.trim());
        let output = call.output().expect("the binary runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let dry = [&import[..], &["--dry-run"]].concat();
    for arguments in [&import[..], &dry] {
        let (status, out, err) = call(arguments);
        assert_eq!(status, Some(1), "{out}{err}");
        assert!(err.contains("another secret for ids"), "{err}");
    }
    let (_, out, _) = call(&["doctor"]);
    assert!(out.contains("the one for ids is not at hand"), "{out}");
    assert_eq!(call(&["record", "a", "t"]).0, Some(0));
    let own = elsewhere
        .join("indelible")
        .join(desk.state().file_name().expect("a name"));
    std::fs::copy(desk.state().join("secrets/ids"), own.join("secrets/ids")).expect("copied");
    let (status, out, err) = call(&import);
    assert_eq!(status, Some(0), "{err}");
    let tally: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&tally["recorded"], &tally["duplicates"]),
        (&json!(0), &json!(1))
    );
    desk.run(&["doctor"]).fine();
}
