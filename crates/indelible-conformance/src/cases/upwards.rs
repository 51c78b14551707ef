//! `find` upwards: `from` asks for what stands next above a place, the answer newest first as ever.

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::{Find, StoreError, Verdict};
use indelible_core::{Outcome, TrailName};
use serde_json::json;

use super::order::late_arrivals;
use crate::database::Database;
use crate::fixture::{Author, draft, time};
use crate::handle::{Handle, NO_SEQS, upwards};

/// "The ones with the smallest seqs", the answer newest seq first, and each entry whole.
pub async fn the_next_above_a_place_are_found_newest_first(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let find = Find {
        limit: 3,
        ..upwards(Filter::default(), 20)
    };
    let mut expected = store.entries(author.trail(), 20..23).await;
    expected.reverse();
    assert!(store.find(author.trail(), &find).await == expected);
    let find = Find {
        limit: 3,
        ..upwards(failed(), 21)
    };
    assert_eq!(store.found(author.trail(), &find).await, [26, 24, 22]);
}

/// "This seq or a larger one": the bound itself is among them, and 0 is the trail's begin.
pub async fn from_is_inclusive(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let find = async |from| {
        let find = Find {
            limit: 2,
            ..upwards(Filter::default(), from)
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(find(0).await, [1, 0]);
    assert_eq!(find(30).await, [31, 30]);
    assert_eq!(find(58).await, [59, 58]);
    assert_eq!(find(59).await, [59]);
    for beyond in [60, 61, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX] {
        assert_eq!(find(beyond).await, NO_SEQS, "from {beyond}");
    }
}

/// "Only entries with a smaller seq", upwards as well: between two places there is what is
/// between them.
pub async fn from_and_below_hold_together(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let find = async |filter: Filter, from, below| {
        let find = Find {
            below,
            ..upwards(filter, from)
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(find(Filter::default(), 20, 23).await, [22, 21, 20]);
    assert_eq!(find(failed(), 19, 23).await, [22, 20]);
    assert_eq!(find(failed(), 19, 22).await, [20]);
    assert_eq!(find(failed(), 21, 22).await, NO_SEQS);
    assert_eq!(find(Filter::default(), 58, u64::MAX).await, [59, 58]);
    for (from, below) in [(0, 0), (20, 20), (21, 20), (u64::MAX, 0), (60, 61)] {
        assert_eq!(find(Filter::default(), from, below).await, NO_SEQS);
        assert_eq!(find(failed(), from, below).await, NO_SEQS);
    }
}

/// "The oldest" are passed over, and only those that match.
pub async fn skip_upwards_passes_over_the_oldest(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let find = async |filter: Filter, from, skip| {
        let find = Find {
            skip,
            limit: 3,
            ..upwards(filter, from)
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(find(failed(), 0, 1).await, [6, 4, 2]);
    assert_eq!(find(failed(), 21, 4).await, [34, 32, 30]);
    assert_eq!(find(failed(), 0, 28).await, [58, 56]);
    assert_eq!(find(Filter::default(), 5, 50).await, [57, 56, 55]);
    for skip in [60, i64::MAX as u64, u64::MAX] {
        assert_eq!(find(failed(), 0, skip).await, NO_SEQS, "skip {skip}");
        assert_eq!(find(Filter::default(), 5, skip).await, NO_SEQS);
    }
}

/// "How many entries at most": from none to as many as there are.
pub async fn limit_upwards_is_the_most_that_is_found(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    for limit in [0, 1, 54, 55, 56, 100_000, i64::MAX as usize, usize::MAX] {
        let find = Find {
            limit,
            ..upwards(Filter::default(), 5)
        };
        let found = store.found(author.trail(), &find).await;
        let end = 5 + limit.min(55) as u64;
        assert_eq!(found, (5..end).rev().collect::<Vec<_>>(), "limit {limit}");
    }
}

/// Pages upwards by seq give every entry once although later ones occurred earlier. (T27)
pub async fn pages_upwards_join_up_although_entries_arrive_late(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let early = Filter {
        latest: Some(time("2026-01-01T00:00:00Z")),
        ..Filter::default()
    };
    for filter in [Filter::default(), failed(), early] {
        let mut expected = store.matching(author.trail(), filter.clone()).await;
        assert!(expected.len() > 20);
        expected.reverse();
        for limit in [1, 7, 59, 60, 61] {
            let seqs = paged_upwards(&store, &author, &filter, u64::MAX, limit).await;
            assert_eq!(seqs, expected, "pages of {limit}");
        }
    }
}

/// A thousand entries of one moment come once each in pages of seven upwards, by `from` and by
/// `skip`. (T28)
pub async fn a_thousand_entries_of_one_moment_come_once_each_upwards(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let at = time("2026-01-01T00:00:00Z");
    for start in (0..1000).step_by(125) {
        author
            .record(&store, (start..start + 125).map(|n| draft(n).at(at)))
            .await;
    }
    let moment = Filter {
        earliest: Some(at),
        latest: Some(at),
        ..Filter::default()
    };
    let expected: Vec<_> = (0..1000).collect();
    let paged = paged_upwards(&store, &author, &moment, 1000, 7).await;
    assert_eq!(paged, expected);
    let mut skipped: Vec<u64> = Vec::new();
    for skip in (0..1000).step_by(7) {
        let find = Find {
            skip,
            limit: 7,
            ..upwards(moment.clone(), 0)
        };
        skipped.extend(store.found(author.trail(), &find).await.iter().rev());
    }
    assert_eq!(skipped, expected);
}

/// The first of a user is found however far up it stands, and so is that there is none.
pub async fn a_lone_match_far_up_is_found(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    for start in (0..2997).step_by(999) {
        author
            .record(&store, (start..start + 999).map(|n| draft(n).user("usual")))
            .await;
    }
    author
        .record(&store, (2997..3000).map(|n| draft(n).user("rare")))
        .await;
    let first = async |name: &str| {
        let find = Find {
            limit: 1,
            ..upwards(of_user(name), 0)
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(first("usual").await, [0]);
    assert_eq!(first("rare").await, [2997]);
    assert_eq!(first("nobody").await, NO_SEQS);
    let above = Find {
        limit: 2,
        ..upwards(of_user("rare"), 2998)
    };
    assert_eq!(store.found(author.trail(), &above).await, [2999, 2998]);
}

/// A page upwards of the largest entries is as full as one of small ones. (T30)
pub async fn large_entries_fill_a_page_upwards(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let text = "x".repeat(65_000);
    let drafts = (0..60).map(|n| match n % 2 {
        0 => draft(n).context(json!({ "text": text })),
        _ => draft(n),
    });
    author.record(&store, drafts).await;
    let find = Find {
        limit: 50,
        ..upwards(Filter::default(), 0)
    };
    let found = store.found(author.trail(), &find).await;
    assert_eq!(found, (0..50).rev().collect::<Vec<_>>());
}

/// What is asked upwards of one trail tells nothing of another, nor of one that is not there.
pub async fn find_upwards_stays_in_its_trail(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut author, mut other) = (Author::new("t"), Author::new("u"));
    author
        .record(&store, (0..5).map(|n| draft(n).user("a")))
        .await;
    other
        .record(&store, (10..19).map(|n| draft(n).user("b")))
        .await;
    for (filter, seqs) in [(Filter::default(), 5), (of_user("a"), 5), (of_user("b"), 0)] {
        let found = store.found(author.trail(), &upwards(filter, 0)).await;
        assert_eq!(found.len(), seqs);
    }
    let absent: TrailName = "absent".parse().expect("a name");
    let found = store.found(&absent, &upwards(Filter::default(), 0)).await;
    assert_eq!(found, NO_SEQS);
}

/// Upwards as well a body that is no JSON is named where a condition must open it, and only there.
pub async fn a_body_that_is_no_json_is_named_upwards(database: &dyn Database) {
    let store = database.open().await;
    let author = Author::new("t");
    let mut commit = author.seal((0..3).map(|n| draft(n).context(json!({"k": "v"}))));
    let parts = &mut commit.entries[1].entry.parts;
    let details = parts.details.as_mut().expect("it has a context");
    details.body.truncate(5);
    let verdicts = store.append(&[commit]).await.expect("append answers");
    assert_eq!(verdicts, [Verdict::Committed]);
    let member = indelible_core::filter::ContextFilter {
        path: vec!["k".to_owned()],
        values: vec!["v".to_owned()],
    };
    let opened = Filter {
        context: vec![member],
        ..Filter::default()
    };
    match store.find(author.trail(), &upwards(opened, 0)).await {
        Err(StoreError::Corrupt { seq: Some(1), .. }) => {}
        other => panic!("{other:?}"),
    }
    let found = store
        .find(author.trail(), &upwards(Filter::default(), 0))
        .await;
    assert_eq!(found.expect("find opens nothing here").len(), 3);
}

/// All that matches below a seq, page by page from the trail's begin, each above the one before;
/// oldest first.
pub(super) async fn paged_upwards(
    store: &Handle,
    author: &Author,
    filter: &Filter,
    below: u64,
    limit: usize,
) -> Vec<u64> {
    let mut seqs: Vec<u64> = Vec::new();
    loop {
        let find = Find {
            below,
            limit,
            ..upwards(filter.clone(), seqs.last().map_or(0, |last| last + 1))
        };
        let page = store.found(author.trail(), &find).await;
        assert!(page.is_sorted_by(|a, b| a > b), "{page:?}");
        seqs.extend(page.iter().rev());
        if page.len() < limit {
            return seqs;
        }
    }
}

fn failed() -> Filter {
    Filter {
        outcome: Some(Outcome::Failed),
        ..Filter::default()
    }
}

fn of_user(name: &str) -> Filter {
    Filter {
        user: Some(UserFilter::AnyOf(vec![name.to_owned()])),
        ..Filter::default()
    }
}
