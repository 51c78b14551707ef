//! Rows that are damaged or belong to nothing are told of as such.

use indelible_core::store::{ProjectionKind, StoreError};
use indelible_core::{Store, TrailName};
use rusqlite::Connection;

use crate::fixture::{Author, Folder, trail};

/// A database with 300 entries of each of two trails, and a connection that no guard holds back.
async fn unguarded() -> (Folder, indelible_sqlite::SqliteStore, Connection) {
    let folder = Folder::new();
    let store = folder.store();
    for name in ["default", "other"] {
        Author::new(name).fill(&store, 0..300).await;
    }
    let db = folder.foreign();
    db.pragma_update(None, "ignore_check_constraints", true)
        .expect("it is set");
    let triggers: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
        .expect("guards");
    for name in triggers {
        db.execute_batch(&format!("DROP TRIGGER {name}"))
            .expect("whoever owns the file can do that");
    }
    (folder, store, db)
}

/// Alters, reads, and puts back.
async fn read_altered<T>(
    db: &Connection,
    statement: &str,
    read: impl AsyncFnOnce(TrailName) -> Result<T, StoreError>,
) -> (String, Option<u64>) {
    let keep = "CREATE TEMP TABLE kept AS SELECT * FROM";
    let table = statement.split_whitespace().nth(1).expect("UPDATE <table>");
    db.execute_batch(&format!("{keep} {table}")).expect("kept");
    let changed = db.execute(statement, []).expect(statement);
    assert!(changed > 0, "{statement}");
    let answer = read(trail("default")).await;
    let columns = db
        .prepare(&format!(
            "SELECT group_concat(name) FROM pragma_table_info('{table}')"
        ))
        .and_then(|mut s| s.query_row([], |row| row.get::<_, String>(0)))
        .expect("columns");
    db.execute_batch(&format!(
        "DELETE FROM {table}; INSERT INTO {table} ({columns}) SELECT {columns} FROM kept;
         DROP TABLE kept"
    ))
    .expect("it is put back");
    match answer {
        Err(StoreError::Corrupt { what, seq, .. }) => (what, seq),
        Err(other) => panic!("{statement}: {other:?}"),
        Ok(_) => panic!("{statement}: it was read"),
    }
}

#[tokio::test]
async fn a_cell_that_is_something_else_is_damage_and_names_its_row() {
    let (_folder, store, db) = unguarded().await;
    for statement in [
        "UPDATE head SET name = CAST(x'ff' AS TEXT) WHERE trail = 1",
        "UPDATE head SET root = x'00'",
        "UPDATE head SET key = CAST(x'ff' AS TEXT)",
        "UPDATE head SET incarnation = -1",
        "UPDATE head SET incarnation_start = -1",
        "UPDATE head SET mac = x'00'",
        "UPDATE head SET size = -1",
    ] {
        let (what, seq) = read_altered(&db, statement, async |_| store.heads().await).await;
        assert_eq!((&*what, seq), ("a head", None), "{statement}");
    }
    let kinds = [
        (
            "UPDATE event_id SET id = x'00' WHERE seq = 7",
            ProjectionKind::Id,
            "an id",
            Some(7),
        ),
        (
            "UPDATE event_id SET seq = -1 WHERE seq = 7",
            ProjectionKind::Id,
            "an id",
            None,
        ),
        (
            "UPDATE node SET height = 300",
            ProjectionKind::Node,
            "a node",
            None,
        ),
        (
            "UPDATE node SET idx = -5",
            ProjectionKind::Node,
            "a node",
            None,
        ),
        (
            "UPDATE node SET hash = x'00'",
            ProjectionKind::Node,
            "a hash",
            Some(0),
        ),
        (
            "UPDATE span SET height = -8",
            ProjectionKind::Span,
            "the times of a block",
            None,
        ),
        (
            "UPDATE span SET latest = 9223372036854775807",
            ProjectionKind::Span,
            "the times of a block",
            Some(0),
        ),
        (
            "UPDATE rollup SET action = CAST(x'ff' AS TEXT)",
            ProjectionKind::Rollup,
            "a rollup",
            None,
        ),
        (
            "UPDATE rollup SET outcome = CAST(x'ff' AS TEXT)",
            ProjectionKind::Rollup,
            "a rollup",
            None,
        ),
        (
            "UPDATE rollup SET count = -1",
            ProjectionKind::Rollup,
            "a rollup",
            None,
        ),
    ];
    for (statement, kind, what, seq) in kinds {
        let read = async |trail| store.projection(&trail, kind, None, 10_000).await;
        let found = read_altered(&db, statement, read).await;
        assert_eq!(found, (what.to_owned(), seq), "{statement}");
    }
}

#[tokio::test]
async fn no_key_is_too_small_to_be_read() {
    let (_folder, store, db) = unguarded().await;
    let smallest = i64::MIN;
    for (statement, kind) in [
        (
            "INSERT INTO event_id VALUES (1, x'', 1)".to_owned(),
            ProjectionKind::Id,
        ),
        (
            format!("INSERT INTO node VALUES (1, {smallest}, {smallest}, zeroblob(32))"),
            ProjectionKind::Node,
        ),
        (
            format!("INSERT INTO span VALUES (1, {smallest}, {smallest}, 0, 0)"),
            ProjectionKind::Span,
        ),
        (
            format!("INSERT INTO rollup VALUES (1, {smallest}, '', '', 1)"),
            ProjectionKind::Rollup,
        ),
    ] {
        db.execute(&statement, [])
            .expect("whoever owns the file can do that");
        let page = store.projection(&trail("default"), kind, None, 1).await;
        assert!(
            matches!(page, Err(StoreError::Corrupt { .. })),
            "{statement}: {page:?}"
        );
    }
}

#[tokio::test]
async fn a_time_beyond_all_times_is_damage_and_not_the_nearest_one() {
    let (_folder, store, db) = unguarded().await;
    for column in ["occurred_at", "created_at"] {
        for time in [i64::MIN, -62_167_219_200_000_001, 253_402_300_800_000_000] {
            let statement = format!("UPDATE entry SET {column} = {time} WHERE seq = 7");
            let read = async |trail| store.entries(&trail, 0..300).await;
            let found = read_altered(&db, &statement, read).await;
            assert_eq!(found, (column.to_owned(), Some(7)));
        }
    }
}

#[tokio::test]
async fn rows_that_belong_to_nothing_are_named() {
    let (_folder, store, db) = unguarded().await;
    let strays = async || store.condition().await.expect("it answers").stray_rows;
    assert_eq!(strays().await, [""; 0]);
    // Before the last entry a part may only be there with its entry: verification misses that.
    db.execute_batch(
        "INSERT INTO part (place) SELECT trail << 40 | 300 FROM head WHERE name = 'default';
         INSERT INTO part (place) VALUES (7 << 40 | 5);
         INSERT INTO entry SELECT (9 << 40) + 3, id, action, outcome, resource_type, tags,
             occurred_at, created_at, erases, actor_hash, target_hash, details_hash, leaf_hash
             FROM entry LIMIT 1;
         INSERT INTO event_id VALUES (0, zeroblob(16), 1);
         INSERT INTO node VALUES (-4, 8, 0, zeroblob(32));
         INSERT INTO span VALUES (4, 8, 0, 0, 0);
         INSERT INTO rollup VALUES (9223372036854775807, 0, 'a', 'failed', 1);
         INSERT INTO op_alteration VALUES (-9223372036854775808, 1, 0, 0, zeroblob(16))",
    )
    .expect("whoever owns the file can do that");
    let found = strays().await;
    let named = |table: &str, number: i64| {
        format!("{table} has rows of a trail with the number {number}, which has no head")
    };
    assert_eq!(
        found,
        [
            named("entry", 9),
            named("part", 7),
            named("event_id", 0),
            named("node", -4),
            named("span", 4),
            named("rollup", i64::MAX),
            named("op_alteration", i64::MIN),
            "part has a row for entry 300 of default, which is not there".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_rows_of_a_deleted_head_are_named() {
    let (_folder, store, db) = unguarded().await;
    db.execute("DELETE FROM head WHERE name = 'default'", [])
        .expect("whoever owns the file can do that");
    let strays = store.condition().await.expect("it answers").stray_rows;
    let tables: Vec<_> = strays.iter().filter_map(|s| s.split(' ').next()).collect();
    assert_eq!(
        tables,
        ["entry", "part", "event_id", "node", "span", "rollup"]
    );
    assert!(
        strays.iter().all(|stray| stray.contains("number 1,")),
        "{strays:?}"
    );
}
