//! `find`: texts of people and programs are compared byte by byte, whatever they hold.

use indelible_core::filter::{Filter, UserFilter};

use super::filters::recorded;
use crate::database::Database;
use crate::fixture::draft;
use crate::handle::NO_SEQS;

/// Values that a database may take for something else, each different from all others.
pub const HOSTILE: [&str; 44] = [
    "",
    " ",
    "  ",
    "none",
    "null",
    "NULL",
    "alice",
    "Alice",
    "ALICE",
    "alice ",
    " alice",
    "alice\t",
    "alice\n",
    "alic",
    "alice%",
    "alic_",
    "%",
    "_",
    "a\"b\\c%_'",
    "'; DROP TABLE entry; --",
    "' OR '1'='1",
    "\\",
    "\\\\",
    "\\'",
    "''",
    "\"",
    "?1",
    "$1",
    ":name",
    "{\"user_id\":\"alice\"}",
    "[*]",
    "x'00'",
    "0",
    "00",
    "1e0",
    "\u{1}",
    "\u{feff}alice",
    "\u{202e}alice",
    "alice\u{200b}",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{ffff}",
    "\u{1f512}",
    "\u{10ffff}",
];

/// "Any of these users": exactly those, whatever the name holds. (T36)
pub async fn a_user_is_found_by_the_exact_name(database: &dyn Database) {
    let drafts = (0..).zip(HOSTILE).map(|(n, name)| draft(n).user(name));
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(HOSTILE) {
        assert_eq!(
            store.matching(author.trail(), users(&[name])).await,
            [seq],
            "{name:?}"
        );
    }
    let all: Vec<_> = (0..HOSTILE.len() as u64).rev().collect();
    assert_eq!(store.matching(author.trail(), users(&HOSTILE)).await, all);
}

/// Resource ids are opaque: addresses, ARNs, anything. (T36, T39)
pub async fn a_resource_is_found_by_the_exact_id(database: &dyn Database) {
    let arn = "arn:aws:s3:::bucket/key with space?versionId=%2F";
    let names = HOSTILE
        .into_iter()
        .chain([arn, "https://x.example/a?b=c&d#e", "a@x.example"]);
    let drafts = (0..).zip(names.clone()).map(|(n, name)| draft(n).on(name));
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(names) {
        let filter = Filter {
            resource_ids: Some(vec![name.to_owned()]),
            ..Filter::default()
        };
        assert_eq!(
            store.matching(author.trail(), filter).await,
            [seq],
            "{name:?}"
        );
    }
}

/// Correlation ids are opaque too. (T36)
pub async fn a_correlation_is_found_by_the_exact_id(database: &dyn Database) {
    let drafts = (0..)
        .zip(HOSTILE)
        .map(|(n, name)| draft(n).correlation(name));
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(HOSTILE) {
        let filter = Filter {
            correlation_ids: Some(vec![name.to_owned()]),
            ..Filter::default()
        };
        assert_eq!(
            store.matching(author.trail(), filter).await,
            [seq],
            "{name:?}"
        );
    }
}

/// "Any of these" over several values, some of them unknown, each entry once.
pub async fn any_of_several_values_finds_each_entry_once(database: &dyn Database) {
    let drafts = (0..12).map(|n| {
        draft(n)
            .user(&format!("u{}", n % 4))
            .on(&format!("r{}", n % 3))
    });
    let (store, author) = recorded(database, drafts).await;
    let found = store
        .matching(author.trail(), users(&["u1", "u9", "u3", "u1"]))
        .await;
    assert_eq!(found, [11, 9, 7, 5, 3, 1]);
    let resources = Some(vec!["r2".to_owned(), "r0".to_owned(), "r0".to_owned()]);
    let both = Filter {
        resource_ids: resources,
        ..users(&["u1", "u3"])
    };
    assert_eq!(store.matching(author.trail(), both).await, [11, 9, 5, 3]);
}

/// "Entries without a user": not those whose user is the empty text or is called `none`. (T38)
pub async fn no_user_is_another_thing_than_an_empty_name(database: &dyn Database) {
    let drafts = [
        draft(0),
        draft(1).user(""),
        draft(2).user("none"),
        draft(3).on_behalf_of("someone"),
        draft(4).user("null"),
        draft(5).on("r"),
    ];
    let (store, author) = recorded(database, drafts).await;
    let nobody = || Filter {
        user: Some(UserFilter::None),
        ..Filter::default()
    };
    assert_eq!(store.matching(author.trail(), nobody()).await, [5, 3, 0]);
    assert_eq!(store.matching(author.trail(), users(&[""])).await, [1]);
    assert_eq!(store.matching(author.trail(), users(&["none"])).await, [2]);
    let resource = Filter {
        resource_ids: Some(vec!["r".to_owned()]),
        ..nobody()
    };
    assert_eq!(store.matching(author.trail(), resource).await, [5]);
}

/// An erased actor leaves no user: the columns go with the part.
pub async fn an_erased_user_is_found_under_no_name(database: &dyn Database) {
    let actor = indelible_core::part::PartKind::Actor;
    let drafts = [draft(0).user("alice").erased(actor), draft(1).user("alice")];
    let (store, author) = recorded(database, drafts).await;
    assert_eq!(store.matching(author.trail(), users(&["alice"])).await, [1]);
    let nobody = Filter {
        user: Some(UserFilter::None),
        ..Filter::default()
    };
    assert_eq!(store.matching(author.trail(), nobody).await, [0]);
}

/// No stored text holds a NUL, so asking for one finds nothing; least of all the entries without
/// a user, whose index row is that byte.
pub async fn a_value_with_a_nul_finds_nothing(database: &dyn Database) {
    let drafts = [
        draft(0),
        draft(1).user("alice").on("r").correlation("c"),
        draft(2).user(""),
    ];
    let (store, author) = recorded(database, drafts).await;
    for text in ["\0", "\0\0", "alice\0", "\0alice", "r\0", "c\0"] {
        let list = || Some(vec![text.to_owned()]);
        let filters = [
            users(&[text]),
            Filter {
                resource_ids: list(),
                ..Filter::default()
            },
            Filter {
                correlation_ids: list(),
                ..Filter::default()
            },
            Filter {
                actions: list(),
                ..Filter::default()
            },
            Filter {
                resource_type: Some(text.to_owned()),
                ..Filter::default()
            },
            Filter {
                tags: vec![text.to_owned()],
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
}

/// Long values are told apart to their last byte, and one that is longer than any stored one
/// finds nothing.
pub async fn long_values_are_told_apart_to_their_last_byte(database: &dyn Database) {
    let long = |last: &str| format!("{}{last}", "x".repeat(1023));
    let wide = "\u{1f512}".repeat(256);
    let names = [long("a"), long("b"), "x".repeat(1023), wide];
    let drafts = (0..)
        .zip(&names)
        .map(|(n, name)| draft(n).user(name).on(name).correlation(name));
    let (store, author) = recorded(database, drafts).await;
    for (seq, name) in (0..).zip(&names) {
        assert_eq!(store.matching(author.trail(), users(&[name])).await, [seq]);
        let list = Some(vec![name.clone()]);
        let filter = Filter {
            resource_ids: list.clone(),
            correlation_ids: list,
            ..Filter::default()
        };
        assert_eq!(store.matching(author.trail(), filter).await, [seq]);
    }
    assert_eq!(
        store.matching(author.trail(), users(&[&long("ab")])).await,
        NO_SEQS
    );
    assert_eq!(
        store
            .matching(author.trail(), users(&[&"x".repeat(1 << 20)]))
            .await,
        NO_SEQS
    );
}

fn users(names: &[&str]) -> Filter {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Filter {
        user: Some(UserFilter::AnyOf(names)),
        ..Filter::default()
    }
}
