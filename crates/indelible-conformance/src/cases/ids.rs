//! `seqs`.

use indelible_core::store::Commit;
use uuid::Uuid;

use crate::database::Database;
use crate::fixture::{Author, draft, id, trail};
use crate::handle::Handle;

/// "The seq of each id, in the order asked."
pub async fn seqs_come_in_the_order_asked(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..100).map(draft)).await;
    author.record(&store, (100..150).map(draft)).await;
    let asked: Vec<u64> = (0..150).map(|n| n * 37 % 150).collect();
    let ids: Vec<_> = asked.iter().map(|&number| id(number)).collect();
    let expected: Vec<_> = asked.into_iter().map(Some).collect();
    assert_eq!(store.seqs(author.trail(), &ids).await, expected);
}

/// "`None` where the trail does not have it."
pub async fn unknown_ids_stand_nowhere(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..3).map(draft)).await;
    let ids = [id(900), id(1), id(901), Uuid::nil(), id(0), Uuid::max()];
    let seqs = store.seqs(author.trail(), &ids).await;
    assert_eq!(seqs, [None, Some(1), None, None, Some(0), None]);
}

/// An id asked twice is answered twice.
pub async fn an_id_asked_twice_is_answered_twice(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..3).map(draft)).await;
    let seqs = store
        .seqs(author.trail(), &[id(2), id(9), id(2), id(9), id(2)])
        .await;
    assert_eq!(seqs, [Some(2), None, Some(2), None, Some(2)]);
}

/// No ids, no answers; and a trail that is not there has none of the ids.
pub async fn seqs_answers_no_ids_and_unknown_trails(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, [draft(1)]).await;
    assert_eq!(store.seqs(author.trail(), &[]).await, []);
    assert_eq!(store.seqs(&trail("unknown"), &[]).await, []);
    assert_eq!(
        store.seqs(&trail("unknown"), &[id(1), id(2)]).await,
        [None, None]
    );
}

/// An id of another trail is unknown.
pub async fn ids_of_another_trail_stand_nowhere(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("one"), Author::new("other"));
    one.record(&store, [draft(1)]).await;
    other.record(&store, [draft(2), draft(3)]).await;
    assert_eq!(
        store.seqs(one.trail(), &[id(1), id(3)]).await,
        [Some(0), None]
    );
    assert_eq!(
        store.seqs(other.trail(), &[id(1), id(3)]).await,
        [None, Some(1)]
    );
}

/// One question may hold thousands of ids, more than a database takes parameters.
pub async fn seqs_answers_forty_thousand_ids(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..500).map(draft)).await;
    let ids: Vec<_> = (0..40_000).map(id).collect();
    let seqs = store.seqs(author.trail(), &ids).await;
    let expected: Vec<_> = (0..40_000).map(|n| (n < 500).then_some(n)).collect();
    assert!(seqs == expected, "a seq is wrong among 40,000");
}

/// Ids are told apart by all of their 128 bits, from the nil to the largest.
pub async fn ids_are_told_apart_by_every_bit(database: &dyn Database) {
    let store = Handle::open(database).await;
    let author = Author::new("t");
    let mut ids: Vec<_> = (0..128).map(|bit| Uuid::from_u128(1 << bit)).collect();
    ids.extend([Uuid::nil(), Uuid::max()]);
    let mut commit: Commit = author.seal((0..ids.len() as u64).map(draft));
    // The leaf hashes no longer fit these ids, which a store has no business to see.
    for (new, id) in commit.entries.iter_mut().zip(&ids) {
        new.entry.id = *id;
    }
    store.append_one(&commit).await;
    let expected: Vec<_> = (0..ids.len() as u64).map(Some).collect();
    assert_eq!(store.seqs(author.trail(), &ids).await, expected);
    let near: Vec<_> = ids
        .iter()
        .map(|id| Uuid::from_u128(id.as_u128() ^ 0b11))
        .collect();
    let near_seqs = store.seqs(author.trail(), &near).await;
    for (near, seq) in near.iter().zip(near_seqs) {
        let expected = ids
            .iter()
            .position(|id| id == near)
            .map(|place| place as u64);
        assert_eq!(seq, expected, "{near}");
    }
}
