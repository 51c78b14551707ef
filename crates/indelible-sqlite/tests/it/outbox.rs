//! The outbox: the published statement by a caller's own connection, the drain's side beside it.

use std::time::Duration;

use async_trait::async_trait;
use indelible_conformance::{End, OutboxUnderTest};
use indelible_core::outbox::{
    EVENT_BYTES_MAX, Outbox, Refused, Row, Settled, Settlement, Standing,
};
use indelible_core::{AuditAction, AuditError, AuditEvent, StoreError, TrailName};
use indelible_sqlite::{Options, SqliteOutbox, SqliteOutboxTable, SqliteStore, outbox};
use rusqlite::Connection;

use crate::fixture::Folder;

macro_rules! under_test {
    ($name:ident, $table:ident) => {
        #[async_trait]
        impl Outbox for $name {
            async fn waiting(
                &self,
                passed_over: &[TrailName],
                limit: usize,
            ) -> Result<Vec<Row>, StoreError> {
                self.$table.waiting(passed_over, limit).await
            }

            async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
                self.$table.settle(settlement).await
            }

            async fn standing(&self) -> Result<Standing, StoreError> {
                self.$table.standing().await
            }

            async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
                self.$table.refused(limit).await
            }
        }

        #[async_trait]
        impl OutboxUnderTest for $name {
            async fn insert(&self, rows: &[(&str, &str)], end: End) {
                let mut db = Connection::open(&self.file).expect("it opens");
                // Whoever writes the file may.
                db.pragma_update(None, "ignore_check_constraints", true)
                    .expect("it is set");
                let transaction = db.transaction().expect("it begins");
                for row in rows {
                    let inserted = transaction.execute(outbox::INSERT, *row);
                    assert_eq!(inserted.expect("it inserts"), 1);
                }
                let ended = match end {
                    End::Commit => transaction.commit(),
                    End::Rollback => transaction.rollback(),
                };
                ended.expect("it ends");
            }
        }
    };
}

/// The outbox in the trail's own file.
pub struct InTrailsFile {
    file: std::path::PathBuf,
    store: SqliteStore,
}

impl InTrailsFile {
    pub fn of(folder: &Folder) -> Self {
        let (file, store) = (folder.file(), folder.store());
        Self { file, store }
    }
}

under_test! { InTrailsFile, store }

/// The outbox in a file of the application's own, which keeps a rollback journal.
pub struct InOwnFile {
    file: std::path::PathBuf,
    table: SqliteOutboxTable,
}

impl InOwnFile {
    pub fn of(folder: &Folder) -> Self {
        let file = folder.file().with_file_name("bank.db");
        let db = Connection::open(&file).expect("it opens");
        db.execute_batch(outbox::CREATE).expect("it is made");
        drop(db);
        let table = SqliteOutboxTable::open(&file, &Options::default()).expect("it opens");
        Self { file, table }
    }
}

under_test! { InOwnFile, table }

fn event(n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "statement").resource_id(n.to_string())
}

async fn waiting(outbox: &impl Outbox) -> Vec<AuditEvent> {
    let rows = outbox.waiting(&[], 1000).await.expect("it reads");
    let event = |row: Row| AuditEvent::from_kept_json(&row.event.expect("short"));
    rows.into_iter()
        .map(event)
        .map(|event| event.expect("an event"))
        .collect()
}

#[tokio::test]
async fn events_join_a_transaction_and_share_its_end() {
    let folder = Folder::new();
    let store = folder.store();
    let outbox = SqliteOutbox::new(TrailName::standard());
    let mut db = folder.foreign();
    let transaction = db.transaction().expect("it begins");
    let gone = outbox.record_in(&transaction, event(0)).expect("queued");
    transaction.rollback().expect("it ends");
    let transaction = db.transaction().expect("it begins");
    let first = outbox.record_in(&transaction, event(1)).expect("queued");
    // T15: a bulk call of n items yields n events.
    let bulk = outbox
        .record_all_in(&transaction, (2..50).map(event))
        .expect("queued");
    transaction.commit().expect("it ends");
    let there = waiting(&store).await;
    let ids: Vec<_> = there.iter().filter_map(|event| event.id).collect();
    let queued = std::iter::once(first).chain(bulk).map(|queued| queued.id);
    assert_eq!(ids, queued.collect::<Vec<_>>());
    assert!(!ids.contains(&gone.id));
    let resources: Vec<_> = there
        .into_iter()
        .filter_map(|event| event.resource_id)
        .collect();
    assert_eq!(
        resources,
        (1..50).map(|n| n.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn an_ill_formed_event_asks_nothing_of_the_database() {
    let db = Connection::open_in_memory().expect("memory");
    let outbox = SqliteOutbox::new(TrailName::standard());
    let mut ill_formed = event(1);
    ill_formed.resource_type = "a b".to_owned();
    let error = outbox
        .record_in(&db, ill_formed.clone())
        .expect_err("ill-formed");
    assert_eq!(error.field(), Some("resource_type"));
    let many = [event(0), ill_formed];
    assert!(matches!(
        outbox.record_all_in(&db, many),
        Err(AuditError::Invalid(_))
    ));
    // A database without the table is another matter.
    let error = outbox.record_in(&db, event(1)).expect_err("no table");
    assert!(matches!(error, AuditError::Store(_)), "{error}");
}

#[test]
fn nothing_unredacted_is_written() {
    let folder = Folder::new();
    drop(folder.store());
    let outbox = SqliteOutbox::new(TrailName::standard());
    let secret = event(1).context(serde_json::json!({"password": "hunter2", "kept": "plainly"}));
    let statement = outbox.statement(secret.clone()).expect("a statement");
    assert!(!statement.parameters[1].contains("hunter2"));
    let db = folder.foreign();
    let _queued = outbox.record_in(&db, secret).expect("queued");
    drop(db);
    let all = std::fs::read(folder.file()).expect("it reads");
    let log = std::fs::read(folder.file().with_extension("db-wal")).unwrap_or_default();
    let holds = |text: &str| {
        [&all, &log].into_iter().any(|bytes| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    };
    assert!(holds("plainly"), "what is looked for would be found");
    assert!(!holds("hunter2"));
}

#[tokio::test]
async fn a_transaction_that_holds_the_lock_delays_the_drain_and_loses_nothing() {
    let folder = Folder::new();
    let options = Options {
        busy_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    let store = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    let outbox = SqliteOutbox::new(TrailName::standard());
    let mut db = folder.foreign();
    let _queued = outbox.record_in(&db, event(0)).expect("queued");
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let transaction = transaction.expect("it begins");
    let _queued = outbox.record_in(&transaction, event(1)).expect("queued");
    // Reading needs no lock; taking out waits, says so, and leaves all as it was.
    let rows = store.waiting(&[], 9).await.expect("it reads");
    assert_eq!(rows.len(), 1);
    let settlement = Settlement {
        moved: vec![rows[0].position],
        ..Settlement::default()
    };
    let error = store.settle(&settlement).await.expect_err("locked");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    transaction.commit().expect("no drain is in its way");
    store.settle(&settlement).await.expect("it settles");
    assert_eq!(waiting(&store).await.len(), 1);
}

#[test]
fn what_is_too_long_is_not_taken() {
    let db = Connection::open_in_memory().expect("memory");
    db.execute_batch(outbox::CREATE).expect("it is made");
    let insert = |trail: &str, event: &str| db.execute(outbox::INSERT, [trail, event]);
    // Two bytes a letter: it is bytes that are counted.
    let (name, text) = ("x".repeat(63), "ä".repeat(EVENT_BYTES_MAX / 2));
    insert(&name, &text).expect("the longest");
    for (trail, event) in [
        (format!("{name}x"), "{}".to_owned()),
        ("ä".repeat(32), "{}".to_owned()),
        (name, format!("{text}x")),
    ] {
        let error = insert(&trail, &event).expect_err("too long");
        assert!(error.to_string().contains("CHECK"), "{error}");
    }
}

#[tokio::test]
async fn an_outbox_that_is_not_there_is_told() {
    let folder = Folder::new();
    let absent = SqliteOutboxTable::open(folder.file(), &Options::default());
    assert!(matches!(absent, Err(StoreError::Unavailable { .. })));
    assert!(!folder.file().exists(), "and not made");
    drop(
        Connection::open(folder.file())
            .expect("made")
            .execute_batch("CREATE TABLE t (a)"),
    );
    let empty = SqliteOutboxTable::open(folder.file(), &Options::default()).expect("it opens");
    let error = empty.waiting(&[], 1).await.expect_err("no table");
    assert!(error.to_string().contains("op_outbox"), "{error}");
}

/// Triggers that let nobody touch some of the rows, with an error and without one.
const GUARD: &str = "\
CREATE TRIGGER ignore_delete BEFORE DELETE ON op_outbox WHEN OLD.event LIKE '% and ignored'
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER ignore_update BEFORE UPDATE ON op_outbox WHEN OLD.event LIKE '% and ignored'
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER guard_delete BEFORE DELETE ON op_outbox WHEN OLD.event LIKE '% and kept'
BEGIN SELECT RAISE(ABORT, 'kept by a trigger'); END;
CREATE TRIGGER guard_update BEFORE UPDATE ON op_outbox WHEN OLD.event LIKE '% and kept'
BEGIN SELECT RAISE(ABORT, 'kept by a trigger'); END";

async fn settles_around_what_is_kept(outbox: &impl OutboxUnderTest, how: &str, said: &str) {
    let (moved, refused) = (format!("moved and {how}"), format!("refused and {how}"));
    let rows = [
        ("a", "moved"),
        ("a", &*moved),
        ("a", "moved"),
        ("a", "refused"),
        ("a", &*refused),
        ("a", "refused"),
    ];
    outbox.insert(&rows, End::Commit).await;
    let rows = outbox.waiting(&[], 9).await.expect("it reads");
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    let refused = positions[3..].iter().map(|at| (*at, "no event".to_owned()));
    let settlement = Settlement {
        moved: positions[..3].to_vec(),
        refused: refused.collect(),
    };
    let settled = outbox.settle(&settlement).await.expect("it settles");
    assert_eq!((settled.moved, settled.refused), (2, 2));
    assert_eq!((settled.failed, settled.held), (2, 0));
    let problem = settled.problem.expect("it says why");
    assert!(problem.contains(said), "{problem}");
    let rest = outbox.waiting(&[], 9).await.expect("it reads");
    let rest: Vec<i64> = rest.iter().map(|row| row.position).collect();
    assert_eq!(rest, [positions[1], positions[4]]);
}

#[tokio::test]
async fn a_row_that_cannot_be_settled_holds_up_no_other() {
    let folder = Folder::new();
    let trails = InTrailsFile::of(&folder);
    folder.foreign().execute_batch(GUARD).expect("made");
    settles_around_what_is_kept(&trails, "kept", "kept by a trigger").await;
    let own = InOwnFile::of(&folder);
    let db = Connection::open(&own.file).expect("it opens");
    db.execute_batch(GUARD).expect("made");
    settles_around_what_is_kept(&own, "kept", "kept by a trigger").await;

    let folder = Folder::new();
    let trails = InTrailsFile::of(&folder);
    folder.foreign().execute_batch(GUARD).expect("made");
    settles_around_what_is_kept(&trails, "ignored", "without an error").await;
    let own = InOwnFile::of(&folder);
    let db = Connection::open(&own.file).expect("it opens");
    db.execute_batch(GUARD).expect("made");
    settles_around_what_is_kept(&own, "ignored", "without an error").await;
}
