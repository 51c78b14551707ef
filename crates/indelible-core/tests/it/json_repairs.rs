//! What the reader and `normalise` repair, and how they say so.

use indelible_core::json::{self, Parsed, Repair, RepairKind, Repairs, TooDeep, canonical};
use serde_json::{Value, json};

use RepairKind::{KeyRenamed, NumberAsText, Replaced};

#[track_caller]
fn repaired(text: &str, value: Value, repairs: &[(&str, RepairKind)]) {
    let parsed = json::parse(text.as_bytes()).expect(text);
    assert_eq!(parsed.value, value, "{text}");
    assert_eq!(listed(&parsed.repairs), repairs, "{text}");
    assert_eq!(parsed.repairs.total, repairs.len() as u64);
    let again = json::parse(&canonical::to_vec(&value)).expect("canonical bytes");
    assert_eq!(
        again,
        Parsed {
            value,
            repairs: Repairs::default()
        }
    );
}

fn listed(repairs: &Repairs) -> Vec<(&str, RepairKind)> {
    repairs
        .list
        .iter()
        .map(|repair| (repair.pointer.as_str(), repair.kind))
        .collect()
}

#[test]
fn nul_becomes_the_replacement_character() {
    repaired(r#""\u0000""#, json!("\u{FFFD}"), &[("", Replaced)]);
    repaired(
        r#"["a\u0000b\u0000","ok"]"#,
        json!(["a\u{FFFD}b\u{FFFD}", "ok"]),
        &[("/0", Replaced)],
    );
    repaired(
        r#"{"k\u0000":1}"#,
        json!({"k\u{FFFD}": 1}),
        &[("/k\u{FFFD}", Replaced)],
    );
}

#[test]
fn text_that_only_looks_escaped_passes_untouched() {
    let text = r#"{"a":"\\u0000","\\ud800":"\\\\u0000"}"#;
    repaired(text, json!({"a": r"\u0000", r"\ud800": r"\\u0000"}), &[]);
    assert_eq!(
        canonical::to_string(&json::parse(text.as_bytes()).expect(text).value),
        { r#"{"\\ud800":"\\\\u0000","a":"\\u0000"}"# }
    );
    repaired(r#""\\\u0000""#, json!("\\\u{FFFD}"), &[("", Replaced)]);
}

#[test]
fn half_of_a_surrogate_pair_becomes_the_replacement_character() {
    let cases = [
        (r#""\ud83d""#, "\u{FFFD}"),
        (r#""\ude00""#, "\u{FFFD}"),
        (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        (r#""\ud83d\u0041""#, "\u{FFFD}A"),
        (r#""\ud83dA\ude00""#, "\u{FFFD}A\u{FFFD}"),
        (r#""\ud83d\n""#, "\u{FFFD}\n"),
    ];
    for (text, read) in cases {
        repaired(text, json!(read), &[("", Replaced)]);
    }
    repaired(
        r#"{"\udfff":{"\ud800":"\ud800"}}"#,
        json!({"\u{FFFD}": {"\u{FFFD}": "\u{FFFD}"}}),
        &[
            ("/\u{FFFD}/\u{FFFD}", Replaced),
            ("/\u{FFFD}/\u{FFFD}", Replaced),
            ("/\u{FFFD}", Replaced),
        ],
    );
    repaired("\"\u{FFFD}\u{FFFF}\"", json!("\u{FFFD}\u{FFFF}"), &[]);
}

#[test]
fn keys_that_fall_together_get_suffixes_in_the_order_of_the_originals() {
    let value = json!({"a\u{FFFD}": 0, "a\u{FFFD}~2": 9, "a\u{FFFD}~3": 1, "a\u{FFFD}~4": 2});
    let members = [
        r#""a\u0000":1"#,
        r#""a\ud800":2"#,
        r#""a�":0"#,
        r#""a�~2":9"#,
    ];
    let repairs = [("/a\u{FFFD}~03", KeyRenamed), ("/a\u{FFFD}~04", KeyRenamed)];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let text = format!("{{{}}}", order.map(|index: usize| members[index]).join(","));
        repaired(&text, value.clone(), &repairs);
    }
    repaired(
        r#"{"\u0000":"\u0000","\ud800":[1e999]}"#,
        json!({"\u{FFFD}": "\u{FFFD}", "\u{FFFD}~2": ["1e999"]}),
        &[
            ("/\u{FFFD}", Replaced),
            ("/\u{FFFD}~02/0", NumberAsText),
            ("/\u{FFFD}", Replaced),
            ("/\u{FFFD}~02", KeyRenamed),
        ],
    );
}

#[test]
fn many_keys_that_fall_together_stay_linear() {
    let members: Vec<String> = (0..100_000_u32)
        .map(|n| {
            format!(
                "\"\\u{:04x}x\\u{:04x}\":{n}",
                0xD800 + n % 1024,
                0xD800 + n / 1024
            )
        })
        .collect();
    let parsed = json::parse(format!("{{{}}}", members.join(",")).as_bytes()).expect("distinct");
    assert_eq!(
        parsed.value.as_object().map(serde_json::Map::len),
        Some(100_000)
    );
    assert_eq!(parsed.value["\u{FFFD}x\u{FFFD}"], json!(0));
    assert_eq!(parsed.value["\u{FFFD}x\u{FFFD}~100000"], json!(99_327));
    assert_eq!(parsed.repairs.total, 100_000);
}

#[test]
fn numbers_are_exact_or_named() {
    let exact = "[9007199254740991,9007199254740992,9007199254740993,9223372036854775807,\
                 9223372036854775808,18446744073709551615,-9223372036854775808,0,0,1,0,1000]";
    let given = "[9007199254740991,9007199254740992,9007199254740993,9223372036854775807,\
                 9223372036854775808,18446744073709551615,-9223372036854775808,-0,-0.0,1.0,\
                 1e-400,1e3]";
    let Parsed { value, repairs } = json::parse(given.as_bytes()).expect("numbers");
    assert!(repairs.is_empty());
    assert_eq!(canonical::to_string(&value), exact);
    repaired(
        "[18446744073709551616,18446744073709551617,-9223372036854775809,1e400,-1.5E+999,1e20]",
        json!([
            "18446744073709551616",
            "18446744073709551617",
            "-9223372036854775809",
            "1e400",
            "-1.5E+999",
            "100000000000000000000"
        ]),
        &["/0", "/1", "/2", "/3", "/4", "/5"].map(|pointer| (pointer, NumberAsText)),
    );
    let vast = format!("1{}", "0".repeat(400));
    repaired(&vast, json!(vast), &[("", NumberAsText)]);
    let tiny = format!("0.{}1", "0".repeat(100_000));
    repaired(&tiny, json!(0), &[]);
}

#[test]
fn pointers_name_the_place_after_repair() {
    repaired(
        r#"{"a/b":{"~\u0000":[0,{"":["x",1e20]}]}}"#,
        json!({"a/b": {"~\u{FFFD}": [0, {"": ["x", "100000000000000000000"]}]}}),
        &[
            ("/a~1b/~0\u{FFFD}/1//1", NumberAsText),
            ("/a~1b/~0\u{FFFD}", Replaced),
        ],
    );
}

#[test]
fn a_hostile_text_cannot_grow_the_list_of_repairs() {
    let key = "é".repeat(100_000);
    let text = format!("{{\"{key}\":[{}0]}}", "\"\\u0000\",".repeat(100_000));
    let Parsed { repairs, .. } = json::parse(text.as_bytes()).expect("values only");
    assert_eq!((repairs.total, repairs.dropped()), (100_000, 99_935));
    assert_eq!(repairs.list.len(), Repairs::KEPT_MAX);
    for Repair { pointer, .. } in &repairs.list {
        assert!(pointer.len() <= Repairs::POINTER_BYTES_MAX && pointer.starts_with("/éé"));
    }
}

#[test]
fn a_value_is_normalised_as_its_text_is_read() {
    let doubles = json!([1.0, -0.0, 2.5, 9_223_372_036_854_775_808.0]);
    let mut value = json!({
        "a\0": {"deep\0": 1e20}, "a\u{FFFD}": "x\0",
        "n": doubles, "literal": "\\u0000", "big": u64::MAX, "small": i64::MIN,
    });
    let parsed = json::parse(&serde_json::to_vec(&value).expect("a value")).expect("its text");
    let repairs = json::normalise(&mut value).expect("shallow");
    assert_eq!(Parsed { value, repairs }, parsed);
    assert_eq!(
        canonical::to_string(&parsed.value),
        "{\"a\u{FFFD}\":\"x\u{FFFD}\",\"a\u{FFFD}~2\":{\"deep\u{FFFD}\":\"100000000000000000000\"},\
         \"big\":18446744073709551615,\"literal\":\"\\\\u0000\",\
         \"n\":[1,0,2.5,9223372036854776000],\"small\":-9223372036854775808}"
    );
}

#[test]
fn values_nested_too_deep_are_refused_without_recursion() {
    let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert_eq!(json::normalise(&mut nested(64)), Ok(Repairs::default()));
    assert_eq!(json::normalise(&mut nested(65)), Err(TooDeep { max: 64 }));
    assert_eq!(
        json::normalise_with_depth(&mut nested(65), 65),
        Ok(Repairs::default())
    );
    let mut deep = nested(100_000);
    assert_eq!(json::normalise(&mut deep), Err(TooDeep { max: 64 }));
    assert_eq!(json::check_nesting(&deep, 64), Err(TooDeep { max: 64 }));
    for (depth, fits) in [(64, true), (65, false)] {
        let objects = (0..depth).fold(Value::Null, |inner, _| json!({"k": inner}));
        assert_eq!(json::check_nesting(&nested(depth), 64).is_ok(), fits);
        assert_eq!(json::check_nesting(&objects, 64).is_ok(), fits);
    }
    assert_eq!(json::check_nesting(&Value::Null, 0), Ok(()));
    // Dropping a value recurses, so this one is taken apart level by level.
    while let Value::Array(mut items) = deep {
        deep = items.pop().unwrap_or_default();
    }
}
