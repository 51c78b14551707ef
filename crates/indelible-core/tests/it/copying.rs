//! Moving a trail to another database: with its hashes, and with the right to write.

mod kept;
mod racing;

mod ending;

use std::sync::Arc;

use indelible_core::engine::{Copied, Engine, Kept};
use indelible_core::state::{Purpose, State, StateInMemory};
use indelible_core::{AuditError, AuditProtocol, MemoryStore, Refusal, Registry, Store, TrailName};
use serde_json::json;

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

/// The same installation with a database that is empty.
fn emptied(site: &Site) -> Site {
    let memory = Arc::new(MemoryStore::new());
    Site {
        store: memory.clone(),
        memory,
        ..site.clone()
    }
}

/// Moves the standard trail from `a` to the engine at `place`.
async fn moved_to(source: &Engine, target: &Engine, place: &str) -> Result<Copied, AuditError> {
    let trails = [TrailName::standard()];
    let moved = source
        .move_trails(&trails, (target, "a", place), &mut |_, _| {})
        .await;
    moved.map(|mut moved| moved.remove(0))
}

async fn refusal(engine: &Engine) -> Refusal {
    let refused = engine.trail(TrailName::standard()).record(event("x")).await;
    match refused.expect_err("refused") {
        AuditError::Refused { refusal, .. } => refusal,
        error => panic!("{error}"),
    }
}

/// Writes the row of a move that was cut short, or that was made.
async fn at_stage(site: &Site, stage: &str) {
    let there = site.memory.get("moved", "default").await.expect("readable");
    let (version, mut value) = match there {
        Some(row) => (Some(row.version), row.value),
        None => {
            let head = site.memory.head(&TrailName::standard()).await;
            let size = head.expect("readable").map_or(0, |head| head.size);
            let begun = json!({"from": "a", "to": "b", "size": size, "move": "m"});
            (None, begun)
        }
    };
    value["stage"] = json!(stage);
    let put = site
        .memory
        .put("moved", "default", version, Some(&value))
        .await;
    put.expect("written").expect("nobody else writes");
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
    let mut met = Vec::new();
    let copied = source
        .move_trails(
            std::slice::from_ref(&trail),
            (&target, "a", "b"),
            &mut |_, progress| met.push(progress.done),
        )
        .await
        .expect("moved")
        .remove(0);
    // With the entry that says where it went.
    let there = source.heads().await.expect("heads");
    assert_eq!(
        (copied.size, copied.copied, copied.root),
        (701, 701, there[0].root)
    );
    assert_eq!(target.heads().await.expect("heads"), there);
    assert!(met.is_sorted() && met.last() == Some(&701), "{met:?}");
    let last = target.trail(trail.clone()).entry_at(700).await;
    let last = last.expect("readable").expect("an entry");
    assert_eq!(last.action, "audit_trail_copy_started");
    assert_eq!(last.context, Some(json!({"from": "a", "to": "b"})));
    assert!(matches!(refusal(&source).await, Refusal::Moved { to, .. } if to == "b"));
    let receipt = target
        .trail(trail)
        .record(event("x"))
        .await
        .expect("recorded");
    assert_eq!(receipt.seq, Some(701));
}

#[tokio::test]
async fn a_trail_that_begins_while_others_are_copied_goes_with_them() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    // After the copy listed the trails, and before its first row was there.
    let new: TrailName = "new".parse().expect("a name");
    let receipt = source.trail(new.clone()).record(event("first")).await;
    receipt.expect("recorded");
    let error = moved_to(&source, &target, "b").await.expect_err("not all");
    assert!(error.to_string().contains("again"), "{error}");
    let all = [TrailName::standard(), new];
    let moved = source
        .move_trails(&all, (&target, "a", "b"), &mut |_, _| {})
        .await;
    let sizes: Vec<_> = moved.expect("moved").iter().map(|m| m.size).collect();
    assert_eq!(sizes, [4, 2]);
}

#[tokio::test]
async fn a_database_with_another_history_is_not_what_a_trail_moved_to() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    moved_to(&source, &target, "b").await.expect("moved");
    // In its place one of the same size, which the key vouches for as well.
    let state = StateInMemory::new();
    let seed = from.state.signing_seed().expect("readable");
    state.keep_signing_seed(seed.expect("a key")).expect("kept");
    let other = Site {
        state: Arc::new(state),
        ..emptied(&to)
    };
    recorded(&other, 4).await.close().await.expect("closed");
    let other = Site {
        state: from.state.clone(),
        ..other
    };
    let again = moved_to(&source, &other.engine().await, "b").await;
    let error = again.expect_err("another history").to_string();
    assert!(error.contains("another history"), "{error}");
}

#[tokio::test]
async fn beside_trails_that_moved_or_move_none_begins() {
    for stage in ["sending", "sent", "receiving"] {
        let (from, _) = sites();
        let engine = recorded(&from, 3).await;
        at_stage(&from, stage).await;
        let new = engine.trail("new".parse().expect("a name"));
        let refused = new.record(event("x")).await.expect_err("refused");
        assert!(
            matches!(refused, AuditError::Refused { .. }),
            "{stage}: {refused}"
        );
        let head = from.memory.head(new.name()).await.expect("readable");
        assert!(head.is_none(), "{stage}");
    }
}

#[tokio::test]
async fn a_trail_is_moved_to_one_place() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 2).await, to.engine().await);
    let to_b = moved_to(&source, &target, "b").await;
    to_b.expect("moved");
    let (_, third) = sites();
    let third = Site {
        state: from.state.clone(),
        ..third
    };
    let third = third.engine().await;
    let refused = moved_to(&source, &third, "c").await;
    let error = refused.expect_err("it is at b");
    assert!(error.to_string().contains("belongs to b"), "{error}");
    assert!(third.heads().await.expect("heads").is_empty());
}

#[tokio::test]
async fn whoever_writes_for_long_is_named() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 2).await, to.engine().await);
    let writer = from.long_lived().await;
    let refused = moved_to(&source, &target, "b").await;
    let AuditError::Refused {
        refusal: Refusal::InUse { program },
        ..
    } = refused.expect_err("somebody writes")
    else {
        panic!("another refusal")
    };
    assert!(program.starts_with("indelible "), "{program}");
    writer.close().await.expect("closed");
    let heads = source.heads().await.expect("heads");
    let all: Vec<_> = heads.into_iter().map(|head| head.trail).collect();
    let moved = source
        .move_trails(&all, (&target, "a", "b"), &mut |_, _| {})
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
    let refused = moved_to(&source, &target, "b").await;
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
    for (before, size) in [(3, 3), (0, 4)] {
        let copied = moved_to(&source, &target, "b").await.expect("moved");
        assert_eq!((copied.copied, copied.size), (before, size));
        let receipt = target.trail(trail.clone()).record(event("x")).await;
        assert_eq!(receipt.expect("recorded").seq, Some(size));
    }
}

#[tokio::test]
async fn a_secret_is_known_by_its_fingerprint_and_another_is_refused() {
    let site = Site::new();
    let engine = recorded(&site, 1).await;
    let secret = engine.secret(Purpose::Ids).await.expect("made");
    let again = engine.secret(Purpose::Ids).await.expect("there");
    assert_eq!(secret.expose(), again.expose());
    let state = StateInMemory::new();
    let seed = site.state.signing_seed().expect("readable");
    state.keep_signing_seed(seed.expect("a key")).expect("kept");
    let state: Arc<dyn State> = Arc::new(state);
    let other = Site {
        state: state.clone(),
        ..site.clone()
    };
    let other = other.engine().await;
    let error = other.secret(Purpose::Ids).await.expect_err("none here");
    assert!(error.to_string().contains("there is none"), "{error}");
    assert!(state.kept_secret(Purpose::Ids).expect("readable").is_none());
    // Each purpose has its own.
    let redaction = other.secret(Purpose::Redaction).await.expect("made");
    assert_ne!(redaction.expose(), secret.expose());
    let kept = engine.kept_secret(Purpose::Redaction).await.expect("told");
    assert_eq!(kept, Kept::Missing);
    let error = engine.secret(Purpose::Redaction).await.expect_err("not it");
    assert!(error.to_string().contains("redaction"), "{error}");
}
