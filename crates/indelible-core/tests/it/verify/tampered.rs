//! Each way of altering rows, with the finding that must name it.

use indelible_core::Outcome;
use indelible_core::Timestamp;
use indelible_core::entry::StoredEntry;
use indelible_core::part::{Part, PartKind};
use indelible_core::store::{Projected, Rollup, Span, Term, TermField};
use indelible_core::verify::FindingKind::{self, *};
use indelible_merkle::{Frontier, Hash, NodeId, leaf_hash};
use uuid::Uuid;

use super::rows::{Rows, TRAIL, key, sort_terms, trail};
use super::{has, kinds, report};

/// Two complete blocks and a part of a third.
const SIZE: u64 = 600;

/// Alters a copy and expects a finding; of the other kinds only those `beside`.
#[track_caller]
fn found(
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
    let surprising: Vec<_> = report.findings.iter().filter(|f| !allowed.contains(&f.kind)).collect();
    assert!(surprising.is_empty(), "{surprising:#?}");
    report
}

#[track_caller]
fn detail(report: &indelible_core::verify::TrailReport, kind: FindingKind) -> &str {
    &report.findings.iter().find(|finding| finding.kind == kind).expect("found").detail
}

fn reseal(entry: &mut StoredEntry) {
    let trail = TRAIL.parse().expect("a name");
    entry.leaf_hash = leaf_hash(&entry.skeleton(&trail));
}

const INDEX: [FindingKind; 4] = [IndexRowMissing, IndexRowExtra, RollupDiffers, RollupMissing];
const ROLLUP: [FindingKind; 3] = [RollupDiffers, RollupMissing, RollupExtra];

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
        let r = found(ColumnDiffers, seq, &beside, |r| r.entries[place].action = "x".into());
        named(&r, "action");
        let r = found(ColumnDiffers, seq, &beside, |r| r.entries[place].resource_type = "x".into());
        named(&r, "resource_type");
        let r = found(ColumnDiffers, seq, &beside, |r| r.entries[place].outcome = Outcome::Denied);
        named(&r, "outcome");
        let r = found(ColumnDiffers, seq, &beside, |r| r.entries[place].tags = vec!["a".into()]);
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
        found(LeafDiffers, seq, &[], |r| r.entries[place].leaf_hash = Hash::EMPTY_ROOT);
        found(ColumnDiffers, seq, &[], |r| {
            r.entries[place].erases = super::rows::erasure(0, 1, 1, &[]).erases
        });
    }
}

#[test]
fn each_part_is_found() {
    let beside = [IndexRowMissing, IndexRowExtra];
    for part in PartKind::ALL {
        // 301 has all three parts.
        found(PartAltered, 301, &beside, |rows| {
            let part = rows.entries[301].parts.get_mut(part).as_mut().expect("there");
            part.salt[3] ^= 1;
        });
        found(PartAltered, 301, &beside, |rows| {
            let part = rows.entries[301].parts.get_mut(part).as_mut().expect("there");
            let place = part.body.iter().rposition(u8::is_ascii_digit).expect("a digit");
            part.body[place] ^= 1;
        });
        found(PartAltered, 301, &beside, |rows| {
            rows.entries[301].parts.get_mut(part).as_mut().expect("there").body.clear();
        });
        // T48, T52: the body is read, not only its hash; a part that is gone needs an account.
        found(PartMissing, 301, &beside, |rows| super::rows::erase(rows, 301, part));
    }
    found(PartInserted, 300, &beside, |rows| {
        rows.entries[300].parts.target = Some(Part { salt: [0; 16], body: b"{}".to_vec() });
    });
}

#[test]
fn an_erasure_accounts_for_what_it_lists_and_for_nothing_after_it() {
    let erased = |place: u64, first, last| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let builder = super::rows::Builder::new().grow(place, 50).await;
            let parts = [PartKind::Actor];
            let builder = builder.commit(vec![super::rows::erasure(place, first, last, &parts)]);
            builder.await.grow(100, 50).await.rows().await
        })
    };
    let mut rows = erased(50, 10, 20);
    super::rows::erase(&mut rows, 15, PartKind::Actor);
    super::rows::erase(&mut rows, 21, PartKind::Actor);
    super::rows::erase(&mut rows, 11, PartKind::Details);
    let mended = report(&rows, &rows);
    assert!(has(&mended, PartMissing, 21) && has(&mended, PartMissing, 11));
    assert!(!has(&mended, PartMissing, 15));
    assert!(has(&mended, ErasureUndone, 10), "listed, and there again");
    let mut rows = erased(50, 40, u64::MAX);
    super::rows::erase(&mut rows, 60, PartKind::Actor);
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
fn nodes_are_found() {
    let node = |height, index| NodeId { height, index };
    found(NodeAltered, 256, &[], |rows| rows.nodes[1].1 = Hash::EMPTY_ROOT);
    found(NodeMissing, 0, &[], |rows| rows.nodes.retain(|(node, _)| node.index != 0));
    found(NodeExtra, 512, &[], |rows| rows.nodes.push((node(8, 2), Hash::EMPTY_ROOT)));
    found(NodeExtra, None, &[], |rows| rows.nodes.insert(0, (node(3, 1), Hash::EMPTY_ROOT)));
    found(NodeExtra, None, &[], |rows| rows.nodes.push((node(56, u64::MAX), Hash::EMPTY_ROOT)));
    found(NodeAltered, None, &[], |rows| {
        let first = rows.nodes[0];
        rows.nodes.insert(0, first);
    });
}

#[test]
fn the_head_is_found() {
    let other = |rows: &Rows| {
        let mut hashes = rows.head().frontier.hashes().to_vec();
        hashes[1] = Hash::EMPTY_ROOT;
        Frontier::from_parts(rows.head().size, hashes).expect("as many as before")
    };
    found(HeadAltered, None, &[], |rows| rows.head_mut().root = Hash::EMPTY_ROOT);
    found(HeadAltered, None, &[], |rows| rows.head_mut().frontier = other(rows));
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
    found(HeadAltered, None, &[], |rows| rows.head_mut().incarnation = 0);
    found(HeadAltered, None, &[], |rows| rows.head_mut().incarnation = 2);
    found(HeadAltered, None, &[], |rows| rows.head_mut().incarnation_start = 5);
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
    found(HeadAltered, None, &[TailCut, NodeMissing, SpanMissing], resized((1 << 39) + 7));
    let shorter = [EntryInserted, RolledBack, IdExtra, IndexRowExtra, RollupDiffers, RollupExtra];
    found(HeadAltered, None, &shorter, resized(593));
    found(HeadMissing, None, &[], |rows| rows.head = None);
}

#[test]
fn deleted_rows_are_found() {
    let beside = [IdExtra, IndexRowExtra, RollupDiffers, RollupExtra];
    found(EntryMissing, 300, &beside, |rows| drop(rows.entries.remove(300)));
    let r = found(EntryMissing, 10, &beside, |rows| drop(rows.entries.drain(10..20)));
    assert!(detail(&r, EntryMissing).contains("entries 10 to 19"));
    assert!(!r.complete);
    assert_eq!(r.entries_checked, SIZE - 10);
    // With every row derived from it, the gap in the order is left.
    found(EntryMissing, 300, &[], |rows| {
        let entry = rows.entries.remove(300);
        rows.ids.retain(|row| *row != Projected::Id { id: entry.id, seq: 300 });
        rows.terms.retain(|row| !super::rows::index_rows(&entry).contains(row));
        uncount(rows, &entry);
    });
}

fn uncount(rows: &mut Rows, entry: &StoredEntry) {
    let of_entry = |row: &Rollup| {
        row.hour == entry.occurred_at.hour()
            && row.action == entry.action
            && row.outcome == entry.outcome
    };
    let place = rows.rollups.iter().position(of_entry).expect("counted");
    rows.rollups[place].count -= 1;
    rows.rollups.retain(|row| row.count > 0);
}

#[test]
fn a_cut_tail_is_found() {
    // T47: the rows alone.
    let beside = [IdExtra, IndexRowExtra, RollupDiffers, RollupExtra, NodeMissing, SpanMissing];
    for cut in [599, 550, 300, 0] {
        found(TailCut, cut, &beside, |rows| rows.entries.truncate(cut as usize));
    }
    // Rows and head, so that what is left is a trail of its own.
    for size in [599, 512, 511, 1] {
        let clean = trail(SIZE);
        let older = trail(size);
        let cut = report(&older, &clean);
        assert!(has(&cut, RolledBack, size), "{:?}", cut.findings);
        assert_eq!(kinds(&cut), [RolledBack].into());
    }
}

#[test]
fn moved_doubled_and_inserted_rows_are_found() {
    let beside = [EntryAltered, IdWrong, IdExtra, IdMissing, IndexRowMissing, IndexRowExtra];
    let swap = |a: usize, b: usize| {
        move |rows: &mut Rows| {
            rows.entries.swap(a, b);
            rows.entries[a].seq = a as u64;
            rows.entries[b].seq = b as u64;
        }
    };
    let spans = [&beside[..], &[SpanDiffers]].concat();
    found(Reordered, 3, &beside, swap(3, 4));
    found(Reordered, 590, &spans, swap(3, 590));
    let all = [&beside[..], &ROLLUP, &[SpanDiffers]].concat();
    found(Duplicated, 300, &all, |rows| {
        rows.entries[300] = rows.entries[7].clone();
        rows.entries[300].seq = 300;
    });
    found(Duplicated, 8, &all, |rows| {
        let twin = rows.entries[8].clone();
        rows.entries.insert(8, twin);
    });
    found(EntryInserted, 300, &all, |rows| {
        rows.entries[300] = super::rows::event(77_777);
        rows.entries[300].seq = 300;
        rows.entries[300].created_at = rows.entries[299].created_at;
        reseal(&mut rows.entries[300]);
    });
    // Put in between, everything after it moved up by one.
    let up = [&all[..], &[Reordered]].concat();
    found(EntryInserted, 300, &up, |rows| {
        let mut new = super::rows::event(77_777);
        reseal(&mut new);
        rows.entries.insert(300, new);
        for (seq, entry) in rows.entries.iter_mut().enumerate() {
            entry.seq = seq as u64;
        }
    });
    // Taken out, everything after it moved down by one.
    let down = [&all[..], &[TailCut]].concat();
    found(Reordered, 300, &down, |rows| {
        rows.entries.remove(300);
        for (seq, entry) in rows.entries.iter_mut().enumerate() {
            entry.seq = seq as u64;
        }
    });
    found(EntryInserted, 600, &[], |rows| {
        let mut new = super::rows::event(600);
        new.seq = 600;
        reseal(&mut new);
        rows.entries.push(new);
    });
    found(EntryInserted, 1 << 39, &[], |rows| {
        let mut new = super::rows::event(600);
        new.seq = 1 << 39;
        rows.entries.push(new);
    });
}

#[test]
fn ids_are_found() {
    let place = |rows: &Rows, wanted: u64| {
        let of = |row: &Projected| matches!(row, Projected::Id { seq, .. } if *seq == wanted);
        rows.ids.iter().position(of).expect("there")
    };
    found(IdMissing, 300, &[], |rows| drop(rows.ids.remove(place(rows, 300))));
    found(IdExtra, 300, &[], |rows| {
        rows.ids.push(Projected::Id { id: Uuid::from_u128(u128::MAX), seq: 300 });
    });
    found(IdExtra, 900, &[], |rows| {
        rows.ids.push(Projected::Id { id: Uuid::from_u128(u128::MAX), seq: 900 });
    });
    for wrong in [301, 590, 900] {
        found(IdWrong, 300, &[IdExtra], |rows| {
            let place = place(rows, 300);
            let Projected::Id { seq, .. } = &mut rows.ids[place] else { panic!("an id") };
            *seq = wrong;
        });
    }
}

#[test]
fn index_rows_are_found() {
    let term = |field, value: &[u8], seq| Projected::Term(Term { field, value: value.to_vec(), seq });
    for seq in [0, 300, 599] {
        let of = move |row: &Projected| matches!(row, Projected::Term(term) if term.seq == seq);
        let count = trail(SIZE).terms.iter().filter(|row| of(row)).count();
        for nth in 0..count {
            found(IndexRowMissing, seq, &[], |rows| {
                let mut places = (0..rows.terms.len()).filter(|place| of(&rows.terms[*place]));
                let place = places.nth(nth).expect("counted");
                rows.terms.remove(place);
            });
        }
    }
    for seq in [300, 900] {
        found(IndexRowExtra, seq, &[], |rows| {
            rows.terms.push(term(TermField::UserId, b"mallory", seq));
            sort_terms(&mut rows.terms);
        });
    }
    // So many that they are not named one by one.
    let clean = trail(5000);
    let mut rows = clean.clone();
    rows.terms.clear();
    let report = report(&rows, &clean);
    assert!(has(&report, IndexRowMissing, 0) && has(&report, IndexDiffers, 16 * 256));
    assert!(report.findings_total > report.findings.len() as u64);
    assert!(report.findings.len() <= indelible_core::verify::FINDINGS_MAX);
}

#[test]
fn spans_are_found() {
    let later = |time: Timestamp| Timestamp::from_micros(time.as_micros() + 1);
    found(SpanDiffers, 256, &[], |rows| rows.spans[1].latest = later(rows.spans[1].latest));
    found(SpanDiffers, 0, &[], |rows| rows.spans[0].earliest = later(rows.spans[0].earliest));
    found(SpanMissing, 256, &[], |rows| rows.spans.truncate(1));
    found(SpanExtra, 512, &[], |rows| rows.spans.push(Span { index: 2, ..rows.spans[1] }));
    found(SpanExtra, None, &[], |rows| rows.spans.push(Span { height: 64, ..rows.spans[1] }));
}

#[test]
fn rollups_are_found() {
    found(RollupDiffers, None, &[], |rows| rows.rollups[2].count += 1);
    found(RollupDiffers, None, &[], |rows| rows.rollups[2].count = u64::MAX);
    found(RollupMissing, None, &[], |rows| drop(rows.rollups.remove(2)));
    let extra = |hour| Rollup {
        hour,
        action: "x".into(),
        outcome: Outcome::Failed,
        count: 1,
    };
    found(RollupExtra, None, &[], |rows| rows.rollups.push(extra(rows.rollups[0].hour)));
    found(RollupExtra, None, &[], |rows| rows.rollups.push(extra(-5_000_000)));
    // One count more here, one less there.
    found(RollupDiffers, None, &[RollupMissing], |rows| {
        rows.rollups[2].count += 1;
        rows.rollups[5].count -= 1;
    });
}

#[test]
fn unreadable_rows_do_not_hide_the_others() {
    let beside = [IdExtra, IndexRowExtra, RollupDiffers, RollupExtra, ColumnDiffers];
    for names_damaged in [true, false] {
        let r = found(RowUnreadable, 301, &[&beside[..], &INDEX].concat(), |rows| {
            rows.damaged = [300, 301, 520].into();
            rows.names_damaged = names_damaged;
            rows.entries[400].action = "x".into();
        });
        assert!(has(&r, RowUnreadable, 300) && has(&r, RowUnreadable, 520));
        assert!(has(&r, ColumnDiffers, 400));
        assert_eq!(r.entries_checked, SIZE - 3);
        assert!(!r.complete);
    }
}
