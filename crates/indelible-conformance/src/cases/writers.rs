//! Many tasks at once: races for the head, and readers beside them.

use std::collections::HashSet;
use std::slice;

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::{Find, Verdict};
use indelible_merkle::Frontier;
use tokio::task::JoinHandle;

use super::order::paged;
use super::upwards::paged_upwards;
use crate::database::Database;
use crate::derivation::check_trail;
use crate::fixture::{Author, draft, trail};
use crate::handle::Handle;

/// How many tasks write at once.
pub(super) const WRITERS: u64 = 16;
/// How many commits each of them makes.
const COMMITS: u64 = 12;
/// How many entries each of its commits has.
const ENTRIES: u64 = 3;

/// Sixteen writers race for one head: every entry stands in the trail once, each at a seq of its
/// own, without a gap, and all that is derived from them is right. (T22, T43)
pub async fn sixteen_writers_give_one_gap_free_order(database: &dyn Database) {
    let store = Handle::open(database).await;
    let writers = race(slice::from_ref(&store), "t");
    finish(writers).await;
    check_race(&store, database).await;
}

/// Sixteen writers on as many trails do not get in each other's way.
pub async fn writers_of_different_trails_never_wait_behind_each_other(database: &dyn Database) {
    let store = Handle::open(database).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut author = Author::new(&format!("trail-{writer}"));
                author.record_each(&store, (0..COMMITS).map(draft)).await;
            })
        })
        .collect();
    finish(writers).await;
    assert_eq!(store.heads().await.len() as u64, WRITERS);
    for head in store.heads().await {
        assert_eq!(head.size, COMMITS);
        check_trail(&store, &head.trail, database.index_lags()).await;
    }
}

/// A call with commits of two trails races with others like it; each commit stands alone.
pub async fn racing_calls_of_two_commits_lose_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    let writers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(write_to_two(store.clone(), n)))
        .collect();
    finish(writers).await;
    for name in ["a", "b"] {
        assert_eq!(store.size(&trail(name)).await, 8 * 6);
        check_trail(&store, &trail(name), database.index_lags()).await;
    }
}

/// Of sixteen commits on one head, one is written.
pub async fn one_of_sixteen_commits_on_one_head_is_written(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    for round in 0..10 {
        let tries: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let commit = author.seal([draft(round * WRITERS + writer)]);
                let store = store.clone();
                tokio::spawn(async move {
                    let verdict = store.append_one(&commit).await;
                    (commit, verdict)
                })
            })
            .collect();
        let mut written = Vec::new();
        for (commit, verdict) in finish(tries).await {
            match verdict {
                Verdict::Committed => written.push(commit),
                Verdict::Behind(Some(head)) => assert_eq!(head.size, round + 1),
                other => panic!("{other:?}"),
            }
        }
        let [written] = <[_; 1]>::try_from(written).expect("one of the commits is written");
        assert_eq!(
            store.head(author.trail()).await.as_ref(),
            Some(&written.head)
        );
        author.took(&written);
    }
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// Pages pinned to the size at which the first was read give exactly the entries of that size,
/// each once, whatever is written meanwhile. (T29)
pub async fn pages_beside_sixteen_writers_give_what_stood_there(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author
        .record(
            &store,
            (1_000_000..1_000_100).map(|n| draft(n).user("early")),
        )
        .await;
    let writers = race(slice::from_ref(&store), "t");
    let early = UserFilter::AnyOf(vec!["early".to_owned()]);
    let early = Filter {
        user: Some(early),
        ..Filter::default()
    };
    let mut pinned = 100;
    loop {
        let done = writers.iter().all(JoinHandle::is_finished);
        let seqs = paged(&store, &author, &Filter::default(), pinned, 7).await;
        assert_eq!(seqs, (0..pinned).rev().collect::<Vec<_>>());
        let seqs = paged(&store, &author, &early, u64::MAX, 7).await;
        assert_eq!(seqs, (0..100).rev().collect::<Vec<_>>());
        let skipped = Find {
            filter: Filter::default(),
            below: pinned,
            from: None,
            skip: 10,
            limit: 20,
        };
        let seqs = store.found(author.trail(), &skipped).await;
        assert_eq!(seqs, (pinned - 30..pinned - 10).rev().collect::<Vec<_>>());
        let seqs = paged_upwards(&store, &author, &Filter::default(), pinned, 7).await;
        assert_eq!(seqs, (0..pinned).collect::<Vec<_>>());
        let seqs = paged_upwards(&store, &author, &early, u64::MAX, 7).await;
        assert_eq!(seqs, (0..100).collect::<Vec<_>>());
        if done {
            break;
        }
        pinned = store.size(author.trail()).await;
    }
    finish(writers).await;
    assert_eq!(
        store.size(author.trail()).await,
        100 + WRITERS * COMMITS * ENTRIES
    );
}

/// "Reads see every commit that was acknowledged before they began", and of no commit a part: the
/// entries below a head that was read are all there and give its root.
pub async fn readers_beside_sixteen_writers_see_whole_commits(database: &dyn Database) {
    let store = Handle::open(database).await;
    let writers = race(slice::from_ref(&store), "t");
    let name = trail("t");
    let (mut frontier, mut seen) = (Frontier::new(), 0);
    loop {
        let done = writers.iter().all(JoinHandle::is_finished);
        if let Some(head) = store.head(&name).await {
            assert!(
                head.size >= seen,
                "the trail of {seen} entries shrank to {}",
                head.size
            );
            assert!(
                head.size.is_multiple_of(ENTRIES),
                "a part of a commit is seen"
            );
            let entries = store.entries(&name, seen..head.size).await;
            assert_eq!(entries.len() as u64, head.size - seen);
            for entry in entries {
                frontier.push(entry.leaf_hash, &mut |_, _| {});
            }
            assert_eq!(frontier.root(), head.root);
            let newest = Find {
                filter: Filter::default(),
                below: head.size,
                from: None,
                skip: 0,
                limit: 1,
            };
            assert_eq!(store.found(&name, &newest).await, [head.size - 1]);
            let rollups = store.rollups(&name, i64::MIN..i64::MAX).await;
            assert!(rollups.iter().map(|row| row.count).sum::<u64>() >= head.size);
            seen = head.size;
        }
        if done {
            break;
        }
    }
    finish(writers).await;
    assert_eq!(seen, WRITERS * COMMITS * ENTRIES);
}

/// Sixteen writers, each on one of the handles in turn, race for the head of one trail.
pub(super) fn race(handles: &[Handle], name: &str) -> Vec<JoinHandle<()>> {
    (0..WRITERS)
        .zip(handles.iter().cycle())
        .map(|(writer, store)| {
            let (store, mut author) = (store.clone(), Author::new(name));
            tokio::spawn(async move {
                for commit in 0..COMMITS {
                    let first = (writer * COMMITS + commit) * ENTRIES;
                    win(&store, &mut author, first).await;
                }
            })
        })
        .collect()
}

/// Checks what [`race`] must leave behind.
pub(super) async fn check_race(store: &Handle, database: &dyn Database) {
    let name = trail("t");
    let entries = store.entries(&name, 0..u64::MAX).await;
    assert_eq!(entries.len() as u64, WRITERS * COMMITS * ENTRIES);
    let ids: HashSet<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), entries.len());
    check_trail(store, &name, database.index_lags()).await;
}

/// Waits for all tasks.
pub(super) async fn finish<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("the task ends well"));
    }
    results
}

/// Commits three drafts, again and again until the race for the head is won.
async fn win(store: &Handle, author: &mut Author, first: u64) {
    loop {
        let commit = author.seal((first..first + ENTRIES).map(|n| draft(n).user("late")));
        match store.append_one(&commit).await {
            Verdict::Committed => return author.took(&commit),
            Verdict::Behind(_) => author.catch_up(store).await,
            Verdict::Duplicate(twice) => panic!("{twice:?} was never written by another"),
        }
    }
}

async fn write_to_two(store: Handle, writer: u64) {
    let mut authors = [Author::new("a"), Author::new("b")];
    let mut done = [0, 0];
    while done != [6, 6] {
        let open: Vec<usize> = (0..2).filter(|&place| done[place] < 6).collect();
        let seal = |&place: &usize| authors[place].seal([draft(writer * 6 + done[place])]);
        let commits: Vec<_> = open.iter().map(seal).collect();
        let verdicts = store.append(&commits).await;
        for ((place, commit), verdict) in open.into_iter().zip(&commits).zip(verdicts) {
            match verdict {
                Verdict::Committed => {
                    authors[place].took(commit);
                    done[place] += 1;
                }
                Verdict::Behind(_) => authors[place].catch_up(&store).await,
                Verdict::Duplicate(twice) => panic!("{twice:?} was never written by another"),
            }
        }
    }
}
