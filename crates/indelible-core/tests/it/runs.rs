//! What reports read: runs through the trail, the ends of actions, checkpoints of earlier sizes.

use indelible_core::{AuditError, AuditProtocol, Query};

use crate::ground::{Site, event};

#[tokio::test]
async fn a_run_goes_through_the_trail_in_its_order() {
    let site = Site::new();
    let audit = site.audit().await;
    for n in 0..25 {
        let action = if n % 3 == 0 { "third" } else { "other" };
        audit.record(event(action)).await.expect("recorded");
    }
    let query = Query::new().action("third").limit(4).as_of(20);
    let (mut seqs, mut next) = (Vec::new(), Some(2));
    while let Some(seq) = next {
        let run = audit.stored_from(&query, seq).await.expect("a run");
        assert!(run.entries.len() <= 4 && run.as_of == 20);
        seqs.extend(run.entries.iter().map(|entry| entry.seq));
        next = run.next;
    }
    assert_eq!(seqs, [3, 6, 9, 12, 15, 18]);
    let beyond = audit.stored_from(&query, 20).await.expect("a run");
    assert!(beyond.entries.is_empty() && beyond.next.is_none());
    for wrong in [query.clone().offset(1), query.clone().cursor("x")] {
        let error = audit.stored_from(&wrong, 0).await.expect_err("refused");
        assert!(matches!(error, AuditError::Query(_)), "{error}");
    }
}

#[tokio::test]
async fn one_question_finds_the_end_of_many_actions() {
    let site = Site::new();
    let audit = site.audit().await;
    for action in ["a", "b", "c", "b", "d"] {
        audit.record(event(action)).await.expect("recorded");
    }
    let end = async |actions: &[&str], is_oldest| {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let found = audit
            .end_of_actions(&Query::new(), actions, is_oldest)
            .await;
        found.expect("read").map(|entry| entry.seq)
    };
    assert_eq!(end(&["b", "c", "x"], false).await, Some(3));
    assert_eq!(end(&["b", "c", "x"], true).await, Some(1));
    assert_eq!(end(&["x", "y"], true).await, None);
    let page = Query::new().limit(1);
    let paged = audit.end_of_actions(&page, Vec::new(), false).await;
    assert!(matches!(paged, Err(AuditError::Query(_))));
}

#[tokio::test]
async fn the_checkpoint_of_an_earlier_size_can_be_had_again() {
    let site = Site::new();
    let audit = site.audit().await;
    let mut notes = Vec::new();
    for _ in 0..3 {
        audit.record(event("it")).await.expect("recorded");
        notes.push(audit.checkpoint().await.expect("signed").expect("entries"));
    }
    for (size, note) in (1..).zip(notes) {
        let checkpoint = audit
            .checkpoint_at(size)
            .await
            .expect("signed")
            .expect("entries");
        assert_eq!((checkpoint.size, &checkpoint.note), (size, &note));
        let root = indelible_merkle::base64::encode(checkpoint.root.as_ref());
        assert!(note.contains(&root), "{note}");
        // The root alone, for which nothing is signed.
        let alone = audit.root_at(size).await.expect("read");
        assert_eq!(alone, Some(checkpoint.root));
    }
    for size in [0, 4] {
        assert_eq!(audit.root_at(size).await.expect("read"), None, "{size}");
    }
    assert_eq!(audit.checkpoint_at(0).await.expect("nothing to sign"), None);
    let error = audit.checkpoint_at(4).await.expect_err("not yet");
    assert!(error.to_string().contains("as_of"), "{error}");
}
