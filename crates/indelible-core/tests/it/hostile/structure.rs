//! Structure: what is refused, by name, and what is read in any spelling.

use super::*;

#[test]
fn ill_formed_json_names_what_is_wrong() {
    let fields = [
        (r#"{"resource_type":"y"}"#, Some("action")),
        (r#"{"action":"x"}"#, Some("resource_type")),
        (r#"{"action":"","resource_type":"y"}"#, Some("action")),
        (r#"{"action":"a b","resource_type":"y"}"#, Some("action")),
        (
            r#"{"action":"admin_*","resource_type":"y"}"#,
            Some("action"),
        ),
        (r#"{"action":"🦀","resource_type":"y"}"#, Some("action")),
        (r#"{"action":7,"resource_type":"y"}"#, Some("action")),
        (r#"{"action":"x","resource_type":"y","id":"7"}"#, Some("id")),
        (
            r#"{"action":"x","resource_type":"y","outcome":"won"}"#,
            Some("outcome"),
        ),
        (
            r#"{"action":"x","resource_type":"y","usr":"u"}"#,
            Some("usr"),
        ),
        (
            r#"{"action":"x","resource_type":"y","user_id":7}"#,
            Some("user_id"),
        ),
        (
            r#"{"action":"x","resource_type":"y","tags":"t"}"#,
            Some("tags"),
        ),
        (
            r#"{"action":"x","resource_type":"y","notes":[1]}"#,
            Some("notes"),
        ),
        (
            r#"{"action":"x","resource_type":"y","context":[]}"#,
            Some("context"),
        ),
        (
            r#"{"action":"x","resource_type":"y","occurred_at":"2026-01-01"}"#,
            Some("occurred_at"),
        ),
        (
            r#"{"action":"x","resource_type":"y","occurred_at":1700000000}"#,
            Some("occurred_at"),
        ),
        (r#"{"action":"x","action":"y","resource_type":"y"}"#, None),
        (
            r#"{"action":"x","resource_type":"y","context":{"a":1,"a":1}}"#,
            None,
        ),
        (
            r#"{"action":"x","resource_type":"y","context":{"a":NaN}}"#,
            None,
        ),
        (r#"{"action":"x","resource_type":"y",}"#, None),
        ("[]", None),
        ("", None),
        ("{} {}", None),
    ];
    for (text, field) in fields {
        let error = AuditEvent::from_json(text.as_bytes()).expect_err(text);
        assert_eq!(error.field(), field, "{text}: {error}");
    }
    let twice = AuditEvent::from_json(br#"{"action":"x","resource_type":"y","a\u0062":1,"ab":1}"#);
    assert!(
        matches!(&twice, Err(EventError::Json(e)) if e.to_string().contains("ab")),
        "{twice:?}"
    );
}

#[test]
fn times_are_read_as_documented() {
    let read = |time: &str| {
        let text = format!(r#"{{"action":"x","resource_type":"y","occurred_at":"{time}"}}"#);
        AuditEvent::from_json(text.as_bytes()).map(|e| e.occurred_at.expect("given").to_string())
    };
    for (given, kept) in [
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000000Z"),
        (
            "2026-01-01T00:00:00.123456789Z",
            "2026-01-01T00:00:00.123456Z",
        ),
    ] {
        assert_eq!(read(given).as_deref(), Ok(kept));
    }
    for given in [
        "10000-01-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "1700000000000",
    ] {
        assert!(read(given).is_err(), "{given}");
    }
}

#[tokio::test]
async fn ids_are_one_id_in_any_spelling() {
    let upper = "0190163D-8694-739B-AEA5-966C26F8AD91";
    let text = format!(r#"{{"action":"x","resource_type":"y","id":"{upper}"}}"#);
    let entry = stored_json(&text).await;
    assert_eq!(entry.id.to_string(), upper.to_lowercase());
}
