//! Programs that begin while their trail is away.

use indelible::core::Delivery;
use indelible::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, ConnectError, DeliveryMode, Query,
    Settings, TrailName, deliver_with,
};
use testbed::{Cluster, Profile};

use crate::site::{Site, expect_clean, standard};

fn view(n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "statement").resource_id(n.to_string())
}

fn settings(site: &Site, mode: DeliveryMode) -> Settings {
    let mut settings = site.settings();
    settings.delivery.mode = mode;
    settings
}

#[tokio::test]
async fn a_program_starts_though_its_database_is_away_and_opens_it_later() {
    let cluster = Cluster::start(Profile::default());
    let site = Site::on(&cluster);
    let (url, trail) = (site.place.url_text(), TrailName::standard());
    let first = deliver_with(&url, trail.clone(), settings(&site, DeliveryMode::Spooled)).await;
    let first = first.expect("the database is there");
    first.record(view(0)).await.expect("recorded");
    first.close().await.expect("closed");

    cluster.stop();
    let required = settings(&site, DeliveryMode::Required);
    let refused = deliver_with(&url, trail.clone(), required).await.err();
    assert!(
        matches!(refused, Some(ConnectError::Store(_))),
        "{refused:?}"
    );
    let audit = deliver_with(&url, trail.clone(), settings(&site, DeliveryMode::Spooled)).await;
    let audit = audit.expect("starts all the same");
    for n in 1..=20 {
        let receipt = audit.record(view(n)).await.expect("spooled");
        assert_eq!(receipt.delivery, Delivery::Spooled);
    }
    let dropped = audit.record_with(view(99), DeliveryMode::BestEffort).await;
    assert_eq!(dropped.expect("given up").delivery, Delivery::Dropped);
    audit
        .query(Query::new())
        .await
        .expect_err("the database is away");

    cluster.restart();
    audit.flush().await.expect("delivered");
    let receipt = audit.record(view(21)).await.expect("recorded");
    assert_eq!(receipt.delivery, Delivery::Recorded);
    let page = audit
        .query(Query::new().action("data_viewed"))
        .await
        .expect("read");
    let ids: Vec<_> = page
        .iter()
        .rev()
        .filter_map(|entry| entry.resource_id.clone())
        .collect();
    let expected: Vec<_> = (0..=21).map(|n| n.to_string()).collect();
    assert_eq!(ids, expected);
    audit.close().await.expect("closed");

    let database = site.open().await;
    let lost = Query::new().action("audit_write_failed");
    let page = standard(&database).query(lost).await.expect("read");
    assert_eq!(page.entries.len(), 1, "one loss, told once");
    expect_clean(&database).await;
}

#[tokio::test]
async fn what_was_closed_opens_no_database_any_more() {
    let cluster = Cluster::start(Profile::default());
    let site = Site::on(&cluster);
    let (url, trail) = (site.place.url_text(), TrailName::standard());
    site.open().await.close().await.expect("closes");
    let best_effort = settings(&site, DeliveryMode::BestEffort);
    let opened = deliver_with(&url, trail.clone(), best_effort.clone())
        .await
        .expect("opens");
    opened.record(view(0)).await.expect("recorded");
    opened.close().await.expect("closes");

    cluster.stop();
    let audit = deliver_with(&url, trail, best_effort)
        .await
        .expect("starts");
    audit.close().await.expect("closes");
    cluster.restart();
    let error = audit.query(Query::new()).await.expect_err("it is closed");
    assert!(matches!(error, AuditError::Closed), "{error}");
    let database = site.open().await;
    let system = database.trail("system".parse().expect("a name"));
    let page = system.query(Query::new()).await.expect("readable");
    let count = |action: &str| page.iter().filter(|entry| entry.action == action).count();
    assert_eq!(count("audit_started"), count("audit_stopped"), "{page:?}");
    database.close().await.expect("closes");
}

#[tokio::test]
async fn a_database_that_this_host_never_opened_is_no_place_to_deliver_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = Settings::default();
    settings.state_home = Some(folder.path().join("state"));
    settings.delivery.mode = DeliveryMode::Spooled;
    // Nobody listens there.
    let url = "postgres://app@127.0.0.1:1/audit";
    let refused = deliver_with(url, TrailName::standard(), settings)
        .await
        .err();
    assert!(
        matches!(refused, Some(ConnectError::Store(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_away_is_spooled_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = Settings::default();
    settings.state_home = Some(folder.path().join("state"));
    settings.delivery.mode = DeliveryMode::Spooled;
    settings.client.key = Some(indelible::ApiKey::new("none"));
    let url = "http://127.0.0.1:1";
    let audit = deliver_with(url, TrailName::standard(), settings.clone())
        .await
        .expect("starts");
    let receipt = audit.record(view(1)).await.expect("spooled");
    assert_eq!(receipt.delivery, Delivery::Spooled);
    audit.close().await.expect("closed");
    let again = deliver_with(url, TrailName::standard(), settings)
        .await
        .expect("starts");
    assert_eq!(
        again.vitals().depth_events,
        1,
        "in the place of that server"
    );
    again.close().await.expect("closed");
}
