//! Holds throughout a run: each entry is read once, and what comes late is heeded.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use indelible_core::engine::{Audit, RetentionProgress};
use indelible_core::part::PartKind;
use indelible_core::{AuditProtocol, Query};
use tokio::runtime::Handle;

use super::forged::forged;
use super::held::{erasure, place, release};
use super::{aged, all, of_parts, policy, retain, set, verified};
use crate::ground::{By, Site, faulty};

/// Places a hold on a resource within a call that cannot wait.
pub(super) fn place_at_once(audit: &Audit, resource: &str) {
    let placing = place(audit, Query::new().resource_id(resource));
    tokio::task::block_in_place(|| Handle::current().block_on(placing));
}

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
            place_at_once(&audit, "r2500");
        }
    };
    let ran = audit.retain("officer", &mut at_first).await;
    let (retained, _) = ran.expect("it runs");
    assert!(is_placed && retained.is_held_back);
    assert_eq!(retained.first_kept, 2_500);
    assert!(verified(&audit).await.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn t91_a_hold_that_is_placed_while_parts_are_blanked_keeps_what_it_names() {
    let site = Site::new();
    let audit = aged(&site, 2_900, 5).await;
    set(&audit, &of_parts(&[PartKind::Actor])).await;
    let mut is_placed = false;
    let mut at_first = |progress| {
        let is_blanking = matches!(progress, RetentionProgress::Blank);
        if is_blanking && !std::mem::replace(&mut is_placed, true) {
            place_at_once(&audit, "r2500");
        }
    };
    let ran = audit.retain("officer", &mut at_first).await;
    let (retained, _) = ran.expect("it runs");
    assert!(is_placed && retained.is_held_back);
    assert_eq!(retained.parts, 2_899);
    let entries = all(&audit).await;
    let kept = entries[..2_900].iter().filter(|it| it.erased().is_empty());
    assert!(kept.map(|it| it.seq).eq([2_500]));
    assert!(verified(&audit).await.ok);
    // It goes once nothing holds it.
    let holds = audit.holds().await.expect("read");
    release(&audit, &holds[0]).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.parts, retained.is_held_back), (1, false));
    assert!(verified(&audit).await.complete);
}
