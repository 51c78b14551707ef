//! What only somebody with a checkpoint kept outside the database can find.

use indelible_core::state::Secret;
use indelible_core::store::Head;
use indelible_core::verify::FindingKind::{self, *};
use indelible_core::verify::{KeptCheckpoint, Request};
use indelible_core::{HeadKey, Outcome};
use indelible_merkle::{Checkpoint, SigningKey};

use super::building::{Builder, event, key, signed, trail};
use super::rows::Rows;
use super::{has, kinds, report, request, run};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A whole other history of the same length, signed for by the same key.
fn forked(size: u64, from: u64) -> Rows {
    block_on(async {
        let builder = Builder::new().grow(from, 100).await;
        let mut other = event(from);
        other.outcome = Outcome::Denied;
        other.action = "another history".into();
        builder
            .commit(vec![other])
            .await
            .grow(size - from - 1, 100)
            .await
            .rows()
            .await
    })
}

#[test]
fn a_fork_is_found_by_whoever_kept_a_checkpoint() {
    for (size, from) in [
        (600, 0),
        (600, 299),
        (600, 599),
        (256, 255),
        (257, 256),
        (1, 0),
    ] {
        let (clean, fork) = (trail(size), forked(size, from));
        assert_eq!(report(&fork, &fork).findings, [], "consistent in itself");
        assert_eq!(
            kinds(&report(&fork, &clean)),
            [Forked].into(),
            "{size} from {from}"
        );
        // T49: longer than the mark, but not an extension of it.
        let longer = forked(size + 1000, from);
        assert_eq!(kinds(&report(&longer, &clean)), [Forked].into());
    }
}

#[test]
fn a_receipt_from_before_the_fork_says_nothing_one_from_after_it_does() {
    let fork = forked(600, 300);
    let kept = |size| KeptCheckpoint {
        source: format!("a receipt of {size}"),
        note: signed(trail(size).head(), &key(1)),
    };
    let mut request = request(&fork);
    request.checkpoints = [1, 255, 256, 299, 300].map(kept).into();
    assert_eq!(run(&fork, &request).findings, []);
    request.checkpoints = [300, 301].map(kept).into();
    let report = run(&fork, &request);
    assert_eq!(kinds(&report), [Forked].into());
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].detail.contains("a receipt of 301"));
}

#[test]
fn a_history_under_another_key_is_found_by_the_verifier_key() {
    let stranger = SigningKey::from_seed(key(1).name(), [8; 32]).expect("a good name");
    let mut fork = forked(600, 0);
    fork.head_mut().key = stranger.verifier_key();
    let clean = trail(600);
    let mut request = request(&clean);
    request.mark = Some(signed(fork.head(), &stranger));
    let report = run(&fork, &request);
    // The key id differs, so that no trusted key has signed.
    assert_eq!(kinds(&report), [HeadAltered, CheckpointBadSignature].into());
    // Without a trusted key it is consistent, and nobody knows whose it is.
    request.trusted.clear();
    let report = run(&fork, &request);
    assert!(!report.ok);
    assert_eq!(kinds(&report), [KeyUnconfirmed].into());
}

#[test]
fn a_head_that_the_holder_of_the_key_did_not_write_is_found() {
    let head_key = |seed| HeadKey::from_seed(&Secret::new(seed));
    let with = |head: &Head, seed| {
        let mut rows = trail(600);
        rows.head_mut().mac = head_key(seed).mac(head);
        rows
    };
    let clean = with(trail(600).head(), [7; 32]);
    let mut request = request(&clean);
    request.head_key = Some(head_key([7; 32]));
    assert_eq!(run(&clean, &request).findings, []);
    // With it, the key is confirmed: only its holder makes the code.
    request.trusted.clear();
    assert_eq!(run(&clean, &request).findings, []);
    // Appended row by row after the mark, consistent with all the rest; an old code; another's.
    for (size, rows) in [
        (599, with(trail(599).head(), [7; 32])),
        (600, with(trail(600).head(), [8; 32])),
    ] {
        request.mark = Some(signed(trail(size).head(), &key(1)));
        let report = run(&rows, &request);
        assert_eq!(kinds(&report), [HeadAltered].into());
        assert!(!report.ok);
    }
}

#[test]
fn notes_that_cannot_be_trusted_are_found() {
    let clean = trail(300);
    let good = signed(clean.head(), &key(1));
    let other = SigningKey::from_seed("house/other", [7; 32]).expect("a good name");
    let cases: [(String, FindingKind); 5] = [
        (good.replacen("300", "301", 1), CheckpointBadSignature),
        (good.replace('\n', "\r\n"), CheckpointBadSignature),
        (String::new(), CheckpointBadSignature),
        ("\u{0}".repeat(100), CheckpointBadSignature),
        // T64: a mark of another trail is not compared with this one.
        (signed(clean.head(), &other), CheckpointForeign),
    ];
    for (note, kind) in cases {
        let mut request = request(&clean);
        request.mark = Some(note.clone());
        let report = run(&clean, &request);
        assert_eq!(kinds(&report), [kind].into(), "{note:?}");
        assert!(!report.ok);
    }
}

#[test]
fn an_old_copy_is_found_by_the_mark() {
    // T63: consistent in every row, and behind.
    let older = trail(300);
    let report = report(&older, &trail(600));
    assert_eq!(kinds(&report), [RolledBack].into());
    assert!(has(&report, RolledBack, 300));
}

#[test]
fn verification_since_a_checkpoint_holds_the_prefix_to_it() {
    let clean = trail(700);
    let since = |size: u64, rows: &Rows| {
        let head = trail(size);
        let checkpoint = Checkpoint::new(key(1).name(), size, head.head().root);
        let checkpoint = Some(checkpoint.expect("a good origin"));
        run(
            rows,
            &Request {
                since: checkpoint,
                ..request(&clean)
            },
        )
    };
    // An entry before it is not looked at, and the report says so.
    let mut altered = clean.clone();
    altered.entries[100]
        .parts
        .actor
        .as_mut()
        .expect("there")
        .body[3] ^= 1;
    let report = since(300, &altered);
    assert!(report.ok && !report.complete);
    assert_eq!((report.checked_from, report.entries_checked), (300, 400));
    altered.entries[300]
        .parts
        .actor
        .as_mut()
        .expect("there")
        .body[3] ^= 1;
    assert!(has(&since(300, &altered), PartAltered, 300));
    // Another history before it is another root.
    let mut forked = forked(700, 40);
    forked.head_mut().key = clean.head().key.clone();
    assert!(has(&since(300, &forked), Forked, None));
    // Beyond the head it is a rollback, and all is looked at.
    let older = trail(200);
    let report = since(300, &older);
    assert!(has(&report, RolledBack, 200));
    assert_eq!(report.entries_checked, 200);
    // The rows it stands on are there.
    let mut gone = clean.clone();
    gone.nodes.remove(0);
    assert!(has(&since(300, &gone), NodeMissing, 0));
}

#[test]
fn a_succession_leaves_old_checkpoints_behind() {
    let lost = trail(600);
    let mut head = trail(400).head().clone();
    head.key = key(2).verifier_key();
    let rows = block_on(async {
        let mut builder = Builder::new().grow(400, 100).await;
        builder.base.succeeds = Some(builder.base.head.parent());
        builder.base.head.key = key(2).verifier_key();
        builder.base.head.incarnation = 2;
        builder.base.head.incarnation_start = 400;
        let mut first = event(400);
        first.action = "audit_trail_succeeded".into();
        builder
            .commit(vec![first])
            .await
            .grow(500, 100)
            .await
            .rows()
            .await
    });
    let mut request = request(&lost);
    request.mark = Some(signed(rows.head(), &key(2)));
    assert_eq!(
        run(&rows, &request).findings,
        [],
        "the key of the first incarnation is trusted"
    );
    let kept = |head: &Head, key: &SigningKey| KeptCheckpoint {
        source: "a receipt".to_owned(),
        note: signed(head, key),
    };
    request.checkpoints = vec![kept(lost.head(), &key(1)), kept(trail(400).head(), &key(1))];
    let report = run(&rows, &request);
    assert_eq!(kinds(&report), [CheckpointSuperseded].into());
    assert!(report.ok);
    // Nobody but the key's holder can say that a trail was succeeded: a head that says so, and
    // nothing signed under it, is a forgery.
    let mut forged_request = request.clone();
    forged_request.mark = Some(signed(lost.head(), &key(1)));
    forged_request.checkpoints.clear();
    assert_eq!(kinds(&run(&rows, &forged_request)), [Forked].into());
    forged_request.mark = Some(signed(trail(2000).head(), &key(1)));
    assert_eq!(kinds(&run(&rows, &forged_request)), [RolledBack].into());
    // Of its own incarnation, the same is a fork; of a later one, the copy is old.
    let mut forged = lost.head().clone();
    request.checkpoints = vec![kept(&forged, &key(2))];
    assert_eq!(kinds(&run(&rows, &request)), [Forked].into());
    forged.size = 5;
    request.checkpoints = vec![kept(&forged, &key(3))];
    assert_eq!(kinds(&run(&rows, &request)), [RolledBack].into());
    // The incarnation begins with the entry that says so.
    let mut moved = rows.clone();
    moved.head_mut().incarnation_start = 401;
    request.checkpoints.clear();
    assert!(has(&run(&moved, &request), HeadAltered, 401));
}
