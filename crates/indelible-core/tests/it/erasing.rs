//! Erasing persons: what goes, what stays, and what the trail says of it.

mod approved;
mod cuts;
mod looks;
mod many;
mod orders;
mod refused;
mod replayed;
mod restored;
mod unfinished;

use indelible_core::engine::{Audit, Erased, ErasureOrder, ErasurePlan, Subjects};
use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::part::{PartKind, PerPart};
use indelible_core::verify::TrailReport;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Delivery, Query, TrailName};
use indelible_merkle::tlog_proof::TlogProof;
use serde_json::json;
use uuid::Uuid;

use crate::ground::{Site, event, everything};

use PartKind::{Actor, Details, Target};

/// The event with this number: by `u<n mod 5>` on `r<n mod 7>`.
fn numbered(n: u64) -> AuditEvent {
    event("document_read")
        .id(Uuid::from_u128(u128::from(n) + 1))
        .user_id(format!("u{}", n % 5))
        .resource_id(format!("r{}", n % 7))
        .ip_address("192.0.2.7")
        .correlation_id(format!("c{n}"))
        .context(json!({"email": format!("e{}@a.example", n % 3), "n": n}))
}

async fn fill(audit: &Audit, numbers: std::ops::Range<u64>) {
    for answer in audit.record_all(numbers.map(numbered).collect()).await {
        answer.expect("recorded");
    }
}

fn order(ids: &[&str]) -> ErasureOrder {
    ErasureOrder {
        subjects: Subjects {
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
            ..Subjects::default()
        },
        reason: "Art. 17(1)(a)".to_owned(),
        legal_basis: Some("GDPR".to_owned()),
        request_id: Some("DSR-4711".to_owned()),
        by: Some("officer".to_owned()),
        ..ErasureOrder::default()
    }
}

async fn erase(audit: &Audit, order: &ErasureOrder) -> (Erased, ErasurePlan) {
    audit.erase(order, &mut |_| {}).await.expect("it erases")
}

async fn all(audit: &Audit) -> Vec<StoredEntry> {
    let store = &audit.engine().ground().store;
    let entries = store.entries(audit.name(), 0..u64::MAX).await;
    entries.expect("readable")
}

async fn verified(audit: &Audit) -> TrailReport {
    let report = audit.verify(Vec::new(), None, &mut |_| ()).await;
    report.expect("readable")
}

fn refs_of(entry: &StoredEntry) -> Vec<String> {
    let details = entry.body(Details).expect("JSON").expect("details");
    let refs = details["context"]["subject_refs"].as_array().expect("refs");
    let refs = refs
        .iter()
        .map(|one| one.as_str().expect("text").to_owned());
    refs.collect()
}

#[tokio::test]
async fn sys_43_a_person_goes_and_every_proof_of_before_stays() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..300).await;
    let key = audit
        .verifier_key()
        .await
        .expect("readable")
        .expect("a key");
    let mut before = Vec::new();
    for seq in [0, 3, 128, 299] {
        let proved = audit.prove(seq, false).await.expect("readable");
        before.push((
            all(&audit).await[seq as usize].clone(),
            proved.expect("there").text,
        ));
    }
    let (erased, plan) = erase(&audit, &order(&["u3"])).await;
    assert_eq!((erased.parts, erased.recorded), (60, vec![300]));
    assert_eq!((plan.as_of, plan.entries), (300, 60));
    assert_eq!(
        plan.parts,
        PerPart {
            actor: 60,
            target: 0,
            details: 0
        }
    );

    let entries = all(&audit).await;
    for entry in &entries[..300] {
        let gone: &[PartKind] = if entry.seq % 5 == 3 { &[Actor] } else { &[] };
        assert_eq!(entry.erased(), gone, "{}", entry.seq);
    }
    for (entry, proof) in before {
        let there = &entries[entry.seq as usize];
        assert_eq!(there.leaf_hash, entry.leaf_hash);
        let proof = TlogProof::parse(proof).expect("a proof");
        let leaf = indelible_merkle::leaf_hash(&there.skeleton(audit.name()));
        proof
            .verify(&leaf, std::slice::from_ref(&key))
            .expect("it still proves");
    }
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
    assert_eq!(report.erased, 60);
    let of = |user: &str| audit.query(Query::new().user_id(user).limit(1000));
    assert_eq!(of("u3").await.expect("a page").entries, []);
    assert_eq!(of("none").await.expect("a page").entries.len(), 60);
    assert_eq!(of("u2").await.expect("a page").entries.len(), 60);
}

#[tokio::test]
async fn the_trail_says_what_was_erased_why_and_by_whom_and_not_of_whom() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..20).await;
    erase(&audit, &order(&["u3"])).await;
    let entry = all(&audit).await.pop().expect("an erasure entry");
    let shown = entry.clone().open(audit.name()).expect("JSON");
    assert_eq!(shown.action, "audit_subject_erased");
    assert_eq!(shown.user_id.as_deref(), Some("officer"));
    let refs = refs_of(&entry);
    assert_eq!((refs.len(), refs[0].len()), (1, 64));
    assert_eq!(shown.resource_id.as_ref(), refs.first());
    let context = shown.context.expect("a context");
    assert_eq!(
        context,
        json!({"reason": "Art. 17(1)(a)", "legal_basis": "GDPR", "request_id": "DSR-4711",
            "subject_refs": refs, "records_affected": 4})
    );
    assert_eq!(shown.notes, [], "no digest is taken for a secret");
    let one = |seq| Erasure {
        first: seq,
        last: seq,
        parts: vec![Actor],
    };
    assert_eq!(entry.erases, [3, 8, 13, 18].map(one));
    let skeleton = String::from_utf8(entry.skeleton(audit.name())).expect("UTF-8");
    assert!(skeleton.contains(r#""erases":[{"first":3,"last":3,"parts":["actor"]}"#));
    // The same person again has the same digest, another one another.
    fill(&audit, 100..120).await;
    erase(&audit, &order(&["u3", "u4"])).await;
    let again = refs_of(&all(&audit).await.pop().expect("an erasure entry"));
    assert_eq!(again.len(), 2);
    assert!(again.contains(&refs[0]));
    // Neither do the files outside of the database.
    let register = site
        .state
        .erasures(audit.name())
        .expect("readable")
        .concat();
    assert!(
        register.contains(&refs[0]) && !register.contains("u3"),
        "{register}"
    );
}

/// Ids, further places, parts to widen by, and what goes.
type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [PartKind], &'a [PartKind]);

#[tokio::test]
async fn a_part_goes_where_the_person_is_named_in_it_and_wider_where_asked() {
    let cases: [Case<'_>; 8] = [
        (&["acts"], &[], &[], &[Actor]),
        (&["principal"], &[], &[], &[Actor]),
        (&["thing"], &[], &[], &[Target]),
        (&["thing"], &[], &[Actor], &[Actor, Target]),
        (&["acts"], &[], &PartKind::ALL, &[Actor, Details, Target]),
        (&[], &["context.who.email=p@a.example"], &[], &[Details]),
        (&[], &["ip_address=192.0.2.9"], &[], &[Actor]),
        (&["acts"], &["correlation_id=c"], &[], &[Actor, Details]),
    ];
    for (ids, also, widen, gone) in cases {
        let site = Site::new();
        let audit = site.audit().await;
        let named = event("x")
            .user_id("acts")
            .on_behalf_of("principal")
            .resource_id("thing")
            .ip_address("192.0.2.9")
            .correlation_id("c")
            .context(json!({"who": {"email": "p@a.example"}, "acts": "acts"}));
        let other = event("x")
            .user_id("other acts")
            .resource_id("Thing")
            .context(json!({"who": {"email": "p@a.example.org"}, "acts": "acts"}));
        for event in [named, other, event("x")] {
            audit.record(event).await.expect("recorded");
        }
        let mut order = order(ids);
        order.subjects.also = also.iter().map(|&place| place.to_owned()).collect();
        order.subjects.widen = widen.to_vec();
        let (_, plan) = erase(&audit, &order).await;
        let entries = all(&audit).await;
        assert_eq!(entries[0].erased(), gone, "{ids:?} {also:?} {widen:?}");
        assert!(entries[1].erased().is_empty() && entries[2].erased().is_empty());
        assert_eq!(plan.erasures()[0].parts, gone);
        assert!(verified(&audit).await.ok);
    }
}

#[tokio::test]
async fn t87_a_plan_says_what_the_run_does_and_does_nothing() {
    for (ids, entries) in [(vec!["nobody"], 0), (vec!["u0"], 1), (vec!["u0", "r1"], 2)] {
        let site = Site::new();
        let audit = site.audit().await;
        fill(&audit, 0..5).await;
        let before = all(&audit).await;
        let planned = audit.plan_erasure(&order(&ids), &mut |_| {}).await;
        let planned = planned.expect("a plan");
        assert_eq!(all(&audit).await, before);
        assert_eq!(planned.entries, entries);
        let (erased, done) = erase(&audit, &order(&ids)).await;
        assert_eq!(done, planned);
        let PerPart {
            actor,
            target,
            details,
        } = planned.parts;
        assert_eq!(erased.parts, actor + target + details);
        // That somebody asked for it is recorded, also where there was nothing.
        assert_eq!(erased.recorded, [5]);
        let again = audit.plan_erasure(&order(&ids), &mut |_| {}).await;
        assert_eq!(again.expect("a plan").entries, 0, "{ids:?}");
    }
}

#[tokio::test]
async fn an_erased_event_told_again_is_a_duplicate_that_cannot_be_compared() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..10).await;
    erase(&audit, &order(&["u3"])).await;
    let receipt = audit.record(numbered(3)).await.expect("known");
    assert_eq!(receipt.delivery, Delivery::Duplicate);
    assert_eq!(
        (receipt.seq, receipt.content_checked),
        (Some(3), Some(false))
    );
    let receipt = audit.record(numbered(4)).await.expect("known");
    assert_eq!(
        (receipt.seq, receipt.content_checked),
        (Some(4), Some(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_go_beside_writers_and_what_comes_later_stays() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..500).await;
    let writer = audit.clone();
    let writing = tokio::spawn(async move {
        for numbers in (500..2500).step_by(50) {
            fill(&writer, numbers..numbers + 50).await;
        }
    });
    let mut ends = Vec::new();
    for _ in 0..5 {
        let (_, plan) = erase(&audit, &order(&["u2", "r5"])).await;
        ends.push(plan.as_of);
    }
    writing.await.expect("it writes");
    let end = ends.last().copied().unwrap_or(0);
    for entry in all(&audit).await {
        let shown = entry.clone().open(audit.name()).expect("JSON");
        let is_named =
            shown.user_id.as_deref() == Some("u2") || shown.resource_id.as_deref() == Some("r5");
        assert!(!is_named || entry.seq >= end, "{}", entry.seq);
        assert!(
            entry.erased().is_empty() || entry.seq < end,
            "{}",
            entry.seq
        );
    }
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn the_trail_system_can_be_erased_too() {
    let site = Site::new();
    let engine = site.long_lived().await;
    let about = event("api_key_created")
        .resource_id("key-of-u1")
        .user_id("u1");
    engine.record_of_itself(about).await.expect("recorded");
    let system = engine.trail(TrailName::system());
    let (erased, _) = erase(&system, &order(&["u1", "key-of-u1"])).await;
    assert_eq!(erased.parts, 2);
    assert!(verified(&system).await.ok);
}

#[tokio::test]
async fn what_is_erased_before_it_was_read_back_is_no_mismatch() {
    let site = Site::new();
    let audit = site.audit().await;
    let reader = audit.engine().reader();
    fill(&audit, 0..300).await;
    erase(&audit, &order(&["u3"])).await;
    while let Some(read) = reader.read().await.expect("readable") {
        assert_eq!(read.mismatch, None);
    }
    assert_eq!(audit.engine().vitals().reread.failures, 0);
    assert_eq!(
        audit
            .query(everything())
            .await
            .expect("a page")
            .entries
            .len(),
        301
    );
}
