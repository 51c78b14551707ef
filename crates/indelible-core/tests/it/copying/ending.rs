//! Copies that are lost or given up on the way, and moves that are taken back.

use super::*;

#[tokio::test]
async fn a_copy_whose_target_was_lost_on_the_way_starts_over() {
    let (from, to) = sites();
    let source = recorded(&from, 3).await;
    // Cut short: the source is told, and what was there is gone.
    at_stage(&from, "sending").await;
    let target = to.engine().await;
    assert!(matches!(
        refusal(&source).await,
        Refusal::Copying { size: 3, .. }
    ));
    let copied = moved_to(&source, &target, "b").await.expect("moved");
    assert_eq!((copied.copied, copied.size), (4, 4));
    let receipt = target.trail(TrailName::standard()).record(event("x")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(4));
    assert!(matches!(refusal(&source).await, Refusal::Moved { .. }));
}

#[tokio::test]
async fn a_target_that_was_lost_later_is_not_begun_again() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    moved_to(&source, &target, "b").await.expect("moved");
    // It may have gone on: entries of the same numbers would be a fork.
    let again = emptied(&to).engine().await;
    let error = moved_to(&source, &again, "b").await.expect_err("refused");
    assert!(error.to_string().contains("--abandon"), "{error}");
    assert!(again.heads().await.expect("heads").is_empty());
}

#[tokio::test]
async fn a_copy_that_is_given_up_on_the_way_leaves_the_trail_as_it_is() {
    let (from, to) = sites();
    let source = recorded(&from, 3).await;
    let target = to.engine().await;
    at_stage(&from, "sending").await;
    at_stage(&to, "receiving").await;
    let abandoned = source.abandon_moves("disk lost").await.expect("given up");
    assert_eq!((abandoned.len(), abandoned[0].seq), (1, 3));
    assert!(!abandoned[0].is_new && abandoned[0].origin == "test.example/default");
    let receipt = source.trail(TrailName::standard()).record(event("x")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(4));
    // The target is not lost after all: it has no right to write, and can be copied to again.
    assert!(matches!(
        refusal(&target).await,
        Refusal::Copying { done: Some(0), .. }
    ));
    assert_eq!(
        moved_to(&source, &target, "b").await.expect("moved").size,
        6
    );
}

#[tokio::test]
async fn whoever_takes_a_moved_trail_back_goes_on_under_an_origin_that_nobody_else_gets() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    moved_to(&source, &target, "b").await.expect("moved");
    let trail = TrailName::standard();
    let receipt = target.trail(trail.clone()).record(event("x")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(4));
    // Another host, whose marks do not know of what follows.
    let elsewhere = StateInMemory::new();
    let seed = from.state.signing_seed().expect("readable");
    elsewhere
        .keep_signing_seed(seed.expect("a key"))
        .expect("kept");
    let ahead = from.state.mark(&trail).expect("readable").expect("a mark");
    let size = format!("\n{}\n", ahead.lines().nth(1).expect("a size"));
    let ahead = ahead.replacen(&size, "\n9\n", 1);
    let kept = elsewhere.raise_mark(&trail, &ahead, &|_| false);
    kept.expect("kept");
    let abandoned = source.abandon_moves("disk lost").await.expect("given up");
    assert_eq!((abandoned[0].seq, abandoned[0].is_new), (4, true));
    assert_eq!(abandoned[0].origin, "test.example/default/2");
    let receipt = source.trail(trail.clone()).record(event("y")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(5));
    // Here the target is known to be left behind; there it is succeeded under another number.
    let late = to.engine().await;
    assert!(matches!(refusal(&late).await, Refusal::RolledBack { .. }));
    let there = Site {
        state: Arc::new(elsewhere),
        ..to
    };
    let succeeded = there.engine().await.trail(trail).succeed("restored").await;
    assert_eq!(
        succeeded.expect("succeeded").origin,
        "test.example/default/3"
    );
}

#[tokio::test]
async fn whoever_has_half_a_trail_goes_on_from_there_where_the_rest_is_lost() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 3).await, to.engine().await);
    moved_to(&source, &target, "b").await.expect("moved");
    at_stage(&to, "receiving").await;
    let trail = TrailName::standard();
    let error = target.trail(trail).succeed("lost").await;
    let error = error.expect_err("it is taken back, not restored");
    assert!(error.to_string().contains("4 of 4 entries"), "{error}");
    let abandoned = target.abandon_moves("lost").await.expect("taken");
    assert_eq!(abandoned[0].origin, "test.example/default/3");
}

#[tokio::test]
async fn a_copy_that_somebody_gave_up_meanwhile_gives_no_right_over() {
    let (from, to) = sites();
    let (source, target) = (recorded(&from, 700).await, to.engine().await);
    let (other, trail) = (from.engine().await, TrailName::standard());
    let mut given_up = false;
    let trails = [trail.clone()];
    let first = source
        .move_trails(&trails, (&target, "a", "b"), &mut |_, progress| {
            if progress.done == 512 {
                let other = &other;
                // On a thread of its own: the copy waits for this one.
                let done = std::thread::scope(|scope| {
                    let call = scope.spawn(|| {
                        let runtime = tokio::runtime::Builder::new_current_thread().build();
                        runtime
                            .expect("a runtime")
                            .block_on(other.abandon_moves("no more"))
                    });
                    call.join().expect("ended")
                });
                given_up = done.is_ok_and(|done| done[0].seq == 701);
            }
        })
        .await;
    assert!(given_up);
    let error = first.expect_err("given up").to_string();
    assert!(error.contains("gave it up"), "{error}");
    let receipt = source.trail(trail).record(event("x")).await;
    assert_eq!(receipt.expect("recorded").seq, Some(702));
    assert!(matches!(refusal(&target).await, Refusal::Copying { .. }));
}
