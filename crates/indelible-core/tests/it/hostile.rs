//! The hostile-input list, as far as one event goes: stored, the change noted, or refused by name.

mod structure;

use indelible_core::engine::Audit;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Entry, EventError};
use serde_json::{Value, json};

use crate::ground::{Site, event};

pub async fn stored(audit: &Audit, event: AuditEvent) -> Entry {
    let receipt = audit.record(event).await.expect("recorded");
    audit
        .entry(receipt.id)
        .await
        .expect("readable")
        .expect("there")
}

pub async fn stored_json(text: &str) -> Entry {
    let event = AuditEvent::from_json(text.as_bytes()).expect(text);
    stored(&Site::new().audit().await, event).await
}

fn kinds(entry: &Entry) -> Vec<(&str, &str)> {
    entry
        .notes
        .iter()
        .map(|note| (note.field.as_str(), note.kind.as_str()))
        .collect()
}

#[tokio::test]
async fn t1_t2_texts_of_any_length_are_stored_cut_and_noted() {
    let audit = Site::new().audit().await;
    for size in [254, 255, 256, 1023, 1024, 1025, 65_536, 1 << 20] {
        let text = "x".repeat(size);
        let given = event("x")
            .user_id(&*text)
            .on_behalf_of(&*text)
            .ip_address(&*text)
            .user_agent(&*text)
            .resource_id(&*text)
            .correlation_id(&*text);
        let entry = stored(&audit, given).await;
        let lengths = [
            (entry.user_id.as_deref(), "user_id", 255),
            (entry.on_behalf_of.as_deref(), "on_behalf_of", 255),
            (entry.ip_address.as_deref(), "ip_address", 255),
            (entry.user_agent.as_deref(), "user_agent", 1024),
            (entry.resource_id.as_deref(), "resource_id", 255),
            (entry.correlation_id.as_deref(), "correlation_id", 255),
        ];
        for (kept, field, max) in lengths {
            assert_eq!(
                kept.expect("kept").len(),
                size.min(max),
                "{field} of {size}"
            );
            let note = entry.notes.iter().find(|note| note.field == field);
            assert_eq!(note.is_some(), size > max, "{field} of {size}");
            if let Some(note) = note {
                assert_eq!(
                    (note.kind.as_str(), &note.facts["bytes"]),
                    ("truncated", &json!(size))
                );
                assert_eq!(note.facts["sha256"].as_str().map(str::len), Some(64));
            }
        }
    }
}

#[tokio::test]
async fn a_character_across_the_limit_is_left_out_whole() {
    let audit = Site::new().audit().await;
    for lead in 250..256 {
        let text = format!("{}{}", "x".repeat(lead), "€𝄞".repeat(10));
        let entry = stored(&audit, event("x").user_id(text.clone())).await;
        let kept = entry.user_id.expect("kept");
        assert!(kept.len() <= 255 && kept.len() > 251 && text.starts_with(&kept));
    }
}

#[tokio::test]
async fn t6_nul_and_lone_surrogates_are_replaced_and_noted_wherever_they_stand() {
    let entry = stored_json(
        r#"{"action":"x","resource_type":"y","user_id":"a\u0000b","user_agent":"\ud800",
            "resource_id":"\udc00\ud800","correlation_id":"\u0000",
            "context":{"k\u0000":"v\udfff","k\ufffd":"twin","n":[{"\ud800":"\u0000"}]}}"#,
    )
    .await;
    assert_eq!(entry.user_id.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(entry.user_agent.as_deref(), Some("\u{fffd}"));
    assert_eq!(entry.resource_id.as_deref(), Some("\u{fffd}\u{fffd}"));
    let context = entry.context.clone().expect("kept");
    assert_eq!(context["k\u{fffd}"], "twin");
    assert_eq!(context["k\u{fffd}~2"], "v\u{fffd}");
    for field in [
        "user_id",
        "user_agent",
        "resource_id",
        "correlation_id",
        "context",
    ] {
        assert!(
            kinds(&entry).contains(&(field, "replaced")),
            "{field}: {:?}",
            kinds(&entry)
        );
    }
    assert!(kinds(&entry).contains(&("context", "key_renamed")));
}

#[tokio::test]
async fn t8_what_merely_looks_escaped_is_left_alone() {
    let text = r"\u0000 \ud800 \\u0000";
    let entry = stored(&Site::new().audit().await, event("x").user_id(text)).await;
    assert_eq!(entry.user_id.as_deref(), Some(text));
    assert!(entry.notes.is_empty());
}

#[tokio::test]
async fn controls_and_unicode_oddities_stay_byte_for_byte() {
    let mut texts: Vec<String> = (1..=0x9f)
        .filter_map(char::from_u32)
        .map(String::from)
        .collect();
    texts.extend(
        [
            "\u{feff}x",
            "\u{202e}abc",
            "a\u{200b}b",
            "e\u{301}",
            "\u{e9}",
            "\u{10000}",
            "\u{ffff}",
        ]
        .map(str::to_owned),
    );
    let audit = Site::new().audit().await;
    for text in texts {
        let context = json!({ &*text: &*text });
        let given = event("x").user_agent(&*text).context(context.clone());
        let entry = stored(&audit, given).await;
        assert_eq!(entry.user_agent.as_deref(), Some(&*text));
        assert_eq!(entry.context, Some(context));
        assert!(entry.notes.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn t68_numbers_are_exact_or_become_their_digits() {
    let entry = stored_json(
        r#"{"action":"x","resource_type":"y","context":{
            "a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808,"d":-0,
            "e":1.0,"f":1e-400,"g":1e400,"h":18446744073709551617,"i":0.1}}"#,
    )
    .await;
    let context = serde_json::to_string(&entry.context).expect("JSON");
    assert_eq!(
        context,
        r#"{"a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808,"d":0,"e":1,"f":0,"g":"1e400","h":"18446744073709551617","i":0.1}"#
    );
    assert_eq!(
        kinds(&entry),
        [("context", "number_as_text"), ("context", "number_as_text")]
    );
}

#[tokio::test]
async fn a_context_over_its_limit_becomes_a_preview_with_its_digest() {
    let audit = Site::new().audit().await;
    let fits = json!({"k": "x".repeat(65_536 - 8)});
    let entry = stored(&audit, event("x").context(fits.clone())).await;
    assert_eq!(entry.context, Some(fits));
    let given = json!({"k": "€".repeat(30_000), "l": (0..1_000_000).collect::<Vec<u32>>()});
    let entry = stored(&audit, event("x").context(given)).await;
    let context = entry.context.clone().expect("kept");
    assert!(context["_truncated"]["bytes"].as_u64() > Some(1_000_000));
    assert_eq!(
        context["_truncated"]["sha256"].as_str().map(str::len),
        Some(64)
    );
    let preview = context["preview"].as_str().expect("text");
    assert!((1021..=1024).contains(&preview.len()));
    assert_eq!(kinds(&entry), [("context", "truncated")]);
}

#[tokio::test]
async fn nesting_has_a_limit_and_no_depth_crashes() {
    let nested = |depth: usize| {
        let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
        format!(r#"{{"action":"x","resource_type":"y","context":{open}1{close}}}"#)
    };
    stored_json(&nested(64)).await;
    for depth in [65, 66, 1000, 100_000] {
        assert!(
            AuditEvent::from_json(nested(depth).as_bytes()).is_err(),
            "{depth}"
        );
    }
    let mut deep = json!(1);
    for _ in 0..65 {
        deep = json!({ "a": deep });
    }
    let refused = Site::new()
        .audit()
        .await
        .record(event("x").context(deep))
        .await;
    assert_eq!(refused.expect_err("refused").field(), Some("context"));
}

#[tokio::test]
async fn odd_but_lawful_keys_are_kept() {
    let context = json!({"": 1, "__proto__": 2, "A": 3, "a": 4, "100,000": {}});
    let entry = stored(
        &Site::new().audit().await,
        event("x").context(context.clone()),
    )
    .await;
    assert_eq!(entry.context, Some(context));
    let many: Value = (0..5000)
        .map(|n| (format!("k{n}"), json!(n)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let entry = stored(&Site::new().audit().await, event("x").context(many.clone())).await;
    assert_eq!(entry.context, Some(many));
}

#[tokio::test]
async fn tags_that_do_not_fit_are_dropped_and_noted() {
    let mut given = event("x")
        .tag("b")
        .tag("a")
        .tag("b")
        .tag("with space")
        .tag("")
        .tag("É");
    given = given.tag("x".repeat(65)).tag("UPPER");
    for n in 0..20 {
        given = given.tag(format!("t{n:02}"));
    }
    let entry = stored(&Site::new().audit().await, given).await;
    assert_eq!(entry.tags.len(), 16);
    assert!(entry.tags.is_sorted() && entry.tags.contains(&"a".to_owned()));
    assert_eq!(
        entry
            .notes
            .iter()
            .filter(|note| note.kind == "dropped")
            .count(),
        11
    );
}

#[tokio::test]
async fn notes_from_outside_are_kept_within_bounds() {
    let note = json!({"field": "user_id", "kind": "pseudonymised", "by": "hr"});
    let long = json!({"field": "context", "kind": "mapped", "text": "x".repeat(5000)});
    let text = json!({"action": "x", "resource_type": "y", "user_id": "u", "notes": [note, long]});
    let entry = stored_json(&text.to_string()).await;
    assert_eq!(entry.notes[0].to_value(), note);
    assert_eq!(
        entry.notes[1].to_value(),
        json!({"field": "context", "kind": "mapped"})
    );
    let many = vec![json!({"field": "context", "kind": "k"}); 100];
    let text = json!({"action": "x", "resource_type": "y", "notes": many}).to_string();
    let entry = stored_json(&text).await;
    assert_eq!(entry.notes.len(), 65);
    assert_eq!(entry.notes[64].facts["count"], 36);
}

#[tokio::test]
async fn t67_values_that_differ_beyond_the_cut_are_different() {
    let audit = Site::new().audit().await;
    let long = |end: &str| {
        let text = format!("{}{end}", "x".repeat(2000));
        event("x").id(uuid::Uuid::from_u128(1)).user_agent(text)
    };
    audit.record(long("a")).await.expect("recorded");
    let again = audit.record(long("a")).await.expect("a duplicate");
    assert_eq!(again.content_checked, Some(true));
    let error = audit.record(long("b")).await.expect_err("a conflict");
    assert!(
        matches!(
            error,
            AuditError::IdConflict {
                field: "user_agent",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn counts_of_notes_from_outside_do_not_overflow() {
    let note = json!({"field": "notes", "kind": "more", "count": u64::MAX});
    let text = json!({"action": "x", "resource_type": "y", "notes": [note, note, note]});
    let entry = stored_json(&text.to_string()).await;
    assert_eq!(entry.notes[0].facts["count"], u64::MAX);
}

#[tokio::test]
async fn a_clamped_event_with_many_notes_is_still_the_same_event() {
    let audit = Site::new().audit().await;
    let mut given = event("x").id(uuid::Uuid::from_u128(1));
    given = given.occurred_at("2999-01-01T00:00:00Z".parse().expect("a time"));
    for n in 0..80 {
        given = given.note(indelible_core::Note::new("context", &format!("k{n}")));
    }
    audit.record(given.clone()).await.expect("recorded");
    audit.record(given).await.expect("a duplicate");
}
