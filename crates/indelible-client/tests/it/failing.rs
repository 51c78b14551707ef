//! Servers and networks that fail on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indelible::core::{Delivery, StoreError};
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, Query};
use indelible_client::{ClientError, Verify};

use crate::fake::{Act, Fake, answer, forward, problem, repeat};
use crate::ground::{HandClock, Server, client};

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17")
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_retry_after_is_honoured_and_the_same_event_comes_again() {
    let server = Server::new().await;
    let to = server.address();
    let fake = Fake::new(move |count, asked| async move {
        match count {
            0 => problem(429, "too-many-requests", "Retry-After: 7\r\n"),
            1 => problem(503, "unavailable", "Retry-After: 2\r\n"),
            2 => answer(502, "", "<html>"),
            3 => Act::Say(Vec::new()),
            // It is recorded, and the answer is cut.
            4 => {
                let whole = forward(to, &asked).await;
                Act::Say(whole.head.into_bytes())
            }
            _ => repeat(&forward(to, &asked).await),
        }
    })
    .await;
    let audit = client(&fake.url(), &server.clock).key(&server.admin);
    let audit = audit.verify(Verify::Off).build().expect("built");
    let receipt = audit.record(event()).await.expect("recorded");
    assert_eq!(receipt.delivery, Delivery::Duplicate);
    assert_eq!(server.entries().await, 1);
    let requests = fake.requests();
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|asked| asked.body == requests[0].body));
    assert_eq!(requests[0].json()["id"], receipt.id.to_string());
    assert!(requests[0].json()["occurred_at"].is_string());
    let pauses = server.clock.pauses.lock().expect("whole").clone();
    assert_eq!(pauses.len(), 5);
    assert_eq!((pauses[0].as_secs(), pauses[1].as_secs()), (7, 2));
    // 400, 800 and 1600 ms, of which at least half.
    for (pause, longest) in pauses[2..].iter().zip([400, 800, 1600]) {
        let millis = pause.as_millis();
        assert!((longest / 2..=longest).contains(&millis), "{pauses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_a_key_that_goes_too_fast_loses_nothing() {
    let server = Server::with(5, |door| door).await;
    let audit = server.client().call_time_max(Duration::from_secs(3600));
    let audit = Arc::new(audit.build().expect("built"));
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let audit = audit.clone();
        waiting.spawn(async move { audit.record(event()).await });
    }
    while let Some(receipt) = waiting.join_next().await {
        receipt.expect("no panic").expect("recorded");
    }
    assert_eq!(server.entries().await, 60);
    let pauses = server.clock.pauses.lock().expect("whole").clone();
    assert!(pauses.iter().any(|pause| *pause >= Duration::from_secs(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_would_pass_the_deadline_is_not_begun() {
    let clock = HandClock::new();
    let fake = Fake::new(async |_, _| problem(429, "too-many-requests", "Retry-After: 60\r\n"));
    let fake = fake.await;
    let audit = client(&fake.url(), &clock).build().expect("built");
    let error = audit.record(event()).await.expect_err("too fast");
    assert!(matches!(error, AuditError::Overloaded), "{error}");
    assert!(error.is_passing());
    assert_eq!(fake.requests().len(), 1);
    assert!(clock.pauses.lock().expect("whole").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_not_tried_again() {
    for (status, name) in [
        (400, "invalid-event"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "id-conflict"),
        (413, "too-large"),
        (500, "damaged"),
        (503, "writes-refused"),
    ] {
        let clock = HandClock::new();
        let fake = Fake::new(move |_, _| async move { problem(status, name, "") }).await;
        let audit = client(&fake.url(), &clock).build().expect("built");
        let error = audit.record(event()).await.expect_err(name);
        assert!(!error.is_passing(), "{name}: {error}");
        assert_eq!(fake.requests().len(), 1, "{name}");
        if name == "writes-refused" {
            assert!(matches!(error, AuditError::Refused { .. }), "{error}");
        } else {
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_it_may_be_recorded_is_told() {
    let count = Arc::new(AtomicUsize::new(0));
    let clock = HandClock::new();
    // Nobody listens: nothing was sent.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let nobody = listener.expect("a port").local_addr().expect("an address");
    let audit = client(&format!("http://{nobody}"), &clock).build();
    let error = audit.expect("built").record(event()).await;
    let error = error.expect_err("nobody");
    assert!(is_unavailable(&error), "{error}");
    assert!(matches!(
        ClientError::of(&error),
        Some(ClientError::Unreached { attempts, .. }) if *attempts > 5
    ));

    // Cut after the request: it may have been recorded, whatever comes after.
    let fake = Fake::new(move |_, _| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            match first {
                true => Act::Say(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{".to_vec()),
                false => problem(503, "overloaded", ""),
            }
        }
    })
    .await;
    let audit = client(&fake.url(), &clock).build().expect("built");
    let error = audit.record(event()).await.expect_err("cut");
    assert!(
        matches!(&error, AuditError::Store(e) if matches!(**e, StoreError::Unknown { .. })),
        "{error}"
    );
    assert!(error.is_passing());

    // A question changes nothing.
    let error = audit.query(Query::new()).await.expect_err("overloaded");
    assert!(matches!(error, AuditError::Overloaded), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_is_given_up() {
    let clock = HandClock::new();
    let fake = Fake::new(async |count, _| match count {
        0 => Act::Hang,
        _ => problem(400, "invalid-event", ""),
    })
    .await;
    let audit = client(&fake.url(), &clock).attempt_time_max(Duration::from_millis(50));
    let error = audit.build().expect("built").record(event()).await;
    assert!(matches!(error, Err(AuditError::Invalid(_))));
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_is_no_receipt() {
    let other = r#"{"trail":"shop","id":"00000000-0000-0000-0000-000000000007","seq":0,
        "created_at":"2026-01-01T00:00:00Z","leaf_hash":null,"tree_size":1,"delivery":"recorded"}"#;
    for body in ["", "{}", "<html>welcome to the hotel</html>", other] {
        let clock = HandClock::new();
        let fake = Fake::new(move |_, _| async move { answer(200, "", body) }).await;
        let audit = client(&fake.url(), &clock).build().expect("built");
        let error = audit.record(event()).await.expect_err(body);
        assert!(
            matches!(
                ClientError::of(&error),
                Some(ClientError::Unreadable { .. })
            ),
            "{error}"
        );
    }
}

fn is_unavailable(error: &AuditError) -> bool {
    matches!(error, AuditError::Store(e) if matches!(**e, StoreError::Unavailable { .. }))
}
