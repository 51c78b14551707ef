//! Redacting twice changes nothing that redacting once did not, whatever the input.

use indelible_core::redact::{Mode, Redactor, Rules};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Pieces that rules, markers and separators are made of: what random letters never hit.
const PIECES: &[&str] = &[
    "password",
    "token",
    "secret",
    "api_key",
    "Cookie",
    "Authorization",
    "next",
    "Id",
    "Type",
    "=",
    ":",
    ": ",
    " ",
    "\"",
    "\\\"",
    "'",
    "--",
    "&",
    ";",
    ",",
    "[",
    "]",
    "{",
    "}",
    "@",
    "://",
    "Bearer ",
    "Basic ",
    "dXNlcjpwYXNz",
    "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    "4532015112830366",
    "4532 0151 ",
    "1283 0366",
    "371449635398431",
    "-",
    "_",
    ".",
    "ghp_",
    "a1B2c3D4e5F6g7H8i9J0",
    "sk_live_",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "\n",
    "\\n",
    "***",
    "[REDACTED]",
    "[REDACTED:token]",
    "[HMAC:0123456789abcdef0123456789abcdef]",
    "REMOVED",
    "hunter2",
    "true",
    "is",
    "é",
    "\u{1F511}",
    "0",
    "17",
    "https",
    "user",
    "<",
    ">",
    "?",
    "#",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[ -~]{0,6}",
        1 => ".{0,3}",
    ]
}

pub fn text() -> impl Strategy<Value = String> {
    vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "password", "name", "value", "key", "token", "id", "tokens", "authorization",
            "cookies", "old_value", "type", "nextToken", "pin", "data",
        ]).prop_map(str::to_owned),
        1 => text(),
    ]
}

pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::from(4_532_015_112_830_366_u64)),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Mask, Mode::KeyedHash, Mode::Drop])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_redacted_once(text in text(), mode in mode()) {
        let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
        if let Some(once) = redactor.redact_text(&text) {
            prop_assert!(!once.rules.is_empty());
            prop_assert_eq!(redactor.redact_text(&once.text), None, "{:?}", once.text);
        }
    }

    #[test]
    fn a_value_is_redacted_once(value in value(), mode in mode()) {
        let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
        let mut once = value;
        redactor.redact_value(&mut once);
        let mut twice = once.clone();
        let found = redactor.redact_value(&mut twice);
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(found.total, 0, "{:?} in {}", found, once);
    }

    #[test]
    fn a_seeded_secret_is_gone(
        before in "[a-z ]{0,12}", after in "[a-z ]{0,12}", mode in mode(),
        secret in prop::sample::select(vec![
            "4532015112830366", "ghp_a1B2c3D4e5F6g7H8i9J0k1", "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "xoxb-1234567890-abcdefghij",
        ]),
    ) {
        let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
        let redacted = redactor.redact_text(&format!("{before} {secret} {after}"));
        prop_assert!(redacted.is_some_and(|it| !it.text.contains(secret)));
    }
}
