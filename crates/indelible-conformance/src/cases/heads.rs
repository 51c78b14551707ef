//! `heads` and `head`.

use indelible_core::store::Verdict;

use crate::database::Database;
use crate::fixture::{Author, draft, trail, verifier_key};
use crate::handle::Handle;

/// "The heads of all trails": of none where there is none.
pub async fn an_empty_store_has_no_heads(database: &dyn Database) {
    let store = Handle::open(database).await;
    assert_eq!(store.heads().await, []);
}

/// "`None` where the trail has no entry yet."
pub async fn an_unknown_trail_has_no_head(database: &dyn Database) {
    let store = Handle::open(database).await;
    Author::new("known").record(&store, [draft(1)]).await;
    assert_eq!(store.head(&trail("unknown")).await, None);
}

/// A head comes back as the commit gave it: size, root, frontier, key and incarnation.
pub async fn the_head_is_that_of_the_last_commit(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    for number in 0..70 {
        let commit = author
            .record(&store, [draft(2 * number), draft(2 * number + 1)])
            .await;
        assert_eq!(
            store.head(author.trail()).await.as_ref(),
            Some(&commit.head)
        );
    }
}

/// The frontier of a tree with many levels comes back whole.
pub async fn the_frontier_of_a_large_trail_comes_back(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..1023).map(draft)).await;
    let head = store
        .head(author.trail())
        .await
        .expect("the trail has entries");
    assert_eq!(head.frontier.hashes().len(), 10);
    assert_eq!(head.frontier.root(), head.root);
    author.record(&store, [draft(1023)]).await;
    let head = store
        .head(author.trail())
        .await
        .expect("the trail has entries");
    assert_eq!(head.frontier.hashes().len(), 1);
    assert_eq!((head.size, head.frontier.root()), (1024, head.root));
}

/// "The heads of all trails, by name": in the order of the names' bytes, whatever the
/// collation of the database.
pub async fn heads_are_listed_by_the_bytes_of_their_names(database: &dyn Database) {
    let store = Handle::open(database).await;
    let longest = "x".repeat(63);
    let names = [
        "b",
        "a_b",
        "ab",
        "a-b",
        "a.b",
        "a0",
        "a",
        "0",
        "b-",
        "a_b.c",
        longest.as_str(),
    ];
    for (number, name) in (0..).zip(names) {
        Author::new(name).record(&store, [draft(number)]).await;
    }
    let listed: Vec<_> = store
        .heads()
        .await
        .into_iter()
        .map(|head| head.trail.as_str().to_owned())
        .collect();
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    assert_eq!(listed, sorted);
}

/// `heads` and `head` tell the same, once for each trail.
pub async fn heads_gives_what_head_gives(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut numbers = 0..;
    for name in ["one", "two", "three"] {
        let mut author = Author::new(name);
        author
            .record_each(&store, numbers.by_ref().take(3).map(draft))
            .await;
    }
    let heads = store.heads().await;
    assert_eq!(heads.len(), 3);
    for head in heads {
        assert_eq!(store.head(&head.trail).await.as_ref(), Some(&head));
    }
}

/// A commit of one trail leaves the others as they are.
pub async fn a_head_stays_when_another_trail_grows(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut quiet, mut busy) = (Author::new("a_b"), Author::new("axb"));
    quiet.record(&store, [draft(1)]).await;
    let before = store.head(quiet.trail()).await;
    busy.record_each(&store, (2..9).map(draft)).await;
    assert_eq!(store.head(quiet.trail()).await, before);
}

/// A succession's head stands under another key, with its incarnation and where that began.
pub async fn a_succession_keeps_key_and_incarnation(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..5).map(draft)).await;
    author.succeed();
    author.record(&store, [draft(5)]).await;
    author.record(&store, [draft(6)]).await;
    let head = store
        .head(author.trail())
        .await
        .expect("the trail has entries");
    assert_eq!(
        (head.size, head.incarnation, head.incarnation_start),
        (7, 2, 5)
    );
    assert_eq!(head.key, verifier_key(author.trail(), 2));
}

/// A trail is there with its first commit, not with one that was refused.
pub async fn a_refused_commit_brings_no_trail_into_being(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let first = author.seal([draft(1)]);
    author.took(&first);
    let second = author.seal([draft(2)]);
    assert_eq!(store.append_one(&second).await, Verdict::Behind(None));
    assert_eq!(store.heads().await, []);
    assert_eq!(store.head(author.trail()).await, None);
}
