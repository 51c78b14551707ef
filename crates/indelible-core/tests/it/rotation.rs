//! Changing the signing key: whole or not at all, and provable across the change.

mod auditing;
mod cuts;

use std::sync::Arc;

use indelible_core::engine::{Audit, Engine, Options};
use indelible_core::state::{Secret, State, StateDir, StateInMemory};
use indelible_core::store::Head;
use indelible_core::verify::{FindingKind, KeyChain, KeyChainError, Request, TrailReport, verify};
use indelible_core::{AuditError, AuditProtocol, KeyRotation, MemoryStore, Refusal, TrailName};
use indelible_merkle::consistency_file::ConsistencyFile;
use indelible_merkle::note::VerifierKey;
use indelible_merkle::{Checkpoint, SigningKey, TlogProof, leaf_hash, verify_consistency};

use crate::ground::{Site, event};
use cuts::Cut;

fn name(text: &str) -> TrailName {
    text.parse().expect("a name")
}

/// Records so many events in `default` and in `pay`.
async fn fill(engine: &Engine, events: u64) {
    for trail in ["default", "pay"] {
        for _ in 0..events {
            engine
                .trail(name(trail))
                .record(event("x"))
                .await
                .expect("recorded");
        }
    }
}

async fn key(audit: &Audit) -> VerifierKey {
    audit
        .verifier_key()
        .await
        .expect("readable")
        .expect("a trail")
}

async fn checkpoint(audit: &Audit) -> String {
    audit.checkpoint().await.expect("signed").expect("a trail")
}

fn opened(note: &str, key: &VerifierKey) -> Checkpoint {
    let opened = Checkpoint::open(note, std::slice::from_ref(key)).expect("signed");
    opened.into_checkpoint()
}

/// What an auditor finds who trusts these keys and was given these rotations.
async fn audited(site: &Site, trusted: &[VerifierKey], rotations: &[String]) -> TrailReport {
    let request = Request {
        trusted: trusted.to_vec(),
        rotations: rotations.to_vec(),
        mark: site.state.mark(&name("default")).expect("readable"),
        digest_key: *b"0123456789abcdef",
        ..Request::default()
    };
    let report = verify(&*site.store, &name("default"), &request, &mut |_| ()).await;
    report.expect("readable")
}

async fn verified(engine: &Engine) {
    for head in engine.heads().await.expect("readable") {
        let audit = engine.trail(head.trail);
        let report = audit
            .verify(Vec::new(), None, &mut |_| ())
            .await
            .expect("readable");
        assert_eq!(report.findings, [], "{}", audit.name());
        assert!(report.ok);
    }
}

fn kinds(report: &TrailReport) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

fn refusal(answer: Result<impl std::fmt::Debug, AuditError>) -> Refusal {
    match answer {
        Err(AuditError::Refused { refusal, .. }) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_trail_goes_over_and_both_keys_sign_for_what_is_theirs() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 300).await;
    let audit = engine.trail(name("default"));
    let (old, before) = (key(&audit).await, checkpoint(&audit).await);
    let old_proof = audit.prove(7, true).await.expect("proved").expect("there");

    let rotated = engine
        .rotate_key("a laptop was lost")
        .await
        .expect("rotates");
    let trails: Vec<_> = rotated
        .iter()
        .map(|one| (one.trail.as_str(), one.size))
        .collect();
    assert_eq!(trails, [("default", 301), ("pay", 301)]);
    let mark = site
        .state
        .mark(&name("default"))
        .expect("readable")
        .expect("a mark");
    let new = key(&audit).await;
    assert_eq!((&rotated[0].old_key, &rotated[0].new_key), (&old, &new));
    assert_ne!(old, new);
    // The checkpoint over the entry is signed by both.
    for key in [&old, &new] {
        let opened = Checkpoint::open(&mark, std::slice::from_ref(key)).expect("signed");
        assert_eq!(opened.checkpoint().size(), 301);
    }

    let entry = audit.entry_at(300).await.expect("readable").expect("there");
    assert_eq!(entry.action, "audit_key_rotated");
    let hex: String = new
        .public_key()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(entry.tags, [hex]);
    let context = entry.context.expect("a context");
    assert_eq!(context["reason"], "a laptop was lost");
    assert_eq!(context["old_verifier"], old.to_string());
    assert_eq!(context["new_verifier"], new.to_string());

    // This engine goes on, and so does the next one.
    fill(&engine, 10).await;
    verified(&engine).await;
    engine.close().await.expect("closes");
    let engine = site.engine().await;
    fill(&engine, 10).await;
    verified(&engine).await;
    let audit = engine.trail(name("default"));
    assert_eq!(key(&audit).await, new);

    // Old proofs and checkpoints stay good under the old key, new ones are the new key's.
    Checkpoint::open(&before, std::slice::from_ref(&old)).expect("the old key's");
    Checkpoint::open(&before, std::slice::from_ref(&new)).expect_err("not the new key's");
    let after = checkpoint(&audit).await;
    Checkpoint::open(&after, std::slice::from_ref(&new)).expect("the new key's");
    Checkpoint::open(&after, std::slice::from_ref(&old)).expect_err("not the old key's");
    let new_proof = audit.prove(7, true).await.expect("proved").expect("there");
    for (proof, key) in [(&old_proof.text, &old), (&new_proof.text, &new)] {
        let proof = TlogProof::parse(proof.as_bytes()).expect("a proof");
        let extra: serde_json::Value =
            serde_json::from_slice(proof.extra.as_deref().expect("extra")).expect("JSON");
        let leaf = leaf_hash(extra["skeleton"].as_str().expect("a text").as_bytes());
        proof
            .verify(&leaf, std::slice::from_ref(key))
            .expect("holds");
    }
    // The trail of the old checkpoint is the beginning of the new one's.
    let file = audit
        .consistency(300)
        .await
        .expect("proved")
        .expect("a trail");
    let file = ConsistencyFile::parse(file.as_bytes()).expect("a file");
    let (before, after) = (opened(&before, &old), opened(&file.checkpoint, &new));
    verify_consistency(
        300,
        &before.root(),
        after.size(),
        &after.root(),
        &file.proof,
    )
    .expect("consistent");
}

#[tokio::test]
async fn other_processes_are_refused_with_what_to_do() {
    let site = Site::new();
    let (engine, other) = (site.engine().await, site.engine().await);
    fill(&engine, 3).await;
    fill(&other, 3).await;
    engine.rotate_key("planned").await.expect("rotates");
    for trail in ["default", "pay", "brand-new"] {
        let answer = refusal(other.trail(name(trail)).record(event("x")).await);
        assert_eq!(answer, Refusal::KeyRotated, "{trail}");
    }
    let answer = refusal(other.trail(name("default")).checkpoint().await);
    assert_eq!(answer, Refusal::KeyRotated);
    assert!(answer.to_string().contains("start it again"));
    // It rotates nothing either.
    let answer = other.rotate_key("again").await;
    assert_eq!(refusal(answer), Refusal::KeyRotated);
    let again = site.engine().await;
    fill(&again, 3).await;
    verified(&again).await;
    // A process that writes for long is in the way before anything is changed.
    let server = site.long_lived().await;
    let answer = refusal(again.rotate_key("planned").await);
    assert!(matches!(answer, Refusal::InUse { .. }), "{answer}");
    assert!(site.state.next_seed().expect("readable").is_none());
    server.close().await.expect("closes");
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_before_anything_is_changed() {
    let site = Site::new();
    let engine = site.engine().await;
    assert!(matches!(
        engine.rotate_key("x").await,
        Err(AuditError::Query(_))
    ));
    fill(&engine, 5).await;
    let old = site.memory.snapshot(&name("pay")).expect("there");
    fill(&engine, 5).await;
    engine.close().await.expect("closes");
    site.memory.restore(old);
    let engine = site.engine().await;
    let answer = refusal(engine.rotate_key("x").await);
    assert!(matches!(answer, Refusal::RolledBack { .. }), "{answer}");
    assert!(site.state.next_seed().expect("readable").is_none());
    let head = engine
        .trail(name("default"))
        .head()
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(head.size, 10);

    let given = Site::new();
    let state = StateDir::at("unused").with_signing_seed(Some(Secret::new([3; 32])));
    assert!(
        state
            .keep_next_seed(Secret::new([4; 32]))
            .expect("no file")
            .is_none()
    );
    let given = Site {
        state: Cut::without_keys(&given.state),
        ..given
    };
    let engine = given.engine().await;
    fill(&engine, 1).await;
    let answer = refusal(engine.rotate_key("x").await);
    assert!(matches!(answer, Refusal::KeyElsewhere { .. }), "{answer}");
    fill(&engine, 1).await;

    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    let reader = Engine::open(given.ground(), read_only)
        .await
        .expect("opens");
    assert_eq!(refusal(reader.rotate_key("x").await), Refusal::ReadOnly);
}

#[tokio::test]
async fn a_backup_from_before_is_an_old_copy_and_can_be_succeeded() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 10).await;
    let old = site.memory.snapshot(&name("default")).expect("there");
    engine.rotate_key("planned").await.expect("rotates");
    fill(&engine, 10).await;
    engine.close().await.expect("closes");
    site.memory.restore(old);
    let engine = site.engine().await;
    let audit = engine.trail(name("default"));
    let answer = refusal(audit.record(event("y")).await);
    assert_eq!(answer, Refusal::RolledBack { size: 10, mark: 21 });
    let succession = audit.succeed("restored").await.expect("succeeds");
    assert_eq!(succession.origin, "test.example/default/2");
    audit.record(event("y")).await.expect("recorded");
    let report = audit
        .verify(Vec::new(), None, &mut |_| ())
        .await
        .expect("readable");
    // What the rotation stated was lost with the entries, and is said to be.
    assert!(report.ok, "{report:?}");
    assert_eq!(kinds(&report), [FindingKind::CheckpointSuperseded]);
}

#[tokio::test]
async fn a_new_database_of_the_installation_begins_with_the_new_key() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 5).await;
    engine.rotate_key("planned").await.expect("rotates");
    let rotated = *key(&engine.trail(name("default"))).await.public_key();
    engine.close().await.expect("closes");
    let empty = Arc::new(MemoryStore::new());
    let other = Site {
        store: empty.clone(),
        memory: empty,
        ..site
    };
    let engine = other.engine().await;
    let fresh = engine.trail(name("fresh"));
    fresh.record(event("x")).await.expect("recorded");
    assert_eq!(key(&fresh).await.public_key(), &rotated);
}
