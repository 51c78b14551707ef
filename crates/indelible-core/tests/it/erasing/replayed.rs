//! T73: what the register has is done to the entries that were ordered, and to no others.

use std::sync::atomic::Ordering;

use indelible_core::engine::{Engine, Options};
use indelible_core::state::Purpose;

use super::restored::{beside, reading, restore};
use super::*;
use crate::ground::faulty;

/// The person's entries stand side by side, from 40 to 59.
async fn side_by_side(site: &Site) -> (Audit, indelible_core::MemorySnapshot) {
    let audit = site.audit().await;
    fill(&audit, 0..40).await;
    by(&audit, "person", 10).await;
    let old = site.memory.snapshot(audit.name()).expect("there");
    by(&audit, "person", 10).await;
    let (_, plan) = erase(&audit, &order(&["person"])).await;
    let (first, last, parts) = (40, 59, vec![Actor]);
    assert_eq!(plan.erasures(), [Erasure { first, last, parts }]);
    audit.engine().close().await.expect("closes");
    (audit, old)
}

/// The same database with an older state directory: it has the secrets, and nothing of the register.
pub(super) fn older(site: &Site) -> Site {
    let other = beside(site);
    let secret = site.state.kept_secret(Purpose::Subjects).expect("readable");
    let secret = secret.expect("it was made");
    other.state.secret(Purpose::Subjects, secret).expect("kept");
    other
}

async fn by(audit: &Audit, user: &str, count: usize) {
    for _ in 0..count {
        let event = event("x").user_id(user).context(json!({"a": 1}));
        audit.record(event).await.expect("recorded");
    }
}

/// The entries of which something is gone.
fn gone(entries: &[StoredEntry]) -> Vec<u64> {
    let gone = entries.iter().filter(|entry| !entry.erased().is_empty());
    gone.map(|entry| entry.seq).collect()
}

async fn is_clean(audit: &Audit) {
    let report = verified(audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn t73_a_range_that_spans_a_restore_point_takes_nothing_that_was_not_ordered() {
    let site = Site::new();
    let (_, old) = side_by_side(&site).await;
    restore(&site, old).await;
    let audit = site.audit().await;
    let ordered: Vec<u64> = (40..50).collect();
    assert_eq!(gone(&all(&audit).await), ordered);
    audit.succeed("the disk broke").await.expect("succeeds");
    let (first, last, parts) = (40, 49, vec![Actor]);
    let said = all(&audit).await.pop().expect("an erasure entry").erases;
    assert_eq!(said, [Erasure { first, last, parts }]);
    by(&audit, "somebody else", 20).await;
    assert_eq!(gone(&all(&audit).await), ordered);
    is_clean(&audit).await;
    // The database forgets how far it is with the register, as after a repair by hand.
    let latest = site.memory.snapshot(audit.name()).expect("there");
    audit.engine().close().await.expect("closes");
    restore(&site, latest).await;
    let audit = site.audit().await;
    assert_eq!(gone(&all(&audit).await), ordered);
    is_clean(&audit).await;
}

#[tokio::test]
async fn t73_a_copy_that_went_on_elsewhere_loses_what_was_ordered_and_no_more() {
    let site = Site::new();
    let (audit, old) = side_by_side(&site).await;
    let register = site.state.erasures(audit.name()).expect("readable");
    restore(&site, old).await;
    // A host that knows of neither the erasure nor the marks.
    let site = beside(&site);
    let audit = site.audit().await;
    by(&audit, "somebody else", 30).await;
    audit.engine().close().await.expect("closes");
    site.state
        .keep_erasures(audit.name(), &register)
        .expect("kept");
    let audit = site.audit().await;
    let entries = all(&audit).await;
    assert_eq!(gone(&entries), (40..50).collect::<Vec<_>>());
    let (first, last, parts) = (40, 49, vec![Actor]);
    assert_eq!(entries[80].erases, [Erasure { first, last, parts }]);
    is_clean(&audit).await;
}

#[tokio::test]
async fn a_register_that_pins_first_entries_alone_ends_where_a_trail_was_succeeded() {
    let site = Site::new();
    let (audit, old) = side_by_side(&site).await;
    let mut register = site.state.erasures(audit.name()).expect("readable");
    let mut line: serde_json::Value = serde_json::from_str(&register[0]).expect("JSON");
    let range = line["erases"][0].as_object_mut().expect("a range");
    range.remove("rest").expect("it is pinned");
    register[0] = line.to_string();
    restore(&site, old).await;
    // The marks are there, and the register comes back later.
    let mark = site.state.mark(audit.name()).expect("readable");
    let site = beside(&site);
    let (name, mark) = (TrailName::standard(), mark.expect("there"));
    site.state
        .raise_mark(&name, &mark, &|_| false)
        .expect("kept");
    let audit = site.audit().await;
    audit.succeed("the disk broke").await.expect("succeeds");
    by(&audit, "somebody else", 20).await;
    audit.engine().close().await.expect("closes");
    site.state.keep_erasures(&name, &register).expect("kept");
    let audit = site.audit().await;
    assert_eq!(gone(&all(&audit).await), (40..50).collect::<Vec<_>>());
    is_clean(&audit).await;
}

#[tokio::test]
async fn an_order_is_carried_out_whatever_another_state_directory_has_done() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..100).await;
    erase(&audit, &order(&["u3"])).await;
    erase(&audit, &order(&["u4"])).await;
    audit.engine().close().await.expect("closes");
    let other = older(&site);
    let audit = other.audit().await;
    let (erased, plan) = erase(&audit, &order(&["u2"])).await;
    assert_eq!((erased.parts, plan.entries), (20, 20));
    assert_eq!(erased.recorded, [102]);
    assert_eq!(gone(&all(&audit).await).len(), 60);
    audit.engine().close().await.expect("closes");
    // And the other way round.
    let audit = site.audit().await;
    let (erased, _) = erase(&audit, &order(&["u1"])).await;
    assert_eq!((erased.parts, erased.recorded), (20, vec![103]));
    is_clean(&audit).await;
}

#[tokio::test]
async fn t73_a_copy_taken_during_an_erasure_is_shown_to_nobody() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    // It ends when half of it is gone, and the entry that says so is there.
    store.removals_until_failure.store(1, Ordering::SeqCst);
    let cut = audit.erase(&order(&["u3"]), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    store
        .removals_until_failure
        .store(i64::MAX, Ordering::SeqCst);
    assert_eq!(all(&audit).await[50].erases.len(), 10);
    let refused = reading(&site).await.expect_err("half of it is there");
    assert!(matches!(refused, AuditError::BroughtBack(_)), "{refused}");
    // Whoever writes goes on, as before the order, also where it may not erase.
    store.is_no_eraser.store(true, Ordering::SeqCst);
    site.audit()
        .await
        .record(event("x"))
        .await
        .expect("recorded");
    store.is_no_eraser.store(false, Ordering::SeqCst);
    let audit = site.audit().await;
    assert_eq!(gone(&all(&audit).await).len(), 10);
    reading(&site).await.expect("nothing is left");
}

#[tokio::test]
async fn whoever_may_not_erase_leaves_no_entry_that_says_so() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    let old = site.memory.snapshot(audit.name()).expect("there");
    erase(&audit, &order(&["u3"])).await;
    let register = site.state.erasures(audit.name()).expect("readable");
    audit.engine().close().await.expect("closes");
    restore(&site, old).await;
    let site = beside(&site);
    site.state
        .keep_erasures(audit.name(), &register)
        .expect("kept");
    store.is_no_eraser.store(true, Ordering::SeqCst);
    let refused = Engine::open(site.ground(), Options::default()).await;
    let refused = refused.expect_err("it brings something back");
    assert!(matches!(refused, AuditError::Store(_)), "{refused}");
    let entries = site.store.entries(audit.name(), 0..u64::MAX).await;
    assert_eq!(entries.expect("readable").len(), 50);
}

#[tokio::test]
async fn a_copy_beside_its_mark_loses_nothing_until_the_trail_can_say_so() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    let old = site.memory.snapshot(audit.name()).expect("there");
    erase(&audit, &order(&["u3"])).await;
    audit.engine().close().await.expect("closes");
    restore(&site, old).await;
    // It goes on elsewhere, beyond the mark: the histories have parted.
    let audit = beside(&site).audit().await;
    by(&audit, "somebody else", 10).await;
    audit.engine().close().await.expect("closes");
    let audit = site.audit().await;
    let refused = audit.record(event("x")).await.expect_err("beside its mark");
    assert!(matches!(refused, AuditError::Refused { .. }), "{refused}");
    assert_eq!(gone(&all(&audit).await), [0; 0]);
    // Who writes shows nothing of it either, by whatever way.
    let everything = Query::new;
    let shown = [
        audit.query(everything()).await.err(),
        audit.newer(everything()).await.err(),
        audit.first(everything()).await.err(),
        audit.stored_from(&everything(), 0).await.err(),
        audit.entry(Uuid::from_u128(1)).await.err(),
        audit.sight(3).await.err(),
        audit.stored(0..9).await.err(),
        audit.plan_erasure(&order(&["u3"]), &mut |_| {}).await.err(),
    ];
    for (way, refused) in shown.iter().enumerate() {
        assert!(
            matches!(refused, Some(AuditError::BroughtBack(_))),
            "{way}: {refused:?}"
        );
    }
    let refused = reading(&site).await.expect_err("it brings something back");
    assert!(matches!(refused, AuditError::BroughtBack(_)), "{refused}");
    audit.succeed("two hosts wrote").await.expect("succeeds");
    assert_eq!(gone(&all(&audit).await).len(), 10);
    let page = audit.query(everything()).await;
    assert!(page.expect("it is shown again").entries.len() > 10);
    is_clean(&audit).await;
}
