//! What the reader accepts, what it refuses and where it says the fault is.

use indelible_core::json::{self, JsonErrorKind, NESTING_MAX, Parsed};
use serde_json::{Value, json};

fn clean(text: &str) -> Value {
    let Parsed { value, repairs } = json::parse(text.as_bytes()).expect(text);
    assert!(repairs.is_empty(), "{text}: {repairs:?}");
    value
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    match json::parse(text) {
        Ok(parsed) => panic!("{:?} was read as {parsed:?}", String::from_utf8_lossy(text)),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, message: &str) {
    assert_eq!(refusal(text), message);
}

fn brackets(depth: usize) -> Vec<u8> {
    [b"[".repeat(depth), b"]".repeat(depth)].concat()
}

#[test]
fn whole_texts_are_read() {
    assert_eq!(clean("null"), Value::Null);
    assert_eq!(clean(" \t\r\n true \n"), json!(true));
    assert_eq!(clean("false"), json!(false));
    assert_eq!(clean("[]"), json!([]));
    assert_eq!(clean("{ }"), json!({}));
    assert_eq!(
        clean("[1 , [ ] , {\"a\" : {}} ]"),
        json!([1, [], {"a": {}}])
    );
    assert_eq!(
        clean(r#"{"b":1,"a":[null,"x"],"":0}"#),
        json!({"a": [null, "x"], "b": 1, "": 0})
    );
}

#[test]
fn what_rfc_8259_does_not_allow_is_refused_with_its_place() {
    refused(
        "",
        "line 1, column 1: the text ends where a value should stand",
    );
    refused(
        " \n ",
        "line 2, column 2: the text ends where a value should stand",
    );
    refused(
        "[1,]",
        "line 1, column 4: unexpected ']' where a value should stand",
    );
    refused(
        "[,1]",
        "line 1, column 2: unexpected ',' where a value should stand",
    );
    refused(
        "{\"a\":1,}",
        "line 1, column 8: unexpected '}' where a key in quotes should stand",
    );
    refused(
        "{a:1}",
        "line 1, column 2: unexpected 'a' where a key in quotes should stand",
    );
    refused(
        "{'a':1}",
        "line 1, column 2: unexpected '\\'' where a key in quotes should stand",
    );
    refused(
        "{\"a\" 1}",
        "line 1, column 6: unexpected '1' where `:` should stand",
    );
    refused(
        "{\"a\":}",
        "line 1, column 6: unexpected '}' where a value should stand",
    );
    refused(
        "{\"a\":1 \"b\":2}",
        "line 1, column 8: unexpected '\"' where `,` or `}` should stand",
    );
    refused(
        "[1 2]",
        "line 1, column 4: unexpected '2' where `,` or `]` should stand",
    );
    refused(
        "[1}",
        "line 1, column 3: unexpected '}' where `,` or `]` should stand",
    );
    refused(
        "[1",
        "line 1, column 3: the text ends where `,` or `]` should stand",
    );
    refused(
        "{\"a\"",
        "line 1, column 5: the text ends where `:` should stand",
    );
    refused(
        "// x\n1",
        "line 1, column 1: unexpected '/' where a value should stand",
    );
    refused(
        "[1] /* x */",
        "line 1, column 5: more text after the end of the value",
    );
    refused(
        "{} {}",
        "line 1, column 4: more text after the end of the value",
    );
    refused(
        "1\n2",
        "line 2, column 1: more text after the end of the value",
    );
    refused(
        "\u{FEFF}{}",
        "line 1, column 1: a byte order mark, which JSON does not have",
    );
    refused(
        "[\u{A0}1]",
        "line 1, column 2: unexpected '\\u{a0}' where a value should stand",
    );
    refused(
        "[\u{B}1]",
        "line 1, column 2: unexpected '\\u{b}' where a value should stand",
    );
    refused(
        "True",
        "line 1, column 1: unexpected 'T' where a value should stand",
    );
    refused(
        "[trüe]",
        "line 1, column 4: unexpected 'ü' where `true` should stand",
    );
    refused(
        "nul",
        "line 1, column 4: the text ends where `null` should stand",
    );
    refused(
        "truefalse",
        "line 1, column 5: more text after the end of the value",
    );
}

#[test]
fn numbers_are_spelled_as_json_spells_them() {
    for text in ["NaN", "Infinity", "+1", ".5", "0x10"] {
        assert!(json::parse(text.as_bytes()).is_err(), "{text}");
    }
    refused(
        "-Infinity",
        "line 1, column 2: ill-formed number: a digit is missing",
    );
    refused(
        "[01]",
        "line 1, column 2: ill-formed number: a zero before other digits",
    );
    refused(
        "-00",
        "line 1, column 2: ill-formed number: a zero before other digits",
    );
    refused(
        "[1.]",
        "line 1, column 4: ill-formed number: a digit is missing",
    );
    refused(
        "1.",
        "line 1, column 3: the text ends where a digit should stand",
    );
    refused(
        "[1e+]",
        "line 1, column 5: ill-formed number: a digit is missing",
    );
    refused(
        "-",
        "line 1, column 2: the text ends where a digit should stand",
    );
    refused(
        "1_000",
        "line 1, column 2: more text after the end of the value",
    );
    refused(
        "[1.2.3]",
        "line 1, column 5: unexpected '.' where `,` or `]` should stand",
    );
}

#[test]
fn strings_are_spelled_as_json_spells_them() {
    assert_eq!(
        clean(r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#),
        json!("\"\\/\u{8}\u{C}\n\r\té😀")
    );
    assert_eq!(
        clean("\"\u{7F}\u{80}\u{9F}\u{2028}\""),
        json!("\u{7F}\u{80}\u{9F}\u{2028}")
    );
    refused(
        "\"abc",
        "line 1, column 5: the text ends where the end of a string should stand",
    );
    refused(
        "\"abc\\",
        "line 1, column 6: the text ends where the end of a string should stand",
    );
    refused(
        "\"\\u12",
        "line 1, column 6: the text ends where the end of a string should stand",
    );
    refused(
        "\"é\\x41\"",
        "line 1, column 3: ill-formed escape: one of \" \\ / b f n r t u follows the backslash",
    );
    let four_digits = "line 1, column 2: ill-formed escape: four hexadecimal digits follow \\u";
    refused("\"\\u12\"", four_digits);
    refused("\"\\u+123\"", four_digits);
    refused("\"\\uD8é0\"", four_digits);
    refused(
        "\"\\uD800\\uZZZZ\"",
        "line 1, column 8: ill-formed escape: four hexadecimal digits follow \\u",
    );
    for byte in 0..0x20_u8 {
        let message =
            format!("line 1, column 4: control character U+{byte:04X} in a string, not escaped");
        refused([b'[', b'"', b'a', byte, b'"', b']'], &message);
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let cases: [&[u8]; 6] = [
        b"\xFF",
        b"\xC0\x80",
        b"\xE2\x82",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\x80",
    ];
    for bytes in cases {
        let text = [b"[\n\"\xC3\xA9", bytes, b"\"]"].concat();
        refused(text, "line 2, column 3: invalid UTF-8");
    }
    let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(json::parse(&utf_16).is_err());
}

#[test]
fn a_key_that_stands_twice_is_refused_by_name() {
    refused(
        r#"{"a":1,"b":2,"a":1}"#,
        "line 1, column 14: duplicate key \"a\"",
    );
    refused(
        "{\"x\":{\n \"é\":1, \"\\u00e9\":2}}",
        "line 2, column 9: duplicate key \"é\"",
    );
    refused(r#"{"":1,"":2}"#, "line 1, column 7: duplicate key \"\"");
    refused(
        r#"{"\u0000":1,"k":2,"\u0000":3}"#,
        "line 1, column 19: duplicate key \"\u{FFFD}\"",
    );
    refused(
        r#"{"\ud800":1,"\uD800":3}"#,
        "line 1, column 13: duplicate key \"\u{FFFD}\"",
    );
    let key = "ключ".repeat(100);
    let error = json::parse(format!("{{\"{key}\":1,\"{key}\":2}}").as_bytes()).unwrap_err();
    let JsonErrorKind::DuplicateKey { key: shown } = error.kind else {
        panic!("{error}")
    };
    assert_eq!(shown, format!("{}…", "ключ".repeat(16)));
}

#[test]
fn keys_that_only_look_alike_are_kept() {
    let value =
        clean("{\"a\":1,\"A\":2,\"\":3,\"__proto__\":4,\"\u{C5}\":5,\"A\u{30A}\":6,\"a~2\":7}");
    assert_eq!(value.as_object().map(serde_json::Map::len), Some(7));
}

#[test]
fn sixty_four_levels_are_read_and_the_next_is_refused() {
    assert!(json::parse(&brackets(64)).is_ok());
    refused(
        brackets(65),
        "line 1, column 65: nested deeper than 64 levels",
    );
    let objects = |depth: usize| "{\"k\":".repeat(depth) + "0" + &"}".repeat(depth);
    assert!(json::parse(objects(64).as_bytes()).is_ok());
    refused(
        objects(65),
        "line 1, column 321: nested deeper than 64 levels",
    );
    let event = format!("{{\"context\":{}}}", objects(64));
    assert!(json::parse_with_depth(event.as_bytes(), NESTING_MAX + 1).is_ok());
    assert!(json::parse_with_depth(b"7", 0).is_ok());
    assert!(json::parse_with_depth(b"[]", 0).is_err());
    assert!(json::parse_with_depth(&brackets(255), 255).is_ok());
    assert!(json::parse_with_depth(&brackets(256), 255).is_err());
}

#[test]
fn a_hundred_thousand_brackets_cost_nothing() {
    refused(
        vec![b'['; 100_000],
        "line 1, column 65: nested deeper than 64 levels",
    );
    refused(
        "{\"a\":".repeat(100_000),
        "line 1, column 321: nested deeper than 64 levels",
    );
}

#[test]
fn large_flat_texts_are_read() {
    let million = format!("[{}0]", "0,".repeat(999_999));
    assert_eq!(clean(&million).as_array().map(Vec::len), Some(1_000_000));
    let members: Vec<String> = (0..100_000).map(|n| format!("\"key {n}\":{n}")).collect();
    let value = clean(&format!("{{{}}}", members.join(",")));
    assert_eq!(value["key 99999"], json!(99_999));
    let text = "x\"\\".repeat(300_000);
    assert_eq!(
        clean(&serde_json::to_string(&text).expect("a string")),
        json!(text)
    );
}

#[test]
fn the_libraries_beneath_keep_their_default_reading() {
    assert!(
        serde_json::from_str::<Value>("1e400").is_err(),
        "arbitrary_precision is on"
    );
    let keys: Vec<String> = json!({"b": 1, "a": 2})
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert_eq!(keys, ["a", "b"], "preserve_order is on");
}
