//! Entries that look like Indelible's own, and rows that somebody changed: neither makes nor ends a
//! hold.

use std::sync::Arc;

use indelible_core::engine::{Author, Hold, HoldRelease, HoldStanding, OWN_CODE};
use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::state::{Purpose, State, StateInMemory};
use indelible_core::verify::FindingKind;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query, TrailName};
use serde_json::{Value, json};
use uuid::Uuid;

use super::held::{erasure, place};
use super::{aged, all, policy, retain, set, verified};
use crate::ground::{By, Site, event, faulty};

/// An event that looks like the placing of a hold of everything.
pub(super) fn forged() -> AuditEvent {
    AuditEvent::new(
        indelible_core::AuditAction::AUDIT_LEGAL_HOLD_PLACED,
        "legal_hold",
    )
    .context(
        json!({"hold_id": Uuid::from_u128(9), "scope_filter": [], "reason": "r", "placed_by": "m"}),
    )
}

async fn only(audit: &indelible_core::engine::Audit) -> Hold {
    let mut holds = audit.holds().await.expect("read");
    assert_eq!(holds.len(), 1, "{holds:?}");
    holds.remove(0)
}

/// Writes the registry's row of a hold, past everything.
pub(super) async fn write(audit: &indelible_core::engine::Audit, id: Uuid, row: Option<Value>) {
    let registry = &audit.engine().ground().registry;
    let key = format!("{}/{id}", audit.name());
    let there = registry.get("hold", &key).await.expect("read");
    let version = there.map(|there| there.version);
    let put = registry.put("hold", &key, version, row.as_ref()).await;
    put.expect("put");
}

/// Makes a site another host, that has the key and not the secrets; answers what the first one has.
pub(super) fn without_secrets(site: &mut Site) -> Arc<dyn State> {
    let seed = site.state.signing_seed().expect("readable");
    let other = StateInMemory::new();
    other.keep_signing_seed(seed.expect("made")).expect("kept");
    std::mem::replace(&mut site.state, Arc::new(other))
}

#[tokio::test]
async fn t91_a_hold_that_somebody_else_recorded_holds_nothing_and_is_listed() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    audit.record(forged()).await.expect("nothing is refused");
    let hold = only(&audit).await;
    assert_eq!(hold.standing, HoldStanding::Foreign);
    assert!(!hold.is_in_force() && !hold.is_known);
    let asked = audit
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    assert!(matches!(asked, Err(AuditError::Query(_))), "{asked:?}");
    assert_eq!(retain(&audit).await.0.entries, 30);
    let erased = audit.erase(&erasure("u3"), &mut |_| {}).await;
    assert!(erased.expect("nothing is held").0.parts > 0);
}

#[tokio::test]
async fn t91_a_code_is_good_for_its_own_entry_alone() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    let hold = place(&audit, Query::new().user_id("u1")).await;
    let own = audit.own_records().await.expect("read");
    let entry = all(&audit).await.pop().expect("the hold");
    assert_eq!((entry.id, own.author(&entry)), (hold.id, Author::Own));
    // The same under another id, and of more than it was.
    let said = audit.entry(hold.id).await.expect("read").expect("there");
    let context = said.context.expect("it says");
    assert!(context[OWN_CODE].is_string());
    let again = |context| {
        AuditEvent::new(
            indelible_core::AuditAction::AUDIT_LEGAL_HOLD_PLACED,
            "legal_hold",
        )
        .context(context)
    };
    audit
        .record(again(context.clone()))
        .await
        .expect("recorded");
    let mut wider = context.clone();
    wider["scope_filter"] = json!([]);
    audit.record(again(wider)).await.expect("recorded");
    // In another trail, under its own id.
    let other = audit.engine().trail("other".parse().expect("a name"));
    let moved = again(context).id(hold.id);
    other.record(moved).await.expect("recorded");
    for (audit, count) in [(&audit, 3), (&other, 1)] {
        let holds = audit.holds().await.expect("read");
        let foreign = holds
            .iter()
            .filter(|hold| hold.standing == HoldStanding::Foreign);
        assert_eq!(holds.len(), count);
        assert_eq!(foreign.count(), if count == 3 { 2 } else { 1 });
    }
}

#[tokio::test]
async fn t91_a_hold_that_the_registry_alone_knows_holds_everything_until_two_release_it() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let id = Uuid::from_u128(77);
    write(&audit, id, Some(json!({"state": "placed"}))).await;
    let hold = only(&audit).await;
    assert_eq!((hold.standing, hold.id), (HoldStanding::Missing, id));
    assert!(hold.is_in_force() && hold.scope.is_none());
    assert_eq!(retain(&audit).await.0.entries, 0);
    let held = audit.erase(&erasure("u3"), &mut |_| {}).await;
    assert!(matches!(held, Err(AuditError::Held { .. })), "{held:?}");
    let report = verified(&audit).await;
    let kinds: Vec<_> = report.findings.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FindingKind::HoldWithoutEntry]);
    assert!(report.ok && report.findings_total == 1);
    // A row that says that it is over says nothing.
    let over = json!({"state": "released", "by": "a", "approved_by": "b", "entry": id});
    write(&audit, id, Some(over)).await;
    assert!(only(&audit).await.is_in_force());
    audit
        .request_release(id, "alice".into(), "lost")
        .await
        .expect("asked");
    let over = audit.approve_release(id, "bob".into()).await.expect("over");
    assert!(!over.is_in_force());
    assert_eq!(audit.holds().await.expect("read"), []);
    assert_eq!(retain(&audit).await.0.entries, 30);
    assert!(verified(&audit).await.findings.is_empty());
}

#[tokio::test]
async fn t91_a_hold_whose_index_row_is_gone_is_found_by_the_registry() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    store.alter(|by, entries| {
        if by == By::Index {
            entries.retain(|entry| entry.action != "audit_legal_hold_placed");
        }
    });
    assert_eq!(only(&audit).await, hold);
    assert_eq!(retain(&audit).await.0.first_kept, 123);
}

#[tokio::test]
async fn t91_a_hold_whose_entry_was_changed_holds_everything() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    let name = audit.name().clone();
    store.alter(move |_, entries| {
        for entry in entries.iter_mut().filter(|entry| entry.id == hold.id) {
            // All that belongs to it is made to fit, but for the tree above it.
            let part = entry.parts.details.as_mut().expect("there");
            let text = String::from_utf8(part.body.clone()).expect("text");
            part.body = text.replace("r123", "r999").into_bytes();
            let hash = part.hash(PartKind::Details);
            entry.part_hashes.details = Some(hash);
            entry.leaf_hash = entry.derived_leaf(&name, &mut Vec::new());
        }
    });
    write(&audit, hold.id, None).await;
    let found = only(&audit).await;
    assert_eq!((found.standing, found.scope), (HoldStanding::Unsure, None));
    assert_eq!(retain(&audit).await.0.entries, 0);
}

#[tokio::test]
async fn t91_sys_36_a_release_rests_on_the_entries_that_say_who_asked_and_who_approved() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new()).await;
    // Nobody asked, whatever the row says.
    let asked = json!({"state": "requested", "by": "alice", "reason": "r"});
    write(&audit, hold.id, Some(asked)).await;
    assert_eq!(only(&audit).await.release, HoldRelease::None);
    let early = audit.approve_release(hold.id, "bob".into()).await;
    assert!(matches!(early, Err(AuditError::Query(_))), "{early:?}");
    // Nor did whoever recorded that somebody did.
    let said = |action, context| {
        event(action)
            .resource_id(hold.id.to_string())
            .context(context)
    };
    let forge = async |action, context| {
        let receipt = audit.record(said(action, context)).await;
        receipt.expect("recorded").id
    };
    let request = forge(
        "audit_legal_hold_release_requested",
        json!({"hold_id": hold.id, "requested_by": "alice"}),
    );
    let request = request.await;
    let release = forge(
        "audit_legal_hold_released",
        json!({"hold_id": hold.id, "request_id": request, "approved_by": "bob"}),
    );
    let row = json!({"state": "released", "request": request, "entry": release.await});
    write(&audit, hold.id, Some(row)).await;
    assert_eq!(only(&audit).await.release, HoldRelease::None);
    // Whoever asked approves nothing by changing the row to another name.
    write(&audit, hold.id, Some(json!({"state": "placed"}))).await;
    let asked = audit
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    asked.expect("asked");
    let registry = &audit.engine().ground().registry;
    let rows = registry.list("hold").await.expect("read");
    let mut row = rows[0].1.value.clone();
    row["by"] = json!("mallory");
    write(&audit, hold.id, Some(row)).await;
    let same = audit.approve_release(hold.id, "Alice".into()).await;
    assert!(
        matches!(same, Err(AuditError::SamePerson { .. })),
        "{same:?}"
    );
    assert_eq!(retain(&audit).await.0.entries, 0);
    audit
        .approve_release(hold.id, "bob".into())
        .await
        .expect("over");
    assert_eq!(retain(&audit).await.0.entries, 30);
}

#[tokio::test]
async fn t91_a_part_that_was_taken_away_makes_no_hold_miss_an_entry() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    // What an entry says was erased is not held by what stood there.
    let erased = audit.erase(&erasure("u2"), &mut |_| {}).await;
    erased.expect("it is erased");
    place(&audit, Query::new().user_id("u3")).await;
    let taken = Erasure {
        first: 1,
        last: 1,
        parts: vec![PartKind::Actor],
    };
    let removal = site.store.removal().expect("memory can");
    let taken = removal.erase(audit.name(), &[taken]).await;
    assert_eq!(taken.expect("it is taken"), 1);
    assert_eq!(retain(&audit).await.0.first_kept, 1);
}

#[tokio::test]
async fn t91_holds_stay_where_the_secret_is_not_at_hand() {
    let mut site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new()).await;
    let asked = audit
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    asked.expect("asked");
    write(&audit, hold.id, None).await;
    let state = without_secrets(&mut site);
    let there = site.engine().await.trail(TrailName::standard());
    let found = only(&there).await;
    assert_eq!(
        (found.standing, found.scope),
        (HoldStanding::Unsure, hold.scope)
    );
    let refused = there.retain("officer", &mut |_| {}).await;
    assert!(
        matches!(refused, Err(AuditError::Retention { .. })),
        "{refused:?}"
    );
    let refused = there
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    assert!(
        matches!(refused, Err(AuditError::OtherSecret { .. })),
        "{refused:?}"
    );
    // With a copy of it all is as it was.
    let secret = state.kept_secret(Purpose::OwnRecords).expect("readable");
    site.state
        .secret(Purpose::OwnRecords, secret.expect("made"))
        .expect("kept");
    assert_eq!(only(&there).await.standing, HoldStanding::Own);
    assert_eq!(retain(&there).await.0.entries, 0);
}
