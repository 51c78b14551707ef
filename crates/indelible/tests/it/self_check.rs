//! A program that is wired wrong learns it at its start.

use std::sync::Arc;

use async_trait::async_trait;
use indelible::testing::{AuditAssertions, FailingAudit, Fault};
use indelible::{
    AuditError, AuditEvent, AuditProtocol, Delivery, DeliveryMode, MemoryAuditAdapter, Page, Query,
    Receipt, SelfCheckError, TrailName, self_check,
};

/// Records here, asks there.
struct Crossed(MemoryAuditAdapter, MemoryAuditAdapter);

#[async_trait]
impl AuditProtocol for Crossed {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.0.record(event).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.1.query(query).await
    }
}

#[tokio::test]
async fn t4_the_event_of_a_self_check_can_be_read_back() {
    let audit = MemoryAuditAdapter::new().await.expect("open");
    let receipt = self_check(&audit).await.expect("wired well");
    let entry = audit
        .assert_one(Query::new().action("audit_self_checked"))
        .await;
    assert_eq!((entry.id, Some(entry.seq)), (receipt.id, receipt.seq));
}

#[tokio::test]
async fn t4_a_recorder_that_leads_elsewhere_is_found() {
    let trails = (
        MemoryAuditAdapter::new().await,
        MemoryAuditAdapter::new().await,
    );
    let crossed = Crossed(trails.0.expect("open"), trails.1.expect("open"));
    let answer = self_check(&crossed).await;
    assert!(
        matches!(answer, Err(SelfCheckError::NotFound(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_trail_that_cannot_be_reached_does_not_pass() {
    let audit = MemoryAuditAdapter::new().await.expect("open");
    let failing = FailingAudit::new(Arc::new(audit));
    failing.fail_next(1, Fault::Unavailable);
    let answer = self_check(&failing).await;
    assert!(
        matches!(answer, Err(SelfCheckError::Record(_))),
        "{answer:?}"
    );

    failing.fail_always(Fault::Unavailable);
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = indelible::spool::Options::default();
    options.folder = Some(folder.path().to_owned());
    options.mode = DeliveryMode::Spooled;
    let spooling = indelible::Delivering::open(Arc::new(failing), TrailName::standard(), options);
    let spooling = spooling.expect("opened");
    match self_check(&spooling).await {
        Err(SelfCheckError::NotRecorded { delivery, .. }) => {
            assert_eq!(delivery, Delivery::Spooled);
        }
        answer => panic!("{answer:?}"),
    }
    spooling.close();
}
