//! Rows that belong to nothing: to a trail without a head, beyond its end, or to a month in which
//! nobody looks for them.
//!
//! Verification goes from a trail's head to its entries and from there to all other rows. What it
//! would never come to is looked for here, by key, so that it costs a few look-ups per trail and
//! month.

use indelible_core::store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::in_snapshot;
use crate::connection::{Lent, Param};
use crate::error::corrupt;
use crate::partition::{self, Gap, label};
use crate::placement::Month;
use crate::row::{Day, cell};

/// So many strays are named at most.
const STRAYS_MAX: usize = 100;

/// Tables whose key begins with the trail.
const TABLES: [&str; 8] = [
    "entry",
    "placement",
    "event_id",
    "node",
    "tag",
    "span",
    "rollup",
    "kept",
];

const BEYOND: &str = "\
SELECT h.trail_id, e.seq FROM indelible.head AS h CROSS JOIN LATERAL (\
SELECT e.seq FROM indelible.entry AS e \
WHERE e.trail_id = h.trail_id AND e.seq >= h.size ORDER BY e.seq LIMIT 1) AS e \
ORDER BY h.trail_id LIMIT 100";

const PLACED_BEYOND: &str = "\
SELECT h.trail_id, p.first_seq FROM indelible.head AS h CROSS JOIN LATERAL (\
SELECT p.first_seq FROM indelible.placement AS p \
WHERE p.trail_id = h.trail_id AND p.first_seq >= h.size ORDER BY p.first_seq LIMIT 1) AS p \
ORDER BY h.trail_id LIMIT 100";

const UNPLACED: &str = "\
SELECT h.trail_id FROM indelible.head AS h WHERE h.size > 0 AND NOT EXISTS (\
SELECT 1 FROM indelible.placement AS p WHERE p.trail_id = h.trail_id AND p.first_seq = 0) \
ORDER BY h.trail_id LIMIT 100";

/// A commit tells of a month once, when it begins.
const REPEATED: &str = "\
SELECT p.trail_id, p.first_seq FROM (\
SELECT trail_id, first_seq, month = lag(month) OVER w AS again FROM indelible.placement \
WINDOW w AS (PARTITION BY trail_id ORDER BY first_seq)) AS p \
JOIN indelible.head AS h ON h.trail_id = p.trail_id AND p.first_seq < h.size \
WHERE p.again ORDER BY p.trail_id, p.first_seq LIMIT 100";

/// $1 a month, $2 its first moment, $3 the first one after it: entries recorded then whose seqs
/// are placed in another month. Neighbouring stretches of other months are one.
const MISPLACED: &str = "\
WITH marked AS (\
SELECT trail_id, first_seq, month = $1 AS here, lag(month = $1) OVER w AS before \
FROM indelible.placement WINDOW w AS (PARTITION BY trail_id ORDER BY first_seq)), \
islands AS (\
SELECT trail_id, here, first_seq, lead(first_seq) OVER w AS end_seq \
FROM marked WHERE before IS DISTINCT FROM here \
WINDOW w AS (PARTITION BY trail_id ORDER BY first_seq)) \
SELECT i.trail_id, e.seq FROM islands AS i CROSS JOIN LATERAL (\
SELECT e.seq FROM indelible.entry AS e WHERE e.trail_id = i.trail_id \
AND e.seq >= i.first_seq AND e.seq < coalesce(i.end_seq, 9223372036854775807) \
AND e.created_at >= $2 AND e.created_at < $3 ORDER BY e.seq LIMIT 1) AS e \
WHERE NOT i.here ORDER BY i.trail_id, e.seq LIMIT 100";

/// Names the strays, the first ones. Nothing is looked for where `altered` says that tables,
/// columns or keys are not what they were.
pub(super) async fn strays(lent: &Lent, altered: &[String]) -> Result<Vec<String>, StoreError> {
    let unsound = ["table is", "column", "primary key", "partition is"];
    let is_unsound = |problem: &String| unsound.iter().any(|what| problem.contains(what));
    if altered.iter().any(is_unsound) {
        return Ok(Vec::new());
    }
    // One snapshot: others go on writing.
    let mut strays = in_snapshot(lent, find(lent)).await?;
    strays.truncate(STRAYS_MAX);
    Ok(strays)
}

async fn find(lent: &Lent) -> Result<Vec<String>, StoreError> {
    let mut strays = Vec::new();
    for table in TABLES {
        // From trail to trail, without a look at the rows between.
        let sql = format!(
            "WITH RECURSIVE t AS (\
             (SELECT trail_id FROM indelible.{table} ORDER BY trail_id LIMIT 1) UNION ALL \
             SELECT (SELECT n.trail_id FROM indelible.{table} AS n \
             WHERE n.trail_id > t.trail_id ORDER BY n.trail_id LIMIT 1) \
             FROM t WHERE t.trail_id IS NOT NULL) \
             SELECT t.trail_id FROM t WHERE t.trail_id IS NOT NULL AND NOT EXISTS (\
             SELECT 1 FROM indelible.head AS h WHERE h.trail_id = t.trail_id) LIMIT {STRAYS_MAX}"
        );
        for row in lent.rows(&sql, &[]).await? {
            let trail = text(&row)?;
            strays.push(format!(
                "{table} has rows of the trail {trail}, which has no head"
            ));
        }
    }
    for row in lent.rows(BEYOND, &[]).await? {
        let (trail, seq) = place(&row)?;
        strays.push(format!(
            "entry {seq} of {trail} lies beyond the trail's end"
        ));
    }
    for row in lent.rows(PLACED_BEYOND, &[]).await? {
        let (trail, seq) = place(&row)?;
        strays.push(format!(
            "placement has a row for entry {seq} of {trail}, beyond the trail's end"
        ));
    }
    for row in lent.rows(REPEATED, &[]).await? {
        let (trail, seq) = place(&row)?;
        strays.push(format!(
            "placement has a row for entry {seq} of {trail}, where the month does not change"
        ));
    }
    for row in lent.rows(UNPLACED, &[]).await? {
        let trail = text(&row)?;
        strays.push(format!("placement does not tell where {trail} begins"));
    }
    misplaced(lent, &mut strays).await?;
    Ok(strays)
}

/// Entries where nobody looks for them: recorded in another month than their seq is placed in.
async fn misplaced(lent: &Lent, strays: &mut Vec<String>) -> Result<(), StoreError> {
    let mut months = partition::months(lent).await?;
    let sql = "SELECT DISTINCT month FROM indelible.placement";
    for row in lent.rows(sql, &[]).await? {
        let day: Day = cell(&row, 0, "a placement", None)?;
        months.push(Month::of_day(day.0));
    }
    months.sort_unstable();
    months.dedup();
    for month in &months {
        let (day, from, to) = (month.first_day(), month.begin(), month.next().begin());
        let params: [Param<'_>; 3] = [
            (&day, Type::DATE),
            (&from, Type::TIMESTAMPTZ),
            (&to, Type::TIMESTAMPTZ),
        ];
        for row in lent.rows(MISPLACED, &params).await? {
            let (trail, seq) = place(&row)?;
            strays.push(format!(
                "an entry {seq} of {trail} was recorded in {}, where placement has none of it",
                label(*month)
            ));
        }
    }
    // Months that nothing is placed in, and that have no partition.
    for Gap { from, to } in partition::gaps(&months) {
        let sql = "SELECT e.trail_id, e.seq FROM indelible.entry AS e \
                   WHERE e.created_at >= $1 AND e.created_at < $2 LIMIT 100";
        let params: [Param<'_>; 2] = [(&from, Type::TIMESTAMPTZ), (&to, Type::TIMESTAMPTZ)];
        for row in lent.rows(sql, &params).await? {
            let (trail, seq) = place(&row)?;
            strays.push(format!(
                "an entry {seq} of {trail} was recorded in a month in which nothing is placed"
            ));
        }
    }
    Ok(())
}

fn text(row: &Row) -> Result<String, StoreError> {
    row.try_get(0).map_err(|e| corrupt("a row", None, e))
}

fn place(row: &Row) -> Result<(String, i64), StoreError> {
    let seq = row.try_get(1).map_err(|e| corrupt("a row", None, e))?;
    Ok((text(row)?, seq))
}
