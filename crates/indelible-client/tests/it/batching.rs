//! Many events in few requests.

use indelible::core::{Delivery, StoreError};
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, Query};
use indelible_client::Verify;
use serde_json::{Value, json};

use crate::fake::{Act, Fake, answer, forward, problem, repeat};
use crate::ground::{Server, client};

fn event(n: usize) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "statement").resource_id(n.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_t20_each_of_many_is_answered_in_its_place() {
    for (verify, count) in [
        (Verify::default(), 2_500),
        (Verify::Off, 1),
        (Verify::Receipts, 20),
    ] {
        let server = Server::new().await;
        let audit = server.client().verify(verify).build().expect("built");
        let events = (0..count).map(|n| match n % 10 {
            3 => AuditEvent::new(AuditAction::DATA_VIEWED, "no kind"),
            5 => event(n).context(json!([n])),
            _ => event(n),
        });
        let answers = audit.record_all(events).await;
        assert_eq!(answers.len(), count);
        let mut next = 0;
        for (n, answer) in answers.iter().enumerate() {
            let field = answer.as_ref().err().and_then(AuditError::field);
            match n % 10 {
                3 => assert_eq!(field, Some("resource_type"), "{answer:?}"),
                5 => assert_eq!(field, Some("context"), "{answer:?}"),
                _ => {
                    let receipt = answer.as_ref().expect("recorded");
                    assert_eq!(
                        (receipt.seq, receipt.delivery),
                        (Some(next), Delivery::Recorded)
                    );
                    next += 1;
                }
            }
        }
        assert_eq!(server.entries().await, next);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_cannot_take_now_comes_again_with_all_behind_it() {
    let server = Server::new().await;
    let to = server.address();
    let fake = Fake::new(move |count, asked| async move {
        let answered = forward(to, &asked).await;
        if count > 0 {
            return repeat(&answered);
        }
        // From the second on they are recorded, and said not to be.
        let mut lines = answered.json();
        for index in 1..5 {
            lines[index] = json!({"index": index, "status": 503, "problem": {
                "type": "urn:indelible:problem:outcome-unknown", "title": "", "status": 503,
                "detail": "it is not known", "request_id": "r",
            }});
        }
        answer(200, "", &lines.to_string())
    })
    .await;
    let audit = client(&fake.url(), &server.clock)
        .key(&server.admin)
        .verify(Verify::Off);
    let audit = audit.build().expect("built");
    let answers = audit.record_all((0..5).map(event)).await;
    let deliveries: Vec<_> = (answers.iter())
        .map(|answer| answer.as_ref().expect("recorded").delivery)
        .collect();
    use Delivery::{Duplicate, Recorded};
    assert_eq!(
        deliveries,
        [Recorded, Duplicate, Duplicate, Duplicate, Duplicate]
    );
    let sent: Vec<Value> = fake.requests().iter().map(|asked| asked.json()).collect();
    assert_eq!(sent.len(), 2);
    let first = sent[0].as_array().expect("an array");
    assert_eq!(sent[1], json!(first[1..]));
    assert_eq!(server.entries().await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_is_lost_is_recorded_once() {
    let server = Server::new().await;
    let to = server.address();
    let fake = Fake::new(move |count, asked| async move {
        let answered = forward(to, &asked).await;
        match count {
            0 => Act::Say(answered.head.into_bytes()),
            _ => repeat(&answered),
        }
    })
    .await;
    let audit = client(&fake.url(), &server.clock)
        .key(&server.admin)
        .verify(Verify::Off);
    let audit = audit.build().expect("built");
    for answer in audit.record_all((0..300).map(event)).await {
        assert_eq!(answer.expect("recorded").delivery, Delivery::Duplicate);
    }
    assert_eq!(server.entries().await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_time_left_each_is_told_whether_it_may_be_recorded() {
    let server = Server::new().await;
    let name = |count: usize| match count % 2 {
        0 => "overloaded",
        _ => "outcome-unknown",
    };
    let fake = Fake::new(move |count, asked| async move {
        let sent = asked.json().as_array().expect("an array").len();
        if count > 10_000 {
            return problem(503, "unavailable", "");
        }
        let line = |index| {
            json!({"index": index, "status": 503, "problem": {
                "type": format!("urn:indelible:problem:{}", name(count)), "detail": "later",
            }})
        };
        let lines: Vec<_> = (0..sent).map(line).collect();
        answer(200, "", &json!(lines).to_string())
    })
    .await;
    let audit = client(&fake.url(), &server.clock)
        .key(&server.admin)
        .verify(Verify::Off);
    let audit = audit.build().expect("built");
    for answer in audit.record_all((0..3).map(event)).await {
        let error = answer.expect_err("there is no time left");
        assert!(error.is_passing(), "{error}");
        let AuditError::Store(error) = &error else {
            panic!("{error}");
        };
        assert!(matches!(**error, StoreError::Unknown { .. }), "{error}");
    }
    let real = server.client().build().expect("built");
    let page = real.query(Query::new()).await.expect("a page");
    assert_eq!(page.entries.len(), 0);
}
