//! `find`: each condition of a filter on the skeleton's columns and times, exactly, and all conditions together.

use indelible_core::filter::{AddressFilter, Filter};
use indelible_core::{Outcome, Timestamp};

use crate::database::Database;
use crate::fixture::{Author, Draft, draft, time, trail};
use crate::handle::{Handle, NO_SEQS};

/// A question without conditions finds everything, on an unknown trail nothing.
pub async fn no_condition_finds_every_entry(database: &dyn Database) {
    let (store, author) = recorded(database, (0..9).map(draft)).await;
    let found = store.matching(author.trail(), Filter::default()).await;
    assert_eq!(found, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(
        store.matching(&trail("unknown"), Filter::default()).await,
        NO_SEQS
    );
}

/// What is found belongs to the trail that was asked.
pub async fn find_stays_in_its_trail(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, [draft(1).user("u")]).await;
    other
        .record(&store, [draft(2), draft(3).user("u"), draft(4).user("u")])
        .await;
    let user = || actions(&["document_read"]);
    assert_eq!(store.matching(one.trail(), user()).await, [0]);
    assert_eq!(store.matching(other.trail(), user()).await, [2, 1, 0]);
}

/// "Any of these actions, as stored": whole names, in their case.
pub async fn actions_match_any_of_the_names(database: &dyn Database) {
    let names = [
        "user_login",
        "user_login_failed",
        "User_login",
        "userxlogin",
        "user_logout",
    ];
    let drafts = (0..).zip(names).map(|(n, name)| draft(n).action(name));
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(names) {
        assert_eq!(
            store.matching(author.trail(), actions(&[name])).await,
            [seq],
            "{name}"
        );
    }
    let found = store
        .matching(author.trail(), actions(&["user_logout", "x", "user_login"]))
        .await;
    assert_eq!(found, [4, 0]);
    let found = store
        .matching(author.trail(), actions(&["user_login", "user_login"]))
        .await;
    assert_eq!(found, [0]);
    for name in ["user_", "user_%", "user_login ", "", "USER_LOGIN"] {
        assert_eq!(
            store.matching(author.trail(), actions(&[name])).await,
            NO_SEQS,
            "{name:?}"
        );
    }
}

/// "Each list is an any of": of an empty one there is none.
pub async fn an_empty_list_matches_nothing(database: &dyn Database) {
    let (store, author) = recorded(
        database,
        [draft(1).user("u").on("r").correlation("c"), draft(2)],
    )
    .await;
    let empty = || Some(Vec::new());
    let filters = [
        Filter {
            actions: empty(),
            ..Filter::default()
        },
        Filter {
            resource_ids: empty(),
            ..Filter::default()
        },
        Filter {
            correlation_ids: empty(),
            ..Filter::default()
        },
        Filter {
            user: Some(indelible_core::filter::UserFilter::AnyOf(Vec::new())),
            ..Filter::default()
        },
    ];
    for filter in filters {
        assert_eq!(
            store.matching(author.trail(), filter.clone()).await,
            NO_SEQS,
            "{filter:?}"
        );
    }
}

/// A list may hold a thousand values.
pub async fn a_thousand_actions_can_be_asked_for(database: &dyn Database) {
    let drafts = (0..50).map(|n| draft(n).action(&format!("action.{}", n % 10)));
    let (store, author) = recorded(database, drafts).await;
    let mut names: Vec<String> = (0..1000).map(|n| format!("other.{n}")).collect();
    names.insert(500, "action.3".to_owned());
    let filter = Filter {
        actions: Some(names),
        ..Filter::default()
    };
    assert_eq!(
        store.matching(author.trail(), filter).await,
        [43, 33, 23, 13, 3]
    );
}

/// Each outcome finds its own entries.
pub async fn an_outcome_matches_itself(database: &dyn Database) {
    let outcomes = [
        Outcome::Attempted,
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::Denied,
        Outcome::Completed,
    ];
    let drafts = (0..10).map(|n| draft(n).outcome(outcomes[n as usize % 5]));
    let (store, author) = recorded(database, drafts).await;
    for (n, outcome) in (0..).zip(outcomes) {
        let filter = Filter {
            outcome: Some(outcome),
            ..Filter::default()
        };
        assert_eq!(store.matching(author.trail(), filter).await, [n + 5, n]);
    }
}

/// A resource type is compared whole and in its case.
pub async fn a_resource_type_matches_itself(database: &dyn Database) {
    let kinds = ["document", "Document", "document.v2", "doc"];
    let drafts = (0..)
        .zip(kinds)
        .map(|(n, kind)| draft(n).resource_type(kind));
    let (store, author) = recorded(database, drafts).await;
    let kind = |kind: &str| Filter {
        resource_type: Some(kind.to_owned()),
        ..Filter::default()
    };
    for (seq, name) in (0..).zip(kinds) {
        assert_eq!(
            store.matching(author.trail(), kind(name)).await,
            [seq],
            "{name}"
        );
    }
    assert_eq!(store.matching(author.trail(), kind("doc%")).await, NO_SEQS);
}

/// "All of these tags."
pub async fn every_tag_of_the_filter_must_be_there(database: &dyn Database) {
    let sets: [&[&str]; 6] = [&[], &["a"], &["a", "b"], &["b"], &["a", "b", "c"], &["ab"]];
    let drafts = (0..)
        .zip(sets)
        .map(|(n, set)| draft(n).tags(set.iter().copied()));
    let (store, author) = recorded(database, drafts).await;
    let cases: [(&[&str], &[u64]); 7] = [
        (&[], &[5, 4, 3, 2, 1, 0]),
        (&["a"], &[4, 2, 1]),
        (&["a", "b"], &[4, 2]),
        (&["b", "a", "a"], &[4, 2]),
        (&["c", "b", "a"], &[4]),
        (&["ab"], &[5]),
        (&["a", "x"], &[]),
    ];
    for (asked, expected) in cases {
        let tags = asked.iter().map(|&tag| tag.to_owned()).collect();
        let filter = Filter {
            tags,
            ..Filter::default()
        };
        assert_eq!(
            store.matching(author.trail(), filter).await,
            expected,
            "{asked:?}"
        );
    }
}

/// "`occurred_at` not before this", "not after this": both ends inclusive, to the microsecond.
pub async fn both_ends_of_a_time_range_are_inclusive(database: &dyn Database) {
    let start = time("2026-01-01T00:00:00Z").as_micros();
    let at = |offset: i64| Timestamp::from_micros(start + offset);
    let drafts = (0..7).map(|n| draft(n).at(at(n as i64)));
    let (store, author) = recorded(database, drafts).await;
    let find = async |earliest, latest| {
        let filter = Filter {
            earliest,
            latest,
            ..Filter::default()
        };
        store.matching(author.trail(), filter).await
    };
    assert_eq!(find(Some(at(2)), Some(at(4))).await, [4, 3, 2]);
    assert_eq!(find(Some(at(3)), Some(at(3))).await, [3]);
    assert_eq!(find(Some(at(5)), None).await, [6, 5]);
    assert_eq!(find(None, Some(at(1))).await, [1, 0]);
    assert_eq!(find(Some(at(4)), Some(at(2))).await, NO_SEQS);
    assert_eq!(find(Some(at(7)), None).await, NO_SEQS);
    assert_eq!(find(None, Some(at(-1))).await, NO_SEQS);
    let all = [6, 5, 4, 3, 2, 1, 0];
    assert_eq!(find(Some(Timestamp::MIN), Some(Timestamp::MAX)).await, all);
}

/// Blocks of entries may be skipped by their spans, never one that holds a match: times that
/// leap back and forth are found in every block, complete or not.
pub async fn a_time_range_finds_what_leaps_in_time(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let (old, new) = (time("2001-01-01T00:00:00Z"), time("2026-01-01T00:00:00Z"));
    let is_old = |n: u64| [0, 255, 256, 511, 700, 1023, 1024, 1030].contains(&n);
    for start in (0..1040).step_by(52) {
        let drafts = (start..start + 52).map(|n| draft(n).at(if is_old(n) { old } else { new }));
        author.record(&store, drafts).await;
    }
    let filter = |at| Filter {
        earliest: Some(at),
        latest: Some(at),
        ..Filter::default()
    };
    let found = store.matching(author.trail(), filter(old)).await;
    assert_eq!(found, [1030, 1024, 1023, 700, 511, 256, 255, 0]);
    let expected: Vec<_> = (0..1040).rev().filter(|&n| !is_old(n)).collect();
    assert_eq!(store.matching(author.trail(), filter(new)).await, expected);
    let between = Timestamp::from_micros(old.as_micros() + 1);
    assert_eq!(
        store.matching(author.trail(), filter(between)).await,
        NO_SEQS
    );
}

/// "All that is set, together": each condition takes away, none adds.
pub async fn conditions_hold_together(database: &dyn Database) {
    let at = time("2026-01-01T00:00:00Z");
    let whole = || {
        draft(0)
            .action("a")
            .outcome(Outcome::Denied)
            .resource_type("r")
            .tags(["t"])
            .user("u")
            .from("10.0.0.1")
            .on("o")
            .correlation("c")
            .context(serde_json::json!({"k": "v"}))
            .at(at)
    };
    let renumbered = |n: u64, draft: Draft| draft.renumbered(n);
    let drafts = [
        whole(),
        renumbered(1, whole().action("b")),
        renumbered(2, whole().outcome(Outcome::Failed)),
        renumbered(3, whole().resource_type("s")),
        renumbered(4, whole().user("v")),
        renumbered(5, whole().from("10.0.0.2")),
        renumbered(6, whole().on("p")),
        renumbered(7, whole().correlation("d")),
        renumbered(8, whole().context(serde_json::json!({"k": "w"}))),
        renumbered(9, whole().at(Timestamp::from_micros(at.as_micros() + 1))),
        renumbered(10, whole().at(Timestamp::from_micros(at.as_micros() - 1))),
        draft(11)
            .action("a")
            .outcome(Outcome::Denied)
            .resource_type("r")
            .at(at),
        renumbered(12, whole().tags(["z"])),
    ];
    let (store, author) = recorded(database, drafts).await;
    let text = |text: &str| Some(vec![text.to_owned()]);
    let address = "::ffff:10.0.0.1".parse().expect("an address");
    let filter = Filter {
        user: Some(indelible_core::filter::UserFilter::AnyOf(vec![
            "u".to_owned(),
        ])),
        actions: text("a"),
        outcome: Some(Outcome::Denied),
        resource_type: Some("r".to_owned()),
        resource_ids: text("o"),
        addresses: Some(AddressFilter::Block {
            first: address,
            last: address,
        }),
        correlation_ids: text("c"),
        tags: vec!["t".to_owned()],
        context: vec![indelible_core::filter::ContextFilter {
            path: vec!["k".to_owned()],
            values: vec!["v".to_owned()],
        }],
        earliest: Some(at),
        latest: Some(at),
    };
    assert_eq!(
        store.matching(author.trail(), filter.clone()).await,
        [12, 0]
    );
    let without_user = Filter {
        user: None,
        ..filter.clone()
    };
    assert_eq!(
        store.matching(author.trail(), without_user).await,
        [12, 4, 0]
    );
    let more = Filter {
        tags: vec!["t".to_owned(), "z".to_owned()],
        ..filter
    };
    assert_eq!(store.matching(author.trail(), more).await, [12]);
}

fn actions(names: &[&str]) -> Filter {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Filter {
        actions: Some(names),
        ..Filter::default()
    }
}

/// A fresh database with the drafts as one trail, half of them in one commit, the rest one by one.
pub(super) async fn recorded(
    database: &dyn Database,
    drafts: impl IntoIterator<Item = Draft>,
) -> (Handle, Author) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let mut drafts: Vec<Draft> = drafts.into_iter().collect();
    let single = drafts.split_off(drafts.len().div_ceil(2));
    author.record(&store, drafts).await;
    author.record_each(&store, single).await;
    (store, author)
}
