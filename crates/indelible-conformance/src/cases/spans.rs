//! `spans`: the smallest and largest `occurred_at` of complete blocks.

use std::ops::Range;

use indelible_core::Timestamp;
use indelible_core::store::Span;

use crate::database::Database;
use crate::fixture::{Author, Draft, draft, time, trail};
use crate::handle::Handle;

/// "With an index in `range`, by index": half-open, whatever commits completed the blocks.
pub async fn spans_come_by_index(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    for numbers in [0..255, 255..256, 256..1100, 1100..1290] {
        author.record(&store, numbers.map(leaping)).await;
    }
    let spans = store.spans(author.trail(), 8, 0..5).await;
    assert_eq!(spans, (0..5).map(expected).collect::<Vec<_>>());
    assert_eq!(store.spans(author.trail(), 8, 1..3).await, spans[1..3]);
    assert_eq!(store.spans(author.trail(), 8, 4..5).await, spans[4..]);
}

/// A block has a span once it is complete, and a commit of one entry can complete it.
pub async fn a_span_is_there_with_the_last_entry_of_its_block(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..511).map(leaping)).await;
    assert_eq!(
        store.spans(author.trail(), 8, 0..u64::MAX).await,
        [expected(0)]
    );
    author.record(&store, [leaping(511)]).await;
    let spans = store.spans(author.trail(), 8, 0..u64::MAX).await;
    assert_eq!(spans, [expected(0), expected(1)]);
}

/// A span reaches from the first to the last instant of the calendar where its entries do.
pub async fn spans_keep_the_ends_of_the_calendar(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let at = |n: u64| match n {
        17 => Timestamp::MAX,
        200 => Timestamp::MIN,
        _ => time("2026-01-01T00:00:00.000001Z"),
    };
    author
        .record(&store, (0..256).map(|n| draft(n).at(at(n))))
        .await;
    let whole = Span {
        height: 8,
        index: 0,
        earliest: Timestamp::MIN,
        latest: Timestamp::MAX,
    };
    assert_eq!(store.spans(author.trail(), 8, 0..1).await, [whole]);
}

/// "Those that are not there are left out": incomplete blocks, other heights, other trails.
pub async fn spans_that_are_not_there_are_left_out(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, (0..600).map(leaping)).await;
    other.record(&store, (0..255).map(leaping)).await;
    let edge = i64::MAX as u64;
    for end in [2, 3, edge, edge + 1, u64::MAX] {
        assert_eq!(
            store.spans(one.trail(), 8, 1..end).await,
            [expected(1)],
            "1..{end}"
        );
    }
    for (start, end) in [
        (0, 0),
        (1, 0),
        (2, 9),
        (edge, edge + 2),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(store.spans(one.trail(), 8, Range { start, end }).await, []);
    }
    for height in [0, 4, 7, 9, 16, 24, 56, 255] {
        assert_eq!(
            store.spans(one.trail(), height, 0..u64::MAX).await,
            [],
            "height {height}"
        );
    }
    for name in [other.trail(), &trail("unknown")] {
        assert_eq!(store.spans(name, 8, 0..u64::MAX).await, []);
    }
}

/// Entries whose times leap to and fro.
fn leaping(n: u64) -> Draft {
    draft(n).at(moment(n))
}

fn moment(n: u64) -> Timestamp {
    let start = time("2026-01-01T00:00:00Z").as_micros();
    Timestamp::from_micros(start + (n as i64 * 7919 % 1009 - 500) * 1_000_001)
}

fn expected(index: u64) -> Span {
    let times = || (index * 256..index * 256 + 256).map(moment);
    let (earliest, latest) = (times().min(), times().max());
    let (earliest, latest) = (earliest.expect("256 times"), latest.expect("256 times"));
    Span {
        height: 8,
        index,
        earliest,
        latest,
    }
}
