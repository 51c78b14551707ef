//! What an operator signs who means ill: bodies and texts of which two readers would read
//! different things. Both verifiers refuse them, for the same reason.

use indelible_core::pack::Coverage;
use indelible_core::part::{Part, PartKind};
use indelible_core::{Query, json};
use indelible_merkle::note::{Note, NoteSignature, SigningKey};
use indelible_merkle::{Checkpoint, leaf_hash};
use serde_json::{Value, json};

use super::building::{Plan, packed, request};
use super::second::{judged_by_both, judged_with};
use super::text::Text;

const SALT: [u8; 16] = [0xAB; 16];

/// A pack of one entry whose part has this body, with everything above it made anew and signed.
fn with_body(pack: &Text, plan: &Plan, kind: PartKind, body: &str) -> Vec<u8> {
    let part = Part {
        salt: SALT,
        body: body.as_bytes().to_vec(),
    };
    let (hash, name) = (part.hash(kind).to_string(), kind.as_str());
    let mut pack = pack.clone();
    let place = pack.entry(0);
    pack.edit(place, |line| {
        line["parts"][name] = json!({"body": body, "salt": "ab".repeat(SALT.len())});
    });
    with_skeleton(pack, plan, |skeleton| skeleton[name] = json!(hash))
}

fn with_skeleton(mut pack: Text, plan: &Plan, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let place = pack.entry(0);
    let mut root = leaf_hash(b"");
    pack.edit(place, |line| {
        let text = line["skeleton"].as_str().expect("a text");
        let mut skeleton = serde_json::from_str(text).expect("JSON");
        change(&mut skeleton);
        let text = json::canonical::to_string(&skeleton);
        root = leaf_hash(text.as_bytes());
        line["skeleton"] = json!(text);
    });
    let key = plan.key();
    let checkpoint = Checkpoint::new(key.name(), 1, root).expect("a checkpoint");
    let note = checkpoint.sign(&[&key]).expect("signed").to_string();
    pack.edit(1, |line| line["note"] = json!(note));
    pack.seal();
    pack.bytes()
}

async fn pack_of_one(plan: &Plan) -> Text {
    let audit = plan.made().await;
    Text::of(&packed(&audit, request(Query::new(), Coverage::Complete)).await)
}

fn reasons(files: &[(String, Vec<u8>)], plan: &Plan) -> Vec<Option<String>> {
    let verdicts = judged_by_both(files, &plan.key().verifier_key());
    let reason = |(ours, theirs): (Value, Value)| {
        assert_eq!(ours["reason"], theirs["reason"], "{ours} {theirs}");
        assert_eq!(ours["line"], theirs["line"], "{ours} {theirs}");
        ours["reason"].as_str().map(str::to_owned)
    };
    verdicts.into_iter().map(reason).collect()
}

#[tokio::test]
async fn a_body_has_one_meaning_or_is_refused() {
    let plan = Plan::of(1);
    let pack = pack_of_one(&plan).await;
    let deep = |containers: usize| {
        let (open, close) = ("[".repeat(containers - 1), "]".repeat(containers - 1));
        format!("{{\"context\":{open}{close}}}")
    };
    let good = [
        r#"{"context":{"a":1.5,"b":-1,"c":1e+21,"d":1e-7,"e":0.000001,"f":5e-324}}"#.to_owned(),
        r#"{"context":{"n":[18446744073709551615,-9223372036854775808,0,9007199254740993]}}"#
            .to_owned(),
        "{\"context\":{\"\u{10000}\":1,\"\u{e000}\":\"\u{7f}\\u001f\\n\"}}".to_owned(),
        r#"{"notes":[{"kind":"redacted"}],"user_id":""}"#.to_owned(),
        "{}".to_owned(),
        deep(66),
    ];
    let bad = [
        "not json".to_owned(),
        "[]".to_owned(),
        r#"["a",null,null]"#.to_owned(),
        r#""text""#.to_owned(),
        r#"{"user_id":5}"#.to_owned(),
        r#"{"ip_address":true}"#.to_owned(),
        r#"{"user_id":null}"#.to_owned(),
        r#"{"user_id":"b","user_id":"a"}"#.to_owned(),
        r#"{"context":{"a":2,"a":1}}"#.to_owned(),
        r#"{"context":{"a":1.0}}"#.to_owned(),
        r#"{"context":{"a":1e3}}"#.to_owned(),
        r#"{"context":{"a":1E+21}}"#.to_owned(),
        r#"{"context":{"a":-0}}"#.to_owned(),
        r#"{"context":{"a":0.10}}"#.to_owned(),
        r#"{"context":{"a":1e400}}"#.to_owned(),
        r#"{"context":{"a":18446744073709551616}}"#.to_owned(),
        r#"{"context":{"a":100000000000000000000}}"#.to_owned(),
        r#"{"context":{"a":NaN}}"#.to_owned(),
        r#"{"context":{"a":Infinity}}"#.to_owned(),
        r#"{"context":{"b":1,"a":2}}"#.to_owned(),
        "{\"context\":{\"\u{e000}\":1,\"\u{10000}\":1}}".to_owned(),
        r#"{"context":{"a": 1}}"#.to_owned(),
        r#"{"context":{"a":"\u0041"}}"#.to_owned(),
        r#"{"context":{"a":"\u0000"}}"#.to_owned(),
        r#"{"context":{"a\u0000":1}}"#.to_owned(),
        r#"{"context":{"a":"\ud800"}}"#.to_owned(),
        r#"{"context":{"a":"\/"}}"#.to_owned(),
        "{}\n".to_owned(),
        deep(67),
    ];
    let files = |bodies: &[String]| -> Vec<(String, Vec<u8>)> {
        let file = |body: &String| {
            let bytes = with_body(&pack, &plan, PartKind::Details, body);
            ("one.pack".to_owned(), bytes)
        };
        bodies.iter().map(file).collect()
    };
    for (body, reason) in good.iter().zip(reasons(&files(&good), &plan)) {
        assert_eq!(reason, None, "{body}");
    }
    for (body, reason) in bad.iter().zip(reasons(&files(&bad), &plan)) {
        assert_eq!(reason.as_deref(), Some("malformed"), "{body}");
    }
}

#[tokio::test]
async fn cosigners_are_checked_where_their_key_is_at_hand_and_are_not_enough() {
    let plan = Plan::of(1);
    let pack = pack_of_one(&plan).await;
    let witness = SigningKey::from_seed("witness.example", [9; 32]).expect("a key");
    let log = NoteSignature::name;
    let with_note = |change: &dyn Fn(&mut Note)| {
        let mut pack = pack.clone();
        pack.edit(1, |line| {
            let mut note = Note::parse(line["note"].as_str().expect("a text")).expect("a note");
            change(&mut note);
            line["note"] = json!(note.to_string());
        });
        pack.digest();
        ("one.pack".to_owned(), pack.bytes())
    };
    let both = with_note(&|note| note.sign(&witness).expect("a line"));
    let bad = with_note(&|note| {
        let other = witness.sign("another text\n");
        note.attach(other).expect("a line");
    });
    let alone = with_note(&|note| {
        let mut cosigned = Note::new(note.text()).expect("a note");
        cosigned.sign(&witness).expect("a line");
        assert_ne!(log(&cosigned.signatures()[0]), plan.key().name());
        *note = cosigned;
    });
    let keys = [plan.key().verifier_key(), witness.verifier_key()];
    let expected = [None, Some("signature"), Some("wrong-key")];
    let verdicts = judged_with(&[both.clone(), bad.clone(), alone], &keys);
    for ((ours, theirs), reason) in verdicts.into_iter().zip(expected) {
        assert_eq!(ours["reason"], json!(reason), "{ours}");
        assert_eq!(theirs["reason"], json!(reason), "{theirs}");
        assert_eq!(ours["signed_by"], theirs["signed_by"]);
    }
    // Of a line under a key that is not at hand nothing is known.
    let found = reasons(&[both, bad], &plan);
    assert_eq!(found, [None, None]);
}

#[tokio::test]
async fn a_skeleton_is_as_its_page_says_or_is_refused() {
    let plan = Plan::of(1);
    let pack = pack_of_one(&plan).await;
    let changes: [(&str, Value); 8] = [
        ("tags", json!(["b", "a"])),
        ("tags", json!(["a", "a"])),
        ("action", json!("a\u{0}b")),
        ("resource_type", json!("\u{0}")),
        ("erases", json!([])),
        (
            "erases",
            json!([{"first": 2, "last": 1, "parts": ["actor"]}]),
        ),
        (
            "erases",
            json!([{"first": 0, "last": 1, "parts": ["target", "actor"]}]),
        ),
        (
            "erases",
            json!([{"first": 0, "last": 1, "parts": ["actor", "actor"]}]),
        ),
    ];
    for (name, value) in changes {
        let bytes = with_skeleton(pack.clone(), &plan, |skeleton| {
            skeleton[name] = value.clone()
        });
        let found = reasons(&[("one.pack".to_owned(), bytes)], &plan);
        assert_eq!(found, [Some("malformed".to_owned())], "{name}: {value}");
    }
    let mut named = pack.clone();
    named.edit(0, |line| line["asked_by"] = json!("a\u{0}b"));
    named.digest();
    let found = reasons(&[("one.pack".to_owned(), named.bytes())], &plan);
    assert_eq!(found, [Some("malformed".to_owned())]);
}
