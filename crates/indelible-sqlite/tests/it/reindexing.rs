//! The index made again, and what the store says of it.

use std::sync::Arc;

use indelible_core::Store;
use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::IndexCondition;
use indelible_sqlite::SqliteStore;

use crate::fixture::{Author, Folder, all, trail};

async fn index(store: &SqliteStore) -> IndexCondition {
    store.index().await.expect("it answers").expect("an index")
}

/// The seqs of one user.
async fn of_user(store: &SqliteStore) -> Vec<u64> {
    let filter = Filter {
        user: Some(UserFilter::AnyOf(vec!["u3".to_owned()])),
        ..Filter::default()
    };
    let found = store.find(&trail("default"), &all(filter)).await;
    let found = found.expect("it finds").into_iter();
    found.map(|entry| entry.seq).collect()
}

#[tokio::test]
async fn an_index_is_made_again_step_by_step_and_answers_the_same() {
    let folder = Folder::new();
    let store = folder.store_of_runs();
    let mut author = Author::new("default");
    author.fill(&store, 0..600).await;
    store.indexed(&mut |_, _| ()).await.expect("it covers");
    let before = of_user(&store).await;
    assert_eq!(before.len(), 60);
    let (_, last_before) = ids(&folder);

    let mut steps = Vec::new();
    let made = store.reindex(&mut |done, of| steps.push((done, of))).await;
    assert!(made.expect("it is made"));
    assert!(ids(&folder).0 > last_before, "every block is another one");
    assert!(steps.iter().all(|(_, of)| *of == 600), "{steps:?}");
    let done: Vec<_> = steps.iter().map(|(done, _)| *done).collect();
    assert!(done.is_sorted() && done.len() >= 12, "{done:?}");
    assert_eq!(done.last(), Some(&600));
    let now = index(&store).await;
    assert_eq!((now.lag, now.problem.as_deref()), (0, None));
    assert!(now.runs > 0 && now.runs < 12, "merged: {}", now.runs);
    assert_eq!(of_user(&store).await, before);
    store.close().await.expect("it closes");
}

/// The ids of the first and the last block.
fn ids(folder: &Folder) -> (i64, i64) {
    let db = rusqlite::Connection::open(folder.index()).expect("it opens");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let ids = db.query_row("SELECT min(id), max(id) FROM block", [], read);
    ids.expect("it reads")
}

#[tokio::test]
async fn it_is_made_again_beside_writers_and_readers() {
    let folder = Folder::new();
    let store = Arc::new(folder.store_of_runs());
    let mut author = Author::new("default");
    author.fill(&store, 0..1000).await;
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for begin in (1000..3000).step_by(100) {
                author.fill(&store, begin..begin + 100).await;
            }
        }
    });
    for _ in 0..5 {
        let made = store.reindex(&mut |_, _| ()).await;
        assert!(made.expect("it is made"));
        let found = of_user(&store).await;
        let expected = (0..found.len() as u64).map(|place| place * 10 + 3).rev();
        assert!(found.len() >= 100 && found.iter().copied().eq(expected));
    }
    writing.await.expect("it writes");
    store.indexed(&mut |_, _| ()).await.expect("it covers");
    assert_eq!(of_user(&store).await.len(), 300);
    assert_eq!(index(&store).await.lag, 0);
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn a_store_that_only_reads_tells_of_the_file_and_makes_nothing() {
    let folder = Folder::new();
    let writer = folder.store_of_runs();
    Author::new("default").fill(&writer, 0..600).await;
    writer.indexed(&mut |_, _| ()).await.expect("it covers");
    writer.close().await.expect("it closes");

    let store = folder.reading();
    let whole = index(&store).await;
    assert_eq!((whole.lag, whole.problem), (0, None));
    let length = std::fs::metadata(folder.index()).expect("there").len();
    assert!(whole.bytes >= length && length > 0);
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.index.map(|index| index.lag), Some(0));
    store.reindex(&mut |_, _| ()).await.expect_err("it reads");
    store.indexed(&mut |_, _| ()).await.expect_err("it reads");
    store.close().await.expect("it closes");

    let db = rusqlite::Connection::open(folder.index()).expect("it opens");
    db.execute("UPDATE trail SET body = zeroblob(length(body))", [])
        .expect("it is damaged");
    drop(db);
    let store = folder.reading();
    let damaged = index(&store).await;
    assert_eq!(damaged.lag, 600);
    let problem = damaged.problem.expect("a problem");
    assert!(problem.starts_with("damaged: "), "{problem}");
    assert_eq!(of_user(&store).await.len(), 60);
    store.close().await.expect("it closes");

    std::fs::remove_file(folder.index()).expect("it goes");
    let store = folder.reading();
    let missing = index(&store).await;
    assert_eq!((missing.lag, missing.runs, missing.bytes), (600, 0, 0));
    assert_eq!(missing.problem, None);
    assert_eq!(of_user(&store).await.len(), 60);
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn another_store_on_the_file_goes_on() {
    let folder = Folder::new();
    let (one, other) = (folder.store_of_runs(), folder.store_of_runs());
    let mut author = Author::new("default");
    author.fill(&one, 0..600).await;
    one.indexed(&mut |_, _| ()).await.expect("it covers");
    other.indexed(&mut |_, _| ()).await.expect("it covers");
    for round in 0..10 {
        assert!(other.reindex(&mut |_, _| ()).await.expect("it is made"));
        let begin = 600 + round * 100;
        author.fill(&one, begin..begin + 100).await;
        one.indexed(&mut |_, _| ()).await.expect("it covers");
        for store in [&one, &other] {
            let now = index(store).await;
            assert_eq!((now.lag, now.problem), (0, None), "round {round}");
            assert_eq!(of_user(store).await.len() as u64, begin / 10 + 10);
        }
    }
    one.close().await.expect("it closes");
    other.close().await.expect("it closes");
}

#[tokio::test]
async fn a_log_whose_front_is_there_again_has_its_index_made_anew_and_that_ends() {
    let folder = Folder::new();
    let store = folder.store_of_runs();
    Author::new("default").fill(&store, 0..600).await;
    store.indexed(&mut |_, _| ()).await.expect("it covers");
    store.close().await.expect("it closes");
    let whole = std::fs::read(folder.file()).expect("it is there");
    let store = folder.store_of_runs();
    let removal = store.removal().expect("it writes");
    while removal.trim(&trail("default"), 256).await.expect("trimmed") < 256 {}
    removal.purge(&trail("default"), &[]).await.expect("purged");
    store.close().await.expect("it closes");
    // A copy of before, as long as the log is: what the index covers ends with the same entry.
    std::fs::write(folder.file(), whole).expect("it is put back");
    let store = folder.store_of_runs();
    assert_eq!(of_user(&store).await.len(), 60);
    store.indexed(&mut |_, _| ()).await.expect("it ends");
    assert_eq!(index(&store).await.lag, 0);
    assert_eq!(of_user(&store).await.len(), 60);
}

#[tokio::test]
async fn what_is_written_for_each_entry_is_counted_and_outlives_the_process() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(index(&store).await.written_per_entry, None, "of no entry");
    let mut author = Author::new("default");
    author.fill(&store, 0..3000).await;
    store.indexed(&mut |_, _| ()).await.expect("it covers");
    store.close().await.expect("it closes");

    // Everything went through the log, and the files hold what stays.
    let bytes = |path| std::fs::metadata(path).map_or(0, |file| file.len());
    let stored = (bytes(folder.file()) + bytes(folder.index())) as f64 / 3000.0;
    let store = folder.store();
    let counted = index(&store).await.written_per_entry.expect("it counts");
    assert!(counted > stored, "{counted} of {stored}");
    assert!(counted < 20.0 * stored, "{counted} of {stored}");

    // Making the index again writes it once more, and no entry.
    assert!(store.reindex(&mut |_, _| ()).await.expect("it is made"));
    let again = index(&store).await.written_per_entry.expect("it counts");
    assert!(again < 1.5 * counted, "{again} after {counted}");
    store.close().await.expect("it closes");
}
