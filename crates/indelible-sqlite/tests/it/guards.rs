//! T53, T76: what is evidence is not changed, and whoever tries is told.

use indelible_core::store::Verdict;
use indelible_core::{Store, StoreError};
use indelible_sqlite::{Options, SqliteStore};
use rusqlite::{Connection, ErrorCode};

use crate::fixture::{Author, Folder, draft};

/// A database with 300 entries, so that it has nodes and spans, closed.
async fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.store();
    Author::new("default").fill(&store, 0..300).await;
    store.close().await.expect("it closes");
    folder
}

fn contents(db: &Connection) -> Vec<String> {
    let tables = [
        "head", "entry", "part", "event_id", "node", "span", "rollup",
    ];
    let mut all = Vec::new();
    for table in tables {
        let mut statement = db
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("a table");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let cells: Vec<_> = (0..columns)
                .map(|column| format!("{:?}", row.get_ref(column).expect("a cell")))
                .collect();
            all.push(format!("{table} {}", cells.join(" ")));
        }
    }
    all
}

#[tokio::test]
async fn sys_19_update_delete_and_replace_fail_loudly_and_change_nothing() {
    let folder = filled().await;
    let db = folder.foreign();
    let before = contents(&db);
    for statement in [
        "UPDATE entry SET action = 'x' WHERE seq = 7",
        "UPDATE OR REPLACE entry SET place = place + 1 WHERE seq = 7",
        "UPDATE entry SET leaf_hash = zeroblob(32)",
        "DELETE FROM entry WHERE seq = 7",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry SELECT place, id, 'x', outcome, resource_type, tags, \
         occurred_at, created_at, erases, actor_hash, target_hash, details_hash, leaf_hash \
         FROM entry WHERE seq = 7",
        "REPLACE INTO part (place) SELECT place FROM part WHERE seq = 7",
        "INSERT INTO part (place) SELECT place FROM part WHERE seq = 7 \
         ON CONFLICT DO UPDATE SET actor = x'00'",
        "UPDATE part SET actor = x'7b7d' WHERE seq = 7",
        "UPDATE part SET details_salt = zeroblob(16) WHERE seq = 7",
        "UPDATE part SET place = place + 100000",
        "DELETE FROM part",
        "UPDATE event_id SET seq = 8 WHERE seq = 7",
        "DELETE FROM event_id WHERE seq = 7",
        "REPLACE INTO event_id SELECT trail, id, 9 FROM event_id WHERE seq = 7",
        "UPDATE node SET hash = zeroblob(32)",
        "DELETE FROM node",
        "REPLACE INTO node SELECT trail, height, idx, zeroblob(32) FROM node",
        "UPDATE span SET latest = latest + 1",
        "DELETE FROM span",
        "REPLACE INTO span SELECT trail, height, idx, 0, 1 FROM span",
        "UPDATE rollup SET count = count - 1",
        "UPDATE rollup SET action = 'x'",
        "DELETE FROM rollup",
        "REPLACE INTO rollup SELECT trail, hour, action, outcome, 1 FROM rollup",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET incarnation = incarnation - 1",
        "UPDATE head SET name = 'other'",
        "DELETE FROM head",
        "REPLACE INTO head SELECT trail, name, 0, root, frontier, key, 1, 0, mac FROM head",
        "REPLACE INTO head SELECT trail + 1, name, 0, root, frontier, key, 1, 0, mac FROM head",
    ] {
        let refused = db.execute(statement, []).expect_err(statement);
        assert_eq!(
            refused.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation),
            "{statement}: {refused}"
        );
        assert!(
            refused.to_string().contains("indelible: "),
            "{statement}: {refused}"
        );
    }
    assert!(before == contents(&db), "something was changed");
}

#[tokio::test]
async fn erasure_is_let_through_and_nothing_returns() {
    let folder = filled().await;
    let db = folder.foreign();
    let erase = "UPDATE part SET actor = NULL, actor_salt = NULL WHERE seq = 7";
    assert_eq!(db.execute(erase, []).expect("erasure is allowed"), 1);
    let back = "UPDATE part SET actor = x'7b7d', actor_salt = zeroblob(16) WHERE seq = 7";
    let refused = db
        .execute(back, [])
        .expect_err("what is erased stays erased");
    assert!(refused.to_string().contains("indelible: "), "{refused}");
    // A body without its salt cannot be proved, a salt without its body lets it be guessed.
    assert!(
        db.execute("UPDATE part SET target = NULL WHERE seq = 8", [])
            .is_err()
    );
    assert!(
        db.execute("UPDATE part SET target_salt = NULL WHERE seq = 8", [])
            .is_err()
    );
    let store = folder.store();
    let entry = store
        .entries(&"default".parse().expect("a name"), 7..8)
        .await
        .expect("it reads");
    assert_eq!(entry[0].erased(), [indelible_core::part::PartKind::Actor]);
}

#[tokio::test]
async fn an_erasure_that_mixes_with_something_else_is_none() {
    let folder = filled().await;
    let db = folder.foreign();
    for also in [
        "details = x'7b7d'",
        "target_salt = zeroblob(16)",
        "place = place + 100000",
    ] {
        let statement =
            format!("UPDATE part SET actor = NULL, actor_salt = NULL, {also} WHERE seq = 7");
        let refused = db.execute(&statement, []).expect_err(&statement);
        let told = refused.to_string();
        assert!(told.contains("indelible: "), "{statement}: {told}");
    }
}

#[tokio::test]
async fn rows_of_the_wrong_length_or_type_are_refused() {
    let folder = filled().await;
    let db = folder.foreign();
    for statement in [
        "INSERT INTO event_id VALUES (1, x'00', 1000)",
        "INSERT INTO node VALUES (1, 8, 77, x'00')",
        "INSERT INTO node VALUES (1, 8, 'x', zeroblob(32))",
        "INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, \
         created_at, leaf_hash) VALUES (1, zeroblob(16), '', '', '', '', 0, 0, zeroblob(32))",
        "INSERT INTO part (place, actor) VALUES (1 << 41, x'00')",
        "INSERT INTO part (place, actor_salt, actor) VALUES (1 << 41, x'00', x'00')",
        "INSERT INTO op_alteration VALUES (1, 1, 0, 0, x'00')",
        "INSERT INTO op_alteration VALUES (1, 0, 0, 0, zeroblob(16))",
        "INSERT INTO op_alteration VALUES (1, 1, 1, 0, zeroblob(16))",
    ] {
        assert!(db.execute(statement, []).is_err(), "{statement}");
    }
}

#[tokio::test]
async fn condition_names_missing_altered_and_foreign_guards() {
    let folder = filled().await;
    let store = folder.store();
    let sound = store.condition().await.expect("it answers");
    assert_eq!(sound.missing_guards, [""; 0]);
    assert_eq!(sound.weak_settings, [""; 0]);
    assert_eq!(sound.pending_migrations, [""; 0]);
    assert_eq!(sound.schema_version, 7);
    assert!(sound.bytes > 100_000, "{}", sound.bytes);

    let db = folder.foreign();
    db.execute_batch(
        "DROP TRIGGER entry_delete;
         DROP TRIGGER part_update;
         CREATE TRIGGER part_update BEFORE UPDATE ON part BEGIN SELECT 1; END;
         CREATE TRIGGER thief AFTER INSERT ON entry BEGIN DELETE FROM op_registry; END;
         DROP TABLE op_registry;",
    )
    .expect("whoever owns the file can do that");
    let unsound = store.condition().await.expect("it answers");
    assert_eq!(
        unsound.missing_guards,
        [
            "entry_delete is missing",
            "op_registry is missing",
            "part_update is altered",
            "thief is foreign"
        ]
    );
}

#[tokio::test]
async fn a_foreign_trigger_cannot_hide_behind_the_name_of_a_table() {
    let folder = filled().await;
    let store = folder.store();
    folder
        .foreign()
        .execute_batch("CREATE TRIGGER entry AFTER INSERT ON part BEGIN SELECT 1; END")
        .expect("whoever owns the file can do that");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, ["entry is foreign"]);
}

#[tokio::test]
async fn rows_that_a_foreign_trigger_leaves_out_are_no_commit() {
    let folder = filled().await;
    let store = folder.store();
    let mut author = Author::resume(&store, "default").await;
    // 212 more entries complete a block, so that every table gets rows.
    let drafts: Vec<_> = (300..512).map(draft).collect();
    for (table, event) in [
        ("head", "UPDATE"),
        ("entry", "INSERT"),
        ("part", "INSERT"),
        ("event_id", "INSERT"),
        ("node", "INSERT"),
        ("span", "INSERT"),
        ("rollup", "INSERT"),
    ] {
        let db = folder.foreign();
        let before = contents(&db);
        let when = match table {
            // One row of many is enough.
            "entry" | "part" => "WHEN NEW.place & 0xfff = 410",
            "event_id" => "WHEN NEW.seq = 410",
            _ => "",
        };
        db.execute_batch(&format!(
            "CREATE TRIGGER thief BEFORE {event} ON {table} {when}
             BEGIN SELECT RAISE(IGNORE); END"
        ))
        .expect("whoever owns the file can do that");
        let mut drafts = drafts.clone();
        // A count of its own, so that a row is inserted and not added to.
        drafts[0].action = "document_burnt".to_owned();
        let Err(error) = author.record(&store, drafts).await else {
            panic!("{table}: a receipt for what is not there")
        };
        assert!(
            matches!(&error, StoreError::Corrupt { what, .. } if what == table),
            "{error:?}"
        );
        assert!(error.to_string().contains("doctor"), "{error}");
        assert!(before == contents(&db), "{table}: something was written");
        db.execute_batch("DROP TRIGGER thief").expect("it is gone");
    }
    folder
        .foreign()
        .execute_batch("CREATE TRIGGER thief BEFORE INSERT ON head BEGIN SELECT RAISE(IGNORE); END")
        .expect("whoever owns the file can do that");
    let error = Author::new("other").record(&store, [draft(1)]).await;
    assert!(
        matches!(&error, Err(StoreError::Corrupt { what, .. }) if what == "head"),
        "{error:?}"
    );
    let verdict = author.record(&store, drafts).await;
    assert_eq!(verdict.expect("nothing is in the way"), Verdict::Committed);
}

#[tokio::test]
async fn a_database_without_its_guards_is_read_and_not_written() {
    for (statement, named) in [
        ("DROP TRIGGER entry_delete", "entry_delete is missing"),
        (
            "DROP TRIGGER part_update;
             CREATE TRIGGER part_update BEFORE UPDATE ON part BEGIN SELECT 1; END",
            "part_update is altered",
        ),
        (
            "CREATE TRIGGER thief BEFORE INSERT ON node BEGIN SELECT RAISE(IGNORE); END",
            "thief is foreign",
        ),
        ("DROP TABLE rollup", "rollup is missing"),
        (
            "ALTER TABLE span ADD COLUMN more INTEGER",
            "span is altered",
        ),
    ] {
        let folder = filled().await;
        folder
            .foreign()
            .execute_batch(statement)
            .expect("whoever owns the file can do that");
        let error = SqliteStore::open(folder.file()).expect_err(statement);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(named) && text.contains("doctor"), "{text}");
        let options = Options {
            read_only: true,
            ..Options::default()
        };
        let reading = SqliteStore::open_with(folder.file(), &options).expect("it is read");
        let name = "default".parse().expect("a name");
        let head = reading.head(&name).await.expect("it reads");
        assert_eq!(head.expect("it is there").size, 300);
        let condition = reading.condition().await.expect("it answers");
        assert!(condition.missing_guards.contains(&named.to_owned()));
    }
}

#[tokio::test]
async fn a_row_put_in_the_way_stops_the_writer_and_is_not_overwritten() {
    let folder = filled().await;
    folder
        .foreign()
        .execute("INSERT INTO part (place) VALUES ((1 << 40) | 300)", [])
        .expect("it is a new row");
    let store = folder.store();
    let mut author = Author::new("default");
    author.base.head = store
        .head(author.trail())
        .await
        .expect("it reads")
        .expect("it is there");
    let refused = author
        .record(&store, [draft(300)])
        .await
        .expect_err("the place is taken");
    assert!(
        refused.to_string().contains("parts are immutable"),
        "{refused}"
    );
    let head = store
        .head(author.trail())
        .await
        .expect("it reads")
        .expect("it is there");
    assert_eq!(head.size, 300);
    let other = Author::new("other").record(&store, [draft(1)]).await;
    assert_eq!(other.expect("other trails go on"), Verdict::Committed);
}
