//! Orders that wait, and what comes in between.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::engine::{Engine, Options};
use indelible_core::state::StateDir;
use indelible_core::{AuditAction, OrderProblem};

use super::approved::{NONE, ask, filled, kept, named, newest, of_two, orders_waiting};
use super::*;
use crate::ground::faulty;

#[tokio::test]
async fn an_approval_that_is_given_up_half_way_is_carried_out_all_the_same() {
    let (site, store) = faulty();
    let audit = of_two(&site).await.trail(TrailName::standard());
    fill(&audit, 0..20).await;
    let request = ask(&audit, &order(&["u3"])).await;
    store.appends.forget_permits(usize::MAX);
    let asked = store.asked.available_permits() as u32;
    let mut quiet = |_| {};
    let approving = audit.approve_erasure(request.id, named("second"), &mut quiet);
    tokio::select! {
        biased;
        // The approval is being recorded.
        _ = store.asked.acquire_many(asked + 1) => {}
        done = approving => panic!("not given up: {done:?}"),
    }
    store.appends.add_permits(100);
    let register = || site.state.erasures(audit.name()).expect("readable");
    while register().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(orders_waiting(&audit).await, 0);
    let audit = of_two(&site).await.trail(TrailName::standard());
    let said = newest(&audit, "audit_subject_erased").await;
    assert_eq!(said["erasure_request"], json!(request.id));
    let gone = all(&audit).await;
    let is_approval = |it: &&StoredEntry| it.action == "audit_subject_erasure_approved";
    assert_eq!(gone.iter().filter(is_approval).count(), 1);
    let gone = gone.iter().filter(|it| !it.erased().is_empty()).count();
    assert_eq!(gone, 4);
}

const DAYS_15: Duration = Duration::from_secs(15 * 24 * 60 * 60);

#[tokio::test]
async fn an_order_that_cannot_be_read_stops_no_other_and_can_be_rejected() {
    let (site, audit) = filled().await;
    let bad = ask(&audit, &order(&["u1"])).await.id;
    let good = ask(&audit, &order(&["u3"])).await.id;
    let spoil = |id| {
        let kept = site
            .state
            .keep_erasure_request(audit.name(), id, "{\"ids\":[");
        kept.expect("kept");
    };
    spoil(bad);
    let requests = audit.erasure_requests().await.expect("readable");
    assert_eq!(requests.unreadable, [bad]);
    assert_eq!(requests.waiting.len(), 1);
    let refused = audit
        .approve_erasure(bad, named("second"), &mut |_| {})
        .await;
    assert!(matches!(
        refused,
        Err(AuditError::Order(OrderProblem::Unreadable(_)))
    ));
    let another = ask(&audit, &order(&["u2"])).await.id;
    let done = audit.reject_erasure(another, named("second"), "no").await;
    done.expect("rejected");
    let done = audit
        .approve_erasure(good, named("second"), &mut |_| {})
        .await;
    assert_eq!(done.expect("approved").0.parts, 4);

    let done = audit.reject_erasure(bad, named("second"), "broken").await;
    assert_eq!(done.expect("rejected").subject_refs, Vec::<String>::new());
    let said = newest(&audit, "audit_subject_erasure_refused").await;
    assert_eq!(said["exception"], "unreadable");
    assert_eq!(said["erasure_request"], json!(bad));
    assert_eq!(said["rejected_because"], "broken");
    assert_eq!(kept(&site, &audit), NONE);

    // One that nobody rejects is over by the time in its id.
    let bad = ask(&audit, &order(&["u1"])).await.id;
    spoil(bad);
    audit.erasure_requests().await.expect("readable");
    assert_eq!(kept(&site, &audit), [bad]);
    site.clock.pass(DAYS_15);
    let requests = audit.erasure_requests().await.expect("readable");
    assert_eq!((requests.waiting.len(), requests.unreadable.len()), (0, 0));
    assert_eq!(kept(&site, &audit), NONE);
    let said = newest(&audit, "audit_subject_erasure_refused").await;
    assert_eq!(said["exception"], "expired");
}

#[tokio::test]
async fn orders_end_while_the_engine_runs_and_where_they_are_listed() {
    let site = Site::new();
    let engine = of_two(&site).await;
    let audit = engine.trail(TrailName::standard());
    fill(&audit, 0..20).await;
    ask(&audit, &order(&["u3"])).await;
    site.clock.pass(DAYS_15);
    engine.expire_erasure_requests().await;
    assert_eq!(kept(&site, &audit), NONE);
    newest(&audit, "audit_subject_erasure_refused").await;

    ask(&audit, &order(&["u3"])).await;
    site.clock.jump(15 * 24 * 60 * 60);
    // Looked for once an hour, by the clock that is never set.
    engine.expire_erasure_requests().await;
    assert_eq!(kept(&site, &audit).len(), 1);
    site.clock.pass(Duration::from_secs(60 * 60));
    engine.expire_erasure_requests().await;
    assert_eq!(kept(&site, &audit), NONE);

    ask(&audit, &order(&["u3"])).await;
    site.clock.pass(DAYS_15);
    audit.erasure_requests().await.expect("readable");
    assert_eq!(kept(&site, &audit), NONE);

    // Whoever only reads lists none that is over, and leaves it where it is.
    ask(&audit, &order(&["u3"])).await;
    site.clock.pass(DAYS_15);
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let reading = Engine::open(site.ground(), options).await.expect("opens");
    let reading = reading.trail(TrailName::standard());
    let requests = reading.erasure_requests().await.expect("readable");
    assert_eq!((requests.waiting.len(), kept(&site, &audit).len()), (0, 1));
}

#[tokio::test]
async fn what_was_left_half_written_of_an_order_goes_with_the_next_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = StateDir::create(folder.path()).expect("opens");
    let mut site = Site::new();
    site.state = Arc::new(state);
    let engine = of_two(&site).await;
    let audit = engine.trail(TrailName::standard());
    fill(&audit, 0..20).await;
    let id = ask(&audit, &order(&["u3"])).await.id;
    let orders = folder
        .path()
        .join("erasure-requests")
        .join(audit.name().as_str());
    let half = orders.join("~half");
    std::fs::write(&half, "{\"ids\":[\"u3\"").expect("written");
    // Bytes that are no text are an order that cannot be read.
    std::fs::write(orders.join(Uuid::from_u128(7).to_string()), [0xff]).expect("written");
    site.clock.pass(Duration::from_secs(60 * 60));
    engine.expire_erasure_requests().await;
    assert!(!half.exists());
    let requests = audit.erasure_requests().await.expect("readable");
    assert_eq!(requests.waiting[0].id, id);
    assert_eq!(requests.unreadable, [Uuid::from_u128(7)]);
}

#[tokio::test]
async fn an_entry_that_somebody_else_made_is_no_order() {
    let site = Site::new();
    let engine = of_two(&site).await;
    let audit = engine.trail(TrailName::standard());
    let other = engine.trail("other".parse().expect("a name"));
    for audit in [&audit, &other] {
        let events = (0..20).map(|n| numbered(n + 100 * u64::from(audit.name() == other.name())));
        for answer in audit.record_all(events.collect()).await {
            answer.expect("recorded");
        }
    }
    // What was asked for in one trail is recorded in another by whoever may record there.
    let id = ask(&audit, &order(&["u3"])).await.id;
    let said = newest(&audit, "audit_subject_erasure_requested").await;
    let alike = AuditEvent::new(
        AuditAction::custom("audit_subject_erasure_requested"),
        "subject_key",
    );
    let alike = alike.id(id).user_id("officer").context(said);
    other.record(alike).await.expect("recorded");
    let text = site.state.erasure_request(audit.name(), id);
    let text = text.expect("readable").expect("there");
    let kept = site.state.keep_erasure_request(other.name(), id, &text);
    kept.expect("kept");
    let refused = other
        .approve_erasure(id, named("second"), &mut |_| {})
        .await;
    assert!(
        matches!(refused, Err(AuditError::Order(OrderProblem::Unbound(_)))),
        "{refused:?}"
    );
    assert!(all(&other).await.iter().all(|it| it.erased().is_empty()));
    let done = audit
        .approve_erasure(id, named("second"), &mut |_| {})
        .await;
    assert_eq!(done.expect("approved").0.parts, 4);
}

#[tokio::test]
async fn t73_an_order_that_was_decided_is_not_carried_out_when_its_file_comes_back() {
    let (site, audit) = filled().await;
    let (state, trail) = (&site.state, audit.name());
    let text_of = |id| state.erasure_request(trail, id).expect("readable");
    let back = |id, text: &Option<String>| {
        let text = text.as_deref().expect("it waits");
        state.keep_erasure_request(trail, id, text).expect("kept");
    };
    let approve = async |id| {
        let mut quiet = |_| {};
        let approved = audit.approve_erasure(id, named("second"), &mut quiet);
        approved.await.map(|(erased, _)| erased.parts)
    };
    let decided = |done: &Result<u64, AuditError>| {
        matches!(done, Err(AuditError::Order(OrderProblem::Decided(_))))
    };
    for who in ["third", "officer"] {
        let id = ask(&audit, &order(&["u1"])).await.id;
        let text = text_of(id);
        let ended = audit.reject_erasure(id, named(who), "no").await;
        ended.expect("rejected, or withdrawn");
        back(id, &text);
        let done = approve(id).await;
        assert!(decided(&done), "{who}: {done:?}");
        audit
            .reject_erasure(id, named(who), "again")
            .await
            .expect("it goes");
    }
    let id = ask(&audit, &order(&["u3"])).await.id;
    let text = text_of(id);
    approve(id).await.expect("approved");
    back(id, &text);
    let done = approve(id).await;
    assert!(decided(&done), "{done:?}");
    // Whoever may record can make an entry that looks like a decision.
    let id = ask(&audit, &order(&["u2"])).await.id;
    let alike = AuditAction::custom("audit_subject_erasure_refused");
    let alike = AuditEvent::new(alike, "subject_key")
        .context(json!({"erasure_request": id, "exception": "rejected"}));
    audit.record(alike).await.expect("recorded");
    approve(id).await.expect("nobody has decided about it");
}
