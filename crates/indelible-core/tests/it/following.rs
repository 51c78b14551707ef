//! Following a trail: places between entries, word of growth, entries without a gap.

use indelible_core::{AuditError, AuditProtocol, Following, Query};

use crate::ground::{Site, event};

fn field<T>(answer: Result<T, AuditError>) -> Option<String> {
    match answer {
        Err(AuditError::Query(error)) => Some(error.field().to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn t40_a_place_belongs_to_one_trail_and_one_question() {
    let audit = Site::new().audit().await;
    let follow = |query: &Query| -> Following { audit.following(query).expect("a question") };
    let question = Query::new().start_date("24h").user_id("u");
    let place = follow(&question).place(7);
    assert_eq!(follow(&question).next(&place, "place"), Ok(7));
    for other in [Query::new(), question.clone().user_id("v")] {
        let refused = follow(&other).next(&place, "place");
        assert_eq!(refused.expect_err("another").field(), "place");
    }
    let elsewhere = audit.engine().trail("other".parse().expect("a name"));
    let elsewhere = elsewhere.following(&question).expect("a question");
    assert!(elsewhere.next(&place, "place").is_err());
    for cut in 0..place.len() {
        assert!(follow(&question).next(&place[..cut], "place").is_err());
    }
    for (name, query) in [
        ("limit", Query::new().limit(1)),
        ("offset", Query::new().offset(1)),
        ("cursor", Query::new().cursor("x")),
        ("as_of", Query::new().as_of(1)),
    ] {
        assert_eq!(field(audit.following(&query)).as_deref(), Some(name));
    }
}

#[tokio::test]
async fn a_place_is_the_cursor_of_the_page_before_it() {
    let audit = Site::new().audit().await;
    for answer in audit.record_all(vec![event("x"); 5]).await {
        answer.expect("recorded");
    }
    let question = Query::new();
    let place = audit.following(&question).expect("a question").place(3);
    let page = audit.query(question.clone().cursor(place)).await;
    let page = page.expect("a page");
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((page.as_of, seqs), (3, vec![2, 1, 0]));
    // A page's own cursor is none of a stream.
    let page = audit
        .query(question.clone().limit(2))
        .await
        .expect("a page");
    let cursor = page.next_cursor.expect("more");
    let following = audit.following(&question).expect("a question");
    assert!(following.next(&cursor, "place").is_err());
}

#[tokio::test]
async fn what_is_committed_is_told_of_and_there() {
    let audit = Site::new().audit().await;
    let mut growth = audit.growth();
    let mut elsewhere = audit
        .engine()
        .trail("other".parse().expect("a name"))
        .growth();
    assert!(audit.stored(0..10).await.expect("readable").is_empty());
    for count in 1..=3 {
        audit.record(event("x")).await.expect("recorded");
        growth.more().await;
        let stored = audit.stored(0..10).await.expect("readable");
        assert_eq!(stored.len(), count);
    }
    assert_eq!(audit.stored(1..2).await.expect("readable")[0].seq, 1);
    // Nobody is told of another trail, nor twice of the same commits.
    tokio::select! {
        biased;
        () = growth.more() => panic!("told twice"),
        () = elsewhere.more() => panic!("told of another trail"),
        () = std::future::ready(()) => {}
    }
}
