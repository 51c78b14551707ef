//! Streams of lines: turns, and what becomes of them without room.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::to_bytes;
use axum::http::HeaderMap;
use indelible_core::TrailName;
use serde_json::Value;

use super::*;
use crate::limits::{RESULTS_FILES_BYTES_MAX, RESULTS_HELD_BYTES, RESULTS_OF_KEY_BYTES_MAX};
use crate::site::Site;

const LINES: usize = 4_000;

async fn post(app: &App, body: String) -> Answer {
    app.keys().first().await.expect("made");
    let key = app.keys().list().await.expect("readable").remove(0);
    let pieces = Pieces::new(app, &HeaderMap::new(), Body::from(body))?;
    record(
        app.clone(),
        app.trail(&TrailName::standard()),
        pieces,
        Arc::new(key),
        "r-1".into(),
    )
}

fn events() -> String {
    "{\"action\":\"a\",\"resource_type\":\"t\"}\n".repeat(LINES)
}

#[tokio::test]
async fn lines_that_are_all_refused_or_blank_leave_others_their_turn() {
    const MANY: usize = 100_000;
    for line in ["x\n", "\n"] {
        let site = Site::new().await;
        let app = App::new(site.engine.clone());
        let answer = post(&app, line.repeat(MANY)).await.expect("begun");
        // Of one thread: a turn for each time that the stream gives way.
        let turns = Arc::new(AtomicUsize::new(0));
        let others = turns.clone();
        let other = tokio::spawn(async move {
            loop {
                others.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let body = to_bytes(answer.into_body(), usize::MAX).await;
        let results = body.expect("whole").iter().filter(|b| **b == b'\n').count();
        other.abort();
        assert_eq!(results, if line == "\n" { 0 } else { MANY });
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns >= MANY / 4096, "{line:?}: {turns} turns");
    }
}

/// The entries of the trail.
async fn recorded(site: &Site) -> u64 {
    let heads = site.engine.heads().await.expect("readable");
    let of_trail = heads
        .iter()
        .find(|head| head.trail == TrailName::standard());
    of_trail.map_or(0, |head| head.size)
}

#[tokio::test]
async fn a_stream_without_room_for_results_is_refused_or_turned_away_in_order() {
    let site = Site::new().await;
    let app = App::new(site.engine.clone());
    let room = app.results_room();
    let others: Vec<_> = (0..4).map(|n| room.of_key(&format!("other-{n}"))).collect();
    for other in &others {
        assert!(other.take(RESULTS_OF_KEY_BYTES_MAX));
        assert!(!other.take(1), "its share is taken");
    }
    let Err(refused) = post(&app, events()).await else {
        panic!("there is no room");
    };
    assert_eq!(refused.kind, Kind::Overloaded);
    assert_eq!(refused.retry_after, Some(1));
    assert_eq!(recorded(&site).await, 0);
    // One byte is left when it begins, and its results are read late.
    others[0].give_back(1);
    let answer = post(&app, events()).await.expect("begun");
    while app.counters().refusals().is_empty() {
        tokio::task::yield_now().await;
    }
    let body = to_bytes(answer.into_body(), usize::MAX).await;
    let body = String::from_utf8(body.expect("whole").to_vec()).expect("UTF-8");
    let rows: Vec<Value> = body
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (last, results) = rows.split_last().expect("results");
    assert!(
        body.len() > RESULTS_HELD_BYTES && rows.len() < LINES,
        "{}",
        rows.len()
    );
    assert!(results.iter().all(|row| row["status"] == 201));
    assert_eq!(last["status"], 503);
    assert_eq!(last["line"], rows.len());
    let detail = last["problem"]["detail"].as_str().expect("a text");
    assert!(detail.contains("nothing from this line on"), "{detail}");
    // Each that was recorded has its result.
    assert_eq!(recorded(&site).await, results.len() as u64);
    assert_eq!(room.taken(), RESULTS_FILES_BYTES_MAX - 1);
}
