//! Who may approve a release: somebody of another key, and of another name.

use indelible_core::engine::{Audit, Hold, HoldRelease, Signatory};
use indelible_core::{AuditAction, AuditError, AuditEvent, Query};
use serde_json::{Value, json};

use super::held::place;
use super::{aged, all};
use crate::ground::Site;

fn key<'a>(by: &'a str, name: &'a str) -> Signatory<'a> {
    let name = Some(name);
    Signatory { by, name }
}

async fn newest(audit: &Audit, action: &str) -> Value {
    let entry = all(audit).await.pop().expect("an entry");
    let shown = entry.open(audit.name()).expect("JSON");
    assert_eq!(shown.action, action);
    shown.context.expect("a context")
}

async fn there(audit: &Audit, hold: &Hold) -> HoldRelease {
    let hold = audit.hold(hold.id).await.expect("read");
    hold.expect("there").release
}

#[tokio::test]
async fn sys_36_a_rotated_key_approves_nothing_that_its_holder_has_asked_for() {
    let site = Site::new();
    let audit = aged(&site, 5, 5).await;
    let hold = place(&audit, Query::new()).await;
    let asked = key("key:1", "Privacy Desk");
    let asked = audit.request_release(hold.id, asked, "closed").await;
    asked.expect("asked");
    let said = newest(&audit, "audit_legal_hold_release_requested").await;
    assert_eq!(
        (&said["requested_by"], &said["key_name"]),
        (&json!("key:1"), &json!("Privacy Desk"))
    );
    for same in [
        key("key:2", " privacy desk"),
        key("key:1", "another name by now"),
        "PRIVACY DESK".into(),
    ] {
        let refused = audit.approve_release(hold.id, same).await;
        assert!(
            matches!(refused, Err(AuditError::SamePerson { .. })),
            "{same:?}: {refused:?}"
        );
        let said = newest(&audit, "audit_legal_hold_release_refused").await;
        assert_eq!(
            (&said["approved_by"], said["key_name"].as_str()),
            (&json!(same.by), same.name)
        );
    }
    let over = audit.approve_release(hold.id, key("key:3", "legal")).await;
    assert!(!over.expect("over").is_in_force());
    let said = newest(&audit, "audit_legal_hold_released").await;
    assert_eq!(
        (
            &said["released_by"],
            &said["approved_by"],
            &said["key_name"]
        ),
        (&json!("key:1"), &json!("key:3"), &json!("legal"))
    );
}

#[tokio::test]
async fn sys_36_names_that_redaction_changes_are_told_as_they_stand_in_the_trail() {
    let site = Site::new();
    let audit = aged(&site, 5, 5).await;
    let hold = place(&audit, Query::new()).await;
    let card = "desk 4111111111111111";
    let asked = audit
        .request_release(hold.id, key("key:1", card), "closed")
        .await;
    asked.expect("asked");
    let said = newest(&audit, "audit_legal_hold_release_requested").await;
    assert_ne!(said["key_name"], card, "the test is of what is changed");
    let refused = audit.approve_release(hold.id, key("key:2", card)).await;
    assert!(
        matches!(refused, Err(AuditError::SamePerson { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn sys_36_a_release_of_one_person_by_two_keys_ends_no_hold_when_it_is_read_later() {
    let site = Site::new();
    let audit = aged(&site, 5, 5).await;
    // As another build had it, or somebody who has its secret: own entries, and a row that names
    // them.
    for (name, other, is_over) in [
        (Some("desk"), Some("Desk"), false),
        (Some("desk"), Some("legal"), true),
        (None, None, true),
        (None, Some("desk"), true),
    ] {
        let hold = place(&audit, Query::new()).await;
        let mut said = json!({"hold_id": hold.id, "requested_by": "key:1", "reason": "closed"});
        if let Some(name) = name {
            said["key_name"] = json!(name);
        }
        let request = own(
            &audit,
            AuditAction::custom("audit_legal_hold_release_requested"),
            said,
        )
        .await;
        let mut said = json!({"hold_id": hold.id, "approved_by": "key:2", "request_id": request});
        if let Some(name) = other {
            said["key_name"] = json!(name);
        }
        let entry = own(&audit, AuditAction::AUDIT_LEGAL_HOLD_RELEASED, said).await;
        let row = json!({"state": "released", "request": request, "entry": entry});
        super::forged::write(&audit, hold.id, Some(row)).await;
        let release = there(&audit, &hold).await;
        let is_approved = matches!(release, HoldRelease::Approved { .. });
        assert_eq!(is_approved, is_over, "{name:?} {other:?}: {release:?}");
    }
}

/// Records an entry with the code of this installation, and answers its id.
async fn own(audit: &Audit, action: AuditAction, said: Value) -> uuid::Uuid {
    let event = AuditEvent::new(action, "legal_hold").context(said);
    audit.record_of_own(event).await.expect("recorded").id
}
