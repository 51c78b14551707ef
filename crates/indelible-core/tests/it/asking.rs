//! Questions through the engine: filters, pages, cursors, limits.

use std::collections::BTreeSet;

use indelible_core::engine::Audit;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Page, Query};
use serde_json::json;
use uuid::Uuid;

use crate::ground::{NEW_YEAR, Site, event, everything};

async fn ask(audit: &Audit, query: Query) -> Page {
    audit.query(query).await.expect("a page")
}

async fn seqs(audit: &Audit, query: Query) -> Vec<u64> {
    ask(audit, query)
        .await
        .entries
        .iter()
        .map(|entry| entry.seq)
        .collect()
}

async fn trail_of(events: Vec<AuditEvent>) -> Audit {
    let audit = Site::new().audit().await;
    for answer in audit.record_all(events).await {
        answer.expect("recorded");
    }
    audit
}

#[tokio::test]
async fn the_newest_hundred_are_the_answer_to_no_question() {
    let audit = trail_of(vec![event("x"); 150]).await;
    let page = ask(&audit, Query::new()).await;
    assert_eq!(
        (page.entries.len(), page.limit, page.as_of),
        (100, 100, 150)
    );
    assert_eq!((page.entries[0].seq, page.entries[99].seq), (149, 50));
    assert!(page.has_more);
    let rest = ask(&audit, Query::new().cursor(page.next_cursor.expect("more"))).await;
    assert_eq!(
        (rest.entries.len(), rest.has_more, rest.next_cursor),
        (50, false, None)
    );
}

#[tokio::test]
async fn t34_limits_are_capped_visibly_and_nonsense_is_refused_by_name() {
    let audit = trail_of(vec![event("x"); 3]).await;
    assert_eq!(ask(&audit, Query::new().limit(i64::MAX)).await.limit, 1000);
    for (field, query) in [
        ("limit", Query::new().limit(0)),
        ("limit", Query::new().limit(-5)),
        ("offset", Query::new().offset(-1)),
        ("as_of", Query::new().as_of(4)),
        ("start_date", Query::new().start_date("yesterday")),
        ("start_date", Query::new().start_date("2026-01-01T00:00:00")),
        ("end_date", Query::new().end_date("2026-02-30")),
        (
            "end_date",
            Query::new().start_date("2026-02-02").end_date("2026-02-01"),
        ),
        ("outcome", Query::new().outcome("won")),
        ("action", Query::new().action("a b")),
        ("action", Query::new().action("nothing_*")),
        ("ip_address", Query::new().ip_address("10.0.0.0/99")),
        ("context", Query::new().context("no value")),
        ("cursor", Query::new().cursor("AAAA")),
    ] {
        match audit.query(query).await {
            Err(AuditError::Query(error)) => assert_eq!(error.field(), field, "{error}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert_eq!(seqs(&audit, Query::new().offset(2)).await, [0]);
    assert_eq!(seqs(&audit, Query::new().offset(i64::MAX)).await, [0; 0]);
}

#[tokio::test]
async fn t40_a_cursor_serves_only_the_question_it_came_with() {
    let audit = trail_of(vec![event("x").user_id("u"); 20]).await;
    let cursor = ask(&audit, Query::new().limit(5))
        .await
        .next_cursor
        .expect("more");
    for query in [
        Query::new().cursor(&cursor).user_id("u"),
        Query::new().cursor(&cursor[1..]),
        Query::new().cursor(format!("{cursor}A")),
        Query::new().cursor(&cursor).as_of(7),
        Query::new().cursor(&cursor).offset(1),
    ] {
        assert!(
            matches!(audit.query(query.clone()).await, Err(AuditError::Query(_))),
            "{query:?}"
        );
    }
    let other = audit.engine().trail("other".parse().expect("a name"));
    assert!(other.query(Query::new().cursor(&cursor)).await.is_err());
    // Limits may change from page to page.
    let page = ask(&audit, Query::new().cursor(&cursor).limit(3)).await;
    assert_eq!(
        page.entries.iter().map(|e| e.seq).collect::<Vec<_>>(),
        [14, 13, 12]
    );
}

#[tokio::test]
async fn t27_t28_pages_of_ties_and_late_arrivals_hold_each_entry_once() {
    let same = (NEW_YEAR - 5, 0);
    let events = (0..1000).map(|n| {
        let (base, step) = if n % 10 == 9 {
            (NEW_YEAR - 1_000_000_000, n)
        } else {
            same
        };
        let time = indelible_core::Timestamp::from_micros(base - step);
        event("x").id(Uuid::from_u128(n as u128)).occurred_at(time)
    });
    let audit = trail_of(events.collect()).await;
    let mut seen = Vec::new();
    let mut query = Query::new().limit(7);
    loop {
        let page = ask(&audit, query).await;
        seen.extend(page.entries.iter().map(|entry| entry.seq));
        match page.next_cursor {
            Some(cursor) => query = Query::new().limit(7).cursor(cursor),
            None => break,
        }
    }
    assert_eq!(seen, (0..1000).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn t29_sys_32_pages_beside_sixteen_writers_hold_what_was_there_at_the_first() {
    let audit = trail_of(vec![event("x"); 500]).await;
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    audit.record(event("late")).await.expect("recorded");
                }
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut page = ask(&audit, Query::new().limit(13)).await;
    let as_of = page.as_of;
    let mut count = 0;
    loop {
        assert_eq!(page.as_of, as_of);
        count += page.entries.len();
        seen.extend(page.entries.iter().map(|entry| entry.seq));
        let Some(cursor) = page.next_cursor else {
            break;
        };
        page = ask(&audit, Query::new().limit(13).cursor(cursor)).await;
    }
    assert_eq!(count as u64, as_of);
    assert_eq!(seen, (0..as_of).collect());
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert_eq!(
        ask(&audit, Query::new().as_of(500).limit(1)).await.entries[0].seq,
        499
    );
}

#[tokio::test]
async fn t36_t37_t39_hostile_and_long_values_are_found_literally() {
    let hostile = r#"a"b\c%_'; DROP TABLE entry; --"#;
    let arn = "arn:aws:s3:::bucket/with/a/path?and=query&x=1#frag";
    let mut events = vec![event("x"); 5];
    events.push(event("x").user_id(hostile));
    events.push(event("x").resource_id(arn));
    events.push(event("x").context(json!({"a.b": {"$[0]'\"": "v", "": 1}, "list": ["p", "q"]})));
    events.push(event("x").resource_id("r".repeat(2000)));
    let audit = trail_of(events).await;
    assert_eq!(seqs(&audit, Query::new().user_id(hostile)).await, [5]);
    assert_eq!(
        seqs(&audit, Query::new().user_id("a\"b\\c_%'")).await,
        [0; 0]
    );
    assert_eq!(seqs(&audit, Query::new().resource_id(arn)).await, [6]);
    assert_eq!(
        seqs(&audit, Query::new().resource_id("r".repeat(2000))).await,
        [8]
    );
    for member in [
        r#"/a.b/$[0]'"=v"#,
        r#"a\.b.$[0]'"=v"#,
        "/a.b/=1",
        "list.1=q",
    ] {
        assert_eq!(
            seqs(&audit, Query::new().context(member)).await,
            [7],
            "{member}"
        );
    }
    for member in ["a.b=v", "/a.b=v", "list.2=q", "list=p"] {
        assert_eq!(
            seqs(&audit, Query::new().context(member)).await,
            [0; 0],
            "{member}"
        );
    }
}

#[tokio::test]
async fn t38_sys_01_the_absent_user_can_be_asked_for() {
    let events = vec![event("x"), event("x").user_id("u"), event("x").user_id("")];
    let audit = trail_of(events).await;
    assert_eq!(seqs(&audit, Query::new().user_id("none")).await, [0]);
    assert_eq!(seqs(&audit, Query::new().user_id("")).await, [2]);
}

#[tokio::test]
async fn t9_addresses_are_asked_for_as_text_or_block() {
    let given = [
        "1.2.3.4",
        "::ffff:1.2.3.5",
        "1.2.3.4:99",
        "unknown",
        "",
        "[::1]",
        "2001:db8::1",
    ];
    let audit = trail_of(given.iter().map(|ip| event("x").ip_address(*ip)).collect()).await;
    for (asked, found) in [
        ("1.2.3.4", vec![0]),
        ("1.2.3.0/24", vec![1, 0]),
        ("0.0.0.0/0", vec![1, 0]),
        ("::/0", vec![6, 1, 0]),
        ("2001:db8::/32", vec![6]),
        ("1.2.3.4:99", vec![2]),
        ("unknown", vec![3]),
        ("", vec![4]),
        ("[::1]", vec![5]),
        ("9.9.9.9", vec![]),
    ] {
        assert_eq!(
            seqs(&audit, Query::new().ip_address(asked)).await,
            found,
            "{asked}"
        );
    }
    for (seq, ip) in given.iter().enumerate() {
        let entry = audit
            .entry_at(seq as u64)
            .await
            .expect("readable")
            .expect("there");
        assert_eq!(entry.ip_address.as_deref(), Some(*ip));
    }
}

#[tokio::test]
async fn dates_are_inclusive_at_both_ends_and_bare_dates_whole_days() {
    let times = [
        "2025-03-08T23:59:59.999999Z",
        "2025-03-09T00:00:00Z",
        "2025-03-09T23:59:59.999999Z",
        "2025-03-10T00:00:00Z",
    ];
    let occurred = |time: &&str| event("x").occurred_at(time.parse().expect("a time"));
    let audit = trail_of(times.iter().map(occurred).collect()).await;
    let asked = |from: &str, to: &str| Query::new().start_date(from).end_date(to);
    assert_eq!(
        seqs(&audit, asked("2025-03-09", "2025-03-09")).await,
        [2, 1]
    );
    assert_eq!(seqs(&audit, asked(times[1], times[1])).await, [1]);
    assert_eq!(
        seqs(&audit, Query::new().start_date("2025-03-10")).await,
        [3]
    );
    assert_eq!(seqs(&audit, Query::new().end_date("2025-03-08")).await, [0]);
}

#[tokio::test]
async fn an_alias_finds_what_it_stands_for_and_the_other_way_round() {
    let events = [
        "user_login",
        "user_login_success",
        "user_login_failed",
        "admin_user_suspended",
    ];
    let audit = trail_of(events.into_iter().map(event).collect()).await;
    for name in [
        "user_login",
        "USER_LOGIN",
        "user_login_success",
        "USER_LOGIN_SUCCESS",
    ] {
        assert_eq!(
            seqs(&audit, Query::new().action(name)).await,
            [1, 0],
            "{name}"
        );
    }
    assert_eq!(
        audit
            .entry_at(0)
            .await
            .expect("readable")
            .expect("there")
            .action,
        "user_login"
    );
    assert_eq!(seqs(&audit, Query::new().action("ADMIN_*")).await, [3]);
}

#[tokio::test]
async fn sys_32_all_filters_hold_together() {
    let one = event("a")
        .user_id("u")
        .resource_id("r")
        .correlation_id("c")
        .tag("t")
        .tag("s");
    let audit = trail_of(vec![
        one.clone(),
        one.clone().ip_address("10.1.1.1"),
        event("a"),
    ])
    .await;
    let full = || {
        Query::new()
            .user_id("u")
            .action("a")
            .resource_type("thing")
            .resource_id("r")
            .tag("t")
    };
    assert_eq!(
        seqs(&audit, full().correlation_id("c").tag("s")).await,
        [1, 0]
    );
    assert_eq!(seqs(&audit, full().ip_address("10.0.0.0/8")).await, [1]);
    assert_eq!(seqs(&audit, full().outcome("completed")).await, [1, 0]);
    assert_eq!(seqs(&audit, full().tag("missing")).await, [0; 0]);
    assert_eq!(seqs(&audit, full().resource_type("other")).await, [0; 0]);
}

#[tokio::test]
async fn an_empty_trail_answers_an_empty_page() {
    let page = ask(&Site::new().audit().await, everything()).await;
    assert_eq!(
        (page.entries.len(), page.as_of, page.has_more),
        (0, 0, false)
    );
}
