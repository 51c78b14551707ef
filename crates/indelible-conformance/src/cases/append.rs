//! `append`: atomic, compare-and-swap on the head, one verdict for each commit.

use indelible_core::store::{Commit, Verdict};
use indelible_merkle::Hash;

use crate::database::Database;
use crate::derivation::check_terms;
use crate::fixture::{Author, draft, id};
use crate::handle::Handle;
use crate::observation::Observation;

/// A new trail begins with a commit that has no parent.
pub async fn the_first_commit_needs_no_parent(database: &dyn Database) {
    let store = Handle::open(database).await;
    let author = Author::new("t");
    let commit = author.seal([draft(1)]);
    assert_eq!(commit.parent, None);
    assert_eq!(store.append_one(&commit).await, Verdict::Committed);
}

/// "Every later read sees it": each read shows the whole commit as it was handed in.
pub async fn a_commit_is_seen_whole_by_every_read(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let mut entries = Vec::new();
    for numbers in [0..1, 1..8, 8..300] {
        let commit = author.record(&store, numbers.map(draft)).await;
        entries.extend(commit.entries.iter().map(|new| new.entry.clone()));
        let seen = Observation::of(&store, author.trail()).await;
        assert_eq!(seen.head, Some(commit.head));
        assert_eq!(seen.entries, entries);
        assert_eq!(
            seen.seqs,
            (0..entries.len() as u64).map(Some).collect::<Vec<_>>()
        );
        assert!(seen.found.iter().eq(entries.iter().rev()));
        check_terms(&store, author.trail(), database.index_lags()).await;
    }
}

/// "A commit is written only if the trail's head is exactly `commit.parent`."
pub async fn append_on_a_stale_parent_writes_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..3).map(draft)).await;
    let stale = author.seal([draft(10), draft(11)]);
    author.record(&store, [draft(3)]).await;
    let before = Observation::of(&store, author.trail()).await;
    let verdict = store.append_one(&stale).await;
    assert!(matches!(verdict, Verdict::Behind(Some(_))), "{verdict:?}");
    assert_eq!(Observation::of(&store, author.trail()).await, before);
    assert_eq!(
        store.seqs(author.trail(), &[id(10), id(11)]).await,
        [None, None]
    );
    check_terms(&store, author.trail(), database.index_lags()).await;
}

/// "`Behind`: the head as it is now."
pub async fn append_on_a_stale_parent_answers_the_present_head(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, [draft(0)]).await;
    let stale = author.seal([draft(9)]);
    for number in 1..4 {
        let commit = author.record(&store, [draft(number)]).await;
        let verdict = store.append_one(&stale).await;
        assert_eq!(verdict, Verdict::Behind(Some(Box::new(commit.head))));
    }
}

/// A commit that would begin the trail is behind one that did.
pub async fn append_without_a_parent_on_a_trail_with_entries_is_behind(database: &dyn Database) {
    let store = Handle::open(database).await;
    let begun = Author::new("t").record(&store, [draft(1)]).await;
    let late = Author::new("t").seal([draft(2)]);
    let verdict = store.append_one(&late).await;
    assert_eq!(verdict, Verdict::Behind(Some(Box::new(begun.head))));
    assert_eq!(store.size(&late.head.trail).await, 1);
}

/// A commit on a head of a trail that is not there is behind, and there is no head to name.
pub async fn append_with_a_parent_on_a_new_trail_is_behind_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.took(&author.seal([draft(1)]));
    assert_eq!(
        store.append_one(&author.seal([draft(2)])).await,
        Verdict::Behind(None)
    );
}

/// The size alone does not make a parent: a fork of the same size is behind.
pub async fn append_on_a_parent_of_another_root_is_behind(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut here, mut fork) = (Author::new("t"), Author::new("t"));
    here.record(&store, [draft(1)]).await;
    fork.took(&fork.seal([draft(2)]));
    let before = Observation::of(&store, here.trail()).await;
    let verdict = store.append_one(&fork.seal([draft(3)])).await;
    assert_eq!(verdict, Verdict::Behind(before.head.clone().map(Box::new)));
    assert_eq!(Observation::of(&store, here.trail()).await, before);
}

/// Size and root alone do not make a parent: a commit of an earlier life is behind.
pub async fn append_on_a_parent_of_another_incarnation_is_behind(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, [draft(1)]).await;
    let mut commit = author.seal([draft(2)]);
    let parent = commit.parent.as_mut().expect("the trail has entries");
    parent.incarnation += 1;
    let verdict = store.append_one(&commit).await;
    assert!(matches!(verdict, Verdict::Behind(Some(_))), "{verdict:?}");
    assert_eq!(store.size(author.trail()).await, 1);
}

/// A parent of other numbers than the head's is behind, however near.
pub async fn append_on_a_parent_that_differs_in_one_value_is_behind(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..4).map(draft)).await;
    let fits = author.seal([draft(4)]);
    let alter = |change: fn(&mut Commit)| {
        let mut commit = fits.clone();
        change(&mut commit);
        commit
    };
    let altered = [
        alter(|commit| commit.parent = None),
        alter(|commit| commit.parent.as_mut().expect("parent").size = 3),
        alter(|commit| commit.parent.as_mut().expect("parent").size = 5),
        alter(|commit| commit.parent.as_mut().expect("parent").root = Hash::EMPTY_ROOT),
        alter(|commit| commit.parent.as_mut().expect("parent").incarnation = 0),
    ];
    for commit in altered {
        let verdict = store.append_one(&commit).await;
        assert!(
            matches!(verdict, Verdict::Behind(Some(_))),
            "{:?}: {verdict:?}",
            commit.parent
        );
    }
    assert_eq!(store.append_one(&fits).await, Verdict::Committed);
}

/// A refused commit leaves no gap: what is written next takes its place. (T97)
pub async fn a_refused_commit_leaves_no_gap(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, [draft(0)]).await;
    let stale = author.seal([draft(90)]);
    for number in 1..20 {
        author.record(&store, [draft(number)]).await;
        let refused = author.seal([draft(0), draft(100 + number)]);
        assert!(matches!(
            store.append_one(&refused).await,
            Verdict::Duplicate(_)
        ));
        assert!(matches!(store.append_one(&stale).await, Verdict::Behind(_)));
    }
    let seqs: Vec<_> = store
        .entries(author.trail(), 0..u64::MAX)
        .await
        .iter()
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(seqs, (0..20).collect::<Vec<_>>());
}

/// "Answers each with its own verdict, in order."
pub async fn each_commit_of_a_call_has_its_own_verdict(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut behind, mut twice, mut fits) = (
        Author::new("behind"),
        Author::new("twice"),
        Author::new("fits"),
    );
    behind.record(&store, [draft(1)]).await;
    let stale = behind.seal([draft(2)]);
    let present = behind.record(&store, [draft(3)]).await.head;
    twice.record(&store, [draft(4)]).await;
    fits.record(&store, [draft(5)]).await;
    let trails = [behind.trail(), twice.trail()];
    let before = Observation::of_all(&store, &trails).await;

    let commits = [
        stale,
        twice.seal([draft(6), draft(4)]),
        fits.seal([draft(7), draft(8)]),
        Author::new("new").seal([draft(9)]),
    ];
    assert_eq!(
        store.append(&commits).await,
        [
            Verdict::Behind(Some(Box::new(present))),
            Verdict::Duplicate(vec![(id(4), 0)]),
            Verdict::Committed,
            Verdict::Committed,
        ]
    );
    assert_eq!(Observation::of_all(&store, &trails).await, before);
    assert_eq!(
        store.head(fits.trail()).await.as_ref(),
        Some(&commits[2].head)
    );
    assert_eq!(
        store.head(&commits[3].head.trail).await.as_ref(),
        Some(&commits[3].head)
    );
}

/// A refused commit takes none of its call with it, wherever it stands among them.
pub async fn a_refused_commit_takes_no_other_with_it(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut authors: Vec<_> = (0..5).map(|n| Author::new(&format!("t{n}"))).collect();
    for refused in 0..authors.len() {
        let round = refused as u64;
        let mut commits: Vec<_> = (0..)
            .zip(&authors)
            .map(|(n, author)| author.seal([draft(10 * round + n)]))
            .collect();
        let parent = commits[refused].head.parent();
        commits[refused].parent = Some(parent);
        let verdicts = store.append(&commits).await;
        for (n, (author, commit)) in authors.iter_mut().zip(&commits).enumerate() {
            if n == refused {
                assert!(
                    matches!(verdicts[n], Verdict::Behind(_)),
                    "{:?}",
                    verdicts[n]
                );
            } else {
                assert_eq!(verdicts[n], Verdict::Committed);
                author.took(commit);
            }
            assert_eq!(store.size(author.trail()).await, author.size());
        }
    }
}

/// A call without commits is answered without verdicts.
pub async fn no_commits_have_no_verdicts(database: &dyn Database) {
    let store = Handle::open(database).await;
    assert_eq!(store.append(&[]).await, []);
    assert_eq!(store.heads().await, []);
}

/// The same entries in one commit or in many give the same trail, times of recording aside.
pub async fn the_cut_into_commits_does_not_show(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut whole, mut cut) = (Author::new("whole"), Author::new("cut"));
    whole.record(&store, (0..600).map(draft)).await;
    for start in (0..600).step_by(75) {
        cut.record(&store, (start..start + 75).map(draft)).await;
    }
    let seen = Observation::of_all(&store, &[whole.trail(), cut.trail()]).await;
    let told = |seen: &Observation| -> Vec<_> {
        seen.entries
            .iter()
            .map(|e| (e.seq, e.id, e.occurred_at, e.parts.clone()))
            .collect()
    };
    assert_eq!(told(&seen[0]), told(&seen[1]));
    assert_eq!(seen[0].rollups, seen[1].rollups);
    assert_eq!(seen[0].hashes[1].len(), seen[1].hashes[1].len());
}
