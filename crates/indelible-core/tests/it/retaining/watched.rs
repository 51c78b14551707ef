//! Holds throughout a run: each entry is read once, and what comes late is heeded.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use indelible_core::engine::RetentionProgress;
use indelible_core::{AuditProtocol, Query};

use super::forged::forged;
use super::held::{erasure, place};
use super::{aged, policy, retain, set, verified};
use crate::ground::{By, Site, faulty};

/// How many entries that place holds or say what was erased an index hands out during a run over
/// so many entries.
async fn read_in_a_run(old: u64) -> usize {
    let (site, store) = faulty();
    let audit = aged(&site, old, 5).await;
    set(&audit, &policy(30)).await;
    for _ in 0..20 {
        audit.record(forged()).await.expect("nothing is refused");
    }
    let erased = audit.erase(&erasure("u2"), &mut |_| {}).await;
    erased.expect("it is erased");
    place(&audit, Query::new().user_id("nobody")).await;
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    store.alter(move |by, entries| {
        let actions = ["audit_legal_hold_placed", "audit_subject_erased"];
        let some = entries.iter().filter(|it| actions.contains(&&*it.action));
        if by == By::Index {
            counted.fetch_add(some.count(), SeqCst);
        }
    });
    assert_eq!(retain(&audit).await.0.entries, old);
    read.load(SeqCst)
}

#[tokio::test]
async fn t91_a_long_run_reads_what_holds_and_what_was_erased_no_oftener_than_a_short_one() {
    let (short, long) = (read_in_a_run(10).await, read_in_a_run(2_900).await);
    assert!(short >= 21);
    assert_eq!(long, short);
}

#[tokio::test(flavor = "multi_thread")]
async fn t91_a_hold_that_is_placed_while_entries_are_removed_keeps_what_it_names() {
    let site = Site::new();
    let audit = aged(&site, 2_900, 5).await;
    set(&audit, &policy(30)).await;
    // So that there is something to go on from.
    place(&audit, Query::new().user_id("nobody")).await;
    let mut is_placed = false;
    let mut at_first = |progress| {
        let is_removal = matches!(progress, RetentionProgress::Remove(..));
        if is_removal && !std::mem::replace(&mut is_placed, true) {
            let handle = tokio::runtime::Handle::current();
            let late = place(&audit, Query::new().resource_id("r2500"));
            tokio::task::block_in_place(|| handle.block_on(late));
        }
    };
    let ran = audit.retain("officer", &mut at_first).await;
    let (retained, _) = ran.expect("it runs");
    assert!(is_placed && retained.is_held_back);
    assert_eq!(retained.first_kept, 2_500);
    assert!(verified(&audit).await.ok);
}
