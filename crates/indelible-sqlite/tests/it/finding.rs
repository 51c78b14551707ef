//! Searches against the plain test of every entry.

use std::net::Ipv6Addr;

use indelible_core::entry::Columns;
use indelible_core::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use indelible_core::store::{Find, StoreError};
use indelible_core::{Outcome, Store, Timestamp};
use indelible_sqlite::{Options, SqliteStore};
use serde_json::json;

use crate::fixture::{Author, Draft, Folder, all, draft, trail};

/// A seeded row of numbers, the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

const ENTRIES: u64 = 3000;

/// Entries whose fields have few, many, rare and hostile values, in blocks of like times.
fn varied(number: u64, dice: &mut Dice) -> Draft {
    let mut made = draft(number);
    made.action = format!("action_{}", dice.roll(6));
    made.outcome = Outcome::ALL[dice.roll(5) as usize];
    // Whole blocks are of one day, with strays.
    let day = number / 700 + if dice.one_in(400) { 3 } else { 0 };
    made.micros = (day * 86_400 + dice.roll(86_400)) as i64 * 1_000_000;
    made.tags = (0..3)
        .filter(|_| dice.one_in(3))
        .map(|tag| format!("tag.{tag}"))
        .collect();
    let address = match dice.roll(4) {
        0 => json!("unknown"),
        1 => json!(format!("10.0.{}.{}", dice.roll(3), dice.roll(250))),
        2 => json!("2001:db8::1"),
        _ => json!(null),
    };
    made.actor = json!({"ip_address": address});
    if !dice.one_in(5) {
        let hostile = ["a\"b\\c%_'", "'; DROP TABLE entry; --", "", "ü\u{0}"];
        let user = match dice.roll(40) {
            rare @ 0..4 => hostile[rare as usize].to_owned(),
            user => format!("user {user}"),
        };
        made.actor["user_id"] = json!(user);
    }
    made.target = json!({"resource_id": format!("r{}", dice.roll(50))});
    made.details = json!({"context": {"a": {"b": [dice.roll(4), "x"]}, "s": dice.one_in(9)}});
    if dice.one_in(10) {
        made.details["correlation_id"] = json!(format!("c{}", dice.roll(20)));
    }
    made
}

fn any(dice: &mut Dice, values: &[String]) -> Option<Vec<String>> {
    dice.one_in(4).then(|| {
        let count = dice.roll(4);
        (0..count)
            .map(|_| values[dice.roll(values.len() as u64) as usize].clone())
            .collect()
    })
}

fn filter(dice: &mut Dice) -> Filter {
    let named = |name: &str, count: u64| -> Vec<String> {
        (0..count).map(|number| format!("{name}{number}")).collect()
    };
    let mut users = named("user ", 40);
    users.extend(["a\"b\\c%_'", "'; DROP TABLE entry; --", "", "nobody"].map(str::to_owned));
    let v4 = |a: u8, b: u8| std::net::Ipv4Addr::new(10, 0, a, b).to_ipv6_mapped();
    let day = |dice: &mut Dice| {
        let seconds = dice.roll(8) * 86_400 + dice.roll(3) * 20_000;
        Timestamp::from_micros(seconds as i64 * 1_000_000)
    };
    Filter {
        user: match dice.roll(6) {
            0 => Some(UserFilter::None),
            1 | 2 => any(dice, &users).map(UserFilter::AnyOf),
            _ => None,
        },
        actions: any(dice, &named("action_", 7)),
        outcome: dice.one_in(6).then(|| Outcome::ALL[dice.roll(5) as usize]),
        resource_type: dice.one_in(8).then(|| {
            if dice.one_in(4) {
                "nothing".to_owned()
            } else {
                "document".to_owned()
            }
        }),
        resource_ids: any(dice, &named("r", 55)),
        addresses: match dice.roll(12) {
            0 => Some(AddressFilter::Text("unknown".to_owned())),
            1 => Some(AddressFilter::Block {
                first: v4(0, 0),
                last: v4(0, 20),
            }),
            // More addresses than are listed one by one.
            2 => Some(AddressFilter::Block {
                first: v4(0, 0),
                last: v4(255, 255),
            }),
            3 => Some(AddressFilter::Block {
                first: Ipv6Addr::UNSPECIFIED,
                last: Ipv6Addr::from_bits(u128::MAX),
            }),
            4 => Some(AddressFilter::Block {
                first: v4(1, 7),
                last: v4(1, 7),
            }),
            _ => None,
        },
        correlation_ids: any(dice, &named("c", 22)).filter(|_| dice.one_in(3)),
        tags: (0..4)
            .filter(|_| dice.one_in(8))
            .map(|tag| format!("tag.{tag}"))
            .collect(),
        context: (dice.one_in(8))
            .then(|| ContextFilter {
                path: ["a", "b", "0"].map(str::to_owned).to_vec(),
                values: vec![dice.roll(5).to_string()],
            })
            .into_iter()
            .collect(),
        earliest: dice.one_in(3).then(|| day(dice)),
        latest: dice.one_in(3).then(|| day(dice)),
    }
}

async fn filled(folder: &Folder) -> SqliteStore {
    let store = folder.store();
    let mut author = Author::new("default");
    let mut dice = Dice(7);
    for block in 0..ENTRIES / 500 {
        let drafts: Vec<_> = (block * 500..(block + 1) * 500)
            .map(|number| varied(number, &mut dice))
            .collect();
        author.record(&store, drafts).await.expect("it is written");
    }
    // A neighbour whose rows must not be seen.
    Author::new("other").fill(&store, 0..300).await;
    store
}

#[tokio::test]
async fn finds_what_the_plain_test_of_every_entry_finds() {
    let folder = Folder::new();
    let store = filled(&folder).await;
    let name = trail("default");
    let mut entries = store.entries(&name, 0..ENTRIES).await.expect("it reads");
    assert_eq!(entries.len() as u64, ENTRIES);
    entries.reverse();
    let columns: Vec<_> = entries
        .iter()
        .map(|entry| Columns::derive(entry).expect("it opens"))
        .collect();
    let options = Options {
        search_entries: 40,
        ..Options::default()
    };
    let in_pieces = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    let mut dice = Dice(11);
    let mut hits = 0;
    for round in 0..600 {
        let filter = filter(&mut dice);
        let find = Find {
            below: if dice.one_in(3) {
                dice.roll(ENTRIES + 9)
            } else {
                u64::MAX
            },
            from: dice.one_in(2).then(|| dice.roll(ENTRIES + 9)),
            skip: if dice.one_in(3) { dice.roll(400) } else { 0 },
            limit: [1, 7, 100, 10_000][dice.roll(4) as usize],
            filter,
        };
        let mut matching: Vec<_> = entries
            .iter()
            .zip(&columns)
            .filter(|(entry, columns)| {
                entry.seq < find.below
                    && find.from.is_none_or(|from| entry.seq >= from)
                    && find.filter.matches(entry, columns).expect("it opens")
            })
            .map(|(entry, _)| entry.clone())
            .collect();
        if find.from.is_some() {
            matching.reverse();
        }
        let chosen = matching.into_iter().skip(find.skip as usize);
        let mut expected: Vec<_> = chosen.take(find.limit).collect();
        if find.from.is_some() {
            expected.reverse();
        }
        hits += usize::from(!expected.is_empty());
        let found = store.find(&name, &find).await.expect("it finds");
        assert!(
            found == expected,
            "round {round}: {} instead of {} entries for {find:?}",
            found.len(),
            expected.len()
        );
        let found = in_pieces.find(&name, &find).await.expect("it finds");
        assert!(found == expected, "round {round}, in pieces: {find:?}");
    }
    assert!(
        (200..600).contains(&hits),
        "{hits} of 600 filters match something"
    );
}

#[tokio::test]
async fn hostile_values_are_taken_literally() {
    // T36, T37
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    let names = [
        "a\"b\\c%_'",
        "a",
        "%",
        "' OR 1=1 --",
        "A\"B\\C%_'",
        "a\u{0}b",
    ];
    let drafts = names.iter().zip(0..).map(|(name, number)| {
        let mut made = draft(number);
        made.actor = json!({"user_id": name});
        made.details = json!({"context": {*name: {"$.a": number}}});
        made
    });
    author.record(&store, drafts).await.expect("it is written");
    for (name, seq) in names.iter().zip(0..) {
        let user = Some(UserFilter::AnyOf(vec![(*name).to_owned()]));
        let by_user = Filter {
            user,
            ..Filter::default()
        };
        let path = vec![(*name).to_owned(), "$.a".to_owned()];
        let context = vec![ContextFilter {
            path,
            values: vec![seq.to_string()],
        }];
        let by_key = Filter {
            context,
            ..Filter::default()
        };
        for filter in [by_user, by_key] {
            let found = store
                .find(&trail("default"), &all(filter))
                .await
                .expect("it finds");
            let seqs: Vec<u64> = found.iter().map(|entry| entry.seq).collect();
            assert_eq!(seqs, [seq], "{name}");
        }
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_names_its_entry() {
    let folder = Folder::new();
    let store = folder.store();
    Author::new("default").fill(&store, 0..5).await;
    let db = folder.foreign();
    db.execute_batch(
        "DROP TRIGGER entry_update; UPDATE entry SET outcome = 'perhaps' WHERE seq = 3;",
    )
    .expect("whoever owns the file can do that");
    for error in [
        store
            .entries(&trail("default"), 0..5)
            .await
            .expect_err("it is damaged"),
        store
            .find(&trail("default"), &all(Filter::default()))
            .await
            .expect_err("it is damaged"),
    ] {
        let StoreError::Corrupt { what, seq, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!((what.as_str(), seq), ("outcome", Some(3)));
    }
    db.execute_batch("DROP TRIGGER entry_delete; DELETE FROM entry WHERE seq = 3;")
        .expect("whoever owns the file can do that");
    let there = store
        .entries(&trail("default"), 0..5)
        .await
        .expect("the others are there");
    assert_eq!(there.len(), 4);
    let error = store.find(&trail("default"), &all(Filter::default())).await;
    assert!(
        matches!(error, Err(StoreError::Corrupt { seq: Some(3), .. })),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pager_beside_writers_sees_each_entry_of_its_size_once() {
    // T29
    let folder = Folder::new();
    let store = std::sync::Arc::new(folder.store());
    let mut author = Author::new("default");
    author.fill(&store, 0..400).await;
    let size = author.base.head.size;
    let writing = std::sync::Arc::clone(&store);
    let writer = tokio::spawn(async move {
        for number in 400..500 {
            author
                .record(&writing, [draft(number)])
                .await
                .expect("it is written");
        }
    });
    let filter = Filter {
        actions: Some(vec!["document_read".to_owned()]),
        ..Filter::default()
    };
    let (mut below, mut seen) = (size, Vec::new());
    loop {
        let page = Find {
            filter: filter.clone(),
            below,
            from: None,
            skip: 0,
            limit: 7,
        };
        let page = store
            .find(&trail("default"), &page)
            .await
            .expect("it finds");
        let Some(last) = page.last() else { break };
        below = last.seq;
        seen.extend(page.iter().map(|entry| entry.seq));
    }
    let (mut from, mut risen) = (0, Vec::new());
    loop {
        let page = Find {
            filter: filter.clone(),
            below: size,
            from: Some(from),
            skip: 0,
            limit: 7,
        };
        let page = store
            .find(&trail("default"), &page)
            .await
            .expect("it finds");
        let Some(newest) = page.first() else { break };
        from = newest.seq + 1;
        risen.extend(page.iter().rev().map(|entry| entry.seq));
    }
    writer.await.expect("it writes");
    assert!(seen.into_iter().eq((0..size).rev()));
    assert!(risen.into_iter().eq(0..size));
}
