//! Paging both ways, and the first entry of a question.

use indelible_core::engine::{Audit, TwoWayPage};
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Query};

use crate::ground::{NEW_YEAR, Site, event};

async fn trail_of(events: Vec<AuditEvent>) -> Audit {
    let audit = Site::new().audit().await;
    for answer in audit.record_all(events).await {
        answer.expect("recorded");
    }
    audit
}

fn seqs(turned: &TwoWayPage) -> Vec<u64> {
    turned.page.iter().map(|entry| entry.seq).collect()
}

/// All pages of a question from the newest down.
async fn down(audit: &Audit, query: &Query) -> Vec<TwoWayPage> {
    let mut pages = vec![audit.older(query.clone()).await.expect("a page")];
    while let Some(cursor) = pages.last().and_then(|last| last.page.next_cursor.clone()) {
        let next = audit.older(query.clone().cursor(cursor)).await;
        pages.push(next.expect("a page"));
    }
    pages
}

/// All pages of a question from the oldest up.
async fn up(audit: &Audit, query: &Query) -> Vec<TwoWayPage> {
    let mut pages = vec![audit.newer(query.clone()).await.expect("a page")];
    while let Some(cursor) = pages.last().and_then(|last| last.newer_cursor.clone()) {
        let next = audit.newer(query.clone().cursor(cursor)).await;
        pages.push(next.expect("a page"));
    }
    pages
}

/// Two hundred entries of three users, of one moment but for every tenth, which comes late.
async fn late_arrivals() -> Audit {
    let events = (0..200).map(|n| {
        let late = if n % 10 == 9 { 1_000_000_000 } else { 0 };
        let time = indelible_core::Timestamp::from_micros(NEW_YEAR - 5 - late);
        event("x").user_id(["a", "b", "c"][n % 3]).occurred_at(time)
    });
    trail_of(events.collect()).await
}

#[tokio::test]
async fn t27_t28_pages_hold_each_entry_once_whichever_way_they_are_turned() {
    let audit = late_arrivals().await;
    for (filter, step) in [(Query::new(), 1), (Query::new().user_id("b"), 3)] {
        let expected: Vec<u64> = (0..200).rev().filter(|n| step == 1 || n % 3 == 1).collect();
        for limit in [1, 7, 66, 67, 200, 1000] {
            let query = filter.clone().limit(limit);
            let falling = down(&audit, &query).await;
            assert_eq!(falling.iter().flat_map(seqs).collect::<Vec<_>>(), expected);
            let mut rising = up(&audit, &query).await;
            rising.reverse();
            assert_eq!(rising.iter().flat_map(seqs).collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test]
async fn every_page_leads_to_its_neighbours_and_back() {
    let audit = late_arrivals().await;
    let query = Query::new().user_id("b").limit(7);
    let pages = down(&audit, &query).await;
    assert_eq!(pages.len(), 10);
    for pair in pages.windows(2) {
        let (newer, older) = (&pair[0], &pair[1]);
        let cursor = older.newer_cursor.clone().expect("newer ones match");
        let back = audit.newer(query.clone().cursor(&cursor)).await;
        assert_eq!(&back.expect("a page"), newer);
        // The other side of the same place is the page itself.
        let same = audit.older(query.clone().cursor(&cursor)).await;
        assert_eq!(&same.expect("a page"), older);
        let cursor = newer.page.next_cursor.clone().expect("older ones match");
        let same = audit.newer(query.clone().cursor(cursor)).await;
        assert_eq!(&same.expect("a page"), newer);
    }
    assert_eq!(pages[0].newer_cursor, None);
    assert_eq!(pages[9].page.next_cursor, None);
}

#[tokio::test]
async fn a_page_is_the_one_that_query_answers() {
    let audit = late_arrivals().await;
    for query in [
        Query::new(),
        Query::new().limit(3).offset(5),
        Query::new().user_id("c").as_of(100).limit(4),
        Query::new().user_id("nobody"),
    ] {
        let asked = audit.query(query.clone()).await.expect("a page");
        let turned = audit.older(query).await.expect("a page");
        assert_eq!(turned.page, asked);
    }
    let passed_over = audit.older(Query::new().limit(3).offset(5)).await;
    let cursor = passed_over.expect("a page").newer_cursor.expect("newer");
    let newer = audit.newer(Query::new().cursor(cursor)).await;
    assert_eq!(
        seqs(&newer.expect("a page")),
        (195..200).rev().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn whether_newer_ones_match_is_said_exactly() {
    let mut events = vec![event("x").user_id("u"); 6];
    events.extend(vec![event("x").user_id("v"); 6]);
    let audit = trail_of(events).await;
    let of_user = Query::new().user_id("u").limit(3);
    // Exactly a page is left: the trail goes on, but with nothing that matches.
    let oldest = audit.newer(of_user.clone()).await.expect("a page");
    assert_eq!(
        (seqs(&oldest), oldest.page.has_more),
        (vec![2, 1, 0], false)
    );
    let cursor = oldest.newer_cursor.expect("newer ones match");
    let next = audit.newer(of_user.clone().cursor(cursor)).await;
    let next = next.expect("a page");
    assert_eq!((seqs(&next), next.page.has_more), (vec![5, 4, 3], true));
    assert_eq!(next.newer_cursor, None);
    let nobody = audit.newer(Query::new().user_id("w")).await;
    let nobody = nobody.expect("a page");
    assert_eq!((seqs(&nobody), nobody.newer_cursor), (vec![], None));
    assert_eq!(nobody.page.next_cursor, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn t29_pages_upwards_end_at_the_size_of_the_first() {
    let audit = trail_of(vec![event("x"); 300]).await;
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    audit.record(event("x")).await.expect("recorded");
                }
            })
        })
        .collect();
    let query = Query::new().limit(13);
    let newest = audit.older(query.clone()).await.expect("a page");
    let as_of = newest.page.as_of;
    let pages = up(&audit, &query.clone().as_of(as_of)).await;
    assert!(pages.iter().all(|turned| turned.page.as_of == as_of));
    let seen: Vec<u64> = pages.iter().rev().flat_map(seqs).collect();
    assert_eq!(seen, (0..as_of).rev().collect::<Vec<_>>());
    for writer in writers {
        writer.await.expect("no panic");
    }
    // What came meanwhile is newer than the newest page and no page of its size.
    let older = newest.page.next_cursor.expect("older ones match");
    let older = audit.older(query.clone().cursor(older)).await;
    let cursor = older.expect("a page").newer_cursor.expect("newer");
    let back = audit.newer(query.clone().cursor(cursor)).await;
    let back = back.expect("a page");
    assert_eq!((back.page.as_of, back.newer_cursor), (as_of, None));
    assert_eq!(back.page.entries, newest.page.entries);
}

#[tokio::test]
async fn t40_a_cursor_serves_only_the_question_it_came_with_either_way() {
    let audit = trail_of(vec![event("x").user_id("u"); 20]).await;
    let oldest = audit.newer(Query::new().limit(5)).await.expect("a page");
    let cursor = oldest.newer_cursor.expect("newer ones match");
    for query in [
        Query::new().cursor(&cursor).user_id("u"),
        Query::new().cursor(&cursor[1..]),
        Query::new().cursor(format!("{cursor}A")),
        Query::new().cursor(&cursor).as_of(7),
        Query::new().cursor(&cursor).offset(1),
        Query::new().offset(1),
        Query::new().as_of(21),
        Query::new().limit(0),
    ] {
        let refused = audit.newer(query.clone()).await;
        assert!(matches!(refused, Err(AuditError::Query(_))), "{query:?}");
    }
    let other = audit.engine().trail("other".parse().expect("a name"));
    assert!(other.newer(Query::new().cursor(&cursor)).await.is_err());
    // A stream begins at the end of a size, never at the place of a page.
    let following = audit.following(&Query::new()).expect("a question");
    assert!(following.next(&cursor, "from").is_err());
    let end = Query::new().cursor(following.place(20)).limit(4);
    let end = audit.newer(end).await.expect("a page");
    assert_eq!((seqs(&end), end.newer_cursor), (vec![], None));
    let back = end.page.next_cursor.expect("older ones match");
    let back = audit.older(Query::new().cursor(back).limit(4)).await;
    assert_eq!(seqs(&back.expect("a page")), [19, 18, 17, 16]);
}

#[tokio::test]
async fn the_first_entry_of_a_question_is_the_oldest() {
    let audit = late_arrivals().await;
    let first = async |query| {
        let found: Option<indelible_core::Entry> = audit.first(query).await.expect("an answer");
        found.map(|entry| entry.seq)
    };
    assert_eq!(first(Query::new()).await, Some(0));
    assert_eq!(first(Query::new().user_id("c")).await, Some(2));
    assert_eq!(first(Query::new().user_id("c").as_of(2)).await, None);
    assert_eq!(first(Query::new().user_id("nobody")).await, None);
    let late = Query::new().end_date("2025-12-31");
    let asked = audit.query(late.clone().limit(1000)).await.expect("a page");
    let oldest = asked.entries.last().map(|entry| entry.seq);
    assert_eq!(first(late).await, oldest);
    for (field, query) in [
        ("limit", Query::new().limit(1)),
        ("offset", Query::new().offset(0)),
        ("cursor", Query::new().cursor("x")),
        ("as_of", Query::new().as_of(201)),
    ] {
        match audit.first(query).await {
            Err(AuditError::Query(error)) => assert_eq!(error.field(), field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let empty = Site::new().audit().await;
    assert_eq!(empty.first(Query::new()).await.expect("an answer"), None);
}

#[tokio::test]
async fn neighbours_are_the_nearest_that_match_on_both_sides() {
    let audit = late_arrivals().await;
    let of_b = Query::new().user_id("b").limit(2);
    let seqs = |entries: &[indelible_core::Entry]| -> Vec<u64> {
        entries.iter().map(|entry| entry.seq).collect()
    };
    for (seq, newer, older) in [
        (100, vec![106, 103], vec![97, 94]),
        (101, vec![106, 103], vec![100, 97]),
        (1, vec![7, 4], vec![]),
        (199, vec![], vec![196, 193]),
    ] {
        let of = audit.sight(seq).await.expect("readable").expect("there");
        assert_eq!((of.entry.seq, of.stored.seq, of.head.size), (seq, seq, 200));
        let found = audit.neighbours(of_b.clone(), &of).await.expect("found");
        assert_eq!(seqs(&found.newer), newer, "{seq}");
        assert_eq!(seqs(&found.older), older, "{seq}");
    }
    assert_eq!(audit.sight(200).await.expect("readable"), None);
    let of = audit.sight(40).await.expect("readable").expect("there");
    let paged = audit.neighbours(of_b.clone().offset(1), &of).await;
    assert!(matches!(paged, Err(AuditError::Query(error)) if error.field() == "offset"));
    let past = audit.neighbours(of_b.as_of(50), &of).await.expect("found");
    assert_eq!(seqs(&past.newer), [46, 43], "as of an earlier size");
}
