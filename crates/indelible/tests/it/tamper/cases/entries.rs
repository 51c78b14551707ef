//! Entries and their parts.

use indelible::core::verify::FindingKind::*;

use super::{Case, each, same};

/// The columns that an entry put elsewhere takes with it.
macro_rules! copied {
    () => {
        "action, outcome, resource_type, tags, occurred_at, created_at, \
         actor_hash, target_hash, details_hash, leaf_hash"
    };
}

pub const NAMED: &[Case] = &[
    same(
        "action changed",
        "UPDATE entry SET action = 'data_deleted' WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "outcome changed",
        "UPDATE entry SET outcome = 'denied' WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "resource type changed",
        "UPDATE entry SET resource_type = 'y' WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "tags changed",
        "UPDATE entry SET tags = 'data.chd' WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "tags removed",
        "UPDATE entry SET tags = '' WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "time of the event moved",
        "UPDATE entry SET occurred_at = occurred_at - @tick WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "time of recording moved",
        "UPDATE entry SET created_at = created_at + @tick WHERE @at(300)",
        &[ColumnDiffers],
    ),
    each(
        "id changed",
        "UPDATE entry SET id = randomblob(16) WHERE @at(300)",
        "UPDATE entry SET id = gen_random_uuid() WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "erasure claimed",
        r#"UPDATE entry SET erases = '[{"first":0,"last":9,"parts":["actor"]}]' WHERE @at(300)"#,
        &[ColumnDiffers],
    ),
    same(
        "leaf hash changed",
        "UPDATE entry SET leaf_hash = @random(32) WHERE @at(300)",
        &[LeafDiffers],
    ),
    same(
        "leaf hash of the first entry changed",
        "UPDATE entry SET leaf_hash = @random(32) WHERE @at(0)",
        &[LeafDiffers],
    ),
    same(
        "hash of the actor changed",
        "UPDATE entry SET actor_hash = @random(32) WHERE @at(300)",
        &[ColumnDiffers],
    ),
    same(
        "hash of the details removed",
        "UPDATE entry SET details_hash = NULL WHERE @at(300)",
        &[PartInserted],
    ),
    each(
        "user in the actor replaced",
        "UPDATE part SET actor = \
         CAST(replace(CAST(actor AS TEXT), 'user-', 'usur-') AS BLOB) WHERE @at(300)",
        "UPDATE entry SET actor = \
         convert_to(replace(convert_from(actor, 'UTF8'), 'user-', 'usur-'), 'UTF8') \
         WHERE @at(300)",
        &[PartAltered],
    ),
    each(
        "context edited",
        r#"UPDATE part SET details =
           CAST(replace(CAST(details AS TEXT), '"n":', '"m":') AS BLOB) WHERE @at(300)"#,
        r#"UPDATE entry SET details =
           convert_to(replace(convert_from(details, 'UTF8'), '"n":', '"m":'), 'UTF8')
           WHERE @at(300)"#,
        &[PartAltered],
    ),
    same(
        "target emptied",
        "UPDATE @part SET target = @hex(7b7d) WHERE @at(300)",
        &[PartAltered],
    ),
    same(
        "salt of the actor changed",
        "UPDATE @part SET actor_salt = @random(16) WHERE @at(300)",
        &[PartAltered],
    ),
    same(
        "salt of the target changed",
        "UPDATE @part SET target_salt = @random(16) WHERE @at(300)",
        &[PartAltered],
    ),
    same(
        "salt of the details changed",
        "UPDATE @part SET details_salt = @random(16) WHERE @at(300)",
        &[PartAltered],
    ),
    same(
        "actor erased without a record",
        "UPDATE @part SET actor = NULL, actor_salt = NULL WHERE @at(300)",
        &[PartMissing],
    ),
    each(
        "all parts of an entry deleted",
        "DELETE FROM part WHERE @at(300)",
        "UPDATE entry SET actor = NULL, actor_salt = NULL, target = NULL, target_salt = NULL, \
         details = NULL, details_salt = NULL WHERE @at(300)",
        &[PartMissing],
    ),
    each(
        "parts given to an entry without",
        "INSERT INTO part (place, target_salt, target) \
         SELECT trail << 40 | 303, zeroblob(16), x'7b7d' FROM head WHERE name = 'default'",
        "UPDATE entry SET target_salt = @zero(16), target = @hex(7b7d) WHERE @at(303)",
        &[PartInserted],
    ),
    same(
        "part made unreadable",
        "UPDATE @part SET details = @hex(ff) WHERE @at(300)",
        &[PartAltered],
    ),
    each(
        "a row of another form",
        "UPDATE entry SET id = x'00' WHERE @at(300)",
        "UPDATE entry SET leaf_hash = @hex(00) WHERE @at(300)",
        &[RowUnreadable],
    ),
    same(
        "an entry deleted",
        "DELETE FROM entry WHERE @at(300)",
        &[EntryMissing],
    ),
    same(
        "the first entry deleted",
        "DELETE FROM entry WHERE @at(0)",
        &[EntryMissing],
    ),
    each(
        "an entry deleted with parts, id and index rows",
        "DELETE FROM event_id WHERE @of AND seq = 300; \
         DELETE FROM part WHERE @at(300); DELETE FROM entry WHERE @at(300)",
        "DELETE FROM event_id WHERE @at(300); DELETE FROM tag WHERE @at(300); \
         DELETE FROM entry WHERE @at(300)",
        &[EntryMissing],
    ),
    each(
        "an entry inserted behind the last",
        "INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, \
         created_at, leaf_hash) \
         SELECT place + 400, randomblob(16), action, outcome, resource_type, tags, occurred_at, \
         created_at, leaf_hash FROM entry WHERE @at(300)",
        "INSERT INTO entry (trail_id, seq, id, action, outcome, resource_type, tags, \
         occurred_at, created_at, leaf_hash) \
         SELECT trail_id, seq + 400, gen_random_uuid(), action, outcome, resource_type, tags, \
         occurred_at, created_at, leaf_hash FROM entry WHERE @at(300)",
        &[EntryInserted],
    ),
    each(
        "an entry repeated behind the last",
        concat!(
            "INSERT INTO entry (place, id, ",
            copied!(),
            ") SELECT place + 400, id, ",
            copied!(),
            " FROM entry WHERE @at(300)"
        ),
        concat!(
            "INSERT INTO entry (trail_id, seq, id, ",
            copied!(),
            ") SELECT trail_id, seq + 400, id, ",
            copied!(),
            " FROM entry WHERE @at(300)"
        ),
        &[EntryInserted],
    ),
    each(
        "two entries swapped, parts with them",
        "UPDATE entry SET place = place + 100000 WHERE @at(300); \
         UPDATE entry SET place = place - 1 WHERE @at(301); \
         UPDATE entry SET place = place - 99999 WHERE @at(100300); \
         UPDATE part SET place = place + 100000 WHERE @at(300); \
         UPDATE part SET place = place - 1 WHERE @at(301); \
         UPDATE part SET place = place - 99999 WHERE @at(100300)",
        "UPDATE entry SET seq = 100300 WHERE @at(300); \
         UPDATE entry SET seq = 300 WHERE @at(301); \
         UPDATE entry SET seq = 301 WHERE @at(100300)",
        &[Reordered],
    ),
    each(
        "the parts of two entries swapped",
        "UPDATE part SET place = place + 100000 WHERE @at(300); \
         UPDATE part SET place = place - 1 WHERE @at(301); \
         UPDATE part SET place = place - 99999 WHERE @at(100300)",
        "UPDATE entry AS e SET actor = o.actor, actor_salt = o.actor_salt, target = o.target, \
         target_salt = o.target_salt, details = o.details, details_salt = o.details_salt \
         FROM entry AS o WHERE e.trail_id = 'default' AND o.trail_id = 'default' \
         AND (e.seq, o.seq) IN ((300, 301), (301, 300))",
        &[PartAltered],
    ),
    each(
        "an entry put over another one",
        concat!(
            "DELETE FROM entry WHERE @at(301); INSERT INTO entry (place, id, ",
            copied!(),
            ") SELECT place + 1, id, ",
            copied!(),
            " FROM entry WHERE @at(300)"
        ),
        concat!(
            "DELETE FROM entry WHERE @at(301); INSERT INTO entry (trail_id, seq, id, ",
            copied!(),
            ") SELECT trail_id, seq + 1, id, ",
            copied!(),
            " FROM entry WHERE @at(300)"
        ),
        &[Duplicated],
    ),
    each(
        "the last ten rows cut off",
        "DELETE FROM part WHERE place >> 40 = @trail AND place & 1099511627775 >= 690; \
         DELETE FROM entry WHERE place >> 40 = @trail AND place & 1099511627775 >= 690",
        "DELETE FROM entry WHERE @of AND seq >= 690",
        &[TailCut],
    ),
    each(
        "the tail cut off and an older head put back",
        "ATTACH '@old' AS old; \
         DELETE FROM part WHERE place >> 40 = @trail AND place & 1099511627775 >= 520; \
         DELETE FROM entry WHERE place >> 40 = @trail AND place & 1099511627775 >= 520; \
         DELETE FROM event_id WHERE @of AND seq >= 520; \
         DELETE FROM rollup WHERE @of; \
         INSERT INTO rollup SELECT * FROM old.rollup WHERE @of; \
         UPDATE head SET (size, root, frontier) = (SELECT o.size, o.root, o.frontier \
         FROM old.head AS o WHERE o.name = 'default') WHERE @head",
        "DELETE FROM entry WHERE @of AND seq >= 520; \
         DELETE FROM event_id WHERE @of AND seq >= 520; \
         DELETE FROM tag WHERE @of AND seq >= 520; \
         DELETE FROM rollup WHERE @of; \
         INSERT INTO rollup SELECT * FROM kept.rollup WHERE @of; \
         UPDATE head AS h SET size = o.size, root = o.root, frontier = o.frontier, mac = o.mac \
         FROM kept.head AS o WHERE h.trail_id = 'default' AND o.trail_id = 'default'",
        &[RolledBack],
    ),
];
