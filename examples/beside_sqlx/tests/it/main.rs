//! One program with sqlx's SQLite, sqlx's PostgreSQL and Indelible's trail in PostgreSQL or behind
//! a server. `scripts/test` runs this inside of a PostgreSQL cluster of its own.

use std::sync::Arc;
use std::time::Duration;

use beside_sqlx::{Accounts, TransferError};
use indelible::client::{ClientError, HttpAudit};
use indelible::{AuditProtocol, Database, Query, Settings, TrailName, unresolved};
use indelible_postgres::{Options, PostgresStore};
use sqlx::{Connection, PgPool, SqliteConnection};
use testbed::Cluster;

#[tokio::test]
async fn a_recorded_attempt_survives_the_rollback_of_the_business_transaction() {
    let database = Cluster::shared().database();
    let url = database.superuser_url();
    let address = url.parse().expect("a URL");
    PostgresStore::migrate(&address, &Options::default())
        .await
        .expect("migrated");
    let state = tempfile::tempdir().expect("a folder");
    let mut settings = Settings::default();
    settings.state_dir = Some(state.path().to_owned());
    let trail = Database::open(&url.parse().expect("a URL"), settings)
        .await
        .expect("opens");
    let audit: Arc<dyn AuditProtocol> = Arc::new(trail.trail(TrailName::standard()));

    let pool = PgPool::connect(&url).await.expect("connects");
    let accounts = Accounts::open(pool.clone(), audit.clone())
        .await
        .expect("made");
    sqlx::query("INSERT INTO account VALUES ('a', 500), ('b', 0)")
        .execute(&pool)
        .await
        .expect("in");
    accounts
        .transfer("u-1", "a", "b", 300)
        .await
        .expect("moved");
    // The check fails on the second update, and the first is rolled back.
    let refused = accounts.transfer("u-1", "a", "b", 300).await;
    assert!(
        matches!(refused, Err(TransferError::Database(_))),
        "{refused:?}"
    );

    let balances: Vec<(String, i64)> = sqlx::query_as("SELECT id, cents FROM account ORDER BY id")
        .fetch_all(&pool)
        .await
        .expect("read");
    assert_eq!(balances, [("a".to_owned(), 200), ("b".to_owned(), 300)]);
    let page = audit.query(Query::new()).await.expect("read");
    let outcomes: Vec<_> = page
        .entries
        .iter()
        .rev()
        .map(|entry| entry.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["attempted", "succeeded", "attempted", "failed"]);

    // A connection that ends in the middle of a commit: nobody knows, and no outcome is told.
    for statement in [
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS \
         $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$",
        "CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION cut()",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("made");
    }
    let cut = accounts.transfer("u-1", "a", "b", 100).await;
    assert!(matches!(cut, Err(TransferError::Commit(_))), "{cut:?}");
    let open = unresolved(&*audit, Query::new()).await.expect("read");
    let seqs: Vec<_> = open.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [4]);
    sqlx::query("DROP TRIGGER cut ON account")
        .execute(&pool)
        .await
        .expect("dropped");

    // Closed with its event, or neither.
    sqlx::query("UPDATE account SET cents = 0 WHERE id = 'a'")
        .execute(&pool)
        .await
        .expect("done");
    assert!(accounts.close("u-1", "a").await.expect("closed"));
    assert!(
        !accounts
            .close("u-1", "b")
            .await
            .expect("there is money in it")
    );
    let outbox = trail.outbox().expect("of PostgreSQL");
    let moved = trail.drain(outbox).pass().await.expect("drained");
    assert_eq!((moved.recorded, moved.refused), (1, 0));
    let deleted = audit
        .query(Query::new().action("data_deleted"))
        .await
        .expect("read");
    let ids: Vec<_> = deleted
        .iter()
        .map(|entry| entry.resource_id.as_deref())
        .collect();
    assert_eq!(ids, [Some("a")]);
    trail.close().await.expect("closed");
}

#[tokio::test]
async fn sqlx_has_its_own_sqlite_beside_the_client() {
    let mut connection = SqliteConnection::connect("sqlite::memory:")
        .await
        .expect("opens");
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(&mut connection)
        .await
        .expect("answers");
    assert!(version.starts_with("3."), "{version}");

    // Nobody listens there: the answer is an error of the client, which is linked and runs.
    let audit = HttpAudit::builder("http://127.0.0.1:1")
        .key("none")
        .call_time_max(Duration::from_millis(1))
        .build()
        .expect("a server is not asked yet");
    let error = audit
        .query(Query::new())
        .await
        .expect_err("nobody is there");
    assert!(ClientError::of(&error).is_some(), "{error}");
}
