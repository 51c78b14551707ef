//! Domain events become events of the trail, through whatever bus.

use std::any::Any;
use std::sync::Arc;

use indelible::testing::{AuditAssertions, FailingAudit, Fault};
use indelible::{
    AuditAction, AuditError, AuditEvent, AuditEventHandler, AuditProtocol, Delivery, EventMappings,
    EventType, HandleError, MemoryAuditAdapter, Page, Query, Receipt, TrailName, Treatment,
};
use serde_json::json;
use tokio::sync::broadcast;
use uuid::Uuid;

#[derive(Debug, Clone)]
struct PasswordChanged {
    event_id: Uuid,
    user_id: String,
}

#[derive(Clone)]
struct AccountsClosed {
    accounts: Vec<String>,
}

struct CacheWarmed;
struct NobodyKnows;

fn mappings() -> EventMappings {
    EventMappings::new()
        .on(|event: &PasswordChanged| {
            AuditEvent::new(AuditAction::USER_PASSWORD_CHANGED, "user")
                .id(event.event_id)
                .user_id(&event.user_id)
                .resource_id(&event.user_id)
                .context(json!({"initiated_by": "user", "event_id": event.event_id.to_string()}))
        })
        .on_each(|event: &AccountsClosed| {
            let deleted =
                |id: &String| AuditEvent::new(AuditAction::DATA_DELETED, "account").resource_id(id);
            event.accounts.iter().map(deleted).collect()
        })
        .not_audited::<CacheWarmed>("of the machine alone")
}

fn changed(id: u128) -> PasswordChanged {
    PasswordChanged {
        event_id: Uuid::from_u128(id),
        user_id: format!("u-{id}"),
    }
}

async fn trail() -> (MemoryAuditAdapter, FailingAudit) {
    let memory = MemoryAuditAdapter::new().await.expect("open");
    let failing = FailingAudit::new(Arc::new(memory.clone()));
    (memory, failing)
}

#[test]
fn a_test_can_ask_which_types_nothing_is_said_about() {
    let all = [
        EventType::of::<PasswordChanged>(),
        EventType::of::<AccountsClosed>(),
        EventType::of::<CacheWarmed>(),
        EventType::of::<NobodyKnows>(),
    ];
    let unmapped = mappings().unmapped(all);
    assert_eq!(unmapped, [EventType::of::<NobodyKnows>()]);
    assert!(unmapped[0].name().ends_with("NobodyKnows"), "{unmapped:?}");
    let list = mappings().list();
    let treatments: Vec<_> = list.iter().map(|(_, treatment)| *treatment).collect();
    let expected = [
        Treatment::Recorded,
        Treatment::NotAudited("of the machine alone"),
        Treatment::Recorded,
    ];
    assert_eq!(treatments, expected, "{list:?}");
}

#[tokio::test]
async fn an_event_delivered_twice_is_recorded_once() {
    let (memory, failing) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(failing), mappings());
    let first = handler.handle(&changed(7)).await.expect("recorded");
    let again = handler.handle(&changed(7)).await.expect("recorded");
    assert_eq!(first[0].seq, again[0].seq);
    assert_eq!(again[0].delivery, Delivery::Duplicate);
    let entry = memory.assert_one(Query::new()).await;
    let context = entry.context.expect("given");
    assert_eq!(context["event_id"], Uuid::from_u128(7).to_string());
    assert_eq!(entry.user_id.as_deref(), Some("u-7"));
}

#[tokio::test]
async fn t15_one_domain_event_of_several_deeds_is_as_many_events() {
    let (memory, _) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(memory.clone()), mappings());
    let accounts: Vec<_> = (0..40).map(|n| format!("acc-{n}")).collect();
    let closed = AccountsClosed { accounts };
    let receipts = handler.handle(&closed).await.expect("recorded");
    assert_eq!(receipts.len(), 40);
    let entries = memory
        .assert_count(Query::new().action("data_deleted"), 40)
        .await;
    let ids: Vec<_> = entries
        .into_iter()
        .map(|entry| entry.resource_id.expect("given"))
        .collect();
    assert_eq!(ids, closed.accounts);
}

#[tokio::test]
async fn a_bus_of_boxed_events_and_one_of_closures_work_alike() {
    let (memory, _) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(memory.clone()), mappings());
    let queue: Vec<Box<dyn Any + Send + Sync>> = vec![
        Box::new(changed(1)),
        Box::new(CacheWarmed),
        Box::new(NobodyKnows),
    ];
    let mut answers = Vec::new();
    for event in &queue {
        answers.push(handler.handle_any(&**event).await);
    }
    assert_eq!(answers[0].as_ref().map(Vec::len).ok(), Some(1));
    assert_eq!(answers[1].as_ref().map(Vec::len).ok(), Some(0));
    assert!(
        matches!(answers[2], Err(HandleError::Unmapped(_))),
        "{answers:?}"
    );

    let subscriber = {
        let handler = handler.clone();
        move |event: &PasswordChanged| tokio::spawn(handler.handle(event))
    };
    let receipts = subscriber(&changed(2))
        .await
        .expect("no panic")
        .expect("recorded");
    assert_eq!(receipts.len(), 1);
    memory
        .assert_count(Query::new().action("user_password_changed"), 2)
        .await;
    let counts = handler.counts();
    assert_eq!((counts.recorded, counts.failed, counts.unmapped), (2, 0, 1));
}

#[tokio::test]
async fn t3_what_fails_is_told_counted_and_goes_on() {
    let (memory, failing) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(failing.clone()), mappings());
    failing.fail_next(1, Fault::Unavailable);
    let answer = handler.handle(&changed(1)).await;
    let Err(HandleError::Audit { action, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(action, "user_password_changed");
    handler.handle(&changed(2)).await.expect("recorded");
    let counts = handler.counts();
    assert_eq!((counts.recorded, counts.failed), (1, 1));
    memory.assert_actions(&["user_password_changed"]).await;
}

/// Three accounts, the second of which has an id that stands in the trail as something else.
async fn closing(memory: &MemoryAuditAdapter) -> (EventMappings, AccountsClosed) {
    let event_id = Uuid::from_u128(7);
    let taken = EventMappings::nth_id(event_id, 1);
    let other = AuditEvent::new(AuditAction::DATA_VIEWED, "account").id(taken);
    memory.record(other).await.expect("recorded");
    let mappings = EventMappings::new().on_each(move |event: &AccountsClosed| {
        let deleted = |(n, id): (usize, &String)| {
            AuditEvent::new(AuditAction::DATA_DELETED, "account")
                .id(EventMappings::nth_id(event_id, n))
                .resource_id(id)
        };
        event.accounts.iter().enumerate().map(deleted).collect()
    });
    let accounts = ["a", "b", "c"].map(str::to_owned).to_vec();
    (mappings, AccountsClosed { accounts })
}

#[tokio::test]
async fn one_of_several_that_can_never_be_recorded_holds_back_none() {
    let (memory, failing) = trail().await;
    let (mappings, closed) = closing(&memory).await;
    let handler = AuditEventHandler::new(Arc::new(failing.clone()), mappings);
    for round in 1..=2 {
        let answer = handler.handle(&closed).await;
        let Err(HandleError::Audit { source, .. }) = answer else {
            panic!("{answer:?}");
        };
        assert!(source.is_final(), "{source}");
        let counts = handler.counts();
        assert_eq!((counts.recorded, counts.failed), (2 * round, round));
    }
    // Delivered twice, each is there once.
    let deleted = memory.assert_count(Query::new().action("data_deleted"), 2);
    let ids: Vec<_> = deleted.await.into_iter().map(|e| e.resource_id).collect();
    assert_eq!(ids, [Some("a".to_owned()), Some("c".to_owned())]);
    // What cannot be taken now keeps the order: those behind it are not tried.
    failing.fail_next(1, Fault::Unavailable);
    assert!(handler.handle(&closed).await.is_err());
    assert_eq!(handler.counts().failed, 2 + 3);
}

#[test]
fn ids_of_several_events_differ_and_stay() {
    let id = |event, n| EventMappings::nth_id(Uuid::from_u128(event), n);
    let ids: std::collections::BTreeSet<_> = (0..20)
        .flat_map(|event| (0..20).map(move |n| id(event, n)))
        .collect();
    assert_eq!(ids.len(), 400);
    assert!(ids.iter().all(|id| id.get_version_num() == 8));
    assert_eq!(id(7, 1).to_string(), "c07c00b5-19bd-8a21-9dff-a4cd64e44f7f");
}

#[tokio::test]
async fn a_mapping_that_panics_is_an_error_and_the_next_event_is_recorded() {
    let (memory, _) = trail().await;
    let mappings = EventMappings::new().on(|event: &PasswordChanged| {
        assert_ne!(
            event.event_id,
            Uuid::from_u128(1),
            "a fault of the application"
        );
        AuditEvent::new(AuditAction::USER_PASSWORD_CHANGED, "user").user_id(&event.user_id)
    });
    let handler = AuditEventHandler::new(Arc::new(memory.clone()), mappings);
    let answer = handler.handle(&changed(1)).await;
    assert!(
        matches!(answer, Err(HandleError::Panicked(_))),
        "{answer:?}"
    );
    let (sender, receiver) = broadcast::channel(4);
    for id in 1..=2 {
        sender.send(changed(id)).expect("there is a receiver");
    }
    drop(sender);
    let counts = handler.follow(receiver).await;
    assert_eq!((counts.panicked, counts.recorded, counts.failed), (2, 1, 0));
    memory.assert_one(Query::new().user_id("u-2")).await;
}

/// A trail in front of which everything is spooled, and then dropped.
struct Away(std::sync::atomic::AtomicBool);

#[async_trait::async_trait]
impl AuditProtocol for Away {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let is_first = !self.0.swap(true, std::sync::atomic::Ordering::SeqCst);
        let delivery = if is_first {
            Delivery::Spooled
        } else {
            Delivery::Dropped
        };
        Ok(Receipt {
            trail: TrailName::standard(),
            id: event.id.expect("given"),
            seq: None,
            created_at: None,
            leaf_hash: None,
            tree_size: None,
            delivery,
            content_checked: None,
        })
    }

    async fn query(&self, _: Query) -> Result<Page, AuditError> {
        Err(AuditError::Closed)
    }
}

#[tokio::test]
async fn what_is_spooled_or_dropped_is_not_counted_as_recorded() {
    let handler = AuditEventHandler::new(Arc::new(Away(false.into())), mappings());
    for id in 1..=3 {
        handler.handle(&changed(id)).await.expect("taken");
    }
    let counts = handler.counts();
    assert_eq!((counts.recorded, counts.spooled, counts.dropped), (0, 1, 2));
}

#[tokio::test]
async fn a_channel_that_drops_events_leaves_an_entry_that_says_how_many() {
    let (memory, failing) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(failing.clone()), mappings());
    let (sender, receiver) = broadcast::channel(4);
    for id in 1..=10 {
        sender.send(changed(id)).expect("there is a receiver");
    }
    drop(sender);
    // The entry on the loss is what fails first; it is tried again.
    failing.fail_next(1, Fault::Overloaded);
    let counts = handler.follow(receiver).await;
    assert_eq!((counts.recorded, counts.lost, counts.failed), (4, 6, 0));
    let told = memory
        .assert_one(Query::new().action("audit_write_failed"))
        .await;
    let context = told.context.expect("given");
    assert_eq!(context["lost_count"], 6);
    assert_eq!(context["policy"], "channel_lagged");
}

#[tokio::test]
async fn t5_concurrent_subscribers_do_not_mix_their_actors() {
    let (memory, _) = trail().await;
    let handler = AuditEventHandler::new(Arc::new(memory.clone()), mappings());
    let tasks: Vec<_> = (0..64)
        .map(|id| tokio::spawn(handler.handle(&changed(id))))
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("recorded");
    }
    for entry in memory.assert_count(Query::new(), 64).await {
        assert_eq!(entry.user_id, entry.resource_id);
        let context = entry.context.expect("given");
        let id = entry.user_id.expect("given")[2..]
            .parse()
            .expect("a number");
        assert_eq!(context["event_id"], Uuid::from_u128(id).to_string());
    }
}

#[tokio::test]
async fn a_handler_works_over_any_protocol_object() {
    let (memory, _) = trail().await;
    let audit: Arc<dyn AuditProtocol> = Arc::new(memory);
    let handler = AuditEventHandler::new(audit.clone(), mappings());
    handler.handle(&changed(3)).await.expect("recorded");
    audit.assert_one(Query::new().user_id("u-3")).await;
}
