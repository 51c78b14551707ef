//! Any single bit of any returned row, flipped, is found.

use std::sync::LazyLock;

use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::store::{Projected, TermField};
use indelible_core::{Outcome, Timestamp};
use indelible_merkle::{Frontier, Hash};
use proptest::prelude::*;
use uuid::Uuid;

use super::building::{head_at, trail};
use super::report;
use super::rows::Rows;

static CLEAN: LazyLock<Rows> = LazyLock::new(|| trail(520));

/// A choice of a row, a field of it and a bit of that.
#[derive(Debug, Clone, Copy)]
struct Aim {
    table: usize,
    row: usize,
    field: usize,
    bit: usize,
}

fn bytes(bytes: &mut [u8], bit: usize) -> bool {
    let Some(bits) = bytes.len().checked_mul(8).filter(|bits| *bits > 0) else {
        return false;
    };
    bytes[bit % bits / 8] ^= 1 << (bit % 8);
    true
}

fn hash(hash: &mut Hash, bit: usize) -> bool {
    let mut raw = *hash.as_bytes();
    bytes(&mut raw, bit);
    *hash = Hash::from_bytes(raw);
    true
}

fn number(number: &mut u64, bit: usize) -> bool {
    *number ^= 1 << (bit % 63);
    true
}

/// A text stays a text: a store could not return anything else.
fn text(text: &mut String, bit: usize) -> bool {
    let mut raw = text.clone().into_bytes();
    if !bytes(&mut raw, bit) {
        return false;
    }
    String::from_utf8(raw)
        .map(|changed| *text = changed)
        .is_ok()
}

fn time(time: &mut Timestamp, bit: usize) -> bool {
    let changed = Timestamp::from_micros(time.as_micros() ^ 1 << (bit % 52));
    std::mem::replace(time, changed) != changed
}

fn outcome(outcome: &mut Outcome, bit: usize) -> bool {
    let place = Outcome::ALL
        .iter()
        .position(|o| o == outcome)
        .expect("one of all");
    *outcome = Outcome::ALL[(place + 1 + bit % 4) % 5];
    true
}

fn entry(entry: &mut StoredEntry, field: usize, bit: usize) -> bool {
    let part = PartKind::ALL[bit % 3];
    match field % 12 {
        0 => number(&mut entry.seq, bit),
        1 => {
            let mut raw = *entry.id.as_bytes();
            bytes(&mut raw, bit);
            entry.id = Uuid::from_bytes(raw);
            true
        }
        2 => text(&mut entry.action, bit),
        3 => outcome(&mut entry.outcome, bit),
        4 => text(&mut entry.resource_type, bit),
        5 => entry.tags.first_mut().is_some_and(|tag| text(tag, bit)),
        6 => time(&mut entry.occurred_at, bit),
        7 => time(&mut entry.created_at, bit),
        8 => entry
            .part_hashes
            .get_mut(part)
            .as_mut()
            .is_some_and(|h| hash(h, bit / 3)),
        9 => hash(&mut entry.leaf_hash, bit),
        10 => entry
            .parts
            .get_mut(part)
            .as_mut()
            .is_some_and(|part| bytes(&mut part.salt, bit / 3)),
        _ => entry
            .parts
            .get_mut(part)
            .as_mut()
            .is_some_and(|part| bytes(&mut part.body, bit / 3)),
    }
}

fn term_field(field: &mut TermField, bit: usize) -> bool {
    let changed = TermField::from_number(*field as u8 ^ 1 << (bit % 4));
    changed.is_some_and(|changed| std::mem::replace(field, changed) != changed)
}

fn projected(row: &mut Projected, Aim { field, bit, .. }: Aim) -> bool {
    match row {
        Projected::Id { id, seq } => match field % 2 {
            0 => {
                let mut raw = *id.as_bytes();
                bytes(&mut raw, bit);
                *id = Uuid::from_bytes(raw);
                true
            }
            _ => number(seq, bit),
        },
        Projected::Term(term) => match field % 3 {
            0 => term_field(&mut term.field, bit),
            1 => bytes(&mut term.value, bit),
            _ => number(&mut term.seq, bit),
        },
        _ => false,
    }
}

fn head(rows: &mut Rows, Aim { field, bit, .. }: Aim) -> bool {
    let head = rows.head_mut();
    match field % 5 {
        0 => {
            // With a size the frontier must go together, or the store cannot read the head.
            let mut size = head.size;
            number(&mut size, bit);
            let mut hashes = head.frontier.hashes().to_vec();
            hashes.resize(size.count_ones() as usize, Hash::EMPTY_ROOT);
            head.frontier = Frontier::from_parts(size, hashes).expect("as many as bits");
            head.size = size;
            true
        }
        1 => hash(&mut head.root, bit),
        2 => {
            let mut raw = head.frontier.to_bytes();
            bytes(&mut raw, bit);
            head.frontier = Frontier::from_bytes(head.size, &raw).expect("as many as before");
            true
        }
        3 => {
            head.incarnation ^= 1 << (bit % 32);
            true
        }
        _ => number(&mut head.incarnation_start, bit),
    }
}

/// Flips the bit, and says whether there was one.
fn flip(rows: &mut Rows, aim: Aim) -> bool {
    let Aim {
        table,
        row,
        field,
        bit,
    } = aim;
    match table % 7 {
        0 => head(rows, aim),
        1 => {
            let row = row % rows.nodes.len();
            let (node, stored) = &mut rows.nodes[row];
            match field % 3 {
                0 => {
                    node.height ^= 1 << (bit % 8);
                    true
                }
                1 => number(&mut node.index, bit),
                _ => hash(stored, bit),
            }
        }
        2 => {
            let row = row % rows.spans.len();
            let span = &mut rows.spans[row];
            match field % 4 {
                0 => {
                    span.height ^= 1 << (bit % 8);
                    true
                }
                1 => number(&mut span.index, bit),
                2 => time(&mut span.earliest, bit),
                _ => time(&mut span.latest, bit),
            }
        }
        3 => {
            let row = row % rows.rollups.len();
            let count = &mut rows.rollups[row];
            match field % 4 {
                0 => {
                    count.hour ^= 1 << (bit % 32);
                    true
                }
                1 => text(&mut count.action, bit),
                2 => outcome(&mut count.outcome, bit),
                _ => number(&mut count.count, bit),
            }
        }
        4 => {
            let row = row % rows.ids.len();
            projected(&mut rows.ids[row], aim)
        }
        5 => {
            let row = row % rows.terms.len();
            projected(&mut rows.terms[row], aim)
        }
        _ => {
            let row = row % rows.entries.len();
            entry(&mut rows.entries[row], field, bit)
        }
    }
}

proptest! {
    #[test]
    fn a_flipped_bit_is_found(
        (table, row, field, bit) in (0_usize..7, any::<usize>(), 0_usize..60, 0_usize..65_536)
    ) {
        let mut rows = CLEAN.clone();
        prop_assume!(flip(&mut rows, Aim { table, row, field, bit }));
        let report = report(&rows, &CLEAN);
        prop_assert!(!report.ok);
        prop_assert!(report.findings.iter().all(|finding| !finding.detail.is_empty()));
    }

    #[test]
    fn an_untouched_trail_is_clean(size in 1_u64..400, checkpoint in 1_u64..400) {
        let rows = trail(size);
        let mut earlier = rows.clone();
        earlier.head = Some(head_at(&rows, checkpoint.min(size)));
        let report = report(&rows, &earlier);
        prop_assert_eq!(report.findings, []);
        prop_assert!(report.ok && report.complete);
    }
}
