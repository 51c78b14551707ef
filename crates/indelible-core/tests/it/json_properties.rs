//! What holds for every value and every text: reader, writer and `normalise` agree.

use indelible_core::json::{self, JsonErrorKind, Parsed, Repairs, canonical};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Number, Value};

fn settings() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(8785),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        3 => select(vec!['a', 'b', '~', '2', '/', '"', '\\', 'u', '0']),
        1 => select(vec!['\0', '\u{FFFD}', '\u{1}', '\u{1F}', '\u{7F}', '\n', '\t']),
        1 => select(vec!['\u{D7FF}', '\u{E000}', '\u{FFFF}', '\u{10000}', '\u{10FFFF}', 'é']),
        1 => any::<char>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    vec(character(), 0..12).prop_map(String::from_iter)
}

/// Any finite double, and the neighbourhoods where spellings change.
fn double() -> impl Strategy<Value = f64> {
    let edges = [
        0.0,
        1.0,
        1e-7,
        1e-6,
        2f64.powi(53),
        2f64.powi(63),
        2f64.powi(64),
        1e20,
        1e21,
    ];
    let near_edge =
        (select(edges.to_vec()), -3..=3_i64, any::<bool>()).prop_map(|(edge, steps, negative)| {
            let near = f64::from_bits((edge.to_bits() as i64).saturating_add(steps).max(0) as u64);
            if negative { -near } else { near }
        });
    let bits = any::<u64>().prop_map(f64::from_bits);
    prop_oneof![
        near_edge,
        bits,
        -1e22..1e22,
        any::<i32>().prop_map(|n| f64::from(n) / 8.0)
    ]
    .prop_filter("JSON has no other doubles", |double| double.is_finite())
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        double().prop_map(|double| Number::from_f64(double).expect("a finite double")),
    ]
}

fn nested(numbers: impl Strategy<Value = Number> + 'static) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        numbers.prop_map(Value::Number),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(text(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A piece of a string as it stands in JSON text.
fn string_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "a",
            "�",
            "😀",
            "\u{E000}",
            "~2",
            "\\u0000",
            "\\\\u0000",
            "\\n",
            "\\/"
        ])
        .prop_map(str::to_owned),
        select(vec!["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\\u0041"]).prop_map(str::to_owned),
    ]
}

fn string_token() -> impl Strategy<Value = String> {
    vec(string_piece(), 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn number_token() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,22})",
        "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,20}",
        "-?[1-9](\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}",
        double().prop_map(|double| format!("{double:e}")),
    ]
}

/// A JSON text with anything in it that must be repaired; keys may stand twice.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec!["null", "true", " false"]).prop_map(str::to_owned),
        number_token(),
        string_token(),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let member = (string_token(), inner.clone()).prop_map(|(key, value)| key + ": " + &value);
        prop_oneof![
            vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            vec(member, 0..6).prop_map(|members| format!("{{ {}}}", members.join(","))),
        ]
    })
}

/// Canonical bytes of `value` read back to it and are written the same.
fn assert_stable(value: &Value) -> Result<(), TestCaseError> {
    let bytes = canonical::to_vec(value);
    let again = json::parse(&bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
    prop_assert_eq!(&again.repairs, &Repairs::default());
    prop_assert_eq!(&again.value, value);
    prop_assert_eq!(canonical::to_vec(&again.value), bytes);
    Ok(())
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn canonical_bytes_of_a_normalised_value_are_stable(mut value in nested(number())) {
        json::normalise(&mut value).expect("shallow");
        assert_stable(&value)?;
        prop_assert_eq!(json::normalise(&mut value.clone()), Ok(Repairs::default()));
    }

    #[test]
    fn canonical_bytes_of_a_text_are_stable(text in json_text()) {
        match json::parse(text.as_bytes()) {
            Ok(Parsed { mut value, .. }) => {
                assert_stable(&value)?;
                let read = value.clone();
                prop_assert_eq!(json::normalise(&mut value), Ok(Repairs::default()));
                prop_assert_eq!(value, read);
            }
            Err(error) => {
                let twice = matches!(error.kind, JsonErrorKind::DuplicateKey { .. });
                prop_assert!(twice, "{}", error);
            }
        }
    }

    #[test]
    fn a_value_is_normalised_as_its_text_is_read(mut value in nested(number())) {
        let text = serde_json::to_vec(&value).expect("a value");
        let parsed = json::parse(&text).expect("its text");
        let repairs = json::normalise(&mut value).expect("shallow");
        prop_assert_eq!(Parsed { value, repairs }, parsed);
    }

    #[test]
    fn pointers_lead_to_the_place(text in json_text()) {
        let Ok(Parsed { value, repairs }) = json::parse(text.as_bytes()) else { return Ok(()) };
        for repair in &repairs.list {
            prop_assert!(value.pointer(&repair.pointer).is_some(), "{}", repair.pointer);
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter(
        members in btree_map(string_token(), number_token(), 0..12)
    ) {
        let members: Vec<String> = members.iter().map(|(key, n)| format!("{key}:{n}")).collect();
        let forwards = format!("{{{}}}", members.join(","));
        let backwards: Vec<String> = members.into_iter().rev().collect();
        let backwards = format!("{{{}}}", backwards.join(","));
        let read = |text: &str| json::parse(text.as_bytes()).map(|parsed| parsed.value).ok();
        prop_assert_eq!(read(&forwards), read(&backwards));
    }

    #[test]
    fn the_canonicalizer_crate_agrees_on_doubles_and_small_integers(
        mut value in nested(prop_oneof![
            (-9_007_199_254_740_991..=9_007_199_254_740_991_i64).prop_map(Number::from),
            double()
                .prop_filter("kept as text", |d| !(9e18..1e21).contains(&d.abs()))
                .prop_map(|double| Number::from_f64(double).expect("a finite double")),
        ])
    ) {
        json::normalise(&mut value).expect("shallow");
        // An integer beyond 2^53 is a double's spelling here, which a double gives back.
        let theirs = serde_json_canonicalizer::to_string(&value).expect("a value");
        prop_assert_eq!(canonical::to_string(&value), theirs);
    }

    #[test]
    fn a_general_reader_accepts_the_same_texts(
        text in json_text(), at in any::<prop::sample::Index>(),
        change in select(b"\"\\{}[],:0.e-\n\x00\xFFut".to_vec()), removes in any::<bool>(),
    ) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        if removes {
            bytes.remove(at);
        } else {
            bytes[at] = change;
        }
        match (json::parse(&bytes), serde_json::from_slice::<Value>(&bytes)) {
            (Ok(ours), Ok(mut theirs)) => {
                if ours.repairs.is_empty() {
                    json::normalise(&mut theirs).expect("shallow");
                    prop_assert_eq!(ours.value, theirs);
                }
            }
            (Ok(ours), Err(error)) => prop_assert!(!ours.repairs.is_empty(), "{}", error),
            (Err(error), Ok(_)) => {
                let twice = matches!(error.kind, JsonErrorKind::DuplicateKey { .. });
                prop_assert!(twice, "{}", error);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..64)) {
        if let Ok(Parsed { value, .. }) = json::parse(&bytes) {
            assert_stable(&value)?;
        }
    }
}
