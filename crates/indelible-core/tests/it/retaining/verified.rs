//! What verification says of a trail from which entries were removed.

use std::sync::atomic::Ordering::SeqCst;

use indelible_core::engine::HoldStanding;
use indelible_core::verify::{FindingKind, KeptCheckpoint};

use super::forged::without_secrets;
use super::replayed::released;
use super::{DAY, aged, all, fill, policy, retain, set, verified};
use crate::ground::{Site, faulty};

#[tokio::test]
async fn entries_that_go_without_an_entry_that_says_so_are_missed() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    let ground = audit.engine().ground();
    let removal = ground.store.removal().expect("memory can");
    removal.trim(audit.name(), 256).await.expect("it trims");
    let report = verified(&audit).await;
    assert!(!report.ok);
    // The mark follows in its own time: of what it was kept it may be that it cannot be compared.
    let found = report.findings.iter();
    let found = found.filter(|f| f.kind != FindingKind::CheckpointNotComparable);
    let kinds: Vec<_> = found.map(|f| (f.kind, f.seq)).collect();
    assert_eq!(kinds, [(FindingKind::EntryMissing, Some(0))]);
}

#[tokio::test]
async fn a_checkpoint_that_a_removal_made_incomparable_is_named_and_no_failure() {
    let site = Site::new();
    let audit = aged(&site, 300, 50).await;
    let mut kept = Vec::new();
    for size in [100, 256, 320] {
        let checkpoint = audit.checkpoint_at(size).await.expect("made");
        kept.push(KeptCheckpoint {
            source: format!("receipt {size}"),
            note: checkpoint.expect("there").note,
        });
    }
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    let report = audit.verify(kept, None, &mut |_| ()).await;
    let report = report.expect("readable");
    assert!(report.ok && report.complete, "{:?}", report.findings);
    let told = report.findings.iter().map(|it| (it.kind, &*it.detail));
    let told: Vec<_> = told
        .filter(|(_, detail)| detail.starts_with("receipt"))
        .collect();
    let [(kind, detail)] = told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(kind, FindingKind::CheckpointNotComparable);
    assert!(
        detail.starts_with("receipt 100 names 100 entries"),
        "{detail}"
    );
}

#[tokio::test]
async fn more_than_an_entry_says_is_missed() {
    let site = Site::new();
    let audit = aged(&site, 300, 50).await;
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    let ground = audit.engine().ground();
    let removal = ground.store.removal().expect("memory can");
    removal.trim(audit.name(), 310).await.expect("it trims");
    let report = verified(&audit).await;
    assert!(!report.ok);
    let missing = report
        .findings
        .iter()
        .find(|f| f.kind == FindingKind::EntryMissing);
    let missing = missing.expect("it is missed");
    assert_eq!(missing.seq, Some(300));
    assert!(
        missing.detail.starts_with("entries 300 to 309 are missing"),
        "{}",
        missing.detail
    );
}

#[tokio::test]
async fn a_gap_behind_the_first_kept_entry_is_missed_as_before() {
    let site = Site::new();
    let audit = aged(&site, 300, 50).await;
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    let mut left = all(&audit).await;
    left.retain(|entry| entry.seq != 320);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
    assert_eq!(report.checked_from, 300);
}

#[tokio::test]
async fn without_a_policy_or_a_maximum_everything_stays() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    let (retained, plan) = retain(&audit).await;
    assert_eq!(
        (retained.entries, plan.policy, plan.expired),
        (0, None, None)
    );
    let mut kept = policy(30);
    kept.maximum_days = None;
    set(&audit, &kept).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.entries, retained.recorded), (0, vec![]));
}

#[tokio::test]
async fn holds_that_cannot_be_read_are_told() {
    let (site, store) = faulty();
    let audit = aged(&site, 3, 2).await;
    let all = i64::MAX / 2;
    store.reads_until_failure.store(all, SeqCst);
    assert_eq!(verified(&audit).await.findings, []);
    let reads = all - store.reads_until_failure.load(SeqCst);
    // The last is for holds.
    store.reads_until_failure.store(reads - 1, SeqCst);
    let report = verified(&audit).await;
    let kinds: Vec<_> = report.findings.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FindingKind::HoldsUnread]);
    assert!(report.ok && report.findings[0].detail.contains("planned"));
}

#[tokio::test]
async fn a_host_without_the_secret_takes_no_release_for_a_hold_without_an_entry() {
    let mut site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    released(&audit).await;
    site.clock.pass(DAY * 40);
    fill(&audit, 100..105).await;
    retain(&audit).await;
    assert_eq!(audit.holds().await.expect("read"), []);
    without_secrets(&mut site);
    let there = site.audit().await;
    let holds = there.holds().await.expect("read");
    assert_eq!(holds[0].standing, HoldStanding::Unsure);
    assert!(holds[0].is_in_force(), "it cannot be told");
    let findings = verified(&there).await.findings;
    let kinds: Vec<_> = findings.iter().map(|it| it.kind).collect();
    assert!(!kinds.contains(&FindingKind::HoldWithoutEntry), "{kinds:?}");
}
