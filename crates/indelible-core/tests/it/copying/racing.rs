//! Writers that were under way when a trail left.

use std::sync::Arc;

use indelible_core::engine::Engine;
use indelible_core::{AuditError, AuditProtocol, Refusal, TrailName};

use super::{moved_to, recorded, refusal, sites};
use crate::ground::{FaultyStore, Site, event};

/// A store of a process without a lease that is held up right before it writes, and the engine on
/// it.
async fn held_up(site: &Site) -> (Arc<FaultyStore>, Engine) {
    let store = FaultyStore::over(site.store.clone());
    let slow = Site {
        store: store.clone(),
        ..site.clone()
    };
    (store, slow.engine().await)
}

#[tokio::test]
async fn a_writer_that_was_held_up_while_its_trail_moved_is_refused() {
    // Whether it knows the trail's end already or has just read it.
    for knows_the_end in [true, false] {
        let (from, to) = sites();
        let (source, target) = (recorded(&from, 3).await, to.engine().await);
        let (store, writer) = held_up(&from).await;
        let audit = writer.trail(TrailName::standard());
        if knows_the_end {
            audit.record(event("before")).await.expect("recorded");
            store.asked.acquire().await.expect("open").forget();
        }
        store.appends.forget_permits(usize::MAX >> 4);
        let late = tokio::spawn(async move { audit.record(event("late")).await });
        store.asked.acquire().await.expect("open").forget();
        let copied = moved_to(&source, &target, "b").await.expect("moved");
        store.appends.add_permits(10);
        let refused = late.await.expect("ended").expect_err("it comes too late");
        let AuditError::Refused {
            refusal: Refusal::Moved { .. },
            ..
        } = refused
        else {
            panic!("{refused}")
        };
        let there = source.heads().await.expect("heads");
        assert_eq!(there[0].size, copied.size);
        assert_eq!(target.heads().await.expect("heads"), there);
    }
}

#[tokio::test]
async fn a_writer_is_held_back_as_well_where_the_trail_came_from_elsewhere_just_now() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    moved_to(&source, &target, "b").await.expect("moved");
    let (store, writer) = held_up(&to).await;
    store.appends.forget_permits(usize::MAX >> 4);
    let audit = writer.trail(TrailName::standard());
    let late = tokio::spawn(async move { audit.record(event("late")).await });
    store.asked.acquire().await.expect("open").forget();
    let trails = [TrailName::standard()];
    let back = target
        .move_trails(&trails, (&source, "b", "a"), &mut |_, _| {})
        .await;
    assert_eq!(back.expect("moved")[0].size, 5);
    store.appends.add_permits(10);
    late.await.expect("ended").expect_err("it comes too late");
    let heads = source.heads().await.expect("heads");
    assert_eq!(target.heads().await.expect("heads"), heads);
}

#[tokio::test]
async fn a_writer_that_wins_the_last_race_before_a_move_has_its_entry_moved() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    let (store, copier) = held_up(&from).await;
    store.appends.forget_permits(usize::MAX >> 4);
    // The base of this one is in memory: it asks no more whether the trail moves.
    let writer = source.trail(TrailName::standard());
    writer.record(event("before")).await.expect("recorded");
    let racing = async {
        store.asked.acquire().await.expect("open").forget();
        let receipt = writer.record(event("last")).await.expect("recorded");
        assert_eq!(receipt.seq, Some(4));
        store.appends.add_permits(10);
    };
    let (copied, ()) = tokio::join!(moved_to(&copier, &target, "b"), racing);
    let copied = copied.expect("moved");
    assert_eq!((copied.size, copied.copied), (6, 6));
    assert!(matches!(refusal(&source).await, Refusal::Moved { .. }));
}
