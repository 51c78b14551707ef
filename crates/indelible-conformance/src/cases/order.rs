//! `find`: the order is seq, newest first; `below`, `skip` and `limit` cut pages from it.

use indelible_core::filter::Filter;
use indelible_core::store::Find;
use indelible_core::{Outcome, Timestamp};

use crate::database::Database;
use crate::fixture::{Author, draft, time};
use crate::handle::{Handle, NO_SEQS, all};

/// "Newest seq first", and each entry whole.
pub async fn entries_are_found_newest_first(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author
        .record(&store, (0..40).map(|n| draft(n).user("u").on("r")))
        .await;
    author
        .record_each(&store, (40..50).map(|n| draft(n).user("u")))
        .await;
    let mut expected = store.entries(author.trail(), 0..50).await;
    expected.reverse();
    assert!(store.find(author.trail(), &all(Filter::default())).await == expected);
}

/// Neither when it happened nor the id has a say in the order. (T27, T45)
pub async fn the_order_is_seq_whatever_the_times_say(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let seqs: Vec<_> = (0..60).rev().collect();
    assert_eq!(
        store.matching(author.trail(), Filter::default()).await,
        seqs
    );
    let filter = Filter {
        latest: Some(time("2026-01-01T00:00:00Z")),
        ..Filter::default()
    };
    let found = store.matching(author.trail(), filter).await;
    assert!(
        found.is_sorted_by(|a, b| a > b) && !found.is_empty(),
        "{found:?}"
    );
}

/// Pages by seq give every entry once although later ones occurred earlier. (T27)
pub async fn pages_join_up_although_entries_arrive_late(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let even = Filter {
        outcome: Some(Outcome::Failed),
        ..Filter::default()
    };
    for (filter, step) in [(Filter::default(), 1), (even, 2)] {
        for limit in [1, 7, 59, 60, 61] {
            let seqs = paged(&store, &author, &filter, u64::MAX, limit).await;
            let expected: Vec<_> = (0..60).rev().filter(|seq| seq % step == 0).collect();
            assert_eq!(seqs, expected, "pages of {limit}");
        }
    }
}

/// A thousand entries of one moment come once each in pages of seven, by `below` and by
/// `skip`. (T28)
pub async fn a_thousand_entries_of_one_moment_come_once_each(database: &dyn Database) {
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
    let expected: Vec<_> = (0..1000).rev().collect();
    assert_eq!(paged(&store, &author, &moment, u64::MAX, 7).await, expected);
    let mut skipped = Vec::new();
    for skip in (0..1000).step_by(7) {
        let find = Find {
            filter: moment.clone(),
            below: 1000,
            from: None,
            skip,
            limit: 7,
        };
        skipped.extend(store.found(author.trail(), &find).await);
    }
    assert_eq!(skipped, expected);
}

/// "Only entries with a smaller seq": the bound itself is not among them.
pub async fn below_is_exclusive(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let find = async |below| {
        let find = Find {
            filter: Filter::default(),
            below,
            from: None,
            skip: 0,
            limit: 2,
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(find(30).await, [29, 28]);
    assert_eq!(find(1).await, [0]);
    assert_eq!(find(0).await, NO_SEQS);
    for beyond in [60, 61, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        assert_eq!(find(beyond).await, [59, 58], "below {beyond}");
    }
}

/// "How many matching entries to pass over first": those that do not match do not count.
pub async fn skip_passes_over_matching_entries_alone(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    let filter = Filter {
        outcome: Some(Outcome::Failed),
        ..Filter::default()
    };
    let find = async |below, skip| {
        let find = Find {
            filter: filter.clone(),
            below,
            from: None,
            skip,
            limit: 3,
        };
        store.found(author.trail(), &find).await
    };
    assert_eq!(find(u64::MAX, 0).await, [58, 56, 54]);
    assert_eq!(find(u64::MAX, 1).await, [56, 54, 52]);
    assert_eq!(find(21, 4).await, [12, 10, 8]);
    assert_eq!(find(u64::MAX, 28).await, [2, 0]);
    for skip in [30, 31, i64::MAX as u64, u64::MAX] {
        assert_eq!(find(u64::MAX, skip).await, NO_SEQS, "skip {skip}");
    }
}

/// "How many entries at most": from none to as many as there are.
pub async fn limit_is_the_most_that_is_found(database: &dyn Database) {
    let (store, author) = late_arrivals(database).await;
    for limit in [0, 1, 59, 60, 61, 100_000, i64::MAX as usize, usize::MAX] {
        let find = Find {
            filter: Filter::default(),
            below: u64::MAX,
            from: None,
            skip: 0,
            limit,
        };
        assert_eq!(
            store.find(author.trail(), &find).await.len(),
            limit.min(60),
            "limit {limit}"
        );
    }
    let find = Find {
        filter: Filter::default(),
        below: 40,
        from: None,
        skip: 2,
        limit: usize::MAX,
    };
    assert_eq!(store.find(author.trail(), &find).await.len(), 38);
}

/// One match a long way down is found, and so is that there is none.
pub async fn a_lone_match_far_down_is_found(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author
        .record(&store, [draft(0), draft(1).user("rare"), draft(2)])
        .await;
    for start in (3..3000).step_by(999) {
        author
            .record(&store, (start..start + 999).map(|n| draft(n).user("usual")))
            .await;
    }
    let user = |name: &str| Filter {
        user: Some(indelible_core::filter::UserFilter::AnyOf(vec![
            name.to_owned(),
        ])),
        ..Filter::default()
    };
    let find = |name, limit| Find {
        filter: user(name),
        below: u64::MAX,
        from: None,
        skip: 0,
        limit,
    };
    assert_eq!(store.found(author.trail(), &find("rare", 5)).await, [1]);
    assert_eq!(
        store.found(author.trail(), &find("nobody", 5)).await,
        NO_SEQS
    );
    assert_eq!(
        store.matching(author.trail(), user("usual")).await.len(),
        2997
    );
    author.record(&store, [draft(9999).user("rare")]).await;
    assert_eq!(
        store.found(author.trail(), &find("rare", 5)).await,
        [3000, 1]
    );
}

/// A page of the largest entries is as full as one of small ones. (T30)
pub async fn large_entries_fill_a_page_as_small_ones_do(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let text = "x".repeat(65_000);
    let drafts = (0..60).map(|n| match n % 2 {
        0 => draft(n).context(serde_json::json!({ "text": text })),
        _ => draft(n),
    });
    author.record(&store, drafts).await;
    assert_eq!(
        paged(&store, &author, &Filter::default(), u64::MAX, 50)
            .await
            .len(),
        60
    );
    let find = Find {
        filter: Filter::default(),
        below: u64::MAX,
        from: None,
        skip: 0,
        limit: 50,
    };
    assert_eq!(store.find(author.trail(), &find).await.len(), 50);
}

/// All that matches below a seq, page by page, each page below the last entry of the one before.
pub(super) async fn paged(
    store: &Handle,
    author: &Author,
    filter: &Filter,
    below: u64,
    limit: usize,
) -> Vec<u64> {
    let mut seqs: Vec<u64> = Vec::new();
    loop {
        let below = seqs.last().copied().unwrap_or(below);
        let find = Find {
            filter: filter.clone(),
            below,
            from: None,
            skip: 0,
            limit,
        };
        let page = store.found(author.trail(), &find).await;
        let last = page.len() < limit;
        seqs.extend(page);
        if last {
            return seqs;
        }
    }
}

/// Sixty entries, every other one failed, whose times run now forwards, now back.
pub(super) async fn late_arrivals(database: &dyn Database) -> (Handle, Author) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let start = time("2026-01-01T00:00:00Z").as_micros();
    let drafts: Vec<_> = (0..60_u64)
        .map(|n| {
            let offset = (n as i64 * 23 % 60 - 30) / 2 * 1_000_000;
            let outcome = if n % 2 == 0 {
                Outcome::Failed
            } else {
                Outcome::Succeeded
            };
            draft(n)
                .at(Timestamp::from_micros(start + offset))
                .outcome(outcome)
        })
        .collect();
    for commit in drafts.chunks(13) {
        author.record(&store, commit.to_vec()).await;
    }
    (store, author)
}
