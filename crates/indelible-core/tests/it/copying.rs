//! Moving a trail to another database: with its hashes, and with the right to write.

use std::sync::Arc;

use indelible_core::engine::Engine;
use indelible_core::state::{State, StateInMemory};
use indelible_core::{AuditError, AuditProtocol, Refusal, TrailName};

use crate::ground::{Site, event};

/// Two databases of one installation.
fn sites() -> (Site, Site) {
    let (from, fresh) = (Site::new(), Site::new());
    let to = Site {
        memory: fresh.memory,
        store: fresh.store,
        ..from.clone()
    };
    (from, to)
}

async fn recorded(site: &Site, count: u32) -> Engine {
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    for _ in 0..count {
        audit.record(event("a")).await.expect("recorded");
    }
    engine.close().await.expect("closed");
    site.engine().await
}

#[tokio::test]
async fn a_moved_trail_has_its_root_and_is_written_there_alone() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 700).await, to.engine().await);
    let trail = TrailName::standard();
    let before = source.heads().await.expect("heads");
    let mut met = Vec::new();
    let copied = source
        .move_trail(&trail, (&target, "a", "b"), &mut |progress| {
            met.push(progress.done)
        })
        .await
        .expect("moved");
    assert_eq!(
        (copied.size, copied.copied, copied.root),
        (700, 700, before[0].root)
    );
    assert_eq!(target.heads().await.expect("heads"), before);
    assert!(met.is_sorted() && met.last() == Some(&700), "{met:?}");
    let refused = source.trail(trail.clone()).record(event("x")).await;
    let AuditError::Refused { refusal, .. } = refused.expect_err("it is elsewhere") else {
        panic!("another refusal")
    };
    assert!(matches!(refusal, Refusal::Moved { to } if to == "b"));
    let receipt = target
        .trail(trail)
        .record(event("x"))
        .await
        .expect("recorded");
    assert_eq!(receipt.seq, Some(700));
}

#[tokio::test]
async fn a_trail_is_moved_to_one_place() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 2).await, to.engine().await);
    let trail = TrailName::standard();
    let to_b = source
        .move_trail(&trail, (&target, "a", "b"), &mut |_| {})
        .await;
    to_b.expect("moved");
    let (_, third) = sites();
    let third = Site {
        state: from.state.clone(),
        ..third
    };
    let third = third.engine().await;
    let refused = source
        .move_trail(&trail, (&third, "a", "c"), &mut |_| {})
        .await;
    let error = refused.expect_err("it is at b");
    assert!(error.to_string().contains("belongs to b"), "{error}");
    assert!(third.heads().await.expect("heads").is_empty());
}

#[tokio::test]
async fn whoever_writes_for_long_is_named() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 2).await, to.engine().await);
    let writer = from.long_lived().await;
    let trail = TrailName::standard();
    let refused = source
        .move_trail(&trail, (&target, "a", "b"), &mut |_| {})
        .await;
    let AuditError::Refused {
        refusal: Refusal::InUse { program },
        ..
    } = refused.expect_err("somebody writes")
    else {
        panic!("another refusal")
    };
    assert!(program.starts_with("indelible "), "{program}");
    writer.close().await.expect("closed");
    let moved = source
        .move_trail(&trail, (&target, "a", "b"), &mut |_| {})
        .await;
    moved.expect("nobody writes any more");
}

#[tokio::test]
async fn a_refused_move_leaves_the_right_to_write_where_it_is() {
    let (from, to) = sites();
    let trail = TrailName::standard();
    let source = recorded(&from, 5).await;
    // Another history under the same key, written where the marks of the first are not known.
    let state = StateInMemory::new();
    let seed = from.state.signing_seed().expect("readable");
    state.keep_signing_seed(seed.expect("a key")).expect("kept");
    let to = Site {
        state: Arc::new(state),
        ..to
    };
    let target = recorded(&to, 3).await;
    let refused = source
        .move_trail(&trail, (&target, "a", "b"), &mut |_| {})
        .await;
    let error = refused.expect_err("another history").to_string();
    assert!(error.contains("another history"), "{error}");
    let receipt = source.trail(trail).record(event("x")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(5));
}

#[tokio::test]
async fn a_move_that_was_made_stays_made_when_it_is_asked_for_again() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 2).await, to.engine().await);
    let trail = TrailName::standard();
    for (before, size) in [(2, 2), (0, 3)] {
        let copied = source
            .move_trail(&trail, (&target, "a", "b"), &mut |_| {})
            .await
            .expect("moved");
        assert_eq!((copied.copied, copied.size), (before, size));
        let receipt = target.trail(trail.clone()).record(event("x")).await;
        assert_eq!(receipt.expect("recorded").seq, Some(size));
    }
}
