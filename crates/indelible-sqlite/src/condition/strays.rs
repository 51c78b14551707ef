//! Rows that belong to nothing: to a trail without a head, or to no entry.
//!
//! Verification goes from a trail's head to its entries and from there to all other rows. What it
//! would never come to is looked for here, by key, so that it costs a few look-ups per trail.

use indelible_core::store::StoreError;
use rusqlite::{Connection, OptionalExtension};

use crate::error::refused;
use crate::row::{SEQ_END, seq_of};

/// So many strays are named at most.
const STRAYS_MAX: usize = 100;
/// Tables whose key is a place.
const BY_PLACE: [&str; 2] = ["entry", "part"];
/// Tables whose key begins with the trail's number.
const BY_TRAIL: [&str; 6] = [
    "event_id",
    "node",
    "span",
    "rollup",
    "kept",
    "op_alteration",
];
/// Numbers of trails that a place can hold.
const NUMBERS: (i64, i64) = (i64::MIN >> SEQ_END.ilog2(), i64::MAX >> SEQ_END.ilog2());

/// Names the strays, the first ones. Tables that `altered` speaks of are passed over.
pub(super) fn strays(db: &Connection, altered: &[String]) -> Result<Vec<String>, StoreError> {
    let sound = |table: &str| !altered.iter().any(|p| p.split(' ').next() == Some(table));
    if !sound("head") {
        return Ok(Vec::new());
    }
    // One snapshot: others go on writing.
    let db = db.unchecked_transaction().map_err(refused)?;
    let heads = numbers(&db)?;
    let mut strays = Vec::new();
    for table in BY_PLACE.into_iter().filter(|table| sound(table)) {
        let sql = format!(
            "SELECT place >> {bits} FROM {table} WHERE place BETWEEN ?1 << {bits} \
             AND (?2 << {bits}) + {last} ORDER BY place LIMIT 1",
            bits = SEQ_END.ilog2(),
            last = SEQ_END - 1
        );
        headless(&db, table, &sql, gaps(&heads, NUMBERS), &mut strays)?;
    }
    for table in BY_TRAIL.into_iter().filter(|table| sound(table)) {
        let sql = format!(
            "SELECT trail FROM {table} WHERE trail BETWEEN ?1 AND ?2 ORDER BY trail LIMIT 1"
        );
        headless(
            &db,
            table,
            &sql,
            gaps(&heads, (i64::MIN, i64::MAX)),
            &mut strays,
        )?;
    }
    if BY_PLACE.into_iter().all(sound) {
        entryless(&db, &mut strays)?;
    }
    strays.truncate(STRAYS_MAX);
    Ok(strays)
}

/// The numbers of the trails that have a head, rising.
fn numbers(db: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT trail FROM head ORDER BY trail")
        .map_err(refused)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

/// The ranges of numbers without a head, both ends inclusive.
fn gaps(heads: &[i64], (first, last): (i64, i64)) -> Vec<(i64, i64)> {
    let mut gaps = Vec::new();
    let mut start = Some(first);
    for head in heads {
        if let (Some(start), Some(end)) = (start, head.checked_sub(1))
            && start <= end
        {
            gaps.push((start, end));
        }
        start = head.checked_add(1);
    }
    gaps.extend(
        start
            .filter(|start| *start <= last)
            .map(|start| (start, last)),
    );
    gaps
}

fn headless(
    db: &Connection,
    table: &str,
    sql: &str,
    gaps: Vec<(i64, i64)>,
    strays: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut first = db.prepare_cached(sql).map_err(refused)?;
    for (start, end) in gaps {
        let mut start = Some(start);
        while let Some(from) = start.filter(|from| *from <= end && strays.len() < STRAYS_MAX) {
            let found: Option<i64> = first
                .query_row([from, end], |row| row.get(0))
                .optional()
                .map_err(refused)?;
            strays.extend(found.map(|trail| {
                format!("{table} has rows of a trail with the number {trail}, which has no head")
            }));
            start = found.and_then(|trail| trail.checked_add(1));
        }
    }
    Ok(())
}

/// Parts beyond the last entry of a trail. Where an entry before that lacks, it is missed as
/// such.
fn entryless(db: &Connection, strays: &mut Vec<String>) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT h.name, (SELECT p.place FROM part AS p \
         WHERE p.place BETWEEN (h.trail << {bits}) + min(max(h.size, 0), {last}) \
         AND (h.trail << {bits}) + {last} \
         AND NOT EXISTS (SELECT 1 FROM entry AS e WHERE e.place = p.place) \
         ORDER BY p.place LIMIT 1) AS place \
         FROM head AS h WHERE place IS NOT NULL LIMIT {STRAYS_MAX}",
        bits = SEQ_END.ilog2(),
        last = SEQ_END - 1
    );
    let mut statement = db.prepare_cached(&sql).map_err(refused)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, seq_of(row.get(1)?))))
        .map_err(refused)?;
    for row in rows {
        let (trail, seq): (String, u64) = row.map_err(refused)?;
        strays.push(format!(
            "part has a row for entry {seq} of {trail}, which is not there"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_no_head_has() {
        assert_eq!(gaps(&[], (-5, 5)), [(-5, 5)]);
        assert_eq!(gaps(&[1, 2, 3], (-5, 5)), [(-5, 0), (4, 5)]);
        assert_eq!(gaps(&[1, 4], (1, 4)), [(2, 3)]);
        assert_eq!(gaps(&[i64::MAX], (0, i64::MAX)), [(0, i64::MAX - 1)]);
        assert_eq!(gaps(&[i64::MIN], (i64::MIN, 0)), [(i64::MIN + 1, 0)]);
    }
}
