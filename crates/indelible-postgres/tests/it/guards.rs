//! T53, T76: what is evidence is not changed, and whoever tries is told.

use indelible_core::store::Verdict;
use indelible_core::{Store, StoreError};
use indelible_postgres::{Options, PostgresStore};
use tokio_postgres::Client;

use crate::fixture::{Author, Database, Draft, code, draft};

const TABLES: [&str; 8] = [
    "head",
    "entry",
    "placement",
    "event_id",
    "node",
    "tag",
    "span",
    "rollup",
];

/// A day in the middle of a partition's month; for the default one of a month that none has.
fn moment(partition: &str) -> i64 {
    let month = match partition.strip_prefix("entry_y") {
        Some(month) => month.replace('m', "-"),
        None => "1999-05".to_owned(),
    };
    let time = format!("{month}-15T12:00:00Z").parse::<indelible_core::Timestamp>();
    time.expect("a time").as_micros()
}

/// A database with 300 entries spread over all partitions, so that it has nodes and spans.
pub async fn filled() -> Database {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    let partitions = database.partitions();
    assert!(partitions.len() >= 5, "{partitions:?}");
    for (nth, partition) in partitions.iter().enumerate() {
        let numbers = nth as u64 * 100..nth as u64 * 100 + 100;
        let drafts = numbers.map(|number| Draft {
            micros: moment(partition),
            tags: vec!["data.chd".to_owned()],
            ..draft(number)
        });
        let verdict = author.record(&store, drafts).await;
        assert_eq!(verdict.expect("it is written"), Verdict::Committed);
    }
    store.close().await.expect("it closes");
    database
}

async fn contents(db: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT t::text FROM indelible.{table} AS t ORDER BY 1");
        let rows = db.query(&sql, &[]).await.expect("rows");
        assert!(!rows.is_empty(), "{table}");
        all.extend(
            rows.iter()
                .map(|row| format!("{table} {}", row.get::<_, String>(0))),
        );
    }
    all
}

#[tokio::test]
async fn sys_19_update_delete_and_truncate_fail_loudly_for_superusers_too() {
    let database = filled().await;
    let db = database.client("postgres").await;
    let before = contents(&db).await;
    let mut statements: Vec<String> = [
        "UPDATE indelible.head SET size = size - 1",
        "UPDATE indelible.head SET root = sha256('x')",
        "UPDATE indelible.head SET incarnation = incarnation - 1, size = size + 1",
        "UPDATE indelible.head SET trail_id = 'other', size = size + 1",
        "UPDATE indelible.rollup SET count = count - 1",
        "UPDATE indelible.rollup SET count = count",
        "UPDATE indelible.rollup SET action = 'x', count = count + 1",
        "INSERT INTO indelible.node SELECT * FROM indelible.node \
         ON CONFLICT (trail_id, height, idx) DO UPDATE SET hash = sha256('x')",
        "INSERT INTO indelible.entry SELECT * FROM indelible.entry WHERE seq = 7 \
         ON CONFLICT (trail_id, seq, created_at) DO UPDATE SET action = 'x'",
        "UPDATE indelible.entry SET created_at = created_at + interval '1 month'",
        "TRUNCATE indelible.head CASCADE",
        "TRUNCATE indelible.op_registry, indelible.tag",
    ]
    .map(str::to_owned)
    .into();
    for table in ["placement", "event_id", "node", "tag", "span"] {
        statements.push(format!("UPDATE indelible.{table} SET trail_id = trail_id"));
    }
    for table in TABLES {
        statements.push(format!("DELETE FROM indelible.{table}"));
        statements.push(format!("TRUNCATE indelible.{table}"));
    }
    for table in ["entry".to_owned()]
        .into_iter()
        .chain(database.partitions())
    {
        for change in [
            "SET action = 'x'",
            "SET action = action",
            "SET leaf_hash = sha256('x')",
            "SET user_id = 'x'",
            "SET actor = 'x'",
            "SET actor = NULL, details = 'x'",
            "SET actor = NULL, actor_hash = NULL",
            // A part goes whole, and all that was derived of it with it, or not at all.
            "SET actor = NULL",
            "SET actor_salt = NULL",
            "SET user_id = NULL",
            "SET ip_address = NULL",
            "SET resource_id = NULL",
            "SET details = NULL, details_salt = NULL, target_salt = NULL",
            "SET actor = NULL, actor_salt = NULL",
            "SET actor = NULL, actor_salt = NULL, user_id = NULL",
            "SET user_id = NULL, ip_address = NULL",
            "SET actor = NULL, actor_salt = NULL, user_id = NULL, ip_address = NULL, action = 'x'",
            "SET actor = NULL, actor_salt = NULL, user_id = NULL, ip_address = NULL, target = 'x'",
            "SET actor = NULL, actor_salt = NULL, user_id = 'x', ip_address = NULL",
            "SET actor = NULL, actor_salt = NULL, user_id = NULL, ip_address = NULL, \
             leaf_hash = sha256('x')",
            "SET erases = '[]'",
            "SET trail_id = 'other'",
        ] {
            statements.push(format!("UPDATE indelible.{table} {change}"));
        }
        statements.push(format!("DELETE FROM indelible.{table}"));
        statements.push(format!("TRUNCATE indelible.{table}"));
    }
    for role in ["origin", "replica", "local"] {
        let set = format!("SET session_replication_role = {role}");
        db.batch_execute(&set).await.expect("a superuser may");
        for statement in &statements {
            let refused = code(&db, statement).await;
            assert_eq!(refused.as_deref(), Some("IDL01"), "{role}: {statement}");
        }
    }
    assert_eq!(contents(&db).await, before);
}

#[tokio::test]
async fn a_refusal_says_what_to_do_instead() {
    let database = filled().await;
    let db = database.client("postgres").await;
    for (statement, advice) in [
        (
            "DELETE FROM indelible.entry",
            "to correct it record another event",
        ),
        (
            "UPDATE indelible.entry SET action = 'x'",
            "record another event",
        ),
        (
            "UPDATE indelible.head SET size = 0",
            "indelible trail succeed",
        ),
        ("UPDATE indelible.rollup SET count = 0", "indelible verify"),
    ] {
        let error = db.batch_execute(statement).await.expect_err(statement);
        let message = error.as_db_error().expect("from the database").message();
        assert!(message.contains(advice), "{message}");
    }
}

#[tokio::test]
async fn exactly_erasure_is_let_through() {
    let database = filled().await;
    let db = database.client("postgres").await;
    for (seq, table) in (0..).step_by(100).zip(database.partitions()) {
        for (table, seq) in [("entry", seq), (table.as_str(), seq + 1)] {
            let erase = format!(
                "UPDATE indelible.{table} SET actor = NULL, actor_salt = NULL, user_id = NULL, \
                 ip_address = NULL WHERE seq = {seq}"
            );
            assert_eq!(db.execute(&erase, &[]).await.expect("erasure"), 1);
            let again = code(&db, &erase).await;
            assert_eq!(again.as_deref(), Some("IDL01"), "nothing is left to erase");
            let back = format!("UPDATE indelible.{table} SET user_id = 'u' WHERE seq = {seq}");
            assert_eq!(code(&db, &back).await.as_deref(), Some("IDL01"));
        }
    }
    let all = "UPDATE indelible.entry SET target = NULL, target_salt = NULL, resource_id = NULL, \
               details = NULL, details_salt = NULL, correlation_id = NULL";
    assert_eq!(db.execute(all, &[]).await.expect("erasure"), 500);
}

#[tokio::test]
async fn what_is_missing_altered_disabled_or_foreign_is_named_and_stops_writing() {
    let function = "CREATE FUNCTION indelible.odd() RETURNS trigger LANGUAGE plpgsql AS \
                    'BEGIN RETURN NULL; END'";
    let cases = [
        (
            "DROP TRIGGER guard_delete ON indelible.head",
            "head: delete guard is missing",
        ),
        (
            "ALTER TABLE indelible.node DISABLE TRIGGER guard_update",
            "node: update guard is disabled",
        ),
        (
            "ALTER TABLE indelible.tag ENABLE TRIGGER guard_update",
            "tag: update guard is altered",
        ),
        (
            "DROP TRIGGER guard_truncate ON $month",
            "$month: truncate guard is missing",
        ),
        (
            "ALTER TABLE $month DISABLE TRIGGER guard_delete",
            "$month: delete guard is disabled",
        ),
        (
            "ALTER TABLE indelible.entry DISABLE TRIGGER ALL",
            "entry_default: update guard is disabled",
        ),
        (
            "ALTER TABLE indelible.entry_default ENABLE REPLICA TRIGGER guard_truncate",
            "entry_default: truncate guard is disabled",
        ),
        (
            "CREATE OR REPLACE FUNCTION indelible.refuse() RETURNS trigger LANGUAGE plpgsql \
          SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NEW; END'",
            "refuse: function is altered",
        ),
        (
            "ALTER FUNCTION indelible.keep_entry() RESET search_path",
            "keep_entry: function is altered",
        ),
        (
            "DROP FUNCTION indelible.make_partitions",
            "make_partitions: function is missing",
        ),
        (
            "$odd; CREATE TRIGGER a BEFORE INSERT ON indelible.entry FOR EACH ROW \
          EXECUTE FUNCTION indelible.odd()",
            "entry: trigger a is foreign",
        ),
        (
            "DROP TRIGGER guard_update ON indelible.entry",
            "entry: update guard is missing",
        ),
        (
            "ALTER TABLE ONLY indelible.entry ENABLE TRIGGER guard_update",
            "entry: update guard is altered",
        ),
        (
            "$odd; CREATE TRIGGER a BEFORE INSERT ON $month FOR EACH ROW \
          EXECUTE FUNCTION indelible.odd()",
            "$month: trigger a is foreign",
        ),
        (
            "$odd; DROP TRIGGER guard_update ON indelible.span; \
          CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.span FOR EACH ROW \
          EXECUTE FUNCTION indelible.odd()",
            "span: update guard is altered",
        ),
        (
            "DROP TRIGGER guard_update ON indelible.span; \
          CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.span FOR EACH ROW \
          WHEN (NEW.idx < 0) EXECUTE FUNCTION indelible.refuse()",
            "span: update guard is altered",
        ),
        (
            "CREATE RULE quiet AS ON DELETE TO indelible.node DO INSTEAD NOTHING",
            "node: rule quiet is foreign",
        ),
        (
            "ALTER TABLE indelible.entry ENABLE ROW LEVEL SECURITY",
            "entry: row-level security is foreign",
        ),
        (
            "CREATE RULE quiet AS ON DELETE TO indelible.op_outbox DO INSTEAD NOTHING",
            "op_outbox: rule quiet is foreign",
        ),
        (
            "CREATE POLICY few ON indelible.tag USING (false)",
            "tag: policy few is foreign",
        ),
        (
            "ALTER TABLE indelible.entry DETACH PARTITION $month",
            "$month: partition is detached",
        ),
        (
            "CREATE TABLE public.more PARTITION OF indelible.entry FOR VALUES FROM ('1990-01-01') \
          TO ('1990-02-01')",
            "public.more: child of entry is foreign",
        ),
        (
            "CREATE TABLE public.more () INHERITS (indelible.node)",
            "public.more: child of node is foreign",
        ),
        (
            "DROP TABLE indelible.placement",
            "placement: table is missing",
        ),
        (
            "ALTER TABLE indelible.head DROP COLUMN mac",
            "head: column mac is missing",
        ),
        (
            "ALTER TABLE indelible.head ALTER COLUMN mac DROP NOT NULL",
            "head: column mac is altered",
        ),
        (
            "ALTER TABLE indelible.entry ADD COLUMN more text",
            "entry: column more is foreign",
        ),
        (
            "ALTER TABLE indelible.head DROP CONSTRAINT head_size_check",
            "head: constraint head_size_check is missing",
        ),
        (
            "ALTER TABLE indelible.event_id DROP CONSTRAINT event_id_pkey",
            "event_id: primary key is missing",
        ),
        (
            "DROP INDEX indelible.entry_user",
            "entry: index entry_user is missing or not valid",
        ),
        (
            "ALTER TABLE indelible.node SET UNLOGGED",
            "node: table is unlogged, a crash empties it",
        ),
        (
            "DROP VIEW indelible.audit_logs",
            "audit_logs: view is missing",
        ),
    ];
    for (statement, expected) in cases {
        let database = Database::new();
        let month = database.partitions()[0].clone();
        let statement = statement
            .replace("$odd", function)
            .replace("$month", &format!("indelible.{month}"));
        let expected = expected.replace("$month", &month);
        database.0.execute(&statement);
        let reading = database.reading("postgres").await.expect("it is read");
        let condition = reading.condition().await;
        // What lacks a table has no strays to be looked for; all else answers.
        let (problems, repairs) = match condition {
            Ok(condition) => (condition.missing_guards, condition.guard_repairs),
            Err(error) => panic!("{statement}: {error}"),
        };
        assert!(problems.contains(&expected), "{statement}: {problems:?}");
        let error = PostgresStore::open(&database.address()).await;
        let error = error
            .err()
            .unwrap_or_else(|| panic!("{statement}: it opens"));
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(&expected), "{error}");
        // A guard is put back by what is told; what lay in a table nobody knows.
        let is_of_triggers = expected.contains(" guard is ") || expected.contains(": trigger ");
        assert_eq!(
            !repairs.is_empty(),
            is_of_triggers,
            "{statement}: {repairs:?}"
        );
        if is_of_triggers {
            database.0.execute(&repairs.join("; "));
            let opened = PostgresStore::open(&database.address()).await;
            let still = opened.err().map(|error| error.to_string());
            assert_eq!(still, None, "{statement}: {repairs:?}");
        }
    }
}

#[tokio::test]
async fn a_dump_restored_has_all_its_guards() {
    let database = filled().await;
    let folder = std::env::temp_dir().join(format!("indelible_{}", database.0.name()));
    database.0.dump(&folder);
    let copy = Database::empty();
    copy.0.restore_into(&folder);
    std::fs::remove_file(&folder).expect("it was there");
    let reading = PostgresStore::open_with(&copy.address(), &Options::default()).await;
    let condition = reading.expect("it opens").condition().await;
    let condition = condition.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.stray_rows, [""; 0]);
    let db = copy.client("postgres").await;
    db.batch_execute("SET session_replication_role = replica")
        .await
        .expect("a superuser may");
    for partition in copy.partitions() {
        for statement in [
            format!("TRUNCATE indelible.{partition}"),
            format!("DELETE FROM indelible.{partition}"),
        ] {
            assert_eq!(
                code(&db, &statement).await.as_deref(),
                Some("IDL01"),
                "{statement}"
            );
        }
    }
}
