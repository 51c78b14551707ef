//! Searches against the plain test of every entry.

use std::net::Ipv6Addr;

use indelible_core::entry::Columns;
use indelible_core::filter::{AddressFilter, ContextFilter, Filter, UserFilter};
use indelible_core::store::{Find, ProjectionKind, StoreError};
use indelible_core::{Outcome, Store, Timestamp};
use indelible_postgres::PostgresStore;
use serde_json::json;

use crate::fixture::{Author, Database, Draft, all, draft, trail};

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

/// Entries whose fields have few, many, rare and hostile values, in blocks of like times that lie
/// in several months.
fn varied(number: u64, dice: &mut Dice) -> Draft {
    let mut made = draft(number);
    made.action = format!("action_{}", dice.roll(6));
    made.outcome = Outcome::ALL[dice.roll(5) as usize];
    // Whole blocks are of one day, with strays.
    let day = (number / 700 + if dice.one_in(400) { 3 } else { 0 }) * 20;
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
        let hostile = ["a\"b\\c%_'", "'; DROP TABLE entry; --", "", "\\u0000{}"];
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
    users.extend(
        [
            "a\"b\\c%_'",
            "'; DROP TABLE entry; --",
            "",
            "nobody",
            "\u{0}",
            "user 7\u{0}",
        ]
        .map(str::to_owned),
    );
    let v4 = |a: u8, b: u8| std::net::Ipv4Addr::new(10, 0, a, b).to_ipv6_mapped();
    let day = |dice: &mut Dice| {
        let seconds = dice.roll(8) * 20 * 86_400 + dice.roll(3) * 20_000;
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

async fn filled(database: &Database) -> PostgresStore {
    let store = database.store().await;
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
    let database = Database::new();
    let store = filled(&database).await;
    let name = trail("default");
    let mut entries = store.entries(&name, 0..ENTRIES).await.expect("it reads");
    assert_eq!(entries.len() as u64, ENTRIES);
    entries.reverse();
    let columns: Vec<_> = entries
        .iter()
        .map(|entry| Columns::derive(entry).expect("it opens"))
        .collect();
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
            skip: if dice.one_in(3) { dice.roll(400) } else { 0 },
            limit: [1, 7, 100, 10_000][dice.roll(4) as usize],
            filter,
        };
        let expected: Vec<_> = entries
            .iter()
            .zip(&columns)
            .filter(|(entry, columns)| {
                entry.seq < find.below && find.filter.matches(entry, columns).expect("it opens")
            })
            .map(|(entry, _)| entry.clone())
            .skip(find.skip as usize)
            .take(find.limit)
            .collect();
        hits += usize::from(!expected.is_empty());
        let found = store.find(&name, &find).await.expect("it finds");
        assert!(
            found == expected,
            "round {round}: {} instead of {} entries for {find:?}",
            found.len(),
            expected.len()
        );
    }
    assert!(
        (200..600).contains(&hits),
        "{hits} of 600 filters match something"
    );
}

#[tokio::test]
async fn hostile_values_are_taken_literally() {
    // T36, T37
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    let names = ["a\"b\\c%_'", "a", "%", "' OR 1=1 --", "A\"B\\C%_'", "{a,b}"];
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
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    database.0.execute(
        "ALTER TABLE indelible.entry DISABLE TRIGGER ALL;
        UPDATE indelible.entry SET outcome = 'perhaps' WHERE seq = 3",
    );
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
    database
        .0
        .execute("DELETE FROM indelible.entry WHERE seq = 3");
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

#[tokio::test]
async fn a_row_beside_its_place_is_heard_of() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    let name = trail("default");
    let insert = |months| {
        database.0.execute(&format!(
            "ALTER TABLE indelible.entry DISABLE TRIGGER ALL;
            CREATE TEMP TABLE copied AS SELECT * FROM indelible.entry WHERE seq = 2 LIMIT 1;
            UPDATE copied SET created_at = created_at + interval '{months}' + interval '1 second';
            INSERT INTO indelible.entry SELECT * FROM copied"
        ));
    };
    insert("0");
    let there = store.entries(&name, 0..9).await.expect("it reads");
    let seqs: Vec<u64> = there.iter().map(|entry| entry.seq).collect();
    assert_eq!(
        seqs,
        [0, 1, 2, 2, 3, 4],
        "two rows of one entry are both there"
    );
    let leaves = store.hashes(&name, 0, 2..3).await.expect("it reads");
    assert_eq!(leaves.len(), 2);
    let kind = ProjectionKind::Term;
    let terms = store
        .projection(&name, kind, None, 1000)
        .await
        .expect("it reads");
    let of_row = terms.len() / there.len();
    assert_eq!(
        terms.len(),
        there.len() * of_row,
        "and so are the index rows of both"
    );

    insert("3 months");
    let there = store.entries(&name, 0..9).await.expect("it reads");
    assert_eq!(there.len(), 6, "in another month nobody looks for it");
    let error = store.projection(&name, kind, None, 1000).await;
    let error = error.expect_err("verification reads this, and is told");
    assert!(
        matches!(error, StoreError::Corrupt { seq: Some(2), .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn rows_beyond_the_head_are_read_wherever_they_lie() {
    let database = Database::new();
    let store = database.store().await;
    Author::new("default").fill(&store, 0..5).await;
    database.0.execute(
        "CREATE TEMP TABLE copied AS SELECT * FROM indelible.entry WHERE seq = 4;
        UPDATE copied SET created_at = created_at + interval '5 months', seq = seq + 1000;
        INSERT INTO indelible.entry SELECT * FROM copied;
        INSERT INTO indelible.tag VALUES ('default', 'x', 7000)",
    );
    let name = trail("default");
    let there = store.entries(&name, 2..5000).await.expect("it reads");
    assert!(there.iter().map(|entry| entry.seq).eq([2, 3, 4, 1004]));
    let leaves = store.hashes(&name, 0, 5..u64::MAX).await.expect("it reads");
    assert!(leaves.iter().map(|(seq, _)| *seq).eq([1004]));
    let kind = ProjectionKind::Term;
    let terms = store
        .projection(&name, kind, None, 1000)
        .await
        .expect("it reads");
    let seqs: std::collections::BTreeSet<u64> = terms
        .iter()
        .map(|row| match row {
            indelible_core::store::Projected::Term(term) => term.seq,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(seqs.into_iter().eq([0, 1, 2, 3, 4, 1004, 7000]));
    let found = store
        .find(&name, &all(Filter::default()))
        .await
        .expect("it finds");
    assert_eq!(found.len(), 5, "a search answers what the head vouches for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pager_beside_writers_sees_each_entry_of_its_size_once() {
    // T29
    let database = Database::new();
    let store = std::sync::Arc::new(database.store().await);
    let mut author = Author::new("default");
    author.fill(&*store, 0..400).await;
    let size = author.base.head.size;
    let writing = std::sync::Arc::clone(&store);
    let writer = tokio::spawn(async move {
        for number in 400..500 {
            author
                .record(&*writing, [draft(number)])
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
    writer.await.expect("it writes");
    assert!(seen.into_iter().eq((0..size).rev()));
}
