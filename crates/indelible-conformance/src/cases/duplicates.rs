//! `append` of ids that stand in the trail already.

use indelible_core::store::Verdict;

use crate::database::Database;
use crate::derivation::check_terms;
use crate::fixture::{Author, draft, id};
use crate::handle::Handle;
use crate::observation::Observation;

/// "These ids of the commit stand in the trail already, at these seqs."
pub async fn append_of_a_known_id_answers_its_seq(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..10).map(draft)).await;
    for number in 0..10 {
        let again = author.seal([draft(number)]);
        let verdict = store.append_one(&again).await;
        assert_eq!(verdict, Verdict::Duplicate(vec![(id(number), number)]));
    }
}

/// "A commit is written only if none of its ids stands in the trail already": the new entries
/// beside a known one are not written either.
pub async fn append_of_known_and_new_ids_writes_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..5).map(draft)).await;
    let before = Observation::of(&store, author.trail()).await;
    for drafts in [[10, 11, 2], [2, 10, 11], [10, 2, 11]] {
        let verdict = store.append_one(&author.seal(drafts.map(draft))).await;
        assert_eq!(verdict, Verdict::Duplicate(vec![(id(2), 2)]));
        assert_eq!(Observation::of(&store, author.trail()).await, before);
    }
    assert_eq!(
        store.seqs(author.trail(), &[id(10), id(11)]).await,
        [None, None]
    );
    check_terms(&store, author.trail(), database.index_lags()).await;
}

/// Every known id of the commit is named, with its seq, and no other.
pub async fn every_known_id_is_named(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..300).map(draft)).await;
    let again = author.seal((0..600).rev().map(draft));
    let Verdict::Duplicate(mut named) = store.append_one(&again).await else {
        panic!("a commit with 300 known ids was not answered as duplicate");
    };
    named.sort_by_key(|(_, seq)| *seq);
    assert_eq!(
        named,
        (0..300)
            .map(|number| (id(number), number))
            .collect::<Vec<_>>()
    );
}

/// The content does not matter, the id does: what else an entry says is the engine's to compare.
pub async fn a_known_id_with_other_content_is_a_duplicate(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author
        .record(&store, [draft(1).user("alice").action("user_login")])
        .await;
    let other = author.seal([draft(1).user("bob").action("user_logout")]);
    assert_eq!(
        store.append_one(&other).await,
        Verdict::Duplicate(vec![(id(1), 0)])
    );
    assert_eq!(
        store.entries(author.trail(), 0..9).await[0].action,
        "user_login"
    );
}

/// Ids belong to a trail: another trail takes the same id, in the same call too.
pub async fn the_same_id_stands_in_two_trails(database: &dyn Database) {
    let store = Handle::open(database).await;
    let authors = [Author::new("a"), Author::new("b"), Author::new("c")];
    let commits = authors.map(|author| author.seal([draft(8), draft(7)]));
    assert_eq!(store.append(&commits[..1]).await, [Verdict::Committed]);
    assert_eq!(
        store.append(&commits[1..]).await,
        [Verdict::Committed, Verdict::Committed]
    );
    for commit in &commits {
        let seqs = store.seqs(&commit.head.trail, &[id(7), id(8)]).await;
        assert_eq!(seqs, [Some(1), Some(0)]);
    }
}

/// A commit that is tried again after it was written is behind: its own head stands there. The
/// parent is looked at before the ids.
pub async fn a_commit_tried_again_is_behind_its_own_head(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let first = author.record(&store, [draft(1)]).await;
    let second = author.record(&store, [draft(2), draft(3)]).await;
    let before = Observation::of(&store, author.trail()).await;
    for commit in [first, second.clone()] {
        let verdict = store.append_one(&commit).await;
        assert_eq!(
            verdict,
            Verdict::Behind(Some(Box::new(second.head.clone())))
        );
    }
    assert_eq!(Observation::of(&store, author.trail()).await, before);
}

/// An id that stood only in a refused commit is still free.
pub async fn an_id_of_a_refused_commit_is_free(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, [draft(1)]).await;
    let refused = author.seal([draft(5), draft(1)]);
    assert!(matches!(
        store.append_one(&refused).await,
        Verdict::Duplicate(_)
    ));
    author.record(&store, [draft(5)]).await;
    assert_eq!(store.seqs(author.trail(), &[id(5)]).await, [Some(1)]);
}
