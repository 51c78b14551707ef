//! Entries that retention has removed and somebody kept: recorded again, with their codes and under
//! their ids, they say nothing.

use indelible_core::engine::{Audit, Author, HoldStanding};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol, Query};
use uuid::Uuid;

use super::held::place;
use super::{DAY, aged, fill, policy, retain, set};
use crate::ground::Site;

/// What somebody keeps of an entry to record it again.
async fn kept(audit: &Audit, id: Uuid) -> AuditEvent {
    let entry = audit.entry(id).await.expect("read").expect("there");
    let action = AuditAction::new(entry.action).expect("an action");
    AuditEvent::new(action, entry.resource_type)
        .id(entry.id)
        .outcome(entry.outcome)
        .context(entry.context.expect("it says"))
}

/// Places a hold and releases it; answers what somebody keeps of its entry.
pub(super) async fn released(audit: &Audit) -> AuditEvent {
    let hold = place(audit, Query::new()).await;
    let event = kept(audit, hold.id).await;
    let asked = audit
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    asked.expect("asked");
    audit
        .approve_release(hold.id, "bob".into())
        .await
        .expect("over");
    event
}

async fn replay(audit: &Audit, event: AuditEvent) -> Author {
    let receipt = audit.record(event).await.expect("nothing is refused");
    let store = &audit.engine().ground().store;
    let seq = receipt.seq.expect("a place");
    let entry = store.entries(audit.name(), seq..seq + 1).await;
    let entry = entry.expect("read").pop().expect("there");
    audit.own_records().await.expect("read").author(&entry)
}

#[tokio::test]
async fn t91_a_hold_that_is_over_and_gone_is_not_in_force_again_when_it_is_recorded_again() {
    for is_row_gone in [false, true] {
        let site = Site::new();
        let audit = aged(&site, 30, 5).await;
        set(&audit, &policy(30)).await;
        let event = released(&audit).await;
        site.clock.pass(DAY * 40);
        fill(&audit, 100..105).await;
        retain(&audit).await;
        assert_eq!(audit.holds().await.expect("read"), []);
        let registry = &audit.engine().ground().registry;
        for (key, row) in registry.list("hold").await.expect("read") {
            let version = Some(row.version);
            if is_row_gone {
                let gone = registry.put("hold", &key, version, None).await;
                gone.expect("put");
            }
        }
        assert_eq!(replay(&audit, event).await, Author::Other);
        let holds = audit.holds().await.expect("read");
        assert_eq!(holds[0].standing, HoldStanding::Foreign, "{is_row_gone}");
        assert!(!holds[0].is_in_force());
        site.clock.pass(DAY * 40);
        assert!(retain(&audit).await.0.entries > 5);
    }
}

#[tokio::test]
async fn t91_the_row_of_a_release_ends_a_hold_whose_entry_is_recorded_again_at_once() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    let event = released(&audit).await;
    fill(&audit, 100..105).await;
    let removal = site.store.removal().expect("memory can");
    let first_kept = removal.trim(audit.name(), 40).await.expect("it is removed");
    assert_eq!(first_kept, 40);
    assert_eq!(replay(&audit, event).await, Author::Own);
    let holds = audit.holds().await.expect("read");
    assert_eq!(holds[0].standing, HoldStanding::Foreign);
    assert!(!holds[0].is_in_force() && holds.len() == 1);
}

#[tokio::test]
async fn an_older_policy_that_is_recorded_again_sets_none() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    let first = audit.set_retention_policy(&policy(20), "officer").await;
    let event = kept(&audit, first.expect("it is set").id).await;
    site.clock.pass(DAY * 40);
    set(&audit, &policy(30)).await;
    retain(&audit).await;
    assert_eq!(replay(&audit, event).await, Author::Other);
    let now = audit.retention_policy().await.expect("it can be told");
    assert_eq!(now, Some(policy(30)));
}
