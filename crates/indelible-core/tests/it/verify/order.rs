//! Rows deleted, cut off, moved, doubled, put in, and damaged.

use indelible_core::entry::StoredEntry;
use indelible_core::store::{Projected, Rollup};
use indelible_core::verify::FindingKind::*;

use super::building::trail;
use super::rows::Rows;
use super::tampered::{INDEX, ROLLUP, SIZE, detail, found, reseal};
use super::{has, kinds, report};

#[test]
fn deleted_rows_are_found() {
    let beside = [IdExtra, IndexRowExtra, RollupDiffers, RollupExtra];
    found(EntryMissing, 300, &beside, |rows| {
        drop(rows.entries.remove(300))
    });
    let r = found(EntryMissing, 10, &beside, |rows| {
        drop(rows.entries.drain(10..20))
    });
    assert!(detail(&r, EntryMissing).contains("entries 10 to 19"));
    assert!(!r.complete);
    assert_eq!(r.entries_checked, SIZE - 10);
    // With every row derived from it, the gap in the order is left.
    found(EntryMissing, 300, &[], |rows| {
        let entry = rows.entries.remove(300);
        rows.ids.retain(|row| {
            *row != Projected::Id {
                id: entry.id,
                seq: 300,
            }
        });
        rows.terms
            .retain(|row| !super::building::index_rows(&entry).contains(row));
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
    let beside = [
        IdExtra,
        IndexRowExtra,
        RollupDiffers,
        RollupExtra,
        NodeMissing,
        SpanMissing,
    ];
    for cut in [599, 550, 300, 0] {
        found(TailCut, cut, &beside, |rows| {
            rows.entries.truncate(cut as usize)
        });
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
    let beside = [
        EntryAltered,
        IdWrong,
        IdExtra,
        IdMissing,
        IndexRowMissing,
        IndexRowExtra,
    ];
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
    // A row that stands twice hides nothing else.
    let twice = [&all[..], &[Duplicated]].concat();
    found(IdExtra, 9, &twice, |rows| {
        let twin = rows.entries[8].clone();
        rows.entries.insert(8, twin);
        let id = uuid::Uuid::from_u128(9);
        rows.ids.push(Projected::Id { id, seq: 9 });
    });
    found(EntryInserted, 300, &all, |rows| {
        rows.entries[300] = super::building::event(77_777);
        rows.entries[300].seq = 300;
        rows.entries[300].created_at = rows.entries[299].created_at;
        reseal(&mut rows.entries[300]);
    });
    // Put in between, everything after it moved up by one.
    let up = [&all[..], &[Reordered]].concat();
    found(EntryInserted, 300, &up, |rows| {
        let mut new = super::building::event(77_777);
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
        let mut new = super::building::event(600);
        new.seq = 600;
        reseal(&mut new);
        rows.entries.push(new);
    });
    found(EntryInserted, 1 << 39, &[], |rows| {
        let mut new = super::building::event(600);
        new.seq = 1 << 39;
        rows.entries.push(new);
    });
}

#[test]
fn unreadable_rows_do_not_hide_the_others() {
    let beside = [
        IdExtra,
        IndexRowExtra,
        RollupDiffers,
        RollupExtra,
        ColumnDiffers,
    ];
    for names_damaged in [true, false] {
        let r = found(
            RowUnreadable,
            301,
            &[&beside[..], &INDEX].concat(),
            |rows| {
                rows.damaged = [300, 301, 520].into();
                rows.names_damaged = names_damaged;
                rows.entries[400].action = "x".into();
            },
        );
        assert!(has(&r, RowUnreadable, 300) && has(&r, RowUnreadable, 520));
        assert!(has(&r, ColumnDiffers, 400));
        assert_eq!(r.entries_checked, SIZE - 3);
        assert!(!r.complete);
    }
}
