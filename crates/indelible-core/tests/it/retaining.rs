//! Retention: what goes by age, what stays, and what the trail says of it.

mod erased;
mod forged;
mod held;
mod moving;
mod purged;
mod replayed;
mod restated;
mod resumed;
mod second;
mod signed;
mod twice;
mod verified;
mod watched;

use std::time::Duration;

use indelible_core::engine::{Audit, Retained, RetentionClass, RetentionPlan, RetentionPolicy};
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::verify::TrailReport;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query, TrailName};
use serde_json::json;
use uuid::Uuid;

use crate::ground::{Site, event};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub fn policy(maximum_days: u32) -> RetentionPolicy {
    RetentionPolicy {
        minimum_days: Some(1),
        maximum_days: Some(maximum_days),
        legal_basis: "GDPR Art. 5(1)(e)".to_owned(),
        classes: Vec::new(),
    }
}

/// A policy by which these parts of `document_*` go after 30 days.
pub fn of_parts(parts: &[PartKind]) -> RetentionPolicy {
    let class = RetentionClass {
        actions: vec!["document_*".to_owned()],
        after_days: 30,
        parts: parts.to_vec(),
        legal_basis: None,
    };
    RetentionPolicy {
        classes: vec![class],
        ..policy(365)
    }
}

fn numbered(n: u64) -> AuditEvent {
    event("document_read")
        .id(Uuid::from_u128(u128::from(n) + 1))
        .user_id(format!("u{}", n % 5))
        .resource_id(format!("r{n}"))
        .context(json!({"n": n}))
}

pub async fn fill(audit: &Audit, numbers: std::ops::Range<u64>) {
    for answer in audit.record_all(numbers.map(numbered).collect()).await {
        answer.expect("recorded");
    }
}

/// A trail of `old` entries, 40 days of nothing, and `young` entries.
pub async fn aged(site: &Site, old: u64, young: u64) -> Audit {
    let audit = site.audit().await;
    fill(&audit, 0..old).await;
    site.clock.pass(DAY * 40);
    fill(&audit, old..old + young).await;
    audit
}

pub async fn retain(audit: &Audit) -> (Retained, RetentionPlan) {
    audit
        .retain("officer", &mut |_| {})
        .await
        .expect("it retains")
}

pub async fn planned(audit: &Audit) -> RetentionPlan {
    let now = audit.engine().ground().clock.now();
    let plan = audit.plan_retention(now, &mut |_| {}).await;
    plan.expect("it plans")
}

pub async fn all(audit: &Audit) -> Vec<StoredEntry> {
    let store = &audit.engine().ground().store;
    let entries = store.entries(audit.name(), 0..u64::MAX).await;
    entries.expect("readable")
}

pub async fn verified(audit: &Audit) -> TrailReport {
    let report = audit.verify(Vec::new(), None, &mut |_| ()).await;
    report.expect("readable")
}

pub async fn set(audit: &Audit, policy: &RetentionPolicy) {
    let set = audit.set_retention_policy(policy, "officer").await;
    set.expect("it is set");
}

#[tokio::test]
async fn t87_the_run_does_what_the_dry_run_said_at_every_boundary() {
    for (old, young) in [
        (0, 3),
        (1, 3),
        (3, 0),
        (3, 1),
        (4, 3),
        (255, 4),
        (256, 4),
        (257, 300),
        (700, 2),
    ] {
        let site = Site::new();
        let audit = aged(&site, old, young).await;
        set(&audit, &policy(30)).await;
        let before = all(&audit).await;
        let plan = planned(&audit).await;
        assert_eq!(all(&audit).await, before, "a plan removes nothing");
        assert_eq!(
            plan.expired.as_ref().map_or(0, |e| e.count()),
            old,
            "{old}, {young}"
        );
        let (retained, done) = retain(&audit).await;
        assert_eq!(done, plan, "{old}, {young}");
        assert_eq!((retained.entries, retained.first_kept), (old, old));
        let left = all(&audit).await;
        let stay = usize::try_from(old).expect("few");
        assert_eq!(left[..before.len() - stay], before[stay..]);
        let report = verified(&audit).await;
        assert!(
            report.ok && report.complete,
            "{old}, {young}: {:?}",
            report.findings
        );
        assert_eq!(
            (report.removed, report.entries_checked),
            (old, left.len() as u64)
        );
        // What went is nothing that goes again.
        let (again, plan) = retain(&audit).await;
        assert_eq!(
            (again.entries, plan.expired, again.recorded),
            (0, None, vec![])
        );
    }
}

#[tokio::test]
async fn t89_every_removal_leaves_its_range_number_and_root() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    let plan = planned(&audit).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!(retained.recorded, [306]);
    let entry = audit.entry_at(306).await.expect("readable").expect("there");
    assert_eq!(entry.action, "audit_records_expired");
    assert_eq!(entry.user_id.as_deref(), Some("officer"));
    let said = entry.context.expect("it says");
    assert_eq!(said["record_count"], 300);
    assert_eq!((&said["first"], &said["last"]), (&json!(0), &json!(299)));
    let root = plan.expired.expect("some go").root.to_string();
    assert_eq!(said["retained_digest"], root);
    assert_eq!(said["policy"]["maximum_days"], 30);
    assert_eq!(said["legal_basis"], "GDPR Art. 5(1)(e)");
    let stored = all(&audit).await.pop().expect("the removal entry");
    assert_eq!(stored.erases.len(), 1);
    assert_eq!((stored.erases[0].first, stored.erases[0].last), (0, 299));
    assert!(stored.erases[0].parts.is_empty());
}

#[tokio::test]
async fn removal_after_removal_covers_all_before_it_and_the_policy_stays_in_force() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    // The entry that set the policy goes too, and the policy with which it went is in force.
    for round in 1..4_u64 {
        site.clock.pass(DAY * 40);
        fill(&audit, 100 * round..100 * round + 3).await;
        let (retained, _) = retain(&audit).await;
        assert!(retained.entries > 0, "{round}");
        assert_eq!(
            audit.retention_policy().await.expect("read"),
            Some(policy(30))
        );
        let report = verified(&audit).await;
        assert!(
            report.ok && report.complete,
            "{round}: {:?}",
            report.findings
        );
        assert_eq!(report.removed, retained.first_kept);
    }
    let left = all(&audit).await;
    assert!(
        left.iter()
            .all(|entry| entry.action != "audit_retention_policy_changed")
    );
}

#[tokio::test]
async fn proofs_of_what_is_left_stay_good_and_what_went_is_said() {
    let site = Site::new();
    let audit = aged(&site, 700, 200).await;
    let consistent = async |from| audit.consistency(from).await;
    let before = audit
        .prove(800, false)
        .await
        .expect("readable")
        .expect("there");
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    let after = audit
        .prove(800, true)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(after.seq, before.seq);
    for from in [256, 512, 513, 640, 699, 700, 880] {
        consistent(from)
            .await
            .expect("consistent")
            .expect("a trail");
    }
    let Err(AuditError::Query(error)) = consistent(300).await else {
        panic!("it cannot be proved any more")
    };
    assert_eq!(error.field(), "from");
    for seq in [0, 699] {
        let refused = audit.prove(seq, false).await;
        let Err(AuditError::Removed {
            first_kept: 700, ..
        }) = refused
        else {
            panic!("{refused:?}")
        };
        let refused = audit.entry_at(seq).await;
        assert!(
            matches!(refused, Err(AuditError::Removed { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(audit.entry(Uuid::from_u128(1)).await.expect("read"), None);
    let mut query = Query::new().limit(100);
    let mut seqs = Vec::new();
    loop {
        let page = audit.query(query.clone()).await.expect("a page");
        seqs.extend(page.entries.iter().map(|entry| entry.seq));
        match page.next_cursor {
            Some(cursor) => query = query.cursor(cursor),
            None => break,
        }
    }
    assert!(seqs.into_iter().eq((700..902).rev()));
    let counted = audit.summary(i64::MIN..i64::MAX).await.expect("counts");
    assert_eq!(counted.iter().map(|row| row.count).sum::<u64>(), 202);
    // Another process goes on with the trail.
    drop(audit);
    let audit = site.audit().await;
    fill(&audit, 2000..2400).await;
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn sys_34_parts_of_a_class_go_before_the_entries_do() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..10).await;
    let other = event("user_login").user_id("u1").ip_address("192.0.2.7");
    audit.record(other).await.expect("recorded");
    site.clock.pass(DAY * 40);
    fill(&audit, 20..25).await;
    set(&audit, &of_parts(&[PartKind::Actor, PartKind::Details])).await;
    let plan = planned(&audit).await;
    assert_eq!(
        (
            plan.entries,
            plan.parts.actor,
            plan.parts.details,
            plan.parts.target
        ),
        (10, 10, 10, 0)
    );
    let (retained, done) = retain(&audit).await;
    assert_eq!((retained.parts, &done), (20, &plan));
    for entry in all(&audit).await {
        let gone: &[PartKind] = match entry.seq {
            0..10 => &[PartKind::Actor, PartKind::Details],
            _ => &[],
        };
        assert_eq!(entry.erased(), gone, "{}", entry.seq);
    }
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
    assert_eq!((report.erased, report.removed), (10, 0));
    let (again, _) = retain(&audit).await;
    assert_eq!((again.parts, again.recorded), (0, vec![]));
}

#[tokio::test]
async fn a_policy_that_the_trail_does_not_say_removes_nothing() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    set(&audit, &policy(90)).await;
    let registry = &audit.engine().ground().registry;
    let row = registry
        .get("policy", "default")
        .await
        .expect("read")
        .expect("there");
    let mut value = row.value.clone();
    value["policy"]["maximum_days"] = json!(1);
    registry
        .put("policy", "default", Some(row.version), Some(&value))
        .await
        .expect("put");
    let refused = audit.retain("officer", &mut |_| {}).await;
    assert!(
        matches!(refused, Err(AuditError::Retention { .. })),
        "{refused:?}"
    );
    // An entry that says so is none either: anybody who records could make it.
    registry
        .put("policy", "default", Some(row.version + 1), Some(&row.value))
        .await
        .expect("put");
    let forged = event("audit_retention_policy_changed").context(json!({"policy": {
        "maximum_days": 1, "legal_basis": "none"}}));
    audit.record(forged).await.expect("recorded");
    let (retained, plan) = retain(&audit).await;
    assert_eq!((retained.entries, plan.policy), (0, Some(policy(90))));
}

#[tokio::test]
async fn t88_an_id_or_resource_that_is_used_again_removes_nothing() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    let before = all(&audit).await;
    // The entry of this id is gone: it is an event like any other, of the same user and resource.
    let receipt = audit.record(numbered(7)).await.expect("recorded");
    assert_eq!(receipt.delivery, indelible_core::Delivery::Recorded);
    let again = audit.record(numbered(7)).await.expect("recorded");
    assert_eq!(
        (again.seq, again.delivery),
        (receipt.seq, indelible_core::Delivery::Duplicate)
    );
    let now = all(&audit).await;
    assert_eq!(now[..before.len()], before);
    assert_eq!(now.len(), before.len() + 1);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}
