//! Several stores have one index between them: a search never misses what was recorded before.

use std::sync::Arc;

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::{Find, Verdict};
use indelible_core::{Store, TrailName};
use indelible_sqlite::{Options, SqliteStore};
use serde_json::json;

use crate::fixture::{Author, Draft, Folder, draft, trail};

const ROUNDS: u64 = 60;

fn options(index_entries: u32) -> Options {
    Options {
        index_entries,
        ..Options::default()
    }
}

fn opened(folder: &Folder, index_entries: u32) -> SqliteStore {
    SqliteStore::open_with(folder.file(), &options(index_entries)).expect("it opens")
}

fn of_user(number: u64, user: &str) -> Draft {
    let mut made = draft(number);
    made.actor = json!({"user_id": user});
    made
}

fn by(user: &str, from: Option<u64>) -> Find {
    Find {
        filter: Filter {
            user: Some(UserFilter::AnyOf(vec![user.to_owned()])),
            ..Filter::default()
        },
        below: u64::MAX,
        from,
        skip: 0,
        limit: 1_000,
    }
}

async fn found(store: &SqliteStore, name: &TrailName, user: &str) -> Vec<u64> {
    let mut both = Vec::new();
    for from in [None, Some(0)] {
        let found = store.find(name, &by(user, from)).await.expect("it finds");
        both.push(found.iter().map(|entry| entry.seq).collect::<Vec<_>>());
    }
    assert_eq!(both[0], both[1], "either way");
    both.swap_remove(0)
}

/// Records into a trail of its own and looks for each at once, here and elsewhere.
async fn records_and_finds(
    (own, others): (Arc<SqliteStore>, Vec<Arc<SqliteStore>>),
    name: String,
    numbers: std::ops::Range<u64>,
) {
    let mut author = Author::resume(&own, &name).await;
    for number in numbers {
        let user = format!("u{}", number % 7);
        let before = found(&own, author.trail(), &user).await;
        let size = author.base.head.size;
        let drafts = (0..5).map(|n| of_user(number * 5 + n, &user));
        let verdict = author.record(&own, drafts).await.expect("it is written");
        assert_eq!(verdict, Verdict::Committed);
        let expected: Vec<u64> = (size..size + 5).rev().chain(before).collect();
        assert_eq!(
            found(&own, author.trail(), &user).await,
            expected,
            "{number}"
        );
        for other in &others {
            assert_eq!(
                found(other, author.trail(), &user).await,
                expected,
                "{number}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_what_was_recorded_whoever_indexes_it() {
    let folder = Folder::new();
    let [one, other] = [7, 11].map(|entries| Arc::new(opened(&folder, entries)));
    let reading = Options {
        read_only: true,
        ..Options::default()
    };
    let reading = SqliteStore::open_with(folder.file(), &reading).expect("it opens");
    let reading = Arc::new(reading);
    let all = [
        ("default", &one, &other),
        ("second", &other, &one),
        ("third", &one, &other),
    ];
    let tasks = all.map(|(name, own, other)| {
        let stores = (
            Arc::clone(own),
            vec![Arc::clone(other), Arc::clone(&reading)],
        );
        tokio::spawn(records_and_finds(stores, name.to_owned(), 0..ROUNDS))
    });
    for task in tasks {
        task.await.expect("it ends");
    }
    for store in [one, other, reading] {
        store.close().await.expect("it closes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_come_and_go_beside_one_that_stays() {
    let folder = Folder::new();
    let stays = Arc::new(opened(&folder, 7));
    let beside = {
        let stores = (Arc::clone(&stays), Vec::new());
        tokio::spawn(records_and_finds(
            stores,
            "default".to_owned(),
            0..ROUNDS * 2,
        ))
    };
    for round in 0..20 {
        let comes = Arc::new(opened(&folder, 9));
        let stores = (Arc::clone(&comes), vec![Arc::clone(&stays)]);
        records_and_finds(stores, "second".to_owned(), round * 4..round * 4 + 4).await;
        // Some say goodbye, others do not.
        if round % 3 != 0 {
            comes.close().await.expect("it closes");
        }
    }
    beside.await.expect("it ends");
    // However many came and went.
    let mut author = Author::resume(&stays, "default").await;
    author
        .record(&stays, [of_user(9_999, "last")])
        .await
        .expect("it is written");
    let last = found(&stays, &trail("default"), "last").await;
    assert_eq!(last, [author.base.head.size - 1]);
    stays.close().await.expect("it closes");
}
