//! The modes, the places that are noted, and rules of the operator's own.

use indelible_core::redact::{Mode, PLACES_MAX, Redactor, Rules, RulesError};
use serde_json::{Value, json};

fn redactor(mode: Mode) -> Redactor {
    Redactor::new(Rules::standard(), mode, [7; 32])
}

fn redacted(redactor: &Redactor, mut value: Value) -> Value {
    redactor.redact_value(&mut value);
    value
}

#[test]
fn off_touches_nothing() {
    let value = json!({"password": "hunter2", "4532015112830366": "4532015112830366"});
    assert_eq!(redacted(&redactor(Mode::Off), value.clone()), value);
    assert_eq!(redactor(Mode::Off).redact_text("password=hunter2"), None);
}

#[test]
fn equal_secrets_have_equal_hashes() {
    let hash = redactor(Mode::KeyedHash);
    let marker = hash.keyed_hash("hunter2");
    assert!(
        marker.starts_with("[HMAC:") && marker.len() == 39,
        "{marker}"
    );
    let value = json!({"password": "hunter2", "token": ["hunter2"], "url": "x?token=hunter2"});
    assert_eq!(
        redacted(&hash, value),
        json!({"password": marker, "token": [marker], "url": format!("x?token={marker}")})
    );
    let card = hash.keyed_hash("4532015112830366");
    let cards = json!([
        "4532 0151 1283 0366",
        "4532-0151-1283-0366",
        4_532_015_112_830_366_u64
    ]);
    assert_eq!(redacted(&hash, cards), json!([card, card, card]));
    let number = json!({"pin": 1234});
    assert_eq!(
        redacted(&hash, number),
        json!({"pin": hash.keyed_hash("1234")})
    );
    let other = Redactor::new(Rules::standard(), Mode::KeyedHash, [8; 32]);
    assert_ne!(other.keyed_hash("hunter2"), marker);
}

#[test]
fn drop_leaves_no_member() {
    let value = json!({
        "password": "hunter2", "list": [{"token": "x"}, "ghp_a1b2c3d4e5f6g7h8i9j0k1"],
        "url": "x?token=abc&y=1", "card": 4_532_015_112_830_366_u64, "4532015112830366": 1,
    });
    assert_eq!(
        redacted(&redactor(Mode::Drop), value),
        json!({"list": [{}, null], "url": "x?token=&y=1"})
    );
    // What taking out brings together is searched again.
    let nested = redactor(Mode::Drop).redact_text("45320151 ghp_a1b2c3d4e5f6g7h8i9j0k1 12830366");
    assert_eq!(nested.unwrap().text, "45320151  12830366");
}

#[test]
fn places_are_pointers() {
    let mut value = json!({"a/b": {"m~n": [0, {"password": "x"}]}, "u": "Bearer abc12345"});
    let found = redactor(Mode::Mask).redact_value(&mut value);
    let places: Vec<_> = found
        .list
        .iter()
        .map(|place| (place.pointer.as_str(), &*place.rule))
        .collect();
    assert_eq!(
        places,
        [("/a~1b/m~0n/1/password", "password"), ("/u", "bearer")]
    );
    for place in &found.list {
        let text = value
            .pointer(&place.pointer)
            .and_then(Value::as_str)
            .expect("a text");
        assert!(text.contains("[REDACTED:"), "{text}");
        assert_eq!(place.mode, Mode::Mask);
    }
    assert_eq!(found.dropped(), 0);
}

#[test]
fn places_are_counted_beyond_the_list() {
    let mut value = json!(vec![json!({"password": "x"}); PLACES_MAX + 10]);
    let found = redactor(Mode::Mask).redact_value(&mut value);
    assert_eq!(found.list.len(), PLACES_MAX);
    assert_eq!((found.total, found.dropped()), (PLACES_MAX as u64 + 10, 10));
}

#[test]
fn what_nests_too_deep_to_search_is_replaced() {
    let mut value = json!({"password": "hunter2"});
    for _ in 0..200 {
        value = json!([value]);
    }
    redactor(Mode::Mask).redact_value(&mut value);
    let text = value.to_string();
    assert!(
        !text.contains("hunter2") && text.contains("[REDACTED:depth]"),
        "{text}"
    );
}

#[test]
fn a_label_names_rules_mode_and_key() {
    assert_eq!(Redactor::default_mask().label(), None);
    assert_eq!(redactor(Mode::Drop).label(), Some("standard/1 drop"));
    let hash = redactor(Mode::KeyedHash);
    let other = Redactor::new(Rules::standard(), Mode::KeyedHash, [8; 32]);
    assert!(hash.label().unwrap().starts_with("standard/1 keyed_hash "));
    assert_ne!(hash.label(), other.label());
    let own = Redactor::new(Rules::parse("version = 3").unwrap(), Mode::Mask, [0; 32]);
    assert_eq!(own.version(), 3);
    assert!(own.label().unwrap().starts_with("custom-"));
    assert!(!format!("{hash:?}").contains('7'), "{hash:?}");
}

#[test]
fn own_rules_replace_the_standard_ones() {
    let rules = Rules::parse(
        r#"
        version = 7
        [[names]]
        id = "badge"
        phrases = ["badge number"]
        where = "end"
        [[rules]]
        id = "staff"
        regex = '\bSTAFF-(\d{4})\b'
        keywords = ["staff-"]
        secretGroup = 1
        "#,
    )
    .unwrap();
    let own = Redactor::new(rules, Mode::Mask, [0; 32]);
    let value = json!({"badgeNumber": "b-1", "note": "by STAFF-1234", "password": "x"});
    assert_eq!(
        redacted(&own, value),
        json!({
            "badgeNumber": "[REDACTED:badge]", "note": "by STAFF-[REDACTED:staff]", "password": "x",
        })
    );
}

#[test]
fn own_rules_extend_the_standard_ones() {
    let rules = Rules::parse(
        r#"
        version = 8
        extends = "standard"
        disable = ["card", "cookie"]
        markers = ["GONE"]
        [[names]]
        id = "badge"
        phrases = ["badge"]
        where = "end"
        [[harmless]]
        names = ["token"]
        value = '^public-'
        "#,
    )
    .unwrap();
    let own = Redactor::new(rules, Mode::Mask, [0; 32]);
    let value = json!({
        "badge": "b", "password": "GONE", "secret": "x", "cookie": "c", "token": "public-1",
        "card": "4532015112830366",
    });
    assert_eq!(
        redacted(&own, value),
        json!({
            "badge": "[REDACTED:badge]", "password": "GONE", "secret": "[REDACTED:secret]",
            "cookie": "c", "token": "public-1", "card": "4532015112830366",
        })
    );
}

#[test]
fn ill_formed_rules_are_refused() {
    let rule = |body: &str| format!("version = 1\n[[rules]]\nid = \"x\"\n{body}");
    for (text, part) in [
        ("versio = 1".to_owned(), "versio"),
        ("version = -1".to_owned(), "-1"),
        ("version = 1\nextends = \"other\"".to_owned(), "other"),
        (rule("regex = '('\nkeywords = ['abc']"), "unclosed"),
        (rule("regex = 'abc'\nkeywords = ['ab']"), "too short"),
        (rule("regex = 'abc'\nkeywords = []"), "no keywords"),
        (
            rule("regex = 'abc'\nkeywords = ['abc']\nsecretGroup = 1"),
            "secretGroup",
        ),
        (rule("regex = 'a*'\nkeywords = ['aaa']"), "empty text"),
        (
            rule("regex = 'abc'\nkeywords = ['abc']\ncolour = 1"),
            "colour",
        ),
        (
            "version = 1\n[[rules]]\nid = \"a b\"\nregex = 'a'\nkeywords = ['abc']".to_owned(),
            "a b",
        ),
    ] {
        let error = Rules::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    let many: String = (0..130)
        .map(|at| format!("[[rules]]\nid = \"r{at}\"\nregex = 'abc'\nkeywords = ['abc']\n"))
        .collect();
    let error = Rules::parse(&format!("version = 1\n{many}"));
    assert!(matches!(error, Err(RulesError::Rule { .. })));
}

#[test]
fn modes_read_back() {
    for mode in [Mode::Mask, Mode::KeyedHash, Mode::Drop, Mode::Off] {
        assert_eq!(mode.as_str().parse(), Ok(mode));
        assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
    }
    assert!("hash".parse::<Mode>().is_err());
}

/// Each of these once took time quadratic in its length: minutes, for so many.
#[test]
fn hostile_shapes_are_read_once() {
    let mask = redactor(Mode::Mask);
    for (piece, has_secrets) in [
        ("\"token\":[{", false),
        ("nextToken='\"", false),
        ("nexttoken=", false),
        ("password:", false),
        ("4111 ", false),
        ("eyJ.", false),
        ("token: [", true),
        ("cookie: *** ", true),
        ("\"token\":{", false),
        ("password:1", true),
    ] {
        let redacted = mask.redact_text(&piece.repeat(50_000));
        assert_eq!(redacted.is_some(), has_secrets, "{piece}");
    }
    let long = format!("{}{}", "token_".repeat(50_000), "old_".repeat(50_000));
    assert_eq!(
        redacted(&mask, json!({ long.clone(): "x" }))[&long],
        "[REDACTED:token]"
    );
}

#[test]
fn names_with_one_mask_are_told_apart() {
    let names = (0..20_000_u64).map(|middle| format!("453201{middle:06}0366"));
    let members: serde_json::Map<_, _> = names.map(|name| (name, json!(1))).collect();
    let value = redacted(&redactor(Mode::Mask), Value::from(members));
    let members = value.as_object().expect("an object");
    assert_eq!(members.len(), 20_000);
    assert!(members.contains_key("453201******0366~2000"));
    let passed = members.keys().filter(|name| !name.contains('*')).count();
    assert_eq!(passed, 18_000, "one number in ten passes the Luhn check");
}
