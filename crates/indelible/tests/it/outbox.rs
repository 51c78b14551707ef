//! Events that join the caller's own transaction, through the facade: every committed row of a
//! bank has exactly one entry, none that was rolled back has any, whoever is killed.

mod killing;

use indelible::core::Delivery;
use indelible::outbox::{PostgresOutbox, SQLITE_CREATE, SqliteOutbox};
use indelible::{
    AuditAction, AuditEvent, AuditProtocol, Database, PostgresAuditAdapter, Query,
    SqliteAuditAdapter,
};
use rusqlite::Connection;

use crate::place::{Kind, Place, on_both};
use crate::site::{Site, expect_clean, standard};

on_both! {
    t13_an_attempt_survives_the_rollback_that_a_joined_event_vanishes_with,
    t15_a_bulk_call_of_n_items_yields_n_entries,
}

fn event(action: &'static str, resource: impl Into<String>) -> AuditEvent {
    AuditEvent::new(AuditAction::custom(action), "account").resource_id(resource)
}

async fn drained(database: &Database) -> u64 {
    let outbox = database.outbox().expect("it has one");
    let moved = database.drain(outbox).pass().await.expect("a pass");
    assert!(moved.held.is_empty(), "{moved:?}");
    moved.recorded
}

async fn recorded(database: &Database) -> Vec<(String, String)> {
    let page = standard(database).query(Query::new().limit(1000)).await;
    let entries = page.expect("a page").into_iter();
    let mut all: Vec<_> = entries
        .map(|entry| (entry.action, entry.resource_id.unwrap_or_default()))
        .collect();
    all.reverse();
    all
}

async fn t13_an_attempt_survives_the_rollback_that_a_joined_event_vanishes_with(kind: Kind) {
    let site = Site::new(kind);
    drop(site.open().await);
    match &site.place {
        Place::File(path) => in_a_file(&site, path).await,
        Place::Server(_) => on_a_server(&site).await,
    }
    let database = site.open().await;
    assert_eq!(drained(&database).await, 1);
    let all = recorded(&database).await;
    let expected = ["attempted", "attempted", "attempted", "opened"];
    assert_eq!(
        all.iter().map(|(action, _)| &**action).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(all[3].1, "committed");
    expect_clean(&database).await;
}

/// A rollback, a broken constraint, a commit; each attempt recorded on its own before.
const ENDS: [&str; 3] = ["rolled back", "broken", "committed"];
const ACCOUNT: &str = "CREATE TABLE account (name TEXT PRIMARY KEY); \
                       INSERT INTO account (name) VALUES ('broken')";

async fn in_a_file(site: &Site, path: &std::path::Path) {
    let audit = SqliteAuditAdapter::at(path, site.settings())
        .await
        .expect("opens");
    let mut db = Connection::open(path).expect("opens");
    db.execute_batch(ACCOUNT).expect("made");
    for end in ENDS {
        // Before the transaction: within it, it would wait for the lock that it holds.
        let receipt = audit
            .record(event("attempted", end))
            .await
            .expect("recorded");
        assert_eq!(receipt.delivery, Delivery::Recorded);
        let transaction = db.transaction().expect("begins");
        let _queued = audit
            .record_in(&transaction, event("opened", end))
            .expect("queued");
        let inserted = transaction.execute("INSERT INTO account (name) VALUES (?1)", [end]);
        assert_eq!(inserted.is_err(), end == "broken");
        match end {
            "committed" => transaction.commit().expect("committed"),
            _ => transaction.rollback().expect("rolled back"),
        }
    }
    audit.close().await.expect("closes");
}

async fn on_a_server(site: &Site) {
    use indelible::outbox::tokio_postgres::{NoTls, connect};

    let address = site.place.url_text().parse().expect("an address");
    let audit = PostgresAuditAdapter::at(address, site.settings())
        .await
        .expect("opens");
    let url = site.place.server().superuser_url();
    let (mut db, connection) = connect(&url, NoTls).await.expect("connects");
    tokio::spawn(connection);
    db.batch_execute(ACCOUNT).await.expect("made");
    for end in ENDS {
        let transaction = db.transaction().await.expect("begins");
        let queued = audit.record_in(&transaction, event("opened", end)).await;
        let _queued = queued.expect("queued");
        // In the middle of the caller's transaction: what is recorded is no part of it.
        let receipt = audit
            .record(event("attempted", end))
            .await
            .expect("recorded");
        assert_eq!(receipt.delivery, Delivery::Recorded);
        let inserted = transaction
            .execute("INSERT INTO account (name) VALUES ($1)", &[&end])
            .await;
        assert_eq!(inserted.is_err(), end == "broken");
        match end {
            "committed" => transaction.commit().await.expect("committed"),
            _ => transaction.rollback().await.expect("rolled back"),
        }
    }
    audit.close().await.expect("closes");
}

async fn t15_a_bulk_call_of_n_items_yields_n_entries(kind: Kind) {
    let site = Site::new(kind);
    let database = site.open().await;
    let events = || (0..321).map(|n| event("opened", n.to_string()));
    let trail = indelible::TrailName::standard();
    match &site.place {
        Place::File(path) => {
            let mut db = Connection::open(path).expect("opens");
            let transaction = db.transaction().expect("begins");
            let all = SqliteOutbox::new(trail).record_all_in(&transaction, events());
            assert_eq!(all.expect("queued").len(), 321);
            transaction.commit().expect("committed");
        }
        Place::Server(server) => {
            use indelible::outbox::tokio_postgres::{NoTls, connect};
            let (mut db, connection) = connect(&server.superuser_url(), NoTls)
                .await
                .expect("connects");
            tokio::spawn(connection);
            let transaction = db.transaction().await.expect("begins");
            let outbox = PostgresOutbox::new(trail);
            let all = outbox.record_all_in(&transaction, events()).await;
            assert_eq!(all.expect("queued").len(), 321);
            transaction.commit().await.expect("committed");
        }
    }
    assert_eq!(drained(&database).await, 321);
    let resources = recorded(&database)
        .await
        .into_iter()
        .map(|(_, resource)| resource);
    let expected = (0..321).map(|n| n.to_string());
    assert_eq!(resources.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn t11_a_bank_goes_on_without_a_trail_and_nothing_is_lost() {
    let site = Site::new(Kind::Sqlite);
    let file = site.folder.path().join("bank.db");
    let mut bank = Connection::open(&file).expect("opens");
    bank.execute_batch(SQLITE_CREATE).expect("made");
    // No trail was ever opened, nor can one be: nothing of it is asked for.
    let outbox = SqliteOutbox::new(indelible::TrailName::standard());
    let transaction = bank.transaction().expect("begins");
    let queued = outbox
        .record_in(&transaction, event("opened", "7"))
        .expect("queued");
    transaction.commit().expect("committed");
    let database = site.open().await;
    let url = format!("sqlite:{}", file.display()).parse().expect("a URL");
    let waiting = indelible::outbox::open(&url).expect("opens");
    database.drain(waiting).pass().await.expect("a pass");
    let page = standard(&database)
        .query(Query::new())
        .await
        .expect("a page");
    assert_eq!(page.entries[0].id, queued.id);
}

#[tokio::test]
async fn a_database_in_memory_has_no_outbox_and_says_so() {
    let url = "memory:".parse().expect("a URL");
    let database = Database::open(&url, indelible::Settings::default())
        .await
        .expect("opens");
    assert!(database.outbox().is_none());
    let error = database.drain_outbox().map(drop).expect_err("none");
    assert!(error.to_string().contains("no outbox"), "{error}");
    assert!(indelible::outbox::open(&url).is_err());
}

#[tokio::test]
async fn a_database_drains_its_own_outbox_on_request() {
    let site = Site::new(Kind::Sqlite);
    let mut settings = site.settings();
    settings.outbox_interval = std::time::Duration::from_millis(1);
    let database = Database::open(&site.url(), settings).await.expect("opens");
    let draining = database.drain_outbox().expect("it starts");
    let trail = standard(&database);
    let mut growth = trail.growth();
    let Place::File(path) = &site.place else {
        panic!("a file")
    };
    let outbox = SqliteOutbox::new(indelible::TrailName::standard());
    let _queued = outbox
        .record_in(
            &Connection::open(path).expect("opens"),
            event("opened", "7"),
        )
        .expect("queued");
    growth.more().await;
    draining.stop().await;
    assert_eq!(recorded(&database).await.len(), 1);
    database.close().await.expect("closes");
}
