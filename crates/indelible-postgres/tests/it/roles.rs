//! Who may do what, whatever the guards say.

use indelible_core::Store;
use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::store::StoreError;
use indelible_postgres::PostgresStore;

use crate::fixture::{Author, Database, code, draft, trail};
use crate::guards::filled;

const DENIED: Option<&str> = Some("42501");

#[tokio::test]
async fn sys_23_a_writer_appends_and_has_no_privilege_to_change_anything() {
    let database = filled().await;
    let writer = database.role("writer", &["indelible_writer"]);
    let store = PostgresStore::open(&database.address_as(&writer)).await;
    let store = store.expect("it opens");
    let mut author = Author::resume_head(&store, "default").await;
    author
        .record(&store, [draft(9000)])
        .await
        .expect("it is written");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert_eq!(condition.excess_privileges, [""; 0]);

    let db = database.client(&writer).await;
    let mut statements: Vec<String> = [
        "UPDATE indelible.entry SET actor = NULL",
        "UPDATE indelible.rollup SET action = 'x'",
        "UPDATE indelible.head SET trail_id = 'x'",
        "INSERT INTO indelible.op_migration VALUES (99, 'x', sha256('x'), now(), 'x')",
        "SELECT * FROM indelible.audit_logs",
        "CREATE TABLE indelible.mine ()",
        "DROP FUNCTION indelible.refuse()",
        "CREATE OR REPLACE FUNCTION indelible.refuse() RETURNS trigger LANGUAGE plpgsql AS ''",
        "DROP SCHEMA indelible CASCADE",
        "SET session_replication_role = replica",
        "SET ROLE indelible_owner",
    ]
    .map(str::to_owned)
    .into();
    let tables = [
        "head",
        "entry",
        "placement",
        "event_id",
        "node",
        "tag",
        "span",
        "rollup",
    ];
    for table in tables
        .map(str::to_owned)
        .into_iter()
        .chain(database.partitions())
    {
        statements.extend([
            format!("DELETE FROM indelible.{table}"),
            format!("TRUNCATE indelible.{table}"),
            format!("ALTER TABLE indelible.{table} DISABLE TRIGGER guard_truncate"),
            format!("DROP TRIGGER guard_truncate ON indelible.{table}"),
            format!("ALTER TABLE indelible.{table} ADD COLUMN x integer"),
            format!("DROP TABLE indelible.{table}"),
        ]);
        if !["head", "rollup"].contains(&table.as_str()) {
            statements.push(format!("UPDATE indelible.{table} SET trail_id = trail_id"));
        }
    }
    for partition in database.partitions() {
        statements.push(format!("SELECT 1 FROM indelible.{partition}"));
        statements.push(format!(
            "INSERT INTO indelible.{partition} SELECT * FROM indelible.entry"
        ));
        statements.push(format!(
            "ALTER TABLE indelible.entry DETACH PARTITION indelible.{partition}"
        ));
    }
    for statement in statements {
        assert_eq!(
            code(&db, &statement).await.as_deref(),
            DENIED,
            "{statement}"
        );
    }
    // What it may change the guards hold.
    for statement in [
        "UPDATE indelible.head SET size = 0",
        "UPDATE indelible.rollup SET count = 1",
    ] {
        assert_eq!(
            code(&db, statement).await.as_deref(),
            Some("IDL01"),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn a_writer_makes_partitions_that_it_cannot_touch() {
    let database = Database::new();
    let writer = database.role("writer", &["indelible_writer"]);
    let db = database.client(&writer).await;
    let made = db
        .query("SELECT indelible.make_partitions(5)", &[])
        .await
        .expect("it may");
    assert_eq!(made.len(), 2);
    for row in made {
        let name: String = row.get(0);
        for statement in [
            format!("TRUNCATE indelible.{name}"),
            format!("DROP TABLE indelible.{name}"),
        ] {
            assert_eq!(
                code(&db, &statement).await.as_deref(),
                DENIED,
                "{statement}"
            );
        }
        let owner =
            format!("SELECT relowner::regrole::text FROM pg_class WHERE relname = '{name}'");
        assert_eq!(
            database.0.query_text(&owner),
            [[Some("indelible_owner".to_owned())]]
        );
        let superuser = database.client("postgres").await;
        superuser
            .batch_execute("SET session_replication_role = replica")
            .await
            .expect("it may");
        let truncate = format!("TRUNCATE indelible.{name}");
        assert_eq!(code(&superuser, &truncate).await.as_deref(), Some("IDL01"));
    }
    let store = PostgresStore::open(&database.address_as(&writer))
        .await
        .expect("it opens");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
}

#[tokio::test]
async fn an_auditor_reads_everything_and_writes_nothing() {
    let database = filled().await;
    let auditor = database.role("auditor", &["indelible_auditor"]);
    let store = database.reading(&auditor).await.expect("it opens");
    assert_eq!(store.heads().await.expect("it reads")[0].size, 500);
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.stray_rows, [""; 0]);
    assert_eq!(condition.excess_privileges, [""; 0]);
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert!(condition.reads_only);
    let db = database.client(&auditor).await;
    let rows = db.query("SELECT * FROM indelible.audit_logs", &[]).await;
    assert_eq!(rows.expect("it reads").len(), 500);
    for statement in [
        "INSERT INTO indelible.tag VALUES ('default', 'x', 1)",
        "UPDATE indelible.entry SET actor = NULL",
        "UPDATE indelible.audit_logs SET action = 'x'",
        "DELETE FROM indelible.entry",
        "TRUNCATE indelible.node",
        "INSERT INTO indelible.op_registry VALUES ('a', 'b', 1, '{}')",
        "SELECT indelible.make_partitions(9)",
        // It may hold what is not redacted yet.
        "SELECT event FROM indelible.op_outbox",
    ] {
        assert_eq!(code(&db, statement).await.as_deref(), DENIED, "{statement}");
    }
    let outbox = "SELECT position, trail, queued_at, refused FROM indelible.op_outbox";
    assert_eq!(code(&db, outbox).await, None);
    let opened = PostgresStore::open(&database.address_as(&auditor)).await;
    assert!(opened.is_ok(), "opening writes nothing that it must have");
}

#[tokio::test]
async fn an_eraser_takes_parts_away_and_changes_nothing_else() {
    let database = filled().await;
    let eraser = database.role("eraser", &["indelible_writer", "indelible_eraser"]);
    let store = PostgresStore::open(&database.address_as(&eraser)).await;
    let store = store.expect("it opens");
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert_eq!(condition.excess_privileges, [""; 0]);
    let erasures = [Erasure {
        first: 0,
        last: 499,
        parts: vec![PartKind::Actor, PartKind::Target],
    }];
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let gone = removal.erase(&name, &erasures).await.expect("it may");
    assert_eq!(gone, 1000);
    let purged = removal.purge(&name, &erasures).await.expect("it may");
    // Only a superuser or a member of pg_checkpoint may make one.
    assert_eq!(purged.leftovers.len(), 2, "{purged:?}");

    let db = database.client(&eraser).await;
    let mut statements: Vec<String> = [
        "UPDATE indelible.entry SET action = 'x'",
        "UPDATE indelible.entry SET actor = NULL, action = 'x'",
        "UPDATE indelible.entry SET leaf_hash = sha256('x')",
        "UPDATE indelible.tag SET tag = 'x'",
        "DELETE FROM indelible.entry",
        "TRUNCATE indelible.entry",
        "DROP TRIGGER guard_update ON indelible.entry",
        "DROP FUNCTION indelible.rewrite_partition(text)",
        "SET ROLE indelible_owner",
    ]
    .map(str::to_owned)
    .into();
    for partition in database.partitions() {
        statements.push(format!("UPDATE indelible.{partition} SET actor = NULL"));
        statements.push(format!("SELECT 1 FROM indelible.{partition}"));
    }
    for statement in statements {
        assert_eq!(
            code(&db, &statement).await.as_deref(),
            DENIED,
            "{statement}"
        );
    }
    for statement in [
        "UPDATE indelible.entry SET details = 'x'",
        "UPDATE indelible.entry SET details = NULL",
        "UPDATE indelible.entry SET correlation_id = 'x'",
    ] {
        assert_eq!(
            code(&db, statement).await.as_deref(),
            Some("IDL01"),
            "{statement}"
        );
    }
    for name in [
        "entry",
        "head",
        "op_registry",
        "x'; DROP TABLE x; --",
        "pg_class",
    ] {
        let quoted = name.replace('\'', "''");
        let rewrite = format!("SELECT indelible.rewrite_partition('{quoted}')");
        assert_eq!(
            code(&db, &rewrite).await.as_deref(),
            Some("P0001"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_writer_may_not_erase_and_is_told_who_may() {
    let database = filled().await;
    let writer = database.role("writer", &["indelible_writer"]);
    let store = PostgresStore::open(&database.address_as(&writer)).await;
    let store = store.expect("it opens");
    let erasures = [Erasure {
        first: 0,
        last: 9,
        parts: vec![PartKind::Details],
    }];
    let (removal, name) = (store.removal().expect("it writes"), trail("default"));
    let erased = removal.erase(&name, &erasures).await.map(drop);
    let purged = removal.purge(&name, &erasures).await.map(drop);
    for refused in [erased, purged] {
        let Err(StoreError::Unsupported(text)) = refused else {
            panic!("it was to be refused: {refused:?}")
        };
        assert!(text.contains("GRANT indelible_eraser TO"), "{text}");
    }
    let entries = store.entries(&name, 0..10).await.expect("it reads");
    assert!(entries.iter().all(|entry| entry.erased().is_empty()));
    let db = database.client(&writer).await;
    let rewrite = "SELECT indelible.rewrite_partition('entry_default')";
    assert_eq!(code(&db, rewrite).await.as_deref(), DENIED);
    let reading = database.reading(&writer).await.expect("it opens");
    assert!(reading.removal().is_none(), "who only reads erases nothing");
}

#[tokio::test]
async fn a_stranger_is_told_what_to_be_granted() {
    let database = Database::new();
    let stranger = database.role("Stranger".to_lowercase().as_str(), &[]);
    for opened in [
        database.reading(&stranger).await,
        PostgresStore::open(&database.address_as(&stranger)).await,
    ] {
        let Err(StoreError::Unsupported(text)) = opened else {
            panic!("it was to be refused")
        };
        assert!(
            text.contains(&format!("GRANT indelible_writer TO {stranger}")),
            "{text}"
        );
    }
    let db = database.client(&stranger).await;
    for statement in [
        "SELECT 1 FROM indelible.head",
        "SELECT indelible.make_partitions(1)",
    ] {
        assert_eq!(code(&db, statement).await.as_deref(), DENIED, "{statement}");
    }
}

#[tokio::test]
async fn what_a_role_holds_too_much_of_is_named() {
    let database = Database::new();
    let month = database.partitions()[0].clone();
    let writer = database.role(
        "writer",
        &[
            "indelible_writer",
            "TRUNCATE ON indelible.node",
            "DELETE ON indelible.entry",
        ],
    );
    database
        .0
        .execute(&format!("GRANT UPDATE ON indelible.{month} TO {writer}"));
    let store = PostgresStore::open(&database.address_as(&writer))
        .await
        .expect("it opens");
    let excess = store
        .condition()
        .await
        .expect("it answers")
        .excess_privileges;
    let begins: Vec<_> = excess
        .iter()
        .filter_map(|text| text.split(':').next())
        .collect();
    let expected = [
        "DELETE on entry".to_owned(),
        format!("UPDATE on {month}"),
        "TRUNCATE on node".to_owned(),
    ];
    assert_eq!(begins, expected);
}
