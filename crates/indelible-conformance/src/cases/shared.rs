//! For stores that claim that two handles, as of two processes, may share one database.

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::Verdict;
use serde_json::json;
use tokio::task::JoinHandle;

use super::order::paged;
use super::registry::count_up;
use super::writers::{check_race, finish, race};
use crate::database::Database;
use crate::derivation::check_trail;
use crate::fixture::{Author, draft, id, trail};
use crate::handle::Handle;
use crate::observation::Observation;

/// A commit of one handle is there for every read of the other at once.
pub async fn a_commit_of_one_handle_is_seen_by_the_other(database: &dyn Database) {
    let (here, there) = two(database).await;
    let mut author = Author::new("t");
    for round in 0..20 {
        let (writer, reader) = if round % 2 == 0 {
            (&here, &there)
        } else {
            (&there, &here)
        };
        let drafts = (round * 40..round * 40 + 40).map(|n| draft(n).user(&format!("u{}", n % 3)));
        author.record(writer, drafts).await;
        let (seen, own) = (
            Observation::of(reader, author.trail()).await,
            Observation::of(writer, author.trail()).await,
        );
        assert_eq!(seen, own);
        assert_eq!(seen.entries.len() as u64, author.size());
        assert_eq!(reader.heads().await, writer.heads().await);
        let user = UserFilter::AnyOf(vec!["u1".to_owned()]);
        let user = Filter {
            user: Some(user),
            ..Filter::default()
        };
        let expected: Vec<_> = (0..author.size()).rev().filter(|n| n % 3 == 1).collect();
        assert_eq!(reader.matching(author.trail(), user).await, expected);
    }
    check_trail(&there, author.trail(), database.index_lags()).await;
}

/// A handle that does not know of the other's commit is told the head as it is.
pub async fn a_handle_behind_the_other_is_told_the_head(database: &dyn Database) {
    let (here, there) = two(database).await;
    let mut author = Author::new("t");
    author.record(&here, [draft(1)]).await;
    let stale = author.seal([draft(2)]);
    let commit = author.record(&there, [draft(3)]).await;
    assert_eq!(
        here.append_one(&stale).await,
        Verdict::Behind(Some(Box::new(commit.head)))
    );
    let begin = Author::new("t").seal([draft(4)]);
    assert!(matches!(
        here.append_one(&begin).await,
        Verdict::Behind(Some(_))
    ));
    author.record(&here, [draft(5)]).await;
    assert_eq!(there.size(author.trail()).await, 3);
}

/// An id that one handle recorded is a duplicate for the other.
pub async fn an_id_of_one_handle_is_known_to_the_other(database: &dyn Database) {
    let (here, there) = two(database).await;
    let mut author = Author::new("t");
    author.record(&here, (0..5).map(draft)).await;
    let again = author.seal([draft(9), draft(3)]);
    assert_eq!(
        there.append_one(&again).await,
        Verdict::Duplicate(vec![(id(3), 3)])
    );
    assert_eq!(
        here.seqs(author.trail(), &[id(9), id(3)]).await,
        [None, Some(3)]
    );
}

/// Sixteen writers over two handles give one gap-free order. (T43)
pub async fn writers_of_two_handles_give_one_gap_free_order(database: &dyn Database) {
    let (here, there) = two(database).await;
    finish(race(&[here.clone(), there.clone()], "t")).await;
    check_race(&here, database).await;
    check_race(&there, database).await;
}

/// Writers of two handles on trails of their own all get through.
pub async fn writers_of_two_handles_on_different_trails_all_get_through(database: &dyn Database) {
    let (here, there) = two(database).await;
    let writers: Vec<_> = [
        (here.clone(), "a"),
        (there.clone(), "b"),
        (here.clone(), "c"),
    ]
    .into_iter()
    .map(|(store, name)| {
        tokio::spawn(async move {
            Author::new(name)
                .record_each(&store, (0..40).map(draft))
                .await;
        })
    })
    .collect();
    finish(writers).await;
    for name in ["a", "b", "c"] {
        assert_eq!(there.size(&trail(name)).await, 40);
        check_trail(&here, &trail(name), database.index_lags()).await;
    }
}

/// Pages of one handle, pinned to a size, give what stood there while the other's writers go on.
/// (T29)
pub async fn pages_of_one_handle_beside_writers_of_the_other(database: &dyn Database) {
    let (here, there) = two(database).await;
    let mut author = Author::new("t");
    author
        .record(&here, (1_000_000..1_000_060).map(draft))
        .await;
    let writers = race(&[there], "t");
    loop {
        let done = writers.iter().all(JoinHandle::is_finished);
        let pinned = here.size(author.trail()).await;
        let seqs = paged(&here, &author, &Filter::default(), pinned, 11).await;
        assert_eq!(seqs, (0..pinned).rev().collect::<Vec<_>>());
        if done {
            break;
        }
    }
    finish(writers).await;
}

/// What one handle writes to the registry the other reads, and a race between them has one winner.
pub async fn two_handles_share_one_registry(database: &dyn Database) {
    let (here, there) = two(database).await;
    here.put("k", "counter", None, Some(&json!(0))).await;
    assert_eq!(there.put("k", "counter", None, Some(&json!(7))).await, None);
    let counters: Vec<_> = [&here, &there, &here, &there]
        .map(|store| tokio::spawn(count_up(store.clone(), 25)))
        .into_iter()
        .collect();
    finish(counters).await;
    assert_eq!(here.list("k").await, there.list("k").await);
    let value = there.get("k", "counter").await.expect("it was written");
    assert_eq!((value.version, value.value), (101, json!(100)));
    assert_eq!(here.put("k", "counter", Some(101), None).await, Some(0));
    assert_eq!(there.get("k", "counter").await, None);
}

/// Closing one handle leaves the other as it was.
pub async fn closing_one_handle_leaves_the_other_open(database: &dyn Database) {
    let (here, there) = two(database).await;
    let mut author = Author::new("t");
    author.record(&here, [draft(1)]).await;
    author.record(&there, [draft(2)]).await;
    here.close().await;
    author.record(&there, [draft(3)]).await;
    assert_eq!(there.size(author.trail()).await, 3);
    check_trail(&there, author.trail(), database.index_lags()).await;
}

async fn two(database: &dyn Database) -> (Handle, Handle) {
    (Handle::open(database).await, Handle::open(database).await)
}
