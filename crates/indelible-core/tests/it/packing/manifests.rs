//! What a pack shows of its question, of who asked and of what made it.

use std::sync::Arc;

use indelible_core::pack::{Coverage, PackRequest};
use indelible_core::redact::{Mode, Redactor, Rules};
use indelible_core::{AuditProtocol, Query};
use serde_json::json;

use super::building::{Plan, packed, request};
use super::proved;
use super::second::proved_by_both;
use crate::ground::{Site, event};

#[tokio::test]
async fn a_manifest_shows_no_secret_and_is_readable_whatever_it_is_given() {
    let plan = Plan::of(10);
    let audit = plan.made().await;
    let long = format!("{} password=hunter2hunter2", "é".repeat(117));
    let mut packs = Vec::new();
    for (given, shown) in [
        ("auditor \"A\"", "auditor \"A\""),
        ("a\0b", "a\u{fffd}b"),
        (
            "audit, password=hunter2hunter2",
            "audit, password=[REDACTED:password]",
        ),
        // Redacted before it is cut, or a part of the secret would be left.
        (&long, ""),
        ("\0", "\u{fffd}"),
    ] {
        let asked = PackRequest {
            asked_by: Some(given.to_owned()),
            software: given.to_owned(),
            ..request(Query::new(), Coverage::Complete)
        };
        let pack = packed(&audit, asked).await;
        let verdict = proved(&pack, &plan);
        for field in ["asked_by", "software"] {
            let text = verdict.manifest[field].as_str().expect("a text");
            match given == long {
                true => assert!(text.len() <= 255 && !text.contains("hunter2"), "{text}"),
                false => assert_eq!(text, shown),
            }
        }
        packs.push((format!("{}.pack", packs.len()), pack));
    }
    proved_by_both(&packs, &plan.key().verifier_key());
}

#[tokio::test]
async fn a_question_with_nul_is_a_pack_that_verifies() {
    let site = Site::new();
    let audit = site.audit().await;
    let odd = event("odd")
        .user_id("a\0b")
        .resource_id("a\0b")
        .correlation_id("a\0b")
        .context(json!({"a\0b": "c", "a": "b\0c"}));
    audit.record(odd).await.expect("recorded");
    let key = audit.verifier_key().await.expect("read").expect("a key");
    let mut packs = Vec::new();
    let asked = [
        (Query::new().user_id("a\0b"), 1),
        (Query::new().resource_id("a\0b"), 1),
        (Query::new().correlation_id("a\0b"), 1),
        (Query::new().context("a\0b=c"), 1),
        (Query::new().context("a=b\0c"), 1),
        (Query::new().tag("a\0b"), 0),
        (Query::new().resource_type("a\0b"), 0),
        (Query::new().ip_address("a\0b"), 0),
    ];
    for (place, (query, _)) in asked.iter().enumerate() {
        let pack = packed(&audit, request(query.clone(), Coverage::Complete)).await;
        packs.push((format!("{place}.pack"), pack));
    }
    let verdicts = proved_by_both(&packs, &key);
    for ((query, opened), verdict) in asked.iter().zip(verdicts) {
        assert_eq!(verdict["opened"], *opened, "{query:?}");
    }
}

#[tokio::test]
async fn a_keyed_hash_stands_for_the_secret_that_is_asked_for() {
    let mut site = Site::new();
    site.redactor = Arc::new(Redactor::new(Rules::standard(), Mode::KeyedHash, [3; 32]));
    let audit = site.audit().await;
    let login = event("login").context(json!({"password": "hunter2hunter2"}));
    audit.record(login).await.expect("recorded");
    let query = Query::new().context("password=hunter2hunter2");
    let pack = packed(&audit, request(query, Coverage::Complete)).await;
    assert!(!String::from_utf8_lossy(&pack).contains("hunter2"));
    let key = audit.verifier_key().await.expect("read").expect("a key");
    let verdicts = proved_by_both(&[("hashed.pack".to_owned(), pack)], &key);
    assert_eq!(verdicts[0]["opened"], 1);
}
