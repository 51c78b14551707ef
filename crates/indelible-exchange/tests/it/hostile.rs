//! Inputs that lose events elsewhere.

use serde_json::{Value, json};

use crate::fixture::{note, one, read_text};

fn record(members: &str) -> String {
    format!(
        "{{\"eventName\":\"X\",\"eventID\":\"5b1d3c2e-0000-4000-8000-000000000001\",{members}}}"
    )
}

#[test]
fn t8_text_that_looks_escaped_is_left_alone_and_a_real_nul_is_noted() {
    let event = one(
        "cloudtrail",
        record(r#""eventTime":"2026-01-01T00:00:00Z","userAgent":"\\u0000""#),
    );
    assert_eq!(event.user_agent.as_deref(), Some("\\u0000"));
    assert!(event.notes.is_empty());
    let event = one(
        "cloudtrail",
        record(r#""userAgent":"a\u0000b\ud800","k\u0000":1"#),
    );
    assert_eq!(event.user_agent.as_deref(), Some("a\u{FFFD}b\u{FFFD}"));
    assert_eq!(
        note(&event, "context", "replaced").unwrap()["path"],
        "/userAgent"
    );
    assert_eq!(event.context.unwrap()["k\u{FFFD}"], 1);
}

#[test]
fn t14_attempt_and_outcome_with_one_request_id_are_two_events() {
    let text = "{\"action\":\"a\",\"resource_type\":\"r\",\"outcome\":\"attempted\",\"correlation_id\":\"1\"}\n\
                {\"action\":\"a\",\"resource_type\":\"r\",\"outcome\":\"succeeded\",\"correlation_id\":\"1\"}\n";
    let read = read_text("ndjson", text);
    let ids = read.ids();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn t68_numbers_stay_what_they_are() {
    let text = record(
        r#""a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808,
           "d":18446744073709551617,"e":1e400,"f":-0.0,"g":1e-400"#,
    );
    let event = one("cloudtrail", text);
    let context = event.context.clone().unwrap();
    assert_eq!(context["a"], 9_007_199_254_740_993_i64);
    assert_eq!(context["b"], u64::MAX);
    assert_eq!(context["c"], i64::MIN);
    assert_eq!(context["d"], "18446744073709551617");
    assert_eq!(context["e"], "1e400");
    assert_eq!((&context["f"], &context["g"]), (&json!(0), &json!(0)));
    let noted: Vec<_> = event
        .notes
        .iter()
        .filter(|n| n.kind == "number_as_text")
        .collect();
    assert_eq!(noted.len(), 2);
}

#[test]
fn t68_duplicate_keys_and_deep_nesting_do_not_lose_a_record() {
    let event = one("cloudtrail", record(r#""x":{"a":1,"a":2}"#));
    assert_eq!(
        event.context.as_ref().unwrap()["x"],
        json!({"a": 1, "a~2": 2})
    );
    assert_eq!(
        note(&event, "context", "duplicate_key").unwrap()["path"],
        "/x/a~02"
    );
    for depth in [62, 63, 64, 100_000] {
        let deep = format!("\"x\":{}{}", "[".repeat(depth), "]".repeat(depth));
        let event = one("cloudtrail", record(&deep));
        let noted = note(&event, "context", "nested_as_text");
        assert_eq!(noted.is_some(), depth > 63, "{depth}");
        assert!(event.check().is_ok(), "{depth}");
    }
}

#[test]
fn t85_names_that_look_like_secrets_survive() {
    let event = one(
        "cloudtrail",
        record(r#""userIdentity":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"t":1688989338250"#),
    );
    let context = event.context.unwrap();
    assert_eq!(
        context["userIdentity"]["accessKeyId"],
        "AKIAIOSFODNN7EXAMPLE"
    );
    assert_eq!(context["t"], 1_688_989_338_250_u64);
}

#[test]
fn invalid_utf_8_is_replaced_and_noted() {
    for (bytes, shown) in [
        (&b"\xFF"[..], "\u{FFFD}"),
        (b"\xC0\xAF", "\u{FFFD}\u{FFFD}"),
        (b"\xE2\x82", "\u{FFFD}"),
    ] {
        let mut text = b"{\"eventName\":\"X\",\"userAgent\":\"".to_vec();
        text.extend(bytes);
        text.extend(b"\"}\n");
        let event = one("cloudtrail", text);
        assert_eq!(event.user_agent.as_deref(), Some(shown));
        assert!(note(&event, "context", "invalid_utf8").is_some());
    }
}

#[test]
fn line_ends_blank_lines_and_a_byte_order_mark_are_no_content() {
    let line = record("\"a\":1");
    let plain = read_text("cloudtrail", format!("{line}\n")).all();
    for text in [
        format!("{line}\r\n"),
        format!("\u{FEFF}{line}"),
        format!("\u{FEFF}\r\n\r\n  {line}  \r\n\r\n"),
        format!("\u{FEFF}[\r\n{line}\r\n]"),
    ] {
        assert_eq!(read_text("cloudtrail", &text).all(), plain, "{text:?}");
    }
}

#[test]
fn utf_16_is_named() {
    let read = read_text("cloudtrail", b"\xFF\xFE{\0}\0");
    assert_eq!(read.records.len(), 0);
    assert_eq!(read.rejected.len(), 1, "{read:?}");
}

#[test]
fn characters_that_stores_can_hold_stay_as_they_are() {
    let odd =
        "\u{202E}\u{200B}e\u{301}é\u{10000}\u{FFFF}\u{7F}\u{85}\u{2028}<script>'\";--=+@{{7*7}}%00";
    let text =
        json!({"eventName": "X", "userAgent": odd, odd: odd, "": {"__proto__": 1}}).to_string();
    let event = one("cloudtrail", text);
    assert_eq!(event.user_agent.as_deref(), Some(odd));
    let context = event.context.unwrap();
    assert_eq!(
        (&context[odd], &context[""]),
        (&json!(odd), &json!({"__proto__": 1}))
    );
}

#[test]
fn thousands_of_events_in_one_second_are_as_many_events() {
    let lines: String = (0..2_038)
        .map(|n| {
            format!(
                "{{\"eventID\":\"5b1d3c2e-0000-4000-8000-{n:012}\",\"eventName\":\"N{n}\",\
                 \"eventTime\":\"2026-02-03T09:00:00Z\"}}\n"
            )
        })
        .collect();
    let read = read_text("cloudtrail", lines);
    let mut ids = read.ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2_038);
}

#[test]
fn huge_values_are_left_for_the_door_to_cut() {
    let big = "é".repeat(500_000);
    let event = one(
        "cloudtrail",
        json!({"eventName": big, "userAgent": big, "eventID": big}).to_string(),
    );
    assert_eq!(event.action.as_str().len(), 100);
    assert_eq!(event.user_agent.as_ref().map(String::len), Some(1_000_000));
    assert_eq!(note(&event, "action", "cut").unwrap()["bytes"], 1_000_012);
    assert!(
        event
            .notes
            .iter()
            .all(|note| note.to_value().to_string().len() < 3_000)
    );
    assert!(event.check().is_ok());
}

#[test]
fn what_is_not_json_is_rejected_with_file_and_line_and_the_rest_goes_on() {
    let bad = [
        "{\"eventName\":\"X\",}",
        "{'eventName':1}",
        "{\"eventName\":NaN}",
        "{\"eventName\":1]} {}",
        "{\"eventName\":\"a\tb\"}",
        "// x",
        "{\"eventName\":01}",
    ];
    let good = record("\"a\":1");
    let text: String = bad.iter().map(|line| format!("{line}\n{good}\n")).collect();
    let read = read_text("cloudtrail", text);
    assert_eq!(
        (read.records.len(), read.rejected.len()),
        (bad.len(), bad.len()),
        "{:?}",
        read.rejected
    );
    for (number, (origin, reason)) in read.rejected.iter().enumerate() {
        assert_eq!(origin.line, number as u64 * 2 + 1);
        assert!(reason.starts_with("column "), "{reason}");
    }
}

#[test]
fn every_note_of_a_mended_record_is_counted() {
    let members: Vec<String> = (0..200).map(|n| format!("\"k{n}\":\"\\u0000\"")).collect();
    let event = one("cloudtrail", record(&members.join(",")));
    let more = note(&event, "notes", "more").unwrap();
    let replaced = event
        .notes
        .iter()
        .filter(|note| note.kind == "replaced")
        .count() as u64;
    assert_eq!(replaced + more["count"].as_u64().unwrap(), 200);
    assert_ne!(event.context, Some(Value::Null));
}
