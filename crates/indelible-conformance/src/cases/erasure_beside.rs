//! `erase` and `purge` beside writers, readers and each other.

use std::future::poll_fn;
use std::pin::pin;
use std::slice;
use std::task::Poll;

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::part::PartKind;

use super::erasure::{erasure, recorded};
use super::writers::{check_race, finish, race};
use crate::database::Database;
use crate::derivation::check_trail;
use crate::fixture::trail;
use crate::handle::{Handle, NO_SEQS};

/// Sixteen writers race while entries before them are erased and the files are written anew.
pub async fn erasing_beside_sixteen_writers_loses_nothing(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let writers = race(slice::from_ref(&store), "t");
    let name = trail("t");
    let mut erased = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let size = store.size(&name).await;
        if size > 0 {
            let most = [erasure(0, size - 1, &PartKind::ALL)];
            erased += store.erase(&name, &most).await;
            store.purge(&name, &most).await;
        }
        tokio::task::yield_now().await;
    }
    finish(writers).await;
    check_race(&store, database).await;
    let most = [erasure(0, u64::MAX, &PartKind::ALL)];
    erased += store.erase(&name, &most).await;
    let entries = store.entries(&name, 0..u64::MAX).await;
    let all: u64 = entries
        .iter()
        .map(|entry| entry.erased().len() as u64)
        .sum();
    assert_eq!(erased, all);
}

/// "Every read sees an entry as it was before, or as it is after."
pub async fn readers_beside_an_erasure_see_whole_parts(database: &dyn Database) {
    let (store, author) = recorded(database, 400).await;
    let name = author.trail().clone();
    let eraser = {
        let (store, name) = (store.clone(), name.clone());
        tokio::spawn(async move {
            for first in (0..400).step_by(40) {
                let most = [erasure(first, first + 39, &PartKind::ALL)];
                store.erase(&name, &most).await;
            }
        })
    };
    let of_user = |seq: u64| Filter {
        user: Some(UserFilter::AnyOf(vec![format!("u{seq}")])),
        ..Filter::default()
    };
    while !eraser.is_finished() {
        for entry in store.entries(&name, 0..400).await {
            assert_eq!(entry.altered_part(), None);
            assert!([0, 3].contains(&entry.erased().len()), "{}", entry.seq);
        }
        for seq in [0, 200, 399] {
            let find = crate::all(of_user(seq));
            for entry in store.find(&name, &find).await {
                assert!(entry.erased().is_empty(), "{} by its user", entry.seq);
            }
        }
    }
    eraser.await.expect("it erases");
    assert_eq!(store.matching(&name, of_user(200)).await, NO_SEQS);
    check_trail(&store, &name, database.index_lags()).await;
}

/// Of two that erase the same at once, each part goes by one of them.
pub async fn two_erasures_at_once_take_each_part_once(database: &dyn Database) {
    let (store, author) = recorded(database, 600).await;
    let other = Handle::open_to_erase(database).await;
    let all = [erasure(0, 599, &PartKind::ALL)];
    let (one, two) = tokio::join!(
        store.erase(author.trail(), &all),
        other.erase(author.trail(), &all)
    );
    assert_eq!(one + two, 1800);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// "It is done in steps, each durable, atomic and complete in itself": whoever calls it may end
/// between any two of them, and the same call takes what is left.
pub async fn an_erasure_that_was_cut_off_leaves_whole_entries_and_is_done_again(
    database: &dyn Database,
) {
    let (store, author) = recorded(database, 1500).await;
    let name = author.trail();
    let all = [erasure(0, 1499, &PartKind::ALL)];
    for polls in [1, 2, 3, 5, 8] {
        {
            let mut cut = pin!(store.try_erase(name, &all));
            for _ in 0..polls {
                let is_done = poll_fn(|task| Poll::Ready(cut.as_mut().poll(task).is_ready()));
                if is_done.await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        for entry in store.entries(name, 0..1500).await {
            assert!([0, 3].contains(&entry.erased().len()), "{}", entry.seq);
        }
    }
    drop(store);
    let store = Handle::open_to_erase(database).await;
    store.erase(name, &all).await;
    assert_eq!(store.erase(name, &all).await, 0);
    let entries = store.entries(name, 0..1500).await;
    assert!(entries.iter().all(|entry| entry.erased().len() == 3));
    check_trail(&store, name, database.index_lags()).await;
}
