//! The live tail: where it begins, what it shows, how it ends.

pub mod listener;

use axum::body::Body;
use axum::http::Method;
use http_body_util::BodyExt;
use indelible::{AuditAction, AuditEvent, AuditProtocol};
use indelible_server::App;
use serde_json::json;

use crate::connections::Serving;
use crate::desk::{Call, Desk, on_both};
use listener::{End, Listener};

on_both!(
    a_stream_begins_at_the_present_end_or_where_it_is_told,
    a_stream_shows_what_the_query_shows_and_no_more,
    t40_an_id_that_is_not_of_this_stream_is_refused,
    a_wrong_question_is_refused_by_its_parameter,
    a_writer_in_another_process_is_heard_too,
    a_reader_that_is_too_slow_is_sent_away_and_comes_back,
    a_stop_ends_streams_in_order_and_they_go_on_afterwards,
    a_key_that_is_revoked_is_shown_nothing_more,
    streams_are_limited,
);

const STREAM: &str = "/v1/trails/shop/events/stream";

fn event(user: &str) -> AuditEvent {
    let action: AuditAction = "page_viewed".parse().expect("an action");
    AuditEvent::new(action, "page").user_id(user)
}

async fn seqs(listener: &mut Listener, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    for _ in 0..count {
        let (_, entry) = listener.entry().await.expect("an entry");
        seqs.push(entry["seq"].as_u64().expect("a seq"));
    }
    seqs
}

async fn a_stream_begins_at_the_present_end_or_where_it_is_told(desk: Desk) {
    let serving = Serving::of(&desk).await;
    // A trail need not have begun.
    let mut before = Listener::open(serving.at(), STREAM, None).await;
    let first = before.block().await.expect("a beginning");
    assert_eq!(first.retry.as_deref(), Some("1000"));
    assert!(first.id.is_some() && first.data.is_none());
    desk.records("shop", 3).await;
    assert_eq!(seqs(&mut before, 3).await, [0, 1, 2]);
    let mut now = Listener::open(serving.at(), STREAM, None).await;
    let mut all = Listener::open(serving.at(), &format!("{STREAM}?from=0"), None).await;
    let mut some = Listener::open(serving.at(), &format!("{STREAM}?from=2"), None).await;
    // Cut off before its first entry, it goes on where it was all the same, and the id that was
    // seen last outweighs `from`, which a browser repeats.
    let id = first.id.as_deref();
    let mut again = Listener::open(serving.at(), STREAM, id).await;
    let mut both = Listener::open(serving.at(), &format!("{STREAM}?from=2"), id).await;
    desk.records("shop", 2).await;
    // The first look at the trail is the entry after the three.
    assert_eq!(seqs(&mut now, 3).await, [3, 4, 5]);
    assert_eq!(seqs(&mut all, 6).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(seqs(&mut some, 4).await, [2, 3, 4, 5]);
    assert_eq!(seqs(&mut again, 6).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(seqs(&mut both, 6).await, [0, 1, 2, 3, 4, 5]);
    // What a page answers for and what is streamed from there on are the trail.
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    let url = format!("{STREAM}?from={}", page["as_of"]);
    let mut joined = Listener::open(serving.at(), &url, None).await;
    desk.records("shop", 1).await;
    assert_eq!(seqs(&mut joined, 1).await, [6]);
    drop((before, now, all, some, again, both, joined));
    serving.end().await;
}

async fn a_stream_shows_what_the_query_shows_and_no_more(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let filters = [
        ("user_id=u-1", vec![1, 4]),
        ("action=user_login_failed", vec![2]),
        ("action=user_*", vec![2]),
        ("resource_type=session", vec![2]),
        ("context=n=3&tag=data.chd", vec![3]),
        ("ip_address=10.0.0.0%2F8", vec![3]),
        ("user_id=none", vec![2]),
        ("start_date=1h", vec![0, 1, 2, 3, 4]),
        ("start_date=1h&end_date=30m", vec![]),
    ];
    let mut live = Vec::new();
    for (filter, _) in &filters {
        live.push(Listener::open(serving.at(), &format!("{STREAM}?{filter}"), None).await);
    }
    let events = [
        json!({"action": "page_viewed", "resource_type": "page", "user_id": "u-0"}),
        json!({"action": "page_viewed", "resource_type": "page", "user_id": "u-1",
               "user_agent": "line\r\nend\n\ndata: x"}),
        json!({"action": "user_login_failed", "resource_type": "session"}),
        json!({"action": "page_viewed", "resource_type": "page", "user_id": "u-2",
               "context": {"n": 3}, "tags": ["data.chd"], "ip_address": "10.1.2.3"}),
        json!({"action": "page_viewed", "resource_type": "page", "user_id": "u-1"}),
    ];
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    desk.lines("/v1/trails/shop/events", lines).await.is(200);
    let mut entries = Vec::new();
    for seq in 0..5 {
        let url = format!("/v1/trails/shop/events/{seq}");
        entries.push(desk.get(&url).await.is(200).json());
    }
    for ((filter, expected), listener) in filters.iter().zip(&mut live) {
        let url = format!("{STREAM}?{filter}&from=0");
        let mut past = Listener::open(serving.at(), &url, None).await;
        for seq in expected {
            let (_, entry) = listener.entry().await.expect("an entry");
            assert_eq!(entry, entries[*seq], "{filter}");
            assert_eq!(past.entry().await.expect("an entry").1, entry, "{filter}");
        }
    }
    drop(live);
    serving.end().await;
}

async fn t40_an_id_that_is_not_of_this_stream_is_refused(desk: Desk) {
    desk.records("shop", 5).await;
    desk.records("other", 5).await;
    let serving = Serving::of(&desk).await;
    let url = format!("{STREAM}?start_date=1h&from=0");
    let mut listener = Listener::open(serving.at(), &url, None).await;
    let (id, _) = listener.entry().await.expect("an entry");
    let page = "/v1/trails/shop/events?start_date=2026-03-09&limit=2";
    let page = desk.get(page).await.is(200).json();
    let ask = async |url: &str, id: &str| {
        let call = Call::new(Method::GET, url).header("last-event-id", id);
        desk.call(call).await
    };
    let same = format!("{STREAM}?start_date=1h");
    for (url, id) in [
        ("/v1/trails/other/events/stream?start_date=1h", &*id),
        (STREAM, &id),
        (&format!("{same}&user_id=u-1"), &id),
        (&same, &id[1..]),
        (&same, "7"),
        (&same, "\u{e9}"),
        (
            &format!("{STREAM}?start_date=2026-03-09"),
            page["next_cursor"].as_str().expect("a cursor"),
        ),
    ] {
        let answered = ask(url, id).await;
        answered.refuses(400, "invalid-request", Some("Last-Event-ID"));
    }
    let twice = Call::new(Method::GET, &same).header("last-event-id", &id);
    let twice = desk.call(twice.header("last-event-id", &id)).await;
    twice.refuses(400, "invalid-request", Some("Last-Event-ID"));
    // The id of an entry that this trail does not have yet: it comes from another copy of it.
    let copy = Desk::on_sqlite().await;
    let answered = copy.call(Call::new(Method::GET, &same).header("last-event-id", &id));
    answered
        .await
        .refuses(400, "invalid-request", Some("Last-Event-ID"));
    // A span of time is the same question later on.
    desk.clock.pass(std::time::Duration::from_secs(60));
    let mut again = Listener::open(serving.at(), &same, Some(&id)).await;
    assert_eq!(seqs(&mut again, 4).await, [1, 2, 3, 4]);
    drop((listener, again));
    serving.end().await;
}

async fn a_wrong_question_is_refused_by_its_parameter(desk: Desk) {
    desk.records("shop", 2).await;
    for (query, field) in [
        ("limit=5", "limit"),
        ("offset=0", "offset"),
        ("cursor=x", "cursor"),
        ("as_of=1", "as_of"),
        ("from=3", "from"),
        ("from=x", "from"),
        ("from=1&from=1", "from"),
        ("action=a+b", "action"),
        ("start_date=yesterday", "start_date"),
        ("follow=true", "follow"),
    ] {
        let answered = desk.get(&format!("{STREAM}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
    let answered = desk.get("/v1/trails/UPPER/events/stream").await;
    answered.refuses(400, "invalid-request", Some("trail"));
}

async fn a_writer_in_another_process_is_heard_too(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut listener = Listener::open(serving.at(), STREAM, None).await;
    let other = desk.another().await;
    let there = other.engine().trail("shop".parse().expect("a name"));
    for n in 0..10 {
        let here = desk
            .database
            .engine()
            .trail("shop".parse().expect("a name"));
        for audit in [&there, &here] {
            audit
                .record(event(&format!("u-{n}")))
                .await
                .expect("recorded");
        }
        assert_eq!(seqs(&mut listener, 2).await, [2 * n, 2 * n + 1]);
    }
    other.close().await.expect("closed");
    drop(listener);
    serving.end().await;
}

async fn a_reader_that_is_too_slow_is_sent_away_and_comes_back(desk: Desk) {
    const EVENTS: u64 = 2_000;
    const TOGETHER: u64 = 50;
    let serving = Serving::of(&desk).await;
    let at = serving.at();
    let mut slow = Listener::open(at.clone(), STREAM, None).await;
    let mut last = slow.block().await.expect("a beginning").id;
    let mut quick = Listener::open(at.clone(), STREAM, None).await;
    let event = json!({"action": "page_viewed", "resource_type": "page",
                       "context": {"text": "lorem ipsum ".repeat(700)}});
    let lines = format!("{event}\n").repeat(usize::try_from(TOGETHER).expect("small"));
    for first in (0..EVENTS).step_by(usize::try_from(TOGETHER).expect("small")) {
        let url = "/v1/trails/shop/events";
        desk.lines(url, lines.clone()).await.is(200);
        // The one that reads nothing does not hold up the other.
        let seen = seqs(&mut quick, lines.lines().count()).await;
        assert_eq!(seen, (first..first + TOGETHER).collect::<Vec<_>>());
    }
    let mut seen = 0;
    let goodbye = loop {
        match slow.block().await {
            Ok(block) if block.data.is_some() => {
                last = block.id;
                seen += 1;
            }
            Ok(block) => break block,
            Err(end) => panic!("{end:?}"),
        }
    };
    assert_eq!(
        goodbye.comment.as_deref(),
        Some("the client is slower than the trail")
    );
    assert_eq!(
        (goodbye.retry.as_deref(), &goodbye.id),
        (Some("1000"), &last)
    );
    assert_eq!(slow.block().await, Err(End::Whole));
    // What waited for it was the sockets' buffers and one piece, not all that it missed.
    assert!(seen < EVENTS, "{seen}");
    let mut again = Listener::open(at.clone(), STREAM, last.as_deref()).await;
    let rest = usize::try_from(EVENTS - seen).expect("small");
    assert_eq!(
        seqs(&mut again, rest).await,
        (seen..EVENTS).collect::<Vec<_>>()
    );
    drop((quick, again));
    serving.end().await;
}

async fn a_stop_ends_streams_in_order_and_they_go_on_afterwards(desk: Desk) {
    let serving = Serving::of(&desk).await;
    let mut listener = Listener::open(serving.at(), STREAM, None).await;
    desk.records("shop", 1).await;
    let (id, _) = listener.entry().await.expect("an entry");
    serving.end().await;
    let goodbye = listener.block().await.expect("a last block");
    assert_eq!(goodbye.comment.as_deref(), Some("the server is stopping"));
    assert_eq!(
        (goodbye.retry.as_deref(), goodbye.id.as_deref()),
        (Some("1000"), Some(&*id))
    );
    assert_eq!(listener.block().await, Err(End::Whole));
    let answered = desk.get(STREAM).await.refuses(503, "stopping", None);
    assert_eq!(answered.header("retry-after"), "1");
    let next = App::new(desk.database.engine().clone());
    let desk = desk.serving(next.clone());
    desk.records("shop", 2).await;
    let serving = Serving::app(&desk, next).await;
    let mut listener = Listener::open(serving.at(), STREAM, Some(&id)).await;
    assert_eq!(seqs(&mut listener, 2).await, [1, 2]);
    drop(listener);
    serving.end().await;
}

async fn a_key_that_is_revoked_is_shown_nothing_more(desk: Desk) {
    desk.records("shop", 1).await;
    let serving = Serving::of(&desk).await;
    let mut at = serving.at();
    at.key = desk.key("reader", Some("shop")).await.into();
    let mut listener = Listener::open(at, &format!("{STREAM}?from=0"), None).await;
    listener.entry().await.expect("an entry");
    let keys = desk.get("/v1/keys").await.is(200).json();
    let keys = keys["keys"].as_array().expect("a list");
    let is_reader = |key: &&serde_json::Value| key["role"] == "reader";
    let key = keys.iter().find(is_reader).expect("it");
    let url = format!("/v1/keys/{}", key["id"].as_str().expect("a text"));
    let revoked = desk.call(Call::new(Method::DELETE, &url)).await;
    assert!(revoked.status.is_success(), "{}", revoked.text());
    let end = loop {
        desk.records("shop", 1).await;
        match listener.entry().await {
            // On its way already.
            Ok((_, entry)) if entry["resource_type"] == "audit_log" => {}
            other => break other,
        }
    };
    assert_eq!(end, Err(End::Whole));
    drop(listener);
    serving.end().await;
}

async fn streams_are_limited(desk: Desk) {
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(desk.key("reader", None).await);
    }
    let (last, others) = keys.split_last().expect("five");
    let open = async |key: &str| desk.open(Call::new(Method::GET, STREAM).key(key)).await;
    let mut streams = Vec::new();
    for key in others {
        for _ in 0..128 {
            let stream = open(key).await;
            assert_eq!(stream.status(), 200);
            streams.push(stream);
        }
        // No key takes the seats of all.
        let more = desk.call(Call::new(Method::GET, STREAM).key(key)).await;
        let answered = more.refuses(503, "overloaded", None);
        assert_eq!(answered.header("retry-after"), "1");
    }
    let more = desk.call(Call::new(Method::GET, STREAM).key(last)).await;
    more.refuses(503, "overloaded", None);
    streams.pop();
    assert_eq!(open(last).await.status(), 200);
}

/// The next piece of a body that `wanted` takes; those before it say that nothing is new.
async fn piece(body: &mut Body, wanted: impl Fn(&str) -> bool) -> String {
    loop {
        let frame = body.frame().await.expect("more").expect("readable");
        let bytes = frame.into_data().expect("data");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        if wanted(&text) {
            return text;
        }
        assert!(text.starts_with(": nothing new\nid: "), "{text}");
    }
}

fn place(text: &str) -> &str {
    let id = text.lines().find_map(|line| line.strip_prefix("id: "));
    id.expect("an id")
}

/// Time stands still but where everything waits for it.
#[tokio::test(start_paused = true)]
async fn silence_is_broken_and_says_how_far_the_stream_has_come() {
    let desk = Desk::on_sqlite().await;
    let url = format!("{STREAM}?user_id=u-9");
    let mut body = desk.open(Call::new(Method::GET, &url)).await.into_body();
    let beginning = piece(&mut body, |_| true).await;
    let silent = piece(&mut body, |_| true).await;
    assert!(silent.starts_with(": nothing new\nid: "), "{silent}");
    assert_eq!(place(&silent), place(&beginning));
    // Entries that do not match are passed over without a word, but not for ever.
    desk.records("shop", 5).await;
    let passed = piece(&mut body, |text| place(text) != place(&beginning)).await;
    assert!(passed.starts_with(": nothing new\nid: "), "{passed}");
    desk.records("shop", 10).await;
    let entry = piece(&mut body, |text| text.contains("data: ")).await;
    assert!(entry.contains("\"seq\":14,"), "{entry}");
    let call = Call::new(Method::GET, &url).header("last-event-id", place(&passed));
    let mut again = desk.open(call).await.into_body();
    let beginning = piece(&mut again, |_| true).await;
    assert_eq!(place(&beginning), place(&passed));
    assert_eq!(
        piece(&mut again, |text| text.contains("data: ")).await,
        entry
    );
}
