//! The outbox: the published statement by a role that may do nothing else, the drain's side beside
//! it.

use async_trait::async_trait;
use indelible_conformance::{End, OutboxUnderTest};
use indelible_core::outbox::{
    EVENT_BYTES_MAX, Outbox, Refused, Row, Settled, Settlement, Standing,
};
use indelible_core::{AuditAction, AuditError, AuditEvent, StoreError, TrailName};
use indelible_postgres::{Options, PostgresOutbox, PostgresOutboxTable, PostgresStore, outbox};

use crate::fixture::{Database, address, client, code};

/// What the role of an application that only sends is granted.
const GRANTS: [&str; 2] = [
    "GRANT USAGE ON SCHEMA indelible TO",
    "GRANT INSERT (trail, event) ON indelible.op_outbox TO",
];

/// Who owns a table of its own may take its checks away; drains are to bear that.
const UNCHECKED: &str = "ALTER TABLE indelible.op_outbox \
DROP CONSTRAINT IF EXISTS op_outbox_trail_check, DROP CONSTRAINT IF EXISTS op_outbox_event_check";

const CHECKED: &str = "ALTER TABLE indelible.op_outbox \
ADD CONSTRAINT op_outbox_trail_check CHECK (octet_length(trail) <= 63), \
ADD CONSTRAINT op_outbox_event_check CHECK (octet_length(event) <= 1048576)";

pub fn sender(database: &Database) -> String {
    let role = database.role("bank", &[]);
    for grant in GRANTS {
        database.0.execute(&format!("{grant} {role}"));
    }
    role
}

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
                let mut db = client(&self.url).await;
                let transaction = db.transaction().await.expect("it begins");
                for (trail, event) in rows {
                    let inserted = transaction.execute(outbox::INSERT, &[trail, event]).await;
                    assert_eq!(inserted.expect("it inserts"), 1);
                }
                let ended = match end {
                    End::Commit => transaction.commit().await,
                    End::Rollback => transaction.rollback().await,
                };
                ended.expect("it ends");
            }
        }
    };
}

/// The outbox beside the trails, written by a role that may insert and drained by a writer.
pub struct InTrailsDatabase {
    url: String,
    store: PostgresStore,
}

impl InTrailsDatabase {
    pub async fn of(database: &Database, writer: &str, sender: &str) -> Self {
        database.0.execute(UNCHECKED);
        // A store opens where all checks are there.
        database.0.execute(CHECKED);
        let store = PostgresStore::open(&database.address_as(writer)).await;
        database.0.execute(UNCHECKED);
        Self {
            url: database.0.url_as(sender),
            store: store.expect("it opens"),
        }
    }
}

under_test! { InTrailsDatabase, store }

/// The outbox in a database of the application's own.
pub struct Elsewhere {
    url: String,
    table: PostgresOutboxTable,
}

impl Elsewhere {
    pub async fn of(database: &Database) -> Self {
        let url = database.0.superuser_url();
        let db = client(&url).await;
        db.batch_execute(outbox::CREATE).await.expect("it is made");
        db.batch_execute(UNCHECKED).await.expect("it is altered");
        let table = PostgresOutboxTable::open(&database.address(), &Options::default());
        Self {
            url,
            table: table.expect("it opens"),
        }
    }
}

under_test! { Elsewhere, table }

fn event(n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "statement").resource_id(n.to_string())
}

async fn waiting(outbox: &impl Outbox) -> Vec<AuditEvent> {
    let rows = outbox.waiting(&[], 5000).await.expect("it reads");
    let event = |row: Row| AuditEvent::from_kept_json(&row.event.expect("short"));
    let events = rows.into_iter().map(event);
    events.map(|event| event.expect("an event")).collect()
}

#[tokio::test]
async fn events_join_a_transaction_and_share_its_end() {
    let database = Database::new();
    let store = database.store().await;
    let outbox = PostgresOutbox::new(TrailName::standard());
    let mut db = database.client(&sender(&database)).await;
    let transaction = db.transaction().await.expect("it begins");
    let gone = outbox.record_in(&transaction, event(0)).await;
    let gone = gone.expect("queued");
    transaction.rollback().await.expect("it ends");
    let transaction = db.transaction().await.expect("it begins");
    let first = outbox
        .record_in(&transaction, event(1))
        .await
        .expect("queued");
    // T15: a bulk call of n items yields n events, in their order.
    let bulk = outbox
        .record_all_in(&transaction, (2..3000).map(event))
        .await;
    transaction.commit().await.expect("it ends");
    let there = waiting(&store).await;
    let ids: Vec<_> = there.iter().filter_map(|event| event.id).collect();
    let queued = std::iter::once(first).chain(bulk.expect("queued"));
    assert_eq!(ids, queued.map(|queued| queued.id).collect::<Vec<_>>());
    assert!(!ids.contains(&gone.id));
    let resources: Vec<_> = there
        .into_iter()
        .filter_map(|event| event.resource_id)
        .collect();
    assert_eq!(
        resources,
        (1..3000).map(|n| n.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_is_too_long_is_not_taken() {
    let database = Database::new();
    let db = database.client(&sender(&database)).await;
    // Two bytes a letter: it is bytes that are counted.
    let (name, text) = ("x".repeat(63), "ä".repeat(EVENT_BYTES_MAX / 2));
    let longest = db.execute(outbox::INSERT, &[&name, &text]).await;
    assert_eq!(longest.expect("the longest"), 1);
    for (trail, event) in [
        (format!("{name}x"), "{}".to_owned()),
        ("ä".repeat(32), "{}".to_owned()),
        (name, format!("{text}x")),
    ] {
        let error = db.execute(outbox::INSERT, &[&trail, &event]).await;
        let error = error.expect_err("too long");
        assert_eq!(error.code().map(|code| code.code()), Some("23514"));
    }
}

#[tokio::test]
async fn a_sender_may_send_and_nothing_else() {
    let database = Database::new();
    let role = sender(&database);
    let db = database.client(&role).await;
    db.execute(outbox::INSERT, &[&"a", &"{}"])
        .await
        .expect("it may");
    for statement in [
        "SELECT event FROM indelible.op_outbox",
        "UPDATE indelible.op_outbox SET refused = 'x'",
        "DELETE FROM indelible.op_outbox",
        "TRUNCATE indelible.op_outbox",
        "INSERT INTO indelible.op_outbox (trail, event, refused) VALUES ('a', '{}', 'x')",
        "INSERT INTO indelible.op_outbox (trail, event, queued_at) VALUES ('a', '{}', now())",
        "SELECT trail_id FROM indelible.entry",
        "INSERT INTO indelible.op_registry VALUES ('a', 'b', 1, '{}')",
    ] {
        let code = code(&db, statement).await;
        assert_eq!(code.as_deref(), Some("42501"), "{statement}");
    }
}

#[tokio::test]
async fn an_ill_formed_event_leaves_the_transaction_as_it_was() {
    let database = Database::new();
    let outbox = PostgresOutbox::new(TrailName::standard());
    let mut db = database.client(&sender(&database)).await;
    let transaction = db.transaction().await.expect("it begins");
    let mut ill_formed = event(1);
    ill_formed.resource_type = "a b".to_owned();
    let error = outbox.record_in(&transaction, ill_formed.clone()).await;
    assert_eq!(
        error.expect_err("ill-formed").field(),
        Some("resource_type")
    );
    let error = outbox
        .record_all_in(&transaction, [event(0), ill_formed])
        .await;
    assert!(matches!(error, Err(AuditError::Invalid(_))));
    transaction
        .batch_execute("SELECT 1")
        .await
        .expect("nothing was asked");
    transaction.commit().await.expect("it ends");
    assert!(waiting(&database.store().await).await.is_empty());
    let elsewhere = Database::empty();
    let db = client(&elsewhere.0.superuser_url()).await;
    let error = outbox.record_in(&db, event(1)).await.expect_err("no table");
    assert!(error.to_string().contains("migrate up"), "{error}");
    assert!(error.to_string().contains("POSTGRES_CREATE"), "{error}");
}

#[tokio::test]
async fn a_time_beyond_the_calendar_keeps_nothing_from_being_read() {
    let database = Database::new();
    let store = database.store().await;
    for time in ["infinity", "-infinity", "99999-01-01Z"] {
        database.0.execute(&format!(
            "INSERT INTO indelible.op_outbox (trail, event, queued_at) VALUES ('a', '{{}}', '{time}')"
        ));
    }
    let rows = store.waiting(&[], 9).await.expect("it reads");
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.queued_at.is_none()));
    assert_eq!(store.standing().await.expect("it counts").waiting, 3);
}

#[tokio::test]
async fn making_an_outbox_again_leaves_it_as_it_is() {
    let database = Database::empty();
    let own = Elsewhere::of(&database).await;
    own.insert(&[("a", "1")], End::Commit).await;
    let again = Elsewhere::of(&database).await;
    assert_eq!(again.standing().await.expect("it counts").waiting, 1);
}

#[tokio::test]
async fn rows_that_another_transaction_holds_are_not_counted_as_settled() {
    let database = Database::empty();
    let own = Elsewhere::of(&database).await;
    own.insert(&[("a", "1"), ("a", "2"), ("a", "3")], End::Commit)
        .await;
    let rows = own.waiting(&[], 9).await.expect("it reads");
    let settlement = Settlement {
        moved: vec![rows[0].position, rows[1].position],
        refused: vec![(rows[2].position, "no event".to_owned())],
    };
    let mut holder = client(&own.url).await;
    let holding = holder.transaction().await.expect("it begins");
    let held = "SELECT 1 FROM indelible.op_outbox WHERE event <> '1' FOR UPDATE";
    holding.batch_execute(held).await.expect("it holds");
    let settled = own.settle(&settlement).await.expect("it settles");
    assert_eq!((settled.moved, settled.refused), (1, 0));
    assert_eq!(settled.held, 2, "and not the one that is gone");
    holding.rollback().await.expect("it ends");
    let settled = own.settle(&settlement).await.expect("it settles");
    assert_eq!((settled.moved, settled.refused), (1, 1));
    let again = own.settle(&settlement).await.expect("it settles");
    assert_eq!(again, Settled::default(), "nobody holds what is gone");
}

/// A trigger that lets nobody touch two of the rows.
const GUARD: &str = "\
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF OLD.event IN ('moved and kept', 'refused and kept') THEN RAISE 'kept by a trigger'; END IF;
RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON indelible.op_outbox
FOR EACH ROW EXECUTE FUNCTION guard()";

#[tokio::test]
async fn a_row_that_cannot_be_settled_holds_up_no_other() {
    let database = Database::empty();
    let own = Elsewhere::of(&database).await;
    database.0.execute(GUARD);
    let (mut moved, mut refused) = (vec![("a", "moved"); 20], vec![("a", "refused"); 20]);
    (moved[7].1, refused[12].1) = ("moved and kept", "refused and kept");
    own.insert(&moved, End::Commit).await;
    own.insert(&refused, End::Commit).await;
    let rows = own.waiting(&[], 99).await.expect("it reads");
    let (moved, refused) = rows.split_at(20);
    let refused = refused
        .iter()
        .map(|row| (row.position, "no event".to_owned()));
    let settlement = Settlement {
        moved: moved.iter().map(|row| row.position).collect(),
        refused: refused.collect(),
    };
    let settled = own.settle(&settlement).await.expect("it settles");
    assert_eq!((settled.moved, settled.refused), (19, 19));
    assert_eq!((settled.failed, settled.held), (2, 0));
    let problem = settled.problem.expect("it says why");
    assert!(problem.contains("kept by a trigger"), "{problem}");
    let rest = own.waiting(&[], 99).await.expect("it reads");
    let rest: Vec<i64> = rest.iter().map(|row| row.position).collect();
    assert_eq!(rest, [moved[7].position, settlement.refused[12].0]);
}

#[tokio::test]
async fn a_database_of_another_encoding_is_told_so() {
    let database = Database::empty();
    let name = format!("{}_latin1", database.0.name());
    let db = client(&database.0.superuser_url()).await;
    let made = format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    db.batch_execute(&made).await.expect("it is made");
    let url = database.0.superuser_url().replace(database.0.name(), &name);
    let table = PostgresOutboxTable::open(&address(&url), &Options::default());
    let error = table.expect("it opens").waiting(&[], 1).await;
    let error = error.expect_err("not every event fits");
    assert!(error.to_string().contains("LATIN1"), "{error}");
    let dropped = format!("DROP DATABASE {name} WITH (FORCE)");
    db.batch_execute(&dropped).await.expect("it is gone");
}

/// The recipe of the guide, as it stands there, for a role of this test.
fn row_level_security(role: &str) -> String {
    let guide = include_str!("../../../../docs/guide/outbox.md");
    let mut blocks = guide.split("```sql\n").skip(1);
    let recipe = blocks.find(|block| block.starts_with("ALTER TABLE indelible.op_outbox ENABLE"));
    let recipe = recipe.expect("the guide has it").split("```").next();
    let recipe = recipe.expect("it ends");
    assert!(recipe.contains(" TO bank "), "{recipe}");
    recipe.replace(" TO bank ", &format!(" TO {role} "))
}

#[tokio::test]
async fn a_sender_is_held_to_one_trail_by_the_recipe_of_the_guide() {
    let database = Database::new();
    let bank = sender(&database);
    let writer = database.role("writer", &["indelible_writer"]);
    let auditor = database.role("auditor", &["indelible_auditor"]);
    let db = database.client(&bank).await;
    let other = "INSERT INTO indelible.op_outbox (trail, event) VALUES ('other', '{}')";
    assert_eq!(code(&db, other).await, None, "before, it may");
    database.0.execute(&row_level_security(&bank));
    assert_eq!(code(&db, other).await.as_deref(), Some("42501"));
    let inserted = db.execute(outbox::INSERT, &[&"bank", &"{}"]).await;
    assert_eq!(inserted.expect("its own"), 1);
    let looking = database.client(&auditor).await;
    let looked = looking
        .query(
            "SELECT trail FROM indelible.op_outbox ORDER BY position",
            &[],
        )
        .await;
    let trails = looked.expect("it may look").into_iter();
    let trails: Vec<String> = trails.map(|row| row.get(0)).collect();
    assert_eq!(trails, ["other", "bank"]);
    let store = PostgresStore::open(&database.address_as(&writer)).await;
    let store = store.expect("it opens");
    let rows = store.waiting(&[], 9).await.expect("it reads");
    let settlement = Settlement {
        moved: vec![rows[0].position],
        refused: vec![(rows[1].position, "no event".to_owned())],
    };
    let settled = store.settle(&settlement).await.expect("it settles");
    assert_eq!((settled.moved, settled.refused, settled.held), (1, 1, 0));
}
