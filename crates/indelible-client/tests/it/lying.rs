//! Servers that lie about their trail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, Query};
use indelible_client::{ClientError, HttpAudit, TrustedServer, Verify};
use serde_json::Value;

use crate::fake::{Asked, Fake, answer, forward, repeat};
use crate::ground::{Server, client};

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17")
}

/// Two servers of one identity with histories of their own, and what decides which one is asked.
struct Fork {
    servers: [Server; 2],
    turned: Arc<AtomicUsize>,
    fake: Fake,
}

impl Fork {
    async fn new() -> Self {
        let servers = [Server::twin().await, Server::twin().await];
        let turned = Arc::new(AtomicUsize::new(0));
        let sides = servers.each_ref().map(|s| (s.address(), s.admin.clone()));
        let own_key = servers[0].admin.clone();
        let turn = turned.clone();
        let fake = Fake::new(move |_, mut asked| {
            let (address, key) = sides[turn.load(Ordering::SeqCst)].clone();
            asked.head = asked.head.replace(&own_key, &key);
            async move { repeat(&forward(address, &asked).await) }
        });
        Self {
            fake: fake.await,
            servers,
            turned,
        }
    }

    fn turn(&self, side: usize) {
        self.turned.store(side, Ordering::SeqCst);
    }

    fn client(&self, verify: Verify, trust: TrustedServer) -> HttpAudit {
        let server = &self.servers[0];
        let audit = client(&self.fake.url(), &server.clock).key(&server.admin);
        audit.verify(verify).trust(trust).build().expect("built")
    }

    /// Records so many entries beside the client.
    async fn grow(&self, side: usize, count: usize) {
        let audit = self.servers[side].client().build().expect("built");
        for _ in 0..count {
            audit.record(event()).await.expect("recorded");
        }
    }
}

#[track_caller]
fn refused(answer: Result<impl std::fmt::Debug, AuditError>) -> ClientError {
    let error = answer.expect_err("believed");
    assert!(!error.is_passing(), "{error}");
    ClientError::of(&error).expect("the client's").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn t49_a_forked_history_is_refused() {
    let fork = Fork::new().await;
    fork.grow(0, 3).await;
    fork.grow(1, 20).await;
    let audit = fork.client(Verify::Receipts, TrustedServer::first_use());
    for seq in 3..6 {
        let receipt = audit.record(event()).await.expect("recorded");
        assert_eq!(receipt.seq, Some(seq));
    }
    fork.turn(1);
    let error = refused(audit.record(event()).await);
    assert!(
        matches!(error, ClientError::Forked { known: 6, .. }),
        "{error}"
    );
    // Whoever comes back is believed again.
    fork.turn(0);
    let receipt = audit.record(event()).await.expect("recorded");
    assert_eq!(receipt.seq, Some(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn t49_a_fork_is_found_at_the_next_check_and_from_then_on() {
    let fork = Fork::new().await;
    fork.grow(0, 3).await;
    fork.grow(1, 20).await;
    let audit = fork.client(Verify::default(), TrustedServer::first_use());
    audit.record(event()).await.expect("recorded");
    fork.turn(1);
    audit.record(event()).await.expect("not due yet");
    fork.servers[0]
        .clock
        .pass(std::time::Duration::from_secs(10));
    for _ in 0..2 {
        let error = refused(audit.record(event()).await);
        assert!(
            matches!(error, ClientError::Forked { known: 4, .. }),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_server_is_refused_by_the_next_process_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server");
    let trust = TrustedServer::first_use().kept_in(&file);
    let fork = Fork::new().await;
    fork.grow(0, 9).await;
    fork.grow(1, 2).await;
    for verify in [Verify::Receipts, Verify::default()] {
        fork.turn(0);
        let audit = fork.client(verify, trust.clone());
        audit.record(event()).await.expect("recorded");
        fork.turn(1);
        for audit in [audit, fork.client(verify, trust.clone())] {
            let error = refused(audit.query(Query::new()).await);
            assert!(matches!(error, ClientError::RolledBack { .. }), "{error}");
            let error = refused(audit.record(event()).await);
            assert!(matches!(error, ClientError::RolledBack { .. }), "{error}");
        }
    }
    // It is told by every receipt, not only by those that are proved.
    let audit = fork.client(Verify::default(), trust);
    fork.turn(0);
    audit.record(event()).await.expect("recorded");
    fork.turn(1);
    let error = refused(audit.record(event()).await);
    assert!(matches!(error, ClientError::RolledBack { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t49_two_processes_are_not_told_two_histories() {
    let folder = tempfile::tempdir().expect("a folder");
    let trust = TrustedServer::first_use().kept_in(folder.path().join("server"));
    let fork = Fork::new().await;
    fork.grow(1, 20).await;
    let one = fork.client(Verify::Receipts, trust.clone());
    let other = fork.client(Verify::Receipts, trust);
    for audit in [&one, &other, &one] {
        audit.record(event()).await.expect("recorded");
    }
    fork.turn(1);
    let error = refused(other.record(event()).await);
    assert!(
        matches!(error, ClientError::Forked { known: 3, .. }),
        "{error}"
    );
}

/// A server whose receipts are changed by `lie`, which is told how many came before.
async fn liar(
    server: &Server,
    lie: impl Fn(usize, &mut Value) + Send + Sync + 'static,
) -> (Fake, HttpAudit) {
    let to = server.address();
    let lie = Arc::new(lie);
    let fake = Fake::new(move |count, asked: Asked| {
        let lie = lie.clone();
        async move {
            let mut receipt = forward(to, &asked).await.json();
            lie(count, &mut receipt);
            answer(201, "", &receipt.to_string())
        }
    });
    let fake = fake.await;
    let audit = client(&fake.url(), &server.clock).key(&server.admin);
    let audit = audit.verify(Verify::Receipts).build().expect("built");
    (fake, audit)
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_without_a_good_proof_are_none() {
    let lies: [fn(usize, &mut Value); 7] = [
        |_, receipt| receipt["proof"] = Value::Null,
        |_, receipt| receipt["consistency"] = Value::Null,
        |_, receipt| receipt["verifier_key"] = "x".into(),
        |_, receipt| receipt["seq"] = 0.into(),
        |_, receipt| receipt["leaf_hash"] = "00".repeat(32).into(),
        |_, receipt| receipt["proof"] = receipt["consistency"].clone(),
        |_, receipt| {
            let proof = receipt["proof"].as_str().expect("a text");
            let lines: Vec<&str> = proof.lines().collect();
            let without_first_hash = [&lines[..3], &lines[4..]].concat();
            receipt["proof"] = format!("{}\n", without_first_hash.join("\n")).into();
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let server = Server::new().await;
        let direct = server.client().build().expect("built");
        direct.record(event()).await.expect("recorded");
        let (fake, audit) = liar(&server, lie).await;
        let error = refused(audit.record(event()).await);
        assert!(
            matches!(error, ClientError::Unproved { .. }),
            "{number}: {error}"
        );
        // It was asked again and again for the proof, and recorded once.
        let requests = fake.requests();
        assert!(requests.len() > 3);
        assert!(requests.iter().all(|asked| asked.body == requests[0].body));
        assert_eq!(server.entries().await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_another_event_is_none() {
    let server = Server::new().await;
    let old = std::sync::Mutex::new(Value::Null);
    let (_fake, audit) = liar(&server, move |count, receipt| {
        let mut old = old.lock().expect("whole");
        if count == 0 {
            *old = receipt.clone();
        } else {
            // The first entry under the id of the new one: it was swallowed.
            let id = receipt["id"].take();
            *receipt = old.clone();
            receipt["id"] = id;
        }
    })
    .await;
    audit.record(event()).await.expect("recorded");
    let error = refused(audit.record(event()).await);
    assert!(matches!(error, ClientError::Unproved { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t49_a_proof_that_does_not_hold_is_a_fork() {
    let server = Server::new().await;
    let (_fake, audit) = liar(&server, |count, receipt| {
        if count == 3 {
            let file = receipt["consistency"].as_str().expect("a text");
            let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
            let first = if lines[1].starts_with('A') { "B" } else { "A" };
            lines[1].replace_range(..1, first);
            receipt["consistency"] = format!("{}\n", lines.join("\n")).into();
        }
    })
    .await;
    for _ in 0..3 {
        audit.record(event()).await.expect("recorded");
    }
    let error = refused(audit.record(event()).await);
    assert!(
        matches!(error, ClientError::Forked { known: 3, .. }),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t49_no_batch_to_a_fork_is_believed() {
    let fork = Fork::new().await;
    fork.grow(0, 3).await;
    fork.grow(1, 20).await;
    let audit = fork.client(Verify::default(), TrustedServer::first_use());
    let known = audit.record_all((0..10).map(|_| event())).await;
    assert!(known.iter().all(Result::is_ok), "{known:?}");
    fork.turn(1);
    fork.servers[0].clock.pass(Duration::from_secs(3600));
    for _ in 0..3 {
        // A last event that is refused keeps nothing from being checked.
        let ill = AuditEvent::new(AuditAction::DATA_VIEWED, "no kind");
        let events = (0..9).map(|_| event()).chain([ill]);
        for answer in audit.record_all(events).await {
            let error = answer.expect_err("it is a fork");
            let forked = matches!(ClientError::of(&error), Some(ClientError::Forked { .. }));
            assert!(forked || error.field() == Some("resource_type"), "{error}");
        }
    }
    fork.turn(0);
    let again = audit.record_all((0..10).map(|_| event())).await;
    assert!(again.iter().all(Result::is_ok), "{again:?}");
}
