//! `rollups`: exact counts by hour, action and outcome.

use std::collections::BTreeMap;
use std::ops::Range;

use indelible_core::Outcome;
use indelible_core::store::{Rollup, Verdict};

use crate::database::Database;
use crate::fixture::{Author, Draft, draft, time, trail};
use crate::handle::Handle;

/// Entries of one hour, action and outcome are counted together, over all commits.
pub async fn rollups_add_up_over_commits(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let login = |n| {
        draft(n)
            .action("user_login")
            .at(time("2026-01-01T10:30:00Z"))
    };
    let hour = time("2026-01-01T10:30:00Z").hour();
    for (round, count) in [1, 5, 1, 300].into_iter().enumerate() {
        let first = round as u64 * 1000;
        author
            .record(&store, (first..first + count).map(login))
            .await;
    }
    assert_eq!(
        rollups(&store, &author, hour..hour + 1).await,
        [row(hour, "user_login", 307)]
    );
}

/// "By hour, action and outcome": any of the three makes another row.
pub async fn hour_action_and_outcome_are_counted_apart(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let mut expected: BTreeMap<(i64, &str, Outcome), u64> = BTreeMap::new();
    let mut drafts = Vec::new();
    for n in 0..400_u64 {
        let at = time("2026-01-01T00:00:00Z").as_micros() + (n as i64 * 7 % 5) * 3_600_000_000;
        let at = indelible_core::Timestamp::from_micros(at);
        let action = ["a", "A", "a.b", "a b"][n as usize % 3];
        let outcome = [Outcome::Failed, Outcome::Succeeded][n as usize / 7 % 2];
        *expected.entry((at.hour(), action, outcome)).or_default() += 1;
        drafts.push(draft(n).action(action).outcome(outcome).at(at));
    }
    for commit in drafts.chunks(61) {
        author.record(&store, commit.to_vec()).await;
    }
    let mut expected: Vec<_> = expected
        .into_iter()
        .map(|((hour, action, outcome), count)| Rollup {
            hour,
            action: action.to_owned(),
            outcome,
            count,
        })
        .collect();
    expected.sort();
    assert_eq!(rollups(&store, &author, i64::MIN..i64::MAX).await, expected);
}

/// The hour is that of `occurred_at`, counted down, not towards zero, before 1970.
pub async fn hours_before_1970_are_negative(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let times = [
        ("0000-01-01T00:00:00Z", -17_268_672),
        ("1969-12-31T22:59:59.999999Z", -2),
        ("1969-12-31T23:00:00Z", -1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999999Z", 70_389_527),
    ];
    let drafts: Vec<Draft> = (0..)
        .zip(times)
        .map(|(n, (at, _))| draft(n).at(time(at)))
        .collect();
    author.record(&store, drafts).await;
    let counted: Vec<_> = rollups(&store, &author, i64::MIN..i64::MAX)
        .await
        .iter()
        .map(|row| (row.hour, row.count))
        .collect();
    assert_eq!(
        counted,
        [(-17_268_672, 1), (-2, 1), (-1, 2), (0, 1), (70_389_527, 1)]
    );
}

/// "The hours in `hours`, half-open."
pub async fn hours_are_half_open(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let start = time("2026-01-01T00:00:00Z");
    let drafts: Vec<_> = (0..5)
        .map(|n| {
            let micros = start.as_micros() + n as i64 * 3_600_000_000;
            draft(n).at(indelible_core::Timestamp::from_micros(micros))
        })
        .collect();
    author.record(&store, drafts).await;
    let first = start.hour();
    let hours = async |range: Range<i64>| -> Vec<i64> {
        let rows = rollups(&store, &author, range).await;
        rows.iter().map(|row| row.hour - first).collect()
    };
    assert_eq!(hours(first + 1..first + 4).await, [1, 2, 3]);
    assert_eq!(hours(first..first + 1).await, [0]);
    assert!(hours(first + 2..first + 2).await.is_empty());
    assert!(
        hours(Range {
            start: first + 3,
            end: first
        })
        .await
        .is_empty()
    );
    assert_eq!(hours(first + 4..i64::MAX).await, [4]);
    assert_eq!(hours(i64::MIN..first + 1).await, [0]);
}

/// "Counts every entry of the trail", not those of another, and none of a refused commit.
pub async fn only_entries_that_stand_in_the_trail_are_counted(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, [draft(1)]).await;
    other.record(&store, (0..3).map(draft)).await;
    let stale = one.seal([draft(5)]);
    one.record(&store, [draft(2)]).await;
    assert!(matches!(store.append_one(&stale).await, Verdict::Behind(_)));
    let twice = one.seal([draft(6), draft(1)]);
    assert!(matches!(
        store.append_one(&twice).await,
        Verdict::Duplicate(_)
    ));
    let total = async |author: &Author| -> u64 {
        let rows = rollups(&store, author, i64::MIN..i64::MAX).await;
        rows.iter().map(|row| row.count).sum()
    };
    assert_eq!((total(&one).await, total(&other).await), (2, 3));
    assert_eq!(
        store.rollups(&trail("unknown"), i64::MIN..i64::MAX).await,
        []
    );
}

/// An entry that occurs long before its neighbours is counted in its own hour.
pub async fn late_arrivals_count_in_the_hour_they_occurred(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let (old, new) = (time("2019-05-05T05:05:05Z"), time("2026-01-01T00:00:00Z"));
    for n in 0..6 {
        author
            .record(&store, [draft(n).at(if n % 2 == 0 { new } else { old })])
            .await;
    }
    let rows = rollups(&store, &author, old.hour()..new.hour() + 1).await;
    let action = "document_read";
    assert_eq!(
        rows,
        [row(old.hour(), action, 3), row(new.hour(), action, 3)]
    );
}

fn row(hour: i64, action: &str, count: u64) -> Rollup {
    Rollup {
        hour,
        action: action.to_owned(),
        outcome: Outcome::Succeeded,
        count,
    }
}

async fn rollups(store: &Handle, author: &Author, hours: Range<i64>) -> Vec<Rollup> {
    let mut rows = store.rollups(author.trail(), hours).await;
    rows.sort();
    rows
}
