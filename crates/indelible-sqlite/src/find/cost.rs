//! What searches cost, in blocks of the index that are read and in steps of SQLite's virtual machine
//! over the log: time and load do not blur them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use indelible_core::Timestamp;
use indelible_core::filter::{AddressFilter, Filter, UserFilter};
use indelible_core::store::TermField;
use rusqlite::StatementStatus;
use rusqlite::backup::Progress;
use tempfile::TempDir;

use super::*;
use crate::index::made::Made;

/// Entries of the trail that is searched.
const SIZE: u64 = 100_000;
/// Entries of a run of its index: seven are as many of one size as stay beside each other.
const RUN: usize = 16_384;

/// Entries one second apart: 1,000 users, 7 actions, 100 of the entries denied, and every address
/// of 10.0.0.0/16 that 5,000 entries need. Written as rows, without hashes: none is looked at.
fn filled() -> Connection {
    let mut db = Connection::open_in_memory().expect("memory");
    crate::migration::apply(&mut db).expect("it applies");
    db.execute_batch(&format!(
        "BEGIN;
        INSERT INTO head VALUES (1, 'default', {SIZE}, zeroblob(32), x'', 'key', 1, 0,
            zeroblob(32));
        CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS
            (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {SIZE} - 1) SELECT i FROM n;
        INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at,
            created_at, leaf_hash)
        SELECT (1 << 40) | i, randomblob(16), 'a' || (i % 7), 'succeeded', 'document', '',
            i * 1000000, 0, zeroblob(32) FROM n;
        INSERT INTO span SELECT 1, 8, i / 256, min(i) * 1000000, max(i) * 1000000
            FROM n GROUP BY i / 256 HAVING max(i) % 256 = 255;
        INSERT INTO span SELECT 1, 16, i / 65536, min(i) * 1000000, max(i) * 1000000
            FROM n GROUP BY i / 65536 HAVING max(i) % 65536 = 65535;
        COMMIT;"
    ))
    .expect("it fills");
    db
}

/// The terms of an entry.
fn terms(seq: u64) -> Vec<(TermField, Vec<u8>)> {
    let outcome = if seq % 1000 == 1 {
        "denied"
    } else {
        "succeeded"
    };
    let mut terms = vec![
        (TermField::UserId, format!("u{}", seq % 1000).into_bytes()),
        (TermField::Action, format!("a{}", seq % 7).into_bytes()),
        (TermField::ResourceType, b"document".to_vec()),
        (TermField::Outcome, outcome.as_bytes().to_vec()),
    ];
    if seq.is_multiple_of(20) {
        let [c, d] = [seq % 100, seq % 50].map(|byte| byte as u8);
        let address = Ipv4Addr::new(10, 0, c, d).to_ipv6_mapped();
        terms.push((TermField::IpAddress, address.octets().to_vec()));
    }
    terms
}

/// The log, and the index of it.
struct Both {
    db: Connection,
    index: Made,
    folder: TempDir,
}

fn both() -> Both {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.db-index");
    let db = filled();
    let index = Made::of(&path, (SIZE, RUN), (&db, &"00".repeat(32)), terms);
    Both { db, index, folder }
}

/// How much was found, how many steps the log took and how many blocks the index.
fn cost(both: &mut Both, wanted: &Find) -> (usize, u64, u64) {
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let handler = move || {
        count.fetch_add(10, Ordering::Relaxed);
        false
    };
    both.db
        .progress_handler(10, Some(handler))
        .expect("it is set");
    let caller = Caller::waiting(Arc::new(AtomicBool::new(false)));
    let (before, _) = both.index.reads();
    let index = both.index.snapshot();
    let trail = TrailName::standard();
    let found = piece(
        (&both.db, Some(&index)),
        &caller,
        &trail,
        (wanted, usize::MAX),
    );
    let found = found.expect("it finds").entries;
    drop(index);
    let blocks = both.index.reads().0 - before;
    (
        found.len(),
        steps.load(Ordering::Relaxed),
        blocks.unsigned_abs().into(),
    )
}

fn page(filter: Filter, from: Option<u64>, skip: u64) -> Find {
    Find {
        filter,
        below: u64::MAX,
        from,
        skip,
        limit: 100,
    }
}

fn user(name: &str) -> Option<UserFilter> {
    Some(UserFilter::AnyOf(vec![name.to_owned()]))
}

fn micros(seconds: u64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(seconds.cast_signed() * 1_000_000))
}

#[test]
fn what_cannot_match_is_not_looked_at() {
    // T32
    let mut both = both();
    let actions = |name: &str| Some(vec![name.to_owned()]);
    let block = |a, b| AddressFilter::Block {
        first: Ipv4Addr::from_octets(a).to_ipv6_mapped(),
        last: Ipv4Addr::from_octets(b).to_ipv6_mapped(),
    };
    let cases = [
        (
            "nobody",
            Filter {
                user: user("nobody"),
                ..Filter::default()
            },
            0,
            0,
            (100, 16),
        ),
        (
            "one of one user",
            Filter {
                user: user("u7"),
                ..Filter::default()
            },
            0,
            100,
            (6_000, 20),
        ),
        (
            "a user who never did this",
            Filter {
                user: user("u2"),
                outcome: Some(indelible_core::Outcome::Denied),
                ..Filter::default()
            },
            0,
            0,
            (200, 30),
        ),
        (
            "a rare outcome of a common action",
            Filter {
                actions: actions("a3"),
                outcome: Some(indelible_core::Outcome::Denied),
                ..Filter::default()
            },
            0,
            14,
            (1_500, 32),
        ),
        (
            "before all",
            Filter {
                latest: micros(0).map(|t| t.earlier(std::time::Duration::from_secs(1))),
                ..Filter::default()
            },
            0,
            0,
            (10_000, 0),
        ),
        (
            "a time long ago",
            Filter {
                earliest: micros(500),
                latest: micros(549),
                ..Filter::default()
            },
            0,
            50,
            (40_000, 0),
        ),
        (
            "a common action in that time",
            Filter {
                actions: actions("a3"),
                earliest: micros(500),
                latest: micros(549),
                ..Filter::default()
            },
            0,
            8,
            (12_000, 6),
        ),
        (
            "no such address",
            Filter {
                addresses: Some(block([11, 0, 0, 0], [11, 255, 255, 255])),
                ..Filter::default()
            },
            0,
            0,
            (100, 16),
        ),
        (
            "far down without a filter",
            Filter::default(),
            99_000,
            100,
            (10_000, 0),
        ),
        (
            "far down in time",
            Filter {
                earliest: micros(0),
                ..Filter::default()
            },
            90_000,
            100,
            (60_000, 0),
        ),
        (
            "far down one action",
            Filter {
                actions: actions("a3"),
                ..Filter::default()
            },
            14_000,
            100,
            (6_000, 28),
        ),
    ];
    let mut slow = Vec::new();
    for (name, filter, skip, count, (steps_max, blocks_max)) in cases {
        for from in [None, Some(0)] {
            let wanted = page(filter.clone(), from, skip);
            let (found, steps, blocks) = cost(&mut both, &wanted);
            assert_eq!(found, count, "{name} from {from:?}");
            if steps > steps_max || blocks > blocks_max {
                slow.push(format!(
                    "{name} from {from:?}: {steps} steps, {blocks} blocks"
                ));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn a_place_amid_the_trail_is_gone_to_at_once() {
    // T32, both ways from the middle, and for the first entry of all.
    let mut both = both();
    let of = |set: fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    let a3 = |f: &mut Filter| f.actions = Some(vec!["a3".to_owned()]);
    let cases = [
        ("anybody", of(|_| {}), (10_000, 0)),
        ("a user", of(|f| f.user = user("u7")), (3_000, 12)),
        ("nobody", of(|f| f.user = user("nobody")), (100, 16)),
        ("an action", of(a3), (6_000, 4)),
        (
            "a user then",
            of(|f| f.latest = micros(60_000)),
            (60_000, 0),
        ),
    ];
    let mut slow = Vec::new();
    for (name, filter, (steps_max, blocks_max)) in cases {
        let down = Find {
            below: SIZE / 2,
            ..page(filter.clone(), None, 0)
        };
        let first = Find {
            limit: 1,
            ..page(filter.clone(), Some(0), 0)
        };
        let between = Find {
            below: SIZE / 2 + 300,
            ..page(filter.clone(), Some(SIZE / 2), 0)
        };
        let up = page(filter, Some(SIZE / 2), 0);
        for wanted in [down, up, first, between] {
            let (found, steps, blocks) = cost(&mut both, &wanted);
            assert_eq!(found == 0, name == "nobody", "{name}");
            if steps > steps_max || blocks > blocks_max {
                slow.push(format!(
                    "{name}: {steps} steps, {blocks} blocks for {wanted:?}"
                ));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn what_lies_beyond_the_bound_is_not_looked_at() {
    // No block of times that could match: the bound ends the search, not the trail.
    let mut both = both();
    let filter = Filter {
        latest: micros(0).map(|t| t.earlier(std::time::Duration::from_secs(1))),
        ..Filter::default()
    };
    let wanted = Find {
        below: 600,
        ..page(filter, Some(0), 0)
    };
    let (found, steps, blocks) = cost(&mut both, &wanted);
    assert_eq!(found, 0);
    assert!(
        steps < 1_000 && blocks == 0,
        "{steps} steps, {blocks} blocks"
    );
}

#[test]
fn a_search_for_nobody_ends() {
    let both = both();
    let index = both.index.snapshot();
    let caller = Caller::waiting(Arc::new(AtomicBool::new(true)));
    let wanted = Find {
        filter: Filter {
            user: user("u1"),
            ..Filter::default()
        },
        below: SIZE,
        from: None,
        skip: 0,
        limit: 9,
    };
    let ended = piece(
        (&both.db, Some(&index)),
        &caller,
        &TrailName::standard(),
        (&wanted, usize::MAX),
    );
    assert!(matches!(ended, Err(StoreError::Unavailable { .. })));
}

#[test]
fn no_statement_is_planned_twice() {
    let both = both();
    let path = both.folder.path().join("a.db");
    both.db
        .backup("main", &path, None::<fn(Progress)>)
        .expect("a copy");
    let db = crate::connection::reading(&path, std::time::Duration::from_secs(1)).expect("open");
    let caller = Caller::waiting(Arc::new(AtomicBool::new(false)));
    for n in 0..20 {
        let filter = Filter {
            user: user(&format!("u{n}")),
            actions: Some(vec![format!("a{}", n % 7)]),
            earliest: micros(1000 + n),
            ..Filter::default()
        };
        let (index, trail) = (both.index.snapshot(), TrailName::standard());
        let wanted = page(filter, None, 0);
        piece((&db, Some(&index)), &caller, &trail, (&wanted, usize::MAX)).expect("found");
    }
    let statement = db.prepare_cached(sql::EXTENT).expect("prepared");
    assert!(statement.get_status(StatementStatus::Run) >= 20);
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    let (reads, plans) = both.index.reads();
    assert!(reads >= 20 && plans == 0, "{reads} reads, {plans} plans");
}
