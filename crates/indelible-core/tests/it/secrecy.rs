//! What must stay secret: masked values, and the salts that keep short values from being guessed.

use indelible_core::part::PartKind;
use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::json;

use crate::ground::{Site, event};
use crate::hostile::{stored, stored_json};

#[tokio::test]
async fn t78_sys_08_secrets_never_enter_and_what_is_masked_is_noted() {
    let secret = "hunter2-secret-value";
    let text = format!(
        r#"{{"action":"x","resource_type":"y","user_agent":"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
            "context":{{"password":"{secret}","nested":[{{"api_key":"{secret}"}}],"pan":"4111 1111 1111 1111"}}}}"#
    );
    let entry = stored_json(&text).await;
    let kept = serde_json::to_string(&entry).expect("JSON");
    for hidden in [secret, "eyJzdWIiOiIxIn0", "4111 1111 1111 1111"] {
        assert!(!kept.contains(hidden), "{hidden} in {kept}");
    }
    let redacted: Vec<_> = entry
        .notes
        .iter()
        .filter(|note| note.kind == "redacted")
        .collect();
    assert!(redacted.len() >= 4, "{redacted:?}");
}

#[tokio::test]
async fn t78_secrets_enter_neither_the_skeleton_nor_the_notes() {
    let audit = Site::new().audit().await;
    let pan = "4532015112830366";
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";
    let given = AuditEvent::new(AuditAction::new(pan).expect("lawful"), token)
        .tag(pan)
        .tag("fine")
        .context(json!({pan: "a\0", "n": {token: 1e20}}));
    let entry = stored(&audit, given).await;
    let kept = serde_json::to_string(&entry).expect("JSON");
    assert!(!kept.contains(pan) && !kept.contains(token), "{kept}");
    assert_eq!(entry.tags, ["fine"]);
    assert!(
        AuditAction::new(entry.action.clone()).is_ok(),
        "{}",
        entry.action
    );
}

#[tokio::test]
async fn t74_sys_42_salts_are_fresh_for_every_part_and_differ_in_meaning_by_part() {
    let audit = Site::new().audit().await;
    for _ in 0..50 {
        let same = event("x").user_id("u").resource_id("u").correlation_id("u");
        audit.record(same).await.expect("recorded");
    }
    let store = &audit.engine().ground().store;
    let entries = store.entries(audit.name(), 0..50).await.expect("readable");
    let mut salts = std::collections::BTreeSet::new();
    let mut hashes = std::collections::BTreeSet::new();
    for entry in &entries {
        for kind in PartKind::ALL {
            let part = entry.parts.get(kind).clone().expect("there");
            hashes.extend(PartKind::ALL.map(|other| part.hash(other)));
            salts.insert(part.salt);
        }
    }
    assert_eq!(salts.len(), 150);
    // T75: the same salt and body under another part is another commitment.
    assert_eq!(hashes.len(), 450);
}
