//! What `doctor` says of events that wait on the local disk.

use std::path::Path;
use std::sync::Arc;

use indelible::core::Delivery;
use indelible::spool::Options;
use indelible::{
    AuditAction, AuditEvent, AuditProtocol, Delivering, DeliveryMode, MemoryAuditAdapter, TrailName,
};

use crate::desk::Desk;
use crate::postgres::check;

/// Spools as many events below a folder, as an application whose trail is away.
fn spool(folder: &Path, count: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let away = MemoryAuditAdapter::new().await.expect("opens");
        away.close().await.expect("closes");
        let mut options = Options::default();
        options.mode = DeliveryMode::Spooled;
        options.folder = Some(folder.join("default"));
        let trail = TrailName::standard();
        let audit = Delivering::open(Arc::new(away), trail, options).expect("opens");
        for _ in 0..count {
            let event = AuditEvent::new(AuditAction::DATA_VIEWED, "statement");
            let receipt = audit.record(event).await.expect("spooled");
            assert_eq!(receipt.delivery, Delivery::Spooled);
        }
        audit.close();
    });
}

fn told(desk: &Desk) -> serde_json::Value {
    desk.run(&["doctor", "--output", "json"]).json()
}

#[test]
fn what_waits_is_told_where_there_is_a_spool() {
    let desk = Desk::new();
    desk.records(1);
    let without = told(&desk);
    let names = without["checks"].as_array().expect("checks").iter();
    assert!(!names.clone().any(|line| line["check"] == "spool"));

    spool(&desk.state().join("spool"), 2);
    let (verdict, detail, remedy) = check(&told(&desk), "spool");
    assert_eq!(verdict, "warn");
    assert!(
        detail.starts_with("trail default: 2 events wait ("),
        "{detail}"
    );
    assert!(detail.ends_with("no process delivers them"), "{detail}");
    assert!(remedy.starts_with("start the application"), "{remedy}");
}

#[test]
fn a_folder_of_its_own_is_named_in_the_settings() {
    let desk = Desk::new();
    desk.records(1);
    let folder = desk.path("elsewhere");
    spool(&folder, 3);
    let place = folder.display();
    desk.file(
        "indelible.toml",
        format!("[delivery]\nfolder = \"{place}\"\n"),
    );
    let (verdict, detail, _) = check(&told(&desk), "spool");
    assert_eq!(verdict, "warn");
    assert!(
        detail.starts_with("trail default: 3 events wait ("),
        "{detail}"
    );
}
