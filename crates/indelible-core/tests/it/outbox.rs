//! Draining an outbox: exactly once, in order within each transaction, whatever fails.

mod racing;
mod stuck;
mod table;

use std::sync::Arc;
use std::time::Duration;

use indelible_core::engine::Options;
use indelible_core::outbox::{Drain, Enclosed};
use indelible_core::{AuditError, AuditEvent, AuditProtocol, RecordInOrder, TrailName};
use uuid::Uuid;

use crate::ground::{Fault, Site, event, everything, faulty};
use table::Table;

fn numbered(n: u128) -> AuditEvent {
    event("moved")
        .id(Uuid::from_u128(n + 1))
        .resource_id(n.to_string())
}

fn text(event: AuditEvent) -> String {
    String::from_utf8(event.to_json()).expect("text")
}

async fn resources(audit: &impl AuditProtocol) -> Vec<String> {
    let page = audit.query(everything()).await.expect("a page");
    let resources = page.into_iter().filter_map(|entry| entry.resource_id);
    resources.collect::<Vec<_>>().into_iter().rev().collect()
}

#[tokio::test]
async fn an_event_that_is_not_taken_holds_back_those_behind_it() {
    let (site, store) = faulty();
    let options = Options {
        long_lived: false,
        commit_events_max: 2,
        ..Options::default()
    };
    let engine = indelible_core::engine::Engine::open(site.ground(), options).await;
    let audit = engine.expect("opens").trail(TrailName::standard());
    audit.record(numbered(100)).await.expect("recorded");
    for fault in [Fault::Refused, Fault::LostBefore] {
        // The second commit fails; a third and a fourth would not.
        store.plan(vec![None, None, Some(fault), None]);
        let first = if fault == Fault::Refused { 0 } else { 10 };
        let events: Vec<_> = (first..first + 8).map(numbered).collect();
        let answers = audit.record_in_order(events.clone()).await;
        let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        let whole = taken.iter().take_while(|taken| **taken).count();
        assert!(taken[whole..].iter().all(|taken| !taken), "{taken:?}");
        assert!(whole < 8, "the fault was met");
        let head = audit.head().await.expect("a head").expect("entries");
        store.plan(Vec::new());
        let again = audit.record_in_order(events).await;
        assert!(again.iter().all(Result::is_ok));
        let after = audit.head().await.expect("a head").expect("entries");
        assert_eq!(after.size - head.size, 8 - whole as u64);
    }
    let order = resources(&audit).await;
    let expected = std::iter::once(100).chain(0..8).chain(10..18);
    assert_eq!(order, expected.map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_is_itself_to_blame_holds_back_nobody() {
    let audit = Site::new().audit().await;
    audit.record(numbered(1)).await.expect("recorded");
    let mut ill_formed = numbered(2);
    ill_formed.resource_type = String::new();
    let events = vec![
        numbered(0),
        numbered(1).user_id("other"),
        ill_formed,
        numbered(3),
    ];
    let answers = audit.record_in_order(events).await;
    assert!(answers[0].is_ok() && answers[3].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(AuditError::IdConflict { .. })));
    assert!(matches!(answers[2], Err(AuditError::Invalid(_))));
    assert_eq!(resources(&audit).await, ["1", "0", "3"]);
}

#[tokio::test]
async fn what_waits_is_moved_and_what_never_can_be_is_marked() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    let mut without_id = numbered(5);
    without_id.id = None;
    table.commit(vec![
        ("default", text(numbered(0))),
        ("default", "{\"action\":".to_owned()),
        ("default", text(numbered(0).user_id("other"))),
        ("No Trail", text(numbered(1))),
        ("system", text(numbered(2))),
        ("default", text(without_id)),
        ("other", text(numbered(0))),
        ("default", text(numbered(3))),
        ("default", text(numbered(4)).replace("moved", "my hunter2")),
    ]);
    let mut drain = Drain::new(engine.clone(), table.clone());
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.duplicates, moved.refused), (3, 0, 6));
    assert_eq!(
        table.positions(),
        [2, 3, 4, 5, 6, 9],
        "all refused, none lost"
    );
    let reasons = table.reasons();
    for (place, said) in [
        "not an event",
        "another user_id",
        "name is ill-formed",
        "reserved",
        "`id` is missing",
        "`action` is ill-formed",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(reasons[place].contains(said), "{reasons:?}");
    }
    assert!(!format!("{reasons:?}").contains("hunter2"), "{reasons:?}");
    assert_eq!(
        resources(&engine.trail(TrailName::standard())).await,
        ["0", "3"]
    );
    let again = drain.pass().await.expect("a pass");
    assert_eq!((again.recorded, again.duplicates, again.refused), (0, 0, 0));
}

#[tokio::test]
async fn rows_that_were_not_taken_out_are_no_second_entries() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    table.commit((0..700).map(|n| ("default", text(numbered(n)))).collect());
    table.fail_settles(1);
    let mut drain = Drain::new(engine.clone(), table.clone());
    let error = drain.pass().await.expect_err("the rows stay");
    assert!(error.is_passing(), "{error}");
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.duplicates), (700 - 256, 256));
    assert!(table.positions().is_empty());
    let order = resources(&engine.trail(TrailName::standard())).await;
    assert_eq!(order, (0..700).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_trail_that_takes_nothing_keeps_its_rows_and_nobody_elses() {
    let (site, store) = faulty();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    // More than one read of the trail that is refused, before the first row of the other.
    table.commit(
        (0..600)
            .map(|n| ("moved-away", text(numbered(n))))
            .collect(),
    );
    store.plan(vec![Some(Fault::Refused)]);
    let mut drain = Drain::new(engine.clone(), table.clone());
    let moved = drain.pass().await.expect("a pass");
    assert_eq!(moved.recorded, 0);
    assert_eq!(moved.held.len(), 1);
    table.commit(vec![("default", text(numbered(0)))]);
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.held.len()), (1, 0), "not yet due");
    site.clock.pass(Duration::from_secs(1));
    let moved = drain.pass().await.expect("a pass");
    assert_eq!((moved.recorded, moved.held.len()), (600, 0));
}

#[tokio::test]
async fn what_is_put_into_an_outbox_is_redacted_and_stamped_before() {
    let site = Site::new();
    let ground = site.ground();
    let door = indelible_core::door::Door::new(ground.clock, ground.entropy, ground.redactor);
    let secret = event("x").context(serde_json::json!({"password": "hunter2"}));
    let enclosed = Enclosed::new(&door, &TrailName::standard(), secret.clone()).expect("fits");
    assert!(!enclosed.event.contains("hunter2"), "{}", enclosed.event);
    let back = AuditEvent::from_kept_json(enclosed.event.as_bytes()).expect("an event");
    assert_eq!(back.id, Some(enclosed.queued.id));
    assert!(back.occurred_at.is_some());
    let system = Enclosed::new(&door, &TrailName::system(), secret);
    assert!(matches!(system, Err(AuditError::Reserved(_))));
}

#[tokio::test]
async fn a_drain_on_a_thread_of_its_own_works_until_it_is_stopped() {
    let site = Site::new();
    let engine = site.engine().await;
    let table = Arc::new(Table::default());
    let drain = Drain::new(engine.clone(), table.clone());
    let draining = drain.start(Duration::from_millis(1)).expect("it starts");
    for n in 0..5 {
        table.commit(vec![("default", text(numbered(n)))]);
        table.emptied().await;
    }
    assert_eq!(draining.vitals().last_error, None);
    assert!(draining.vitals().is_working);
    let watch = draining.watch();
    draining.stop().await;
    assert!(!watch.vitals().is_working);
    assert_eq!(watch.vitals().last_error, None, "it was told to");
    table.commit(vec![("default", text(numbered(5)))]);
    assert_eq!(table.positions(), [6]);
    let order = resources(&engine.trail(TrailName::standard())).await;
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
    engine.close().await.expect("closed");
}
