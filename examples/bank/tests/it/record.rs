//! The trail as an auditor reads it, after the bank has ended.

use std::path::Path;

use indelible::merkle::{TlogProof, leaf_hash};
use indelible::{Audit, AuditProtocol, Database, Entry, Query, Settings, TrailName};
use serde_json::Value;

use crate::expected::Expected;
use crate::place::Place;

/// The trail of a bank that was at `place` with its state in `folder`.
pub async fn open(place: &Place, folder: &Path) -> Database {
    let mut settings = Settings::default();
    settings.state_dir = Some(folder.join("state"));
    settings.options.long_lived = false;
    let url = place.url().parse().expect("a good URL");
    Database::open(&url, settings).await.expect("opens")
}

/// All entries, oldest first.
pub async fn entries(audit: &Audit) -> Vec<Entry> {
    let page = audit.query(Query::new().limit(1000)).await.expect("a page");
    assert!(!page.has_more);
    let mut entries = page.entries;
    entries.reverse();
    entries
}

/// Every entry is the expected one, in the order of the requests.
pub fn check_entries(entries: &[&Entry], expected: &[Expected]) {
    let found: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let wanted: Vec<_> = expected.iter().map(Expected::action).collect();
    assert_eq!(found, wanted);
    for (entry, expected) in entries.iter().zip(expected) {
        expected.check(entry);
    }
}

/// Proves each entry, and checks the proof with nothing but the verifier key; then verifies the
/// whole trail.
pub async fn check_proofs(database: &Database, entries: &[Entry]) {
    let audit = database.trail(TrailName::standard());
    let key = audit.verifier_key().await.expect("readable");
    let key = key.expect("it has entries").to_string();
    let key = key.parse().expect("a verifier key");
    let keys = [key];
    for entry in entries {
        let proved = audit.prove(entry.seq, true).await.expect("provable");
        let text = proved.expect("an entry").text;
        let proof = TlogProof::parse(&text).expect("a proof");
        let extra: Value = proof.extra.as_deref().map(json).expect("an extra line");
        let skeleton = extra["skeleton"].as_str().expect("a skeleton");
        let leaf = leaf_hash(skeleton.as_bytes());
        assert_eq!(leaf, entry.leaf_hash);
        let opened = proof.verify(&leaf, &keys).expect("it holds");
        assert!(opened.checkpoint().size() > entry.seq);
    }
    for head in database.engine().heads().await.expect("readable") {
        let audit = database.trail(head.trail.clone());
        let report = audit.verify(Vec::new(), None, &mut |_| {}).await;
        let report = report.expect("readable");
        assert!(report.ok, "{}: {:?}", head.trail, report.findings);
        assert_eq!(report.entries_checked, head.size);
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}
