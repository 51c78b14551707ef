//! The canonical spelling.

use indelible_core::json::{self, canonical};
use serde_json::{Value, json};

/// Where our spelling differs from RFC 8785, and why.
const DEVIATIONS: [(&str, &str, &str, &str); 3] = [
    (
        "9007199254740993",
        "9007199254740992",
        "9007199254740993",
        "an integer that fits 64 bits is evidence, not an approximation: it is written exactly",
    ),
    (
        "-9223372036854775808",
        "-9223372036854776000",
        "-9223372036854775808",
        "the same below zero",
    ),
    (
        "1e20",
        "100000000000000000000",
        "\"100000000000000000000\"",
        "written as an integer it would be one beyond 64 bits when read again: it becomes text \
         at the door, which a note says",
    ),
];

#[test]
fn members_stand_in_the_order_of_utf_16() {
    let value = json!({
        "\u{FFFF}": 1, "\u{10000}": 2, "\u{E000}": 3, "\u{D7FF}": 4, "z": 5, "é": 6, "": 7,
        "\u{10000}a": 8, "a": {"\u{1F600}": 1, "\u{FB33}": 2, "aa": 3, "a": 4},
    });
    assert_eq!(
        canonical::to_string(&value),
        "{\"\":7,\"a\":{\"a\":4,\"aa\":3,\"\u{1F600}\":1,\"\u{FB33}\":2},\"z\":5,\"é\":6,\
         \"\u{D7FF}\":4,\"\u{10000}\":2,\"\u{10000}a\":8,\"\u{E000}\":3,\"\u{FFFF}\":1}"
    );
}

#[test]
fn strings_carry_no_escape_that_is_not_needed() {
    let text: String = (0..0x80_u8).map(char::from).collect();
    let mut out = Vec::new();
    canonical::write_str(&text, &mut out);
    let expected = concat!(
        r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#,
        r#"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c"#,
        r##"\u001d\u001e\u001f !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]"##,
        "^_`abcdefghijklmnopqrstuvwxyz{|}~\u{7F}\"",
    );
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    for text in [
        "\u{80}\u{9F}",
        "\u{2028}\u{2029}",
        "\u{FEFF}\u{202E}",
        "A\u{30A}",
        "</script>",
    ] {
        assert_eq!(canonical::to_string(&json!(text)), format!("\"{text}\""));
    }
}

#[test]
fn integers_are_written_in_full() {
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("digits")
    };
    for integer in [
        0,
        9,
        10,
        99,
        100,
        u64::from(u32::MAX),
        u64::MAX - 1,
        u64::MAX,
    ] {
        assert_eq!(
            written(&|out| canonical::write_u64(integer, out)),
            integer.to_string()
        );
        assert_eq!(canonical::to_string(&json!(integer)), integer.to_string());
    }
    for integer in [0, -1, -10, i64::MIN, i64::MIN + 1, i64::MAX] {
        assert_eq!(
            written(&|out| canonical::write_i64(integer, out)),
            integer.to_string()
        );
        assert_eq!(canonical::to_string(&json!(integer)), integer.to_string());
    }
}

#[test]
fn doubles_are_spelled_as_ecmascript_spells_them() {
    let cases = [
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5e-324, "5e-324"),
        (1e-7, "1e-7"),
        (0.000_001, "0.000001"),
        (123_456.75, "123456.75"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (f64::MAX, "1.7976931348623157e+308"),
    ];
    for (double, spelling) in cases {
        assert_eq!(canonical::to_string(&json!(double)), spelling);
    }
}

#[test]
fn the_deviations_are_these() {
    for (given, standard, ours, reason) in DEVIATIONS {
        let general: Value = serde_json::from_str(given).expect(given);
        let theirs = serde_json_canonicalizer::to_string(&general).expect(given);
        assert_eq!(theirs, standard, "{reason}");
        let parsed = json::parse(given.as_bytes()).expect(given);
        assert_eq!(canonical::to_string(&parsed.value), ours, "{reason}");
        assert_eq!(
            parsed.repairs.is_empty(),
            !ours.starts_with('"'),
            "{reason}"
        );
    }
}
