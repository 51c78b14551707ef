//! Files of other programs, and a log that somebody takes away.

use std::path::{Path, PathBuf};

use indelible_core::Store;
use indelible_core::store::StoreError;
use indelible_sqlite::{Owner, SqliteError, SqliteStore, owner};

use crate::fixture::{Author, Folder, draft, trail};

fn log(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", file.display()))
}

fn is_displaced(error: &StoreError) -> bool {
    let (StoreError::Unavailable { source } | StoreError::Unknown { source }) = error else {
        return false;
    };
    matches!(source.downcast_ref(), Some(SqliteError::Displaced))
}

#[test]
fn another_programs_database_is_not_touched_even_where_all_of_it_is_in_its_log() {
    let folder = Folder::new();
    let db = folder.foreign();
    db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT)")
        .expect("it is made");
    let before = std::fs::read(log(&folder.file())).expect("there is a log");
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Other);
    for _ in 0..2 {
        let opened = SqliteStore::open(folder.file());
        assert!(matches!(opened, Err(StoreError::Unsupported(_))));
        assert!(SqliteStore::migrations(folder.file()).is_err());
    }
    db.execute_batch("INSERT INTO notes VALUES ('x')")
        .expect("it is in use");
    let after = std::fs::read(log(&folder.file())).expect("there is a log");
    assert!(after.starts_with(&before) && after.len() > before.len());
}

#[tokio::test]
async fn a_trail_is_told_although_all_of_it_is_in_its_log() {
    let folder = Folder::new();
    assert!(owner(&folder.file()).is_err(), "there is no file");
    std::fs::write(folder.file(), "").expect("it is made");
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Nobody);
    let store = folder.store();
    Author::new("default").fill(&store, 0..3).await;
    let copy = Folder::new();
    std::fs::copy(folder.file(), copy.file()).expect("it is copied");
    let file = std::fs::read(copy.file()).expect("it reads");
    assert_eq!(file[68..72], [0; 4], "the file itself says nothing yet");
    std::fs::copy(log(&folder.file()), log(&copy.file())).expect("it is copied");
    assert_eq!(owner(&copy.file()).expect("it reads"), Owner::Indelible);
    let head = copy.store().head(&trail("default")).await;
    assert_eq!(head.expect("it reads").expect("it is there").size, 3);
    store.close().await.expect("it closes");
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Indelible);
}

#[tokio::test]
async fn nothing_is_acknowledged_into_a_log_that_was_taken_away() {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    author.fill(&store, 0..3).await;
    // As another SQLite of this process does when it closes the file.
    let db = folder.foreign();
    db.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
        .expect("all is in the file");
    drop(db);
    std::fs::remove_file(log(&folder.file())).expect("it is there");
    let unknown = store.append(&[author.seal([draft(3)])]).await;
    let unknown = unknown.expect_err("nobody will find it");
    assert!(is_displaced(&unknown), "{unknown:?}");
    assert!(matches!(unknown, StoreError::Unknown { .. }));
    for _ in 0..2 {
        let refused = store.append(&[author.seal([draft(3)])]).await;
        assert!(is_displaced(
            &refused.expect_err("it is of no use any more")
        ));
        let read = store.head(author.trail()).await;
        assert!(is_displaced(&read.expect_err("it reads the lost log")));
    }
    store.close().await.expect("it closes");

    let store = folder.store();
    let head = store.head(author.trail()).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 3, "all that was told is");
    let mut author = Author::new("second");
    author.fill(&store, 0..2).await;
    let head = store.head(author.trail()).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 2);
}
