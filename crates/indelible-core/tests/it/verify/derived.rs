//! Each way of altering what is made from the entries, with the finding that must name it.

use indelible_core::store::{Projected, Rollup, Span, Term, TermField};
use indelible_core::verify::FindingKind::*;
use indelible_core::{Outcome, Timestamp};
use indelible_merkle::{Hash, NodeId};
use uuid::Uuid;

use super::building::{sort_terms, trail};
use super::rows::Rows;
use super::tampered::{SIZE, found};
use super::{has, report};

#[test]
fn nodes_are_found() {
    let node = |height, index| NodeId { height, index };
    found(NodeAltered, 256, &[], |rows| {
        rows.nodes[1].1 = Hash::EMPTY_ROOT
    });
    found(NodeMissing, 0, &[], |rows| {
        rows.nodes.retain(|(node, _)| node.index != 0)
    });
    found(NodeExtra, 512, &[], |rows| {
        rows.nodes.push((node(8, 2), Hash::EMPTY_ROOT))
    });
    found(NodeExtra, None, &[], |rows| {
        rows.nodes.insert(0, (node(3, 1), Hash::EMPTY_ROOT))
    });
    found(NodeExtra, None, &[], |rows| {
        rows.nodes.push((node(56, u64::MAX), Hash::EMPTY_ROOT))
    });
    found(NodeAltered, None, &[], |rows| {
        let first = rows.nodes[0];
        rows.nodes.insert(0, first);
    });
}

#[test]
fn ids_are_found() {
    let place = |rows: &Rows, wanted: u64| {
        let of = |row: &Projected| matches!(row, Projected::Id { seq, .. } if *seq == wanted);
        rows.ids.iter().position(of).expect("there")
    };
    found(IdMissing, 300, &[], |rows| {
        drop(rows.ids.remove(place(rows, 300)))
    });
    found(IdExtra, 300, &[], |rows| {
        rows.ids.push(Projected::Id {
            id: Uuid::from_u128(u128::MAX),
            seq: 300,
        });
    });
    found(IdExtra, 900, &[], |rows| {
        rows.ids.push(Projected::Id {
            id: Uuid::from_u128(u128::MAX),
            seq: 900,
        });
    });
    for wrong in [301, 590, 900] {
        found(IdWrong, 300, &[IdExtra], |rows| {
            let place = place(rows, 300);
            let Projected::Id { seq, .. } = &mut rows.ids[place] else {
                panic!("an id")
            };
            *seq = wrong;
        });
    }
}

#[test]
fn index_rows_are_found() {
    let term = |field, value: &[u8], seq| {
        Projected::Term(Term {
            field,
            value: value.to_vec(),
            seq,
        })
    };
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
    found(SpanDiffers, 256, &[], |rows| {
        rows.spans[1].latest = later(rows.spans[1].latest)
    });
    found(SpanDiffers, 0, &[], |rows| {
        rows.spans[0].earliest = later(rows.spans[0].earliest)
    });
    found(SpanMissing, 256, &[], |rows| rows.spans.truncate(1));
    found(SpanExtra, 512, &[], |rows| {
        rows.spans.push(Span {
            index: 2,
            ..rows.spans[1]
        })
    });
    found(SpanExtra, None, &[], |rows| {
        rows.spans.push(Span {
            height: 64,
            ..rows.spans[1]
        })
    });
}

#[test]
fn rollups_are_found() {
    found(RollupDiffers, None, &[], |rows| rows.rollups[2].count += 1);
    found(RollupDiffers, None, &[], |rows| {
        rows.rollups[2].count = u64::MAX
    });
    found(RollupMissing, None, &[], |rows| {
        drop(rows.rollups.remove(2))
    });
    let extra = |hour| Rollup {
        hour,
        action: "x".into(),
        outcome: Outcome::Failed,
        count: 1,
    };
    found(RollupExtra, None, &[], |rows| {
        rows.rollups.push(extra(rows.rollups[0].hour))
    });
    found(RollupExtra, None, &[], |rows| {
        rows.rollups.push(extra(-5_000_000))
    });
    // One count more here, one less there.
    found(RollupDiffers, None, &[RollupMissing], |rows| {
        rows.rollups[2].count += 1;
        rows.rollups[5].count -= 1;
    });
}
