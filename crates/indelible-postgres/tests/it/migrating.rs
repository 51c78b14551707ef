//! The schema's history: what is applied, what is refused, what stays as it was.

use indelible_core::Store;
use indelible_core::store::StoreError;
use indelible_postgres::{Migrated, Options, PostgresStore};
use testbed::{Cluster, Profile};

use crate::fixture::{Author, Database, address, client};

async fn migrate(database: &Database) -> Result<Migrated, StoreError> {
    PostgresStore::migrate(&database.address(), &Options::default()).await
}

fn refusal<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unsupported(text)) => text,
        Err(other) => panic!("another refusal was expected: {other:?}"),
        Ok(_) => panic!("it was to be refused"),
    }
}

#[tokio::test]
async fn an_empty_database_lacks_all_for_any_role_and_looking_changes_nothing() {
    let database = Database::empty();
    let nobody = database.role("nobody", &[]);
    let options = Options::default();
    let pending = PostgresStore::pending_sql(&database.address_as(&nobody), &options).await;
    let pending = pending.expect("it looks");
    let names: Vec<_> = pending.iter().map(|(step, _)| step.to_string()).collect();
    assert_eq!(
        names,
        [
            "0001 log",
            "0002 index",
            "0003 registry",
            "0004 access",
            "0005 outbox",
            "0006 erasure",
            "0007 samples",
            "0008 retention",
            "0009 rewriting",
            "0010 trim"
        ]
    );
    assert!(pending[0].1.contains("CREATE TABLE indelible.head"));
    let text = refusal(database.reading(&nobody).await);
    assert!(text.contains("indelible migrate up"), "{text}");
    let schemas = "SELECT 1 FROM pg_namespace WHERE nspname = 'indelible'";
    assert!(database.0.query_text(schemas).is_empty());
}

#[tokio::test]
async fn migrating_applies_what_lacks_and_no_more() {
    let database = Database::empty();
    let first = migrate(&database).await.expect("it migrates");
    assert_eq!(first.applied.len(), 10);
    assert_eq!(first.notes, [""; 0]);
    assert_eq!(database.partitions().len(), 5);
    let second = migrate(&database).await.expect("nothing to do");
    assert_eq!(second.applied, []);
    let pending = PostgresStore::pending_sql(&database.address(), &Options::default()).await;
    assert!(pending.expect("it looks").is_empty());
    let rows = database
        .0
        .query_text("SELECT program FROM indelible.op_migration");
    assert!(
        rows.iter()
            .flatten()
            .flatten()
            .all(|p| p.starts_with("indelible "))
    );
}

#[tokio::test]
async fn migrating_again_leaves_size_and_root_as_they_were() {
    // T70
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..300).await;
    let before = store.heads().await.expect("it reads");
    store.close().await.expect("it closes");
    database.0.execute(
        "DROP TABLE indelible.op_registry; DELETE FROM indelible.op_migration WHERE version = 3",
    );
    let done = migrate(&database).await.expect("it migrates");
    assert_eq!(done.applied[0].to_string(), "0003 registry");
    let store = database.store().await;
    assert_eq!(store.heads().await.expect("it reads"), before);
    assert_eq!(before[0].size, 300);
    assert_eq!(before[0].root, author.base.head.root);
}

#[tokio::test]
async fn many_may_migrate_an_empty_database_at_once() {
    let database = Database::empty();
    let all = futures_util::future::join_all((0..6).map(|_| migrate(&database))).await;
    let applied = all
        .iter()
        .map(|one| one.as_ref().expect("it migrates").applied.len());
    assert_eq!(applied.sum::<usize>(), 10);
    database.store().await.close().await.expect("it closes");
}

#[tokio::test]
async fn databases_of_one_new_cluster_may_migrate_at_once() {
    let cluster = Cluster::start(Profile::default());
    let databases: Vec<_> = (0..4).map(|_| Database(cluster.database())).collect();
    let all = databases.iter().chain(&databases).map(migrate);
    for done in futures_util::future::join_all(all).await {
        assert_eq!(done.expect("it migrates").notes, [""; 0]);
    }
}

#[tokio::test]
async fn a_migration_that_was_altered_is_refused() {
    let database = Database::new();
    database
        .0
        .execute("UPDATE indelible.op_migration SET sha256 = sha256('x') WHERE version = 2");
    for text in [
        refusal(PostgresStore::open(&database.address()).await),
        refusal(migrate(&database).await),
    ] {
        assert!(
            text.contains("migration 2 (index)") && text.contains("altered"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let database = Database::new();
    database.0.execute(
        "INSERT INTO indelible.op_migration VALUES (99, 'segments', sha256('x'), now(), 'later')",
    );
    for text in [
        refusal(PostgresStore::open(&database.address()).await),
        refusal(migrate(&database).await),
    ] {
        assert!(
            text.contains("99 (segments)") && text.contains("newer"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let cluster = Cluster::start(Profile::default());
    let postgres = client(&cluster.url("postgres", "postgres")).await;
    postgres
        .batch_execute("CREATE DATABASE odd ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        .await
        .expect("it is made");
    let address = address(&cluster.url("odd", "postgres"));
    let text = refusal(PostgresStore::migrate(&address, &Options::default()).await);
    assert!(text.contains("LATIN1") && text.contains("UTF8"), "{text}");
}

#[tokio::test]
async fn what_a_role_may_not_do_is_left_to_a_superuser_statement_by_statement() {
    let cluster = Cluster::start(Profile::default());
    let database = Database(cluster.database());
    let migrator = database.role("migrator", &[]);
    // The schema was made for it: it may make none itself.
    database
        .0
        .execute(&format!("CREATE SCHEMA indelible AUTHORIZATION {migrator}"));
    let address = database.address_as(&migrator);
    let done = PostgresStore::migrate(&address, &Options::default()).await;
    let done = done.expect("it migrates");
    assert_eq!(done.applied.len(), 10);
    assert!(
        done.notes
            .contains(&"CREATE ROLE indelible_writer NOLOGIN".to_owned())
    );
    // It owns all and can write; that is said.
    let store = PostgresStore::open(&address).await.expect("it opens");
    Author::new("default").fill(&store, 0..10).await;
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_guards, [""; 0]);
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert!(
        condition.excess_privileges[0].contains("owns the tables"),
        "{condition:?}"
    );
    store.close().await.expect("it closes");

    for note in &done.notes {
        database.0.execute(note);
    }
    let writer = database.role("writer", &["indelible_writer"]);
    let store = PostgresStore::open(&database.address_as(&writer))
        .await
        .expect("it opens");
    Author::new("other").fill(&store, 0..10).await;
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert_eq!(condition.excess_privileges, [""; 0]);
    let owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class \
                  WHERE relnamespace = 'indelible'::regnamespace";
    assert_eq!(
        database.0.query_text(owners),
        [[Some("indelible_owner".to_owned())]]
    );
    // And it can go on migrating as a member of the owner.
    database.0.execute(
        "DROP TABLE indelible.op_registry; DELETE FROM indelible.op_migration WHERE version = 3",
    );
    let done = PostgresStore::migrate(&address, &Options::default()).await;
    assert_eq!(done.expect("it migrates").applied.len(), 1);
}

#[tokio::test]
async fn roles_owners_and_grants_that_a_restore_lost_are_brought_about_again() {
    let cluster = Cluster::start(Profile::default());
    let database = Database(cluster.database());
    migrate(&database).await.expect("it migrates");
    // As on a new server: a dump holds no roles.
    database.0.execute(
        "REASSIGN OWNED BY indelible_owner TO postgres; \
         DROP OWNED BY indelible_owner, indelible_writer, indelible_eraser, indelible_auditor; \
         DROP ROLE indelible_owner, indelible_writer, indelible_eraser, indelible_auditor",
    );
    let lacking = |address| async move {
        let options = Options::default();
        let lacking = PostgresStore::lacking_access(&address, &options).await;
        lacking.expect("it looks")
    };
    let said = lacking(database.address()).await;
    for statement in [
        "CREATE ROLE indelible_owner NOLOGIN",
        "CREATE ROLE indelible_writer NOLOGIN",
        "CREATE ROLE indelible_eraser NOLOGIN",
        "GRANT EXECUTE ON FUNCTION indelible.rewrite_partition(text) TO indelible_eraser",
        "GRANT USAGE ON SCHEMA indelible TO indelible_auditor",
        "GRANT EXECUTE ON FUNCTION indelible.make_partitions(integer) TO indelible_writer",
        "GRANT UPDATE (count), SELECT, INSERT ON indelible.rollup TO indelible_writer",
    ] {
        assert!(said.contains(&statement.to_owned()), "{said:#?}");
    }
    let condition = database.store().await.condition().await;
    assert_eq!(condition.expect("it answers").lacking_access, said);

    let done = migrate(&database).await.expect("it migrates");
    assert_eq!((done.applied, done.notes), (Vec::new(), Vec::new()));
    assert_eq!(lacking(database.address()).await, [""; 0]);
    let writer = database.role("writer", &["indelible_writer"]);
    let address = database.address_as(&writer);
    let store = PostgresStore::open(&address).await.expect("it opens");
    Author::new("default").fill(&store, 0..10).await;
    let condition = store.condition().await.expect("it answers");
    assert_eq!(condition.missing_privileges, [""; 0]);
    assert_eq!(condition.excess_privileges, [""; 0]);
    store.close().await.expect("it closes");
    let owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class \
                  WHERE relnamespace = 'indelible'::regnamespace";
    assert_eq!(
        database.0.query_text(owners),
        [[Some("indelible_owner".to_owned())]]
    );

    // Whoever may not grant says what is to be granted, each time.
    database.0.execute(
        "REVOKE INSERT ON indelible.tag, indelible.node FROM indelible_writer; \
         REVOKE SELECT ON indelible.entry FROM indelible_auditor",
    );
    let notes = [
        "GRANT INSERT ON indelible.node, indelible.tag TO indelible_writer",
        "GRANT SELECT ON indelible.entry TO indelible_auditor",
    ];
    for _ in 0..2 {
        let done = PostgresStore::migrate(&address, &Options::default()).await;
        assert_eq!(done.expect("it migrates").notes, notes);
    }
    assert_eq!(
        migrate(&database).await.expect("it migrates").notes,
        [""; 0]
    );
    assert_eq!(lacking(address).await, [""; 0]);
}

#[tokio::test]
async fn whoever_may_make_no_schema_is_told_what_to_be_granted() {
    let database = Database::empty();
    let nobody = database.role("nobody", &[]);
    let address = database.address_as(&nobody);
    let text = refusal(PostgresStore::migrate(&address, &Options::default()).await);
    let grant = format!("GRANT CREATE ON DATABASE {} TO {nobody}", database.0.name());
    assert!(text.contains(&grant), "{text}");
}
