//! What an auditor makes of a rotation, who trusts one of the two keys.

use std::sync::Arc;

use super::*;

#[tokio::test]
async fn an_auditor_goes_from_the_old_key_to_the_new_one_by_the_statements() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 20).await;
    let audit = engine.trail(name("default"));
    let first = key(&audit).await;
    for reason in ["one", "two"] {
        engine.rotate_key(reason).await.expect("rotates");
        fill(&engine, 5).await;
    }
    engine.close().await.expect("closes");
    let last = key(&site.audit().await).await;
    let rotations = site.state.rotations(&name("default")).expect("readable");
    assert_eq!(rotations.len(), 2);
    assert_eq!(KeyRotation::split(&rotations.concat()), rotations);
    for trusted in [&first, &last] {
        let report = audited(&site, std::slice::from_ref(trusted), &rotations).await;
        assert_eq!(report.findings, []);
        let reversed: Vec<String> = rotations.iter().rev().cloned().collect();
        let report = audited(&site, std::slice::from_ref(trusted), &reversed).await;
        assert_eq!(report.findings, []);
    }
    // Without them the new key is as good as anybody's.
    let report = audited(&site, std::slice::from_ref(&first), &[]).await;
    assert!(
        kinds(&report).contains(&FindingKind::HeadAltered),
        "{report:?}"
    );
    // With a gap in the chain too.
    let report = audited(&site, std::slice::from_ref(&first), &rotations[1..]).await;
    assert!(!report.ok);
}

#[tokio::test]
async fn a_rotation_by_somebody_without_the_old_key_is_found() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 20).await;
    let audit = engine.trail(name("default"));
    let (old, note) = (key(&audit).await, checkpoint(&audit).await);
    let head = audit.head().await.expect("readable").expect("a trail");
    engine.close().await.expect("closes");

    // The thief of the database rotates it with a state directory of its own.
    let thief = Site {
        state: Arc::new(StateInMemory::new()),
        ..site.clone()
    };
    thief
        .state
        .keep_signing_seed(Secret::new([9; 32]))
        .expect("kept");
    let forger = thief.engine().await;
    let answer = refusal(forger.rotate_key("forged").await);
    assert!(matches!(answer, Refusal::OtherKey { .. }), "{answer}");

    // It signs the statement with a key of its own, or with its own name for the old one.
    let own = |seed| SigningKey::from_seed(old.name(), [seed; 32]).expect("a key");
    let at = (head.size, head.root);
    let forged = KeyRotation::sign(at, &own(9), &own(8)).expect("signed");
    let report = audited(
        &site,
        std::slice::from_ref(&old),
        std::slice::from_ref(&forged),
    )
    .await;
    assert_eq!(kinds(&report), [FindingKind::CheckpointBadSignature]);

    // It writes the old key's name into the statement, under signatures that it has.
    let copied = forged.replace(&own(9).verifier_key().to_string(), &old.to_string());
    let report = audited(&site, std::slice::from_ref(&old), &[copied]).await;
    assert_eq!(kinds(&report), [FindingKind::CheckpointBadSignature]);

    // It adds its signature to a checkpoint of the old key: that is no statement.
    let signed_too = note.clone() + &format!("{}\n", own(9).sign(&opened(&note, &old).to_string()));
    Checkpoint::open(&signed_too, &[own(9).verifier_key()]).expect("a signature of its own");
    let report = audited(&site, std::slice::from_ref(&old), &[signed_too]).await;
    assert_eq!(kinds(&report), [FindingKind::CheckpointBadSignature]);

    // It puts its key into the head, and records an entry that says so.
    let snapshot = site.memory.snapshot(&name("default")).expect("there");
    let head = Head {
        key: own(9).verifier_key(),
        ..head
    };
    site.memory.restore(snapshot.under(head));
    let report = audited(&site, std::slice::from_ref(&old), &[forged]).await;
    assert!(kinds(&report).contains(&FindingKind::HeadAltered));
    let engine = site.engine().await;
    let answer = refusal(engine.trail(name("default")).record(event("y")).await);
    assert!(matches!(answer, Refusal::OtherKey { .. }), "{answer}");
}

#[tokio::test]
async fn a_rotated_key_signs_nothing_more_that_is_believed() {
    let site = Site::new();
    let engine = site.engine().await;
    fill(&engine, 20).await;
    let audit = engine.trail(name("default"));
    let stolen_seed = site.state.signing_seed().expect("readable").expect("a key");
    engine
        .rotate_key("the key was stolen")
        .await
        .expect("rotates");
    let rotations = site.state.rotations(&name("default")).expect("readable");
    let new = key(&audit).await;
    let stolen = SigningKey::from_seed(new.name(), *stolen_seed.expose()).expect("a key");
    let keys = KeyChain::new(
        [new.clone()],
        [KeyRotation::open(&rotations[0]).expect("a statement")],
    );
    let head = audit.head().await.expect("readable").expect("a trail");
    for (size, is_believed) in [
        (1, true),
        (20, true),
        (21, true),
        (22, false),
        (9000, false),
    ] {
        let checkpoint = Checkpoint::new(new.name(), size, head.root).expect("a checkpoint");
        let note = checkpoint.sign(&[&stolen]).expect("signed").to_string();
        let answer = keys.open(&note, new.name());
        assert_eq!(answer.is_ok(), is_believed, "{size}: {answer:?}");
        if !is_believed {
            assert_eq!(answer, Err(KeyChainError::Rotated { size, until: 21 }));
        }
    }
    // Whoever has the seed signs under any name; a cosigner does not vouch for the log's key.
    let witness = SigningKey::from_seed("witness.example", [9; 32]).expect("a key");
    let other = SigningKey::from_seed("house/other", *stolen_seed.expose()).expect("a key");
    for beside in [witness, other] {
        let trusted = [new.clone(), beside.verifier_key()];
        let keys = KeyChain::new(
            trusted,
            [KeyRotation::open(&rotations[0]).expect("a statement")],
        );
        let checkpoint = Checkpoint::new(new.name(), 22, head.root).expect("a checkpoint");
        let mut note = checkpoint.sign(&[&stolen]).expect("signed");
        note.sign(&beside).expect("a second line");
        let known = [keys.keys(new.name()), keys.others(new.name())].concat();
        let opened = Checkpoint::open(note.to_string(), &known).expect("well signed");
        assert_eq!(opened.note().signatures().len(), 2);
        let (size, until) = (22, 21);
        let answer = keys.check(&opened);
        assert_eq!(answer, Err(KeyChainError::Rotated { size, until }));
    }
    // A head under the stolen key is no head of the trail any more.
    let snapshot = site.memory.snapshot(&name("default")).expect("there");
    let head = Head {
        key: stolen.verifier_key(),
        ..head
    };
    site.memory.restore(snapshot.under(head));
    let report = audited(&site, &[new], &rotations).await;
    assert!(kinds(&report).contains(&FindingKind::HeadAltered));
}

#[test]
fn statements_have_one_spelling_and_both_signatures() {
    let own = |seed| SigningKey::from_seed("house/default", [seed; 32]).expect("a key");
    let root = indelible_merkle::Hash::EMPTY_ROOT;
    let note = KeyRotation::sign((7, root), &own(1), &own(2)).expect("signed");
    let opened = KeyRotation::open(&note).expect("a statement");
    assert_eq!((opened.size(), opened.root()), (7, root));
    assert_eq!(opened.new_key(), &own(2).verifier_key());
    for bad in [
        note.replacen("\n7\n", "\n07\n", 1),
        note.replacen("\n7\n", "\n+7\n", 1),
        note.replacen("\n7\n", "\n8\n", 1),
        note.replacen("/v1\n", "/v2\n", 1),
        note.replacen("house/default\n", "house/other\n", 1),
        note.replace('\n', "\r\n"),
        note.lines()
            .take(8)
            .map(|line| format!("{line}\n"))
            .collect(),
        note.lines()
            .take(7)
            .map(|line| format!("{line}\n"))
            .collect(),
        note.replacen("/v1\n", "/v1\nmore\n", 1),
        String::new(),
    ] {
        assert!(KeyRotation::open(&bad).is_err(), "{bad}");
    }
    let other = SigningKey::from_seed("house/other", [2; 32]).expect("a key");
    assert!(KeyRotation::sign((7, root), &own(1), &other).is_err());
    assert!(KeyRotation::sign((7, root), &own(1), &own(1)).is_err());
    assert!(KeyRotation::sign((0, root), &own(1), &own(2)).is_err());
}
