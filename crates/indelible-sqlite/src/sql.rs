//! The statements of the hot paths, in one place so that measurements can run the same ones.
//!
//! Parameters are `?N` throughout: SQLite numbers `$1` by first appearance.

/// Takes the write lock at once: a transaction that begins by reading cannot be upgraded while
/// another one writes.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
/// Makes the transaction durable.
pub const COMMIT: &str = "COMMIT";
/// Gives the transaction up.
pub const ROLLBACK: &str = "ROLLBACK";

/// ?1 name.
pub const HEAD_PARENT: &str = "SELECT trail, size, root, incarnation FROM head WHERE name = ?1";

macro_rules! extents {
    ($tail:literal) => {
        concat!(
            "SELECT h.trail, h.size, coalesce(k.first_kept, 0) \
             FROM head AS h LEFT JOIN kept AS k ON k.trail = h.trail",
            $tail
        )
    };
}

/// Of every trail its number, size and first kept entry.
pub const EXTENTS: &str = extents!("");

/// As [`EXTENTS`], ?1 name.
pub const EXTENT: &str = extents!(" WHERE h.name = ?1");

/// As [`EXTENTS`], ?1 trail.
pub const EXTENT_OF: &str = extents!(" WHERE h.trail = ?1");

/// ?1 trail. Changes no row where one is there.
pub const KEPT_BEGIN: &str = "\
INSERT INTO kept (trail, first_kept, owed) SELECT ?1, 0, 0 \
WHERE NOT EXISTS (SELECT 1 FROM kept WHERE trail = ?1)";

/// ?1 trail, ?2 first kept, ?3 entries that go, ?4 the first kept before.
pub const KEPT_RAISE: &str = "\
UPDATE kept SET first_kept = ?2, owed = ?3 WHERE trail = ?1 AND first_kept = ?4";

/// ?1 trail, ?2 the beginning of the divided block.
pub const LEAVES_DELETE: &str = "DELETE FROM node WHERE trail = ?1 AND height = 0 AND idx < ?2";

/// ?1 trail, ?2 id, ?3 seq.
pub const EVENT_ID_DELETE: &str = "DELETE FROM event_id WHERE trail = ?1 AND id = ?2 AND seq = ?3";

/// ?1 first place, ?2 last place, both inclusive.
pub const PARTS_DELETE: &str = "DELETE FROM part WHERE place BETWEEN ?1 AND ?2";

/// As [`PARTS_DELETE`].
pub const ENTRIES_DELETE: &str = "DELETE FROM entry WHERE place BETWEEN ?1 AND ?2";

/// ?1 trail, ?2 first kept. Larger blocks than these no trail has.
pub const SPANS_DELETE: &str = "\
DELETE FROM span WHERE trail = ?1 AND height IN (8, 16, 24, 32) AND idx < ?2 >> height";

/// ?1 trail, ?2 hour, ?3 action, ?4 outcome.
pub const ROLLUP_COUNT: &str = "\
SELECT count FROM rollup WHERE trail = ?1 AND hour = ?2 AND action = ?3 AND outcome = ?4";

/// As [`ROLLUP_COUNT`].
pub const ROLLUP_DELETE: &str = "\
DELETE FROM rollup WHERE trail = ?1 AND hour = ?2 AND action = ?3 AND outcome = ?4";

macro_rules! head_rows {
    ($tail:literal) => {
        concat!(
            "SELECT name, size, root, frontier, key, incarnation, incarnation_start, \
             mac FROM head ",
            $tail
        )
    };
}

/// All heads by name.
pub const HEADS: &str = head_rows!("ORDER BY name");

/// ?1 name.
pub const HEAD: &str = head_rows!("WHERE name = ?1");

/// ?1 name … ?8 mac.
pub const HEAD_INSERT: &str = "\
INSERT INTO head (trail, name, size, root, frontier, key, incarnation, incarnation_start, \
mac) \
VALUES ((SELECT coalesce(max(trail), 0) + 1 FROM head), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// ?1 trail, ?2 size … ?8 mac, ?9 the size that the commit was built on.
pub const HEAD_UPDATE: &str = "\
UPDATE head SET size = ?2, root = ?3, frontier = ?4, key = ?5, incarnation = ?6, \
incarnation_start = ?7, mac = ?8 WHERE trail = ?1 AND size = ?9";

/// ?1 place … ?13 leaf_hash.
pub const ENTRY_INSERT: &str = "\
INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, created_at, \
erases, actor_hash, target_hash, details_hash, leaf_hash) \
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// ?1 place … ?7 details.
pub const PART_INSERT: &str = "\
INSERT INTO part (place, actor_salt, actor, target_salt, target, details_salt, details) \
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// ?1 trail, ?2 id, ?3 seq.
pub const EVENT_ID_INSERT: &str = "INSERT INTO event_id (trail, id, seq) VALUES (?1, ?2, ?3)";

/// ?1 trail, ?2 height, ?3 idx, ?4 hash.
pub const NODE_INSERT: &str = "INSERT INTO node (trail, height, idx, hash) VALUES (?1, ?2, ?3, ?4)";

/// ?1 place.
pub const ACTOR_ERASE: &str = "\
UPDATE part SET actor_salt = NULL, actor = NULL WHERE place = ?1 AND actor IS NOT NULL";

/// ?1 place.
pub const TARGET_ERASE: &str = "\
UPDATE part SET target_salt = NULL, target = NULL WHERE place = ?1 AND target IS NOT NULL";

/// ?1 place.
pub const DETAILS_ERASE: &str = "\
UPDATE part SET details_salt = NULL, details = NULL WHERE place = ?1 AND details IS NOT NULL";

/// ?1 trail, ?2 height, ?3 idx, ?4 earliest, ?5 latest.
pub const SPAN_INSERT: &str =
    "INSERT INTO span (trail, height, idx, earliest, latest) VALUES (?1, ?2, ?3, ?4, ?5)";

/// ?1 trail, ?2 hour, ?3 action, ?4 outcome, ?5 count to add. Changes no row where none is there.
pub const ROLLUP_UPDATE: &str = "\
UPDATE rollup SET count = count + ?5 \
WHERE trail = ?1 AND hour = ?2 AND action = ?3 AND outcome = ?4";

/// As [`ROLLUP_UPDATE`], for the first count. Not one upsert: that would ask the guard against
/// replacing a row each time.
pub const ROLLUP_INSERT: &str =
    "INSERT INTO rollup (trail, hour, action, outcome, count) VALUES (?1, ?2, ?3, ?4, ?5)";

/// ?1 trail, ?2 id.
pub const EVENT_ID_SEQ: &str = "SELECT seq FROM event_id WHERE trail = ?1 AND id = ?2";

/// ?1 first place, ?2 last place, both inclusive; rising.
pub const ENTRIES: &str = "\
SELECT e.place, e.id, e.action, e.outcome, e.resource_type, e.tags, e.occurred_at, e.created_at, \
e.erases, e.actor_hash, e.target_hash, e.details_hash, e.leaf_hash, \
p.actor_salt, p.actor, p.target_salt, p.target, p.details_salt, p.details \
FROM entry AS e LEFT JOIN part AS p ON p.place = e.place \
WHERE e.place BETWEEN ?1 AND ?2 ORDER BY e.place";

/// As [`ENTRIES`], what is indexed of them.
pub const INDEXED: &str = "\
SELECT place, action, outcome, resource_type, tags FROM entry \
WHERE place BETWEEN ?1 AND ?2 ORDER BY place";

/// As [`ENTRIES`], the bodies of those that have parts.
pub const BODIES: &str = "\
SELECT place, actor, target, details FROM part WHERE place BETWEEN ?1 AND ?2 ORDER BY place";

/// ?1 first place, ?2 last place, both inclusive; rising.
pub const TIMES: &str = "\
SELECT place, occurred_at FROM entry WHERE place BETWEEN ?1 AND ?2 ORDER BY place";

/// ?1 trail, ?2 ordinal, ?3 first, ?4 last, ?5 token.
pub const ALTERATION_INSERT: &str = "\
INSERT INTO op_alteration (trail, ordinal, first, last, token) VALUES (?1, ?2, ?3, ?4, ?5)";

/// ?1 trail.
pub const ALTERATION_NEXT: &str = "\
SELECT coalesce(max(ordinal), 0) + 1, randomblob(16) FROM op_alteration WHERE trail = ?1";

/// Forgets what every index that is believed shows by now: all but the last of each trail.
pub const ALTERATIONS_FORGET: &str = "\
DELETE FROM op_alteration WHERE ordinal < (\
SELECT max(later.ordinal) FROM op_alteration AS later WHERE later.trail = op_alteration.trail)";

/// ?1 trail, ?2 height, ?3 idx.
pub const SPAN: &str =
    "SELECT earliest, latest FROM span WHERE trail = ?1 AND height = ?2 AND idx = ?3";
