//! Files: which are made, which are refused, who may read them.

use indelible_core::Store;
use indelible_core::store::StoreError;
use indelible_sqlite::{Options, SqliteError, SqliteStore};

use crate::fixture::{Author, Folder, draft};

fn refusal(opened: Result<SqliteStore, StoreError>) -> String {
    match opened {
        Err(StoreError::Unsupported(text)) => text,
        other => panic!("it was to be refused: {other:?}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    // T82
    let folder = Folder::new();
    let store = folder.store();
    Author::new("default").fill(&store, 0..1).await;
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", folder.file().display());
        let mode = std::fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.file(), wide).expect("it is ours");
    let condition = store.condition().await.expect("it answers");
    assert!(
        condition.weak_settings[0].contains("mode 644"),
        "{:?}",
        condition.weak_settings
    );
}

#[cfg(unix)]
#[tokio::test]
async fn sys_37_what_is_free_on_its_disk_is_told() {
    let folder = Folder::new();
    let store = folder.store();
    let condition = store.condition().await.expect("it answers");
    let file = folder.file();
    let disk = rustix::fs::statvfs(file.parent().expect("a folder")).expect("it is there");
    let free = condition.bytes_free.expect("it is told");
    assert!(free > 0 && free <= disk.f_blocks * disk.f_frsize, "{free}");
}

#[test]
fn a_missing_file_is_made_only_when_asked() {
    let folder = Folder::new();
    for options in [
        Options {
            create: false,
            ..Options::default()
        },
        Options {
            read_only: true,
            ..Options::default()
        },
    ] {
        let error = SqliteStore::open_with(folder.file(), &options).expect_err("it is missing");
        let StoreError::Unavailable { source } = &error else {
            panic!("{error:?}")
        };
        assert!(
            matches!(source.downcast_ref(), Some(SqliteError::Absent(_))),
            "{error:?}"
        );
        assert!(!folder.file().exists());
    }
    assert!(SqliteStore::migrations(folder.file()).is_err());
    assert!(!folder.file().exists());
    let missing = folder.file().join("below").join("trail.db");
    assert!(SqliteStore::open(missing).is_err(), "folders are not made");
}

#[tokio::test]
async fn a_store_for_reading_reads_and_refuses_to_write() {
    let folder = Folder::new();
    let writing = folder.store();
    let mut author = Author::new("default");
    author.fill(&writing, 0..3).await;
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let reading = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    let head = reading
        .head(author.trail())
        .await
        .expect("it reads")
        .expect("it is there");
    assert_eq!(head.size, 3);
    let refused = reading.append(&[author.seal([draft(3)])]).await;
    assert!(
        matches!(refused, Err(StoreError::Unsupported(_))),
        "{refused:?}"
    );
    author.fill(&writing, 3..5).await;
    let head = reading
        .head(author.trail())
        .await
        .expect("it reads")
        .expect("it is there");
    assert_eq!(head.size, 5, "reads see what was acknowledged");
    let condition = reading.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    reading.close().await.expect("it closes");
}

#[tokio::test]
async fn a_migration_that_was_altered_is_refused() {
    let folder = Folder::new();
    folder.store().close().await.expect("it closes");
    let db = folder.foreign();
    db.execute(
        "UPDATE op_migration SET sha256 = zeroblob(32) WHERE version = 2",
        [],
    )
    .expect("whoever owns the file can do that");
    let text = refusal(SqliteStore::open(folder.file()));
    assert!(
        text.contains("migration 2 (index)") && text.contains("altered"),
        "{text}"
    );
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let folder = Folder::new();
    folder.store().close().await.expect("it closes");
    let db = folder.foreign();
    db.execute(
        "INSERT INTO op_migration VALUES (99, 'segments', zeroblob(32))",
        [],
    )
    .expect("whoever owns the file can do that");
    let text = refusal(SqliteStore::open(folder.file()));
    assert!(
        text.contains("99 (segments)") && text.contains("newer"),
        "{text}"
    );
}

#[tokio::test]
async fn an_older_database_is_told_apart_and_brought_up_to_date() {
    let folder = Folder::new();
    folder.store().close().await.expect("it closes");
    let applied = |file| -> Vec<bool> {
        let migrations = SqliteStore::migrations(file).expect("it reads");
        migrations
            .into_iter()
            .map(|migration| migration.applied)
            .collect()
    };
    assert_eq!(applied(folder.file()), [true; 7]);
    folder
        .foreign()
        .execute_batch("DROP TABLE op_registry; DELETE FROM op_migration WHERE version = 3")
        .expect("as it was before that migration");
    assert_eq!(
        applied(folder.file()),
        [true, true, false, true, true, true, true]
    );
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let text = refusal(SqliteStore::open_with(folder.file(), &options));
    assert!(text.contains("lacks migration 3 (registry)"), "{text}");
    let store = folder.store();
    assert_eq!(applied(folder.file()), [true; 7]);
    assert_eq!(
        store.condition().await.expect("it answers").missing_guards,
        [""; 0]
    );
}

#[test]
fn other_files_are_left_alone() {
    let folder = Folder::new();
    folder
        .foreign()
        .execute_batch("CREATE TABLE notes (text TEXT)")
        .expect("it is made");
    let before = std::fs::read(folder.file()).expect("it reads");
    let text = refusal(SqliteStore::open(folder.file()));
    assert!(text.contains("another application"), "{text}");
    assert_eq!(std::fs::read(folder.file()).expect("it reads"), before);

    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        "no database, but longer than the header of one. ".repeat(50),
    )
    .expect("it writes");
    let error = SqliteStore::open(folder.file()).expect_err("it is no database");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn many_may_open_a_new_file_at_once() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| folder.store());
        }
    });
    let versions: Vec<u32> = SqliteStore::migrations(folder.file())
        .expect("it reads")
        .into_iter()
        .map(|migration| migration.version)
        .collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_path_is_no_uri() {
    let folder = Folder::new();
    let odd = folder.file().with_file_name("file:a?mode=memory&x=%41.db");
    let store = SqliteStore::open(&odd).expect("it opens");
    Author::new("default").fill(&store, 0..1).await;
    store.close().await.expect("it closes");
    assert!(odd.exists());
    assert_eq!(store.path(), odd);
}

#[tokio::test]
async fn a_name_that_is_the_one_of_an_index_is_refused() {
    let folder = Folder::new();
    let file = folder.file().with_file_name("audit-index");
    let text = refusal(SqliteStore::open(&file));
    assert!(text.contains("give the database another name"), "{text}");
    assert!(!file.exists());
    #[cfg(unix)]
    {
        // By whatever name it is reached.
        std::fs::write(&file, "").expect("it is made");
        let link = folder.file().with_file_name("audit.db");
        std::os::unix::fs::symlink(&file, &link).expect("it is made");
        refusal(SqliteStore::open(&link));
    }
}
