//! What verification says of a trail from which entries were removed.

use indelible_core::verify::{FindingKind, KeptCheckpoint};

use super::{aged, all, policy, retain, set, verified};
use crate::ground::Site;

#[tokio::test]
async fn entries_that_go_without_an_entry_that_says_so_are_missed() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    let ground = audit.engine().ground();
    let removal = ground.store.removal().expect("memory can");
    removal.trim(audit.name(), 256).await.expect("it trims");
    let report = verified(&audit).await;
    assert!(!report.ok);
    let kinds: Vec<_> = report.findings.iter().map(|f| (f.kind, f.seq)).collect();
    // The mark is of the first entry still.
    let of_mark = (FindingKind::CheckpointNotComparable, None);
    assert_eq!(kinds, [of_mark, (FindingKind::EntryMissing, Some(0))]);
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
