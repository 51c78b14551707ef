//! What is held of reviews is bounded, and what does not fit is told.

use indelible_core::Timestamp;
use serde_json::{Value, json};

use super::{Ledger, Said, TEXT_CHARS_MAX};

fn said(seq: u64, action: &str, context: Value) -> Said {
    Said {
        seq,
        action: action.to_owned(),
        at: Timestamp::from_micros(1_000_000),
        by: None,
        context,
    }
}

fn raised(id: u64, why: &str) -> Said {
    let context = json!({"finding_id": format!("r-{id}"), "rule": "r", "severity": "low",
        "why": why, "entries": 1, "sample_records": vec![7; 5_000]});
    said(id, "audit_finding_raised", context)
}

#[test]
fn closed_findings_make_room_and_what_does_not_fit_is_counted() {
    let mut ledger = Ledger::default();
    for id in 0..20_000 {
        ledger.add(raised(id, "w"));
    }
    let closing = json!({"finding_id": "r-3", "disposition": "benign", "comment": "c"});
    ledger.add(said(20_000, "audit_finding_resolved", closing));
    ledger.add(raised(20_001, "w"));
    assert_eq!((ledger.findings.len(), ledger.beyond), (20_000, 1));
    assert!(!ledger.findings.contains_key("r-3"));
    // Now all are open.
    ledger.add(raised(20_002, "w"));
    assert_eq!((ledger.findings.len(), ledger.beyond), (20_000, 2));
}

#[test]
fn days_texts_and_entries_are_bounded_each() {
    let mut ledger = Ledger::default();
    for seq in 0..10_003 {
        ledger.add(said(
            seq,
            "audit_review_missed",
            json!({"day": "2026-03-01"}),
        ));
    }
    assert_eq!((ledger.missed.len(), ledger.beyond), (10_000, 3));
    ledger.add(raised(1, &"x".repeat(60_000)));
    let finding = &ledger.findings["r-1"];
    assert_eq!(finding.why.as_ref().map(String::len), Some(TEXT_CHARS_MAX));
    assert_eq!(finding.seqs.len(), 1_000);
}
