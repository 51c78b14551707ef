//! Which server is believed, and what is kept of it.

use std::fs;

use indelible::merkle::VerifierKey;
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol};
use indelible_client::{BuildError, ClientError, HttpAudit, KeptError, TrustedServer, Verify};
use testbed::Certificates;

use crate::fake::{Fake, forward, repeat};
use crate::ground::{Server, client, shop};

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17")
}

async fn key_of(server: &Server) -> VerifierKey {
    let audit = server.database.trail(shop());
    audit
        .verifier_key()
        .await
        .expect("readable")
        .expect("an entry")
}

fn trusting(server: &Server, trust: TrustedServer) -> HttpAudit {
    let audit = server.client().verify(Verify::Receipts).trust(trust);
    audit.build().expect("built")
}

#[track_caller]
fn other(answer: Result<impl std::fmt::Debug, AuditError>) -> String {
    let error = answer.expect_err("believed");
    match ClientError::of(&error) {
        Some(ClientError::OtherServer { .. }) => error.to_string(),
        _ => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t50_only_the_pinned_server_is_believed() {
    let (server, stranger) = (Server::new().await, Server::new().await);
    for server in [&server, &stranger] {
        let audit = trusting(server, TrustedServer::first_use());
        audit.record(event()).await.expect("recorded");
    }
    let key = key_of(&server).await;
    let audit = trusting(&server, TrustedServer::pinned(key.clone()));
    audit.record(event()).await.expect("recorded");
    let audit = trusting(&stranger, TrustedServer::pinned(key.clone()));
    let text = other(audit.record(event()).await);
    let found = key_of(&stranger).await.to_string();
    assert!(
        text.contains(&key.to_string()) && text.contains(&found),
        "{text}"
    );
    assert!(text.contains("indelible vkey"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t50_who_was_first_stays_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server");
    let trust = TrustedServer::first_use().kept_in(&file);
    let (server, stranger) = (Server::new().await, Server::new().await);
    trusting(&server, trust.clone())
        .record(event())
        .await
        .expect("recorded");
    let kept = fs::read_to_string(&file).expect("kept");
    let (first, _) = kept.split_once("\n\n").expect("an empty line");
    assert_eq!(first, key_of(&server).await.to_string());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = other(trusting(&stranger, trust.clone()).record(event()).await);
    assert!(text.contains(&file.display().to_string()), "{text}");
    assert_eq!(fs::read_to_string(&file).expect("kept"), kept);
    let receipt = trusting(&server, trust).record(event()).await;
    assert_eq!(receipt.expect("recorded").seq, Some(1));
    assert_ne!(fs::read_to_string(&file).expect("kept"), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn t50_a_server_that_names_the_trusted_key_must_have_it() {
    let (server, stranger) = (Server::new().await, Server::new().await);
    for server in [&server, &stranger] {
        let audit = trusting(server, TrustedServer::first_use());
        audit.record(event()).await.expect("recorded");
    }
    let key = key_of(&server).await;
    let (shown, own) = (key.to_string(), key_of(&stranger).await.to_string());
    let to = stranger.address();
    let fake = Fake::new(move |_, asked| {
        let (shown, own) = (shown.clone(), own.clone());
        async move {
            let mut answered = forward(to, &asked).await;
            let text = String::from_utf8(answered.body).expect("UTF-8");
            let before = text.len();
            answered.body = text.replace(&own, &shown).into_bytes();
            let length = format!("content-length: {before}");
            let now = format!("content-length: {}", answered.body.len());
            answered.head = answered.head.replace(&length, &now);
            repeat(&answered)
        }
    })
    .await;
    let audit = client(&fake.url(), &stranger.clock).key(&stranger.admin);
    let audit = audit
        .verify(Verify::Receipts)
        .trust(TrustedServer::pinned(key));
    let audit = audit.build().expect("built");
    let text = other(audit.record(event()).await);
    let name = key_of(&stranger).await.name().to_owned();
    assert!(text.contains(&format!("signs as {name}+")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_refused_until_it_is_given_and_the_history_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server");
    let trust = TrustedServer::first_use().kept_in(&file);
    let server = Server::new().await;
    for _ in 0..3 {
        let audit = trusting(&server, trust.clone());
        audit.record(event()).await.expect("recorded");
    }
    let old = key_of(&server).await;
    let server = server.rotated().await;
    let new = key_of(&server).await;
    assert_ne!(old, new);
    let text = other(trusting(&server, trust).record(event()).await);
    assert!(text.contains("indelible vkey --rotations"), "{text}");

    let pinned = TrustedServer::pinned(new.clone()).kept_in(&file);
    let audit = trusting(&server, pinned);
    audit.record(event()).await.expect("recorded");
    let kept = fs::read_to_string(&file).expect("kept");
    assert!(kept.starts_with(&new.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_no_reason_to_trust_anybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server");
    let server = Server::new().await;
    let trust = TrustedServer::first_use().kept_in(&file);
    let audit = trusting(&server, trust.clone());
    audit.record(event()).await.expect("recorded");
    let good = fs::read_to_string(&file).expect("kept");
    let cut = &good[..good.len() - 20];
    let other_size = good.replacen("\n1\n", "\n2\n", 1);
    assert_ne!(other_size, good);
    for damaged in ["", "x", cut, &other_size] {
        fs::write(&file, damaged).expect("written");
        let built = server.client().trust(trust.clone()).build();
        let error = built.expect_err("damaged");
        assert!(
            matches!(error, BuildError::Kept(KeptError::Damaged { .. })),
            "{error}"
        );
        let error = audit.record(event()).await.expect_err("damaged");
        assert!(
            matches!(ClientError::of(&error), Some(ClientError::Kept(_))),
            "{error}"
        );
    }
    assert_eq!(server.entries().await, 1);
    let nowhere = TrustedServer::first_use().kept_in(folder.path().join("no/where"));
    let error = trusting(&server, nowhere).record(event()).await;
    let error = error.expect_err("no folder");
    assert!(
        matches!(ClientError::of(&error), Some(ClientError::Kept(_))),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_needs_a_certificate_from_somebody_who_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Certificates::new(&folder.path().join("one"));
    let foreign = Certificates::new(&folder.path().join("other"));
    let tls = indelible_server::Tls::read(&made.server, &made.key).expect("read");
    let server = Server::with(10_000, |door| door.tls(Some(tls))).await;
    let url = format!("https://localhost:{}", server.address().port());
    let at = |authority| {
        let audit = client(&url, &server.clock).key(&server.admin);
        audit.certificates(authority).build().expect("built")
    };
    let audit = at(&made.authority);
    for seq in 0..2 {
        let receipt = audit.record(event()).await.expect("recorded");
        assert_eq!(receipt.seq, Some(seq));
    }
    let error = at(&foreign.authority).record(event()).await;
    let error = error.expect_err("nobody knows it");
    assert!(
        error.is_passing() && error.to_string().contains("certificate"),
        "{error}"
    );
    // In clear text to a server that wants TLS, too.
    let plain = server.client().build().expect("built");
    plain.record(event()).await.expect_err("no TLS");
    assert_eq!(server.entries().await, 2);
}
