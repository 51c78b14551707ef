//! Each way of altering rows, with the finding that must name it.

use indelible_core::Outcome;
use indelible_core::Timestamp;
use indelible_core::entry::StoredEntry;
use indelible_core::part::{Part, PartKind};
use indelible_core::verify::FindingKind::{self, *};
use indelible_merkle::{Frontier, Hash, leaf_hash};
use uuid::Uuid;

use super::building::{key, trail};
use super::rows::{Rows, TRAIL};
use super::{has, report};

/// Two complete blocks and a part of a third.
pub const SIZE: u64 = 600;

/// Alters a copy and expects a finding; of the other kinds only those `beside`.
#[track_caller]
pub fn found(
    kind: FindingKind,
    seq: impl Into<Option<u64>>,
    beside: &[FindingKind],
    alter: impl FnOnce(&mut Rows),
) -> indelible_core::verify::TrailReport {
    let clean = trail(SIZE);
    let mut rows = clean.clone();
    alter(&mut rows);
    assert_ne!(rows, clean, "the test must alter something");
    let report = report(&rows, &clean);
    assert!(!report.ok);
    assert!(has(&report, kind, seq), "{:#?}", report.findings);
    let allowed: Vec<_> = beside.iter().chain([&kind]).copied().collect();
    let surprising: Vec<_> = report
        .findings
        .iter()
        .filter(|f| !allowed.contains(&f.kind))
        .collect();
    assert!(surprising.is_empty(), "{surprising:#?}");
    report
}

#[track_caller]
pub fn detail(report: &indelible_core::verify::TrailReport, kind: FindingKind) -> &str {
    &report
        .findings
        .iter()
        .find(|finding| finding.kind == kind)
        .expect("found")
        .detail
}

pub fn reseal(entry: &mut StoredEntry) {
    let trail = TRAIL.parse().expect("a name");
    entry.leaf_hash = leaf_hash(&entry.skeleton(&trail));
}

pub const INDEX: [FindingKind; 4] = [IndexRowMissing, IndexRowExtra, RollupDiffers, RollupMissing];
pub const ROLLUP: [FindingKind; 3] = [RollupDiffers, RollupMissing, RollupExtra];

#[test]
fn each_column_is_found_and_named() {
    // In a complete block, and in the last one, which only the head's frontier covers.
    for seq in [300, 590] {
        let place = seq as usize;
        let beside = [&INDEX[..], &ROLLUP].concat();
        let named = |report: &_, column: &str| {
            let words = detail(report, ColumnDiffers).to_owned();
            assert!(words.contains(&format!("column {column} is")), "{words}");
        };
        let r = found(ColumnDiffers, seq, &beside, |r| {
            r.entries[place].action = "x".into()
        });
        named(&r, "action");
        let r = found(ColumnDiffers, seq, &beside, |r| {
            r.entries[place].resource_type = "x".into()
        });
        named(&r, "resource_type");
        let r = found(ColumnDiffers, seq, &beside, |r| {
            r.entries[place].outcome = Outcome::Denied
        });
        named(&r, "outcome");
        let r = found(ColumnDiffers, seq, &beside, |r| {
            r.entries[place].tags = vec!["a".into()]
        });
        assert!(detail(&r, ColumnDiffers).contains("column tags is"));
        let r = found(ColumnDiffers, seq, &[IdWrong, IdMissing, IdExtra], |r| {
            r.entries[place].id = Uuid::from_u128(3)
        });
        named(&r, "id");
        let r = found(ColumnDiffers, seq, &[], |r| {
            r.entries[place].created_at = Timestamp::from_micros(5)
        });
        named(&r, "created_at");
        let beside = [&ROLLUP[..], &[SpanDiffers]].concat();
        let r = found(ColumnDiffers, seq, &beside, |r| {
            r.entries[place].occurred_at = Timestamp::from_micros(5)
        });
        assert!(detail(&r, ColumnDiffers).contains("occurred_at"));
        let r = found(ColumnDiffers, seq, &[], |r| {
            r.entries[place].part_hashes.actor = Some(Hash::EMPTY_ROOT)
        });
        assert!(detail(&r, ColumnDiffers).contains("actor_hash"));
        found(LeafDiffers, seq, &[], |r| {
            r.entries[place].leaf_hash = Hash::EMPTY_ROOT
        });
        found(ColumnDiffers, seq, &[], |r| {
            r.entries[place].erases = super::building::erasure(0, 1, 1, &[]).erases
        });
    }
}

#[test]
fn each_part_is_found() {
    let beside = [IndexRowMissing, IndexRowExtra];
    for part in PartKind::ALL {
        // 301 has all three parts.
        found(PartAltered, 301, &beside, |rows| {
            let part = rows.entries[301]
                .parts
                .get_mut(part)
                .as_mut()
                .expect("there");
            part.salt[3] ^= 1;
        });
        found(PartAltered, 301, &beside, |rows| {
            let part = rows.entries[301]
                .parts
                .get_mut(part)
                .as_mut()
                .expect("there");
            let place = part
                .body
                .iter()
                .rposition(u8::is_ascii_digit)
                .expect("a digit");
            part.body[place] ^= 1;
        });
        found(PartAltered, 301, &beside, |rows| {
            rows.entries[301]
                .parts
                .get_mut(part)
                .as_mut()
                .expect("there")
                .body
                .clear();
        });
        // T48, T52: the body is read, not only its hash; a part that is gone needs an account.
        found(PartMissing, 301, &beside, |rows| {
            super::building::erase(rows, 301, part)
        });
    }
    found(PartInserted, 300, &beside, |rows| {
        rows.entries[300].parts.target = Some(Part {
            salt: [0; 16],
            body: b"{}".to_vec(),
        });
    });
}

#[test]
fn an_erasure_accounts_for_what_it_lists_and_for_nothing_after_it() {
    let erased = |place: u64, first, last| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let builder = super::building::Builder::new().grow(place, 50).await;
            let parts = [PartKind::Actor];
            let builder =
                builder.commit(vec![super::building::erasure(place, first, last, &parts)]);
            builder.await.grow(100, 50).await.rows().await
        })
    };
    let mut rows = erased(50, 10, 20);
    super::building::erase(&mut rows, 15, PartKind::Actor);
    super::building::erase(&mut rows, 21, PartKind::Actor);
    super::building::erase(&mut rows, 11, PartKind::Details);
    let mended = report(&rows, &rows);
    assert!(has(&mended, PartMissing, 21) && has(&mended, PartMissing, 11));
    assert!(!has(&mended, PartMissing, 15));
    assert!(has(&mended, ErasureUndone, 10), "listed, and there again");
    let mut rows = erased(50, 40, u64::MAX);
    super::building::erase(&mut rows, 60, PartKind::Actor);
    assert!(has(&report(&rows, &rows), PartMissing, 60));
}

#[test]
fn rewritten_entries_are_found_through_the_nodes() {
    // T46: the leaf hash is recomputed with the columns.
    let beside = [&INDEX[..], &ROLLUP].concat();
    let rewrite = |rows: &mut Rows, place: usize| {
        rows.entries[place].action = "x".into();
        reseal(&mut rows.entries[place]);
    };
    found(EntryAltered, 256, &beside, |rows| rewrite(rows, 300));
    found(EntryAltered, 576, &beside, |rows| rewrite(rows, 590));
    found(EntryAltered, 0, &beside, |rows| {
        rewrite(rows, 3);
        rewrite(rows, 300);
    });
    // With the node, it is the head that says so.
    found(EntryAltered, 0, &beside, |rows| {
        rewrite(rows, 3);
        let mut frontier = Frontier::new();
        let mut nodes = Vec::new();
        for entry in &rows.entries {
            frontier.push(entry.leaf_hash, &mut |node, hash| {
                nodes.extend((node.height == 8).then_some((node, hash)));
            });
        }
        rows.nodes = nodes;
    });
}

#[test]
fn the_head_is_found() {
    let other = |rows: &Rows| {
        let mut hashes = rows.head().frontier.hashes().to_vec();
        hashes[1] = Hash::EMPTY_ROOT;
        Frontier::from_parts(rows.head().size, hashes).expect("as many as before")
    };
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().root = Hash::EMPTY_ROOT
    });
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().frontier = other(rows)
    });
    found(HeadAltered, None, &[EntryAltered, Forked], |rows| {
        let frontier = other(rows);
        rows.head_mut().root = Hash::EMPTY_ROOT;
        rows.head_mut().frontier = frontier;
    });
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().key = indelible_merkle::SigningKey::from_seed(key(1).name(), [8; 32])
            .expect("a good name")
            .verifier_key();
    });
    for origin in ["house/other", "garden/acme", "house/acme/2"] {
        found(HeadAltered, None, &[], |rows| {
            rows.head_mut().key = indelible_merkle::SigningKey::from_seed(origin, [7; 32])
                .expect("a good name")
                .verifier_key();
        });
    }
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().incarnation = 0
    });
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().incarnation = 2
    });
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().incarnation_start = 5
    });
    found(HeadAltered, None, &[], |rows| {
        rows.head_mut().trail = "other".parse().expect("a name");
    });
    let resized = |size| {
        move |rows: &mut Rows| {
            let hashes = rows.head().frontier.hashes().to_vec();
            rows.head_mut().frontier = Frontier::from_parts(size, hashes).expect("as many bits");
            rows.head_mut().size = size;
        }
    };
    // Four bits are set, as in 600: the frontier still has one hash for each.
    found(HeadAltered, None, &[TailCut], resized(609));
    found(
        HeadAltered,
        None,
        &[TailCut, NodeMissing, SpanMissing],
        resized((1 << 39) + 7),
    );
    // What is derived is altered too, so that rows are named one by one: over the rows that are
    // there, not over the size that is claimed.
    let beside = [
        TailCut,
        NodeMissing,
        SpanMissing,
        RollupDiffers,
        RollupMissing,
        IndexRowMissing,
        IndexDiffers,
        IdMissing,
        ErasureUndone,
    ];
    let report = found(HeadAltered, None, &beside, |rows| {
        resized((1 << 40) - (1 << 36))(rows);
        rows.rollups[0].count += 1;
        rows.terms.remove(5);
        rows.ids.remove(5);
    });
    for kind in [RollupDiffers, IndexRowMissing, IdMissing] {
        assert!(report.findings.iter().any(|finding| finding.kind == kind));
    }
    let shorter = [
        EntryInserted,
        RolledBack,
        IdExtra,
        IndexRowExtra,
        RollupDiffers,
        RollupExtra,
    ];
    found(HeadAltered, None, &shorter, resized(593));
    found(HeadMissing, None, &[], |rows| rows.head = None);
}
