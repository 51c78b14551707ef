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
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Begun);
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

#[test]
fn an_answer_is_asked_for_anew_each_time() {
    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        "no database, but longer than its header".repeat(9),
    )
    .expect("it is made");
    for _ in 0..2 {
        let error = owner(&folder.file()).expect_err("it is none");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    }
    // The same file, with another content.
    let other = Folder::new();
    let db = other.foreign();
    db.execute_batch("CREATE TABLE notes (text TEXT)")
        .expect("it is made");
    for (content, wanted) in [
        (std::fs::read(other.file()).expect("it reads"), Owner::Other),
        (Vec::new(), Owner::Nobody),
    ] {
        std::fs::write(folder.file(), content).expect("it is written");
        assert_eq!(owner(&folder.file()).expect("it reads"), wanted);
    }
    drop(folder.store());
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Indelible);
}

#[test]
fn what_somebody_has_begun_is_not_taken_over() {
    for journal in ["WAL", "DELETE"] {
        let folder = Folder::new();
        let db = folder.foreign();
        db.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))
            .expect("it is set");
        db.execute_batch("BEGIN; CREATE TABLE notes (text TEXT)")
            .expect("it is begun");
        let opened = SqliteStore::open(folder.file());
        assert!(
            matches!(opened, Err(StoreError::Unsupported(_))),
            "{opened:?}"
        );
        db.execute_batch("COMMIT").expect("nobody is in the way");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_leads_to_the_same_files() {
    let folder = Folder::new();
    let link = folder.file().with_file_name("link.db");
    std::os::unix::fs::symlink(folder.file(), &link).expect("it is made");
    std::fs::write(folder.file(), "").expect("it is made");
    let store = SqliteStore::open(&link).expect("it opens");
    Author::new("default").fill(&store, 0..3).await;
    assert_eq!(store.path(), folder.file().canonicalize().expect("a path"));
    store.close().await.expect("it closes");

    let other = Folder::new();
    let db = other.foreign();
    db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT)")
        .expect("it is made");
    let link = folder.file().with_file_name("other.db");
    std::os::unix::fs::symlink(other.file(), &link).expect("it is made");
    assert_eq!(owner(&link).expect("it reads"), Owner::Begun);
    assert!(log(&other.file()).exists());

    let doubled = format!("/{}", folder.file().display());
    let store = SqliteStore::open(doubled).expect("it opens");
    let head = store.head(&trail("default")).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 3);
}

#[tokio::test]
async fn a_new_file_says_whose_it_is_before_anything_else() {
    let folder = Folder::new();
    let store = folder.store();
    Author::new("default").fill(&store, 0..3).await;
    let file = std::fs::read(folder.file()).expect("it reads");
    assert_eq!(&file[68..72], b"INDL", "all else is in the log");
    assert_eq!(owner(&folder.file()).expect("it reads"), Owner::Indelible);
    // Begun and not gone on with.
    let begun = Folder::new();
    begun
        .foreign()
        .pragma_update(None, "application_id", 0x494e_444c)
        .expect("it is set");
    Author::new("default").fill(&begun.store(), 0..1).await;
}

/// What is written when one of the files is not the one that was opened.
async fn acknowledges_nothing_that_is_lost(take_away: impl Fn(&Path)) {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    author.fill(&store, 0..3).await;
    // As another SQLite of this process does when it closes the file.
    let db = folder.foreign();
    db.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
        .expect("all is in the file");
    drop(db);
    take_away(&folder.file());
    let unknown = store.append(&[author.seal([draft(3)])]).await;
    let unknown = unknown.expect_err("nobody will find it");
    assert!(is_displaced(&unknown), "{unknown:?}");
    assert!(matches!(unknown, StoreError::Unknown { .. }));
    if !folder.file().exists() {
        for _ in 0..2 {
            let refused = store.append(&[author.seal([draft(3)])]).await;
            assert!(
                matches!(refused, Err(StoreError::Unavailable { .. })),
                "{refused:?}"
            );
            let read = store.head(author.trail()).await;
            assert!(
                matches!(read, Err(StoreError::Unavailable { .. })),
                "{read:?}"
            );
        }
        return;
    }
    // The next one opens what is there now.
    let head = store.head(author.trail()).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 3, "all that was told is");
    let mut author = Author::new("second");
    author.fill(&store, 0..2).await;
    store.close().await.expect("it closes");
    let head = folder.store().head(author.trail()).await;
    assert_eq!(head.expect("it reads").expect("it is there").size, 2);
}

#[tokio::test]
async fn nothing_is_acknowledged_into_files_that_were_taken_away() {
    let remove = |path: &Path| std::fs::remove_file(path).expect("it is there");
    acknowledges_nothing_that_is_lost(|file| remove(&log(file))).await;
    acknowledges_nothing_that_is_lost(remove).await;
    acknowledges_nothing_that_is_lost(|file| {
        let copy = file.with_file_name("copy.db");
        std::fs::copy(file, &copy).expect("it is copied");
        for end in ["-wal", "-shm"] {
            remove(&PathBuf::from(format!("{}{end}", file.display())));
        }
        std::fs::rename(copy, file).expect("it takes its place");
    })
    .await;
}

#[tokio::test]
async fn a_reader_lets_go_of_files_that_were_taken_away() {
    let folder = Folder::new();
    let store = folder.store();
    let author = &mut Author::new("default");
    author.fill(&store, 0..3).await;
    let db = folder.foreign();
    db.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
        .expect("all is in the file");
    drop(db);
    std::fs::remove_file(log(&folder.file())).expect("it is there");
    // Whoever writes may have let go by then, or not yet.
    if let Err(refused) = store.head(author.trail()).await {
        assert!(is_displaced(&refused), "{refused:?}");
    }
    // Settings are asked of whoever writes, after it has let go.
    store.condition().await.ok();
    let head = store.head(author.trail()).await.expect("it reads");
    assert_eq!(head.expect("it is there").size, 3);
}
