//! Ways of altering the file, as SQL, and what must be found.

use indelible::core::verify::FindingKind::{self, *};

pub struct Case {
    pub name: &'static str,
    /// Run with guards away; `{old}` is the path of an older copy, `{key}` a stranger's
    /// key under the trail's name.
    pub statements: &'static str,
    /// Each of these must be among the findings.
    pub expected: &'static [FindingKind],
}

const fn case(
    name: &'static str,
    statements: &'static str,
    expected: &'static [FindingKind],
) -> Case {
    Case {
        name,
        statements,
        expected,
    }
}

/// The place of entry `n` of the trail `default`.
macro_rules! place {
    ($n:literal) => {
        concat!(
            "(SELECT trail << 40 | ",
            $n,
            " FROM head WHERE name = 'default')"
        )
    };
}

macro_rules! trail {
    () => {
        "(SELECT trail FROM head WHERE name = 'default')"
    };
}

macro_rules! on {
    ($table:literal, $set:literal, $n:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $set,
            " WHERE place = ",
            place!($n)
        )
    };
}

pub const NAMED: &[Case] = &[
    case(
        "action changed",
        on!("entry", "action = 'data_deleted'", "300"),
        &[ColumnDiffers],
    ),
    case(
        "outcome changed",
        on!("entry", "outcome = 'denied'", "300"),
        &[ColumnDiffers],
    ),
    case(
        "resource type changed",
        on!("entry", "resource_type = 'y'", "300"),
        &[ColumnDiffers],
    ),
    case(
        "tags changed",
        on!("entry", "tags = 'data.chd'", "300"),
        &[ColumnDiffers],
    ),
    case(
        "tags removed",
        on!("entry", "tags = ''", "300"),
        &[ColumnDiffers],
    ),
    case(
        "time of the event moved",
        on!("entry", "occurred_at = occurred_at - 1", "300"),
        &[ColumnDiffers],
    ),
    case(
        "time of recording moved",
        on!("entry", "created_at = created_at + 1", "300"),
        &[ColumnDiffers],
    ),
    case(
        "id changed",
        on!("entry", "id = randomblob(16)", "300"),
        &[ColumnDiffers],
    ),
    case(
        "erasure claimed",
        on!(
            "entry",
            r#"erases = '[{"first":0,"last":9,"parts":["actor"]}]'"#,
            "300"
        ),
        &[ColumnDiffers],
    ),
    case(
        "leaf hash changed",
        on!("entry", "leaf_hash = randomblob(32)", "300"),
        &[LeafDiffers],
    ),
    case(
        "leaf hash of the first entry changed",
        on!("entry", "leaf_hash = randomblob(32)", "0"),
        &[LeafDiffers],
    ),
    case(
        "hash of the actor changed",
        on!("entry", "actor_hash = randomblob(32)", "300"),
        &[ColumnDiffers],
    ),
    case(
        "hash of the details removed",
        on!("entry", "details_hash = NULL", "300"),
        &[PartInserted],
    ),
    case(
        "user in the actor replaced",
        on!(
            "part",
            r#"actor = CAST(replace(CAST(actor AS TEXT), 'user-', 'usur-') AS BLOB)"#,
            "300"
        ),
        &[PartAltered],
    ),
    case(
        "context edited",
        on!(
            "part",
            r#"details = CAST(replace(CAST(details AS TEXT), '"n":', '"m":') AS BLOB)"#,
            "300"
        ),
        &[PartAltered],
    ),
    case(
        "target emptied",
        on!("part", "target = x'7b7d'", "300"),
        &[PartAltered],
    ),
    case(
        "salt of the actor changed",
        on!("part", "actor_salt = randomblob(16)", "300"),
        &[PartAltered],
    ),
    case(
        "salt of the target changed",
        on!("part", "target_salt = randomblob(16)", "300"),
        &[PartAltered],
    ),
    case(
        "salt of the details changed",
        on!("part", "details_salt = randomblob(16)", "300"),
        &[PartAltered],
    ),
    case(
        "actor erased without a record",
        on!("part", "actor = NULL, actor_salt = NULL", "300"),
        &[PartMissing],
    ),
    case(
        "all parts of an entry deleted",
        concat!("DELETE FROM part WHERE place = ", place!("300")),
        &[PartMissing],
    ),
    case(
        "parts given to an entry without",
        concat!(
            "INSERT INTO part (place, target_salt, target) VALUES (",
            place!("303"),
            ", zeroblob(16), x'7b7d')"
        ),
        &[PartInserted],
    ),
    case(
        "part made unreadable",
        on!("part", "details = x'ff'", "300"),
        &[PartAltered],
    ),
    case(
        "a row of another type of id",
        on!("entry", "id = x'00'", "300"),
        &[RowUnreadable],
    ),
    case(
        "an entry deleted",
        concat!("DELETE FROM entry WHERE place = ", place!("300")),
        &[EntryMissing],
    ),
    case(
        "the first entry deleted",
        concat!("DELETE FROM entry WHERE place = ", place!("0")),
        &[EntryMissing],
    ),
    case(
        "an entry deleted with parts, id and index rows",
        concat!(
            "DELETE FROM event_id WHERE trail = ",
            trail!(),
            " AND seq = 300;",
            "DELETE FROM term WHERE trail = ",
            trail!(),
            " AND seq = 300;",
            "DELETE FROM part WHERE place = ",
            place!("300"),
            ";",
            "DELETE FROM entry WHERE place = ",
            place!("300")
        ),
        &[EntryMissing],
    ),
    case(
        "an entry inserted behind the last",
        concat!(
            "INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, created_at, leaf_hash) ",
            "SELECT place + 400, randomblob(16), action, outcome, resource_type, tags, occurred_at, created_at, leaf_hash ",
            "FROM entry WHERE place = ",
            place!("300")
        ),
        &[EntryInserted],
    ),
    case(
        "an entry repeated behind the last",
        concat!(
            "INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, created_at, actor_hash, target_hash, details_hash, leaf_hash) ",
            "SELECT place + 400, id, action, outcome, resource_type, tags, occurred_at, created_at, actor_hash, target_hash, details_hash, leaf_hash ",
            "FROM entry WHERE place = ",
            place!("300")
        ),
        &[EntryInserted],
    ),
    case(
        "two entries swapped, parts with them",
        concat!(
            "UPDATE entry SET place = place + 100000 WHERE place = ",
            place!("300"),
            ";",
            "UPDATE entry SET place = place - 1 WHERE place = ",
            place!("301"),
            ";",
            "UPDATE entry SET place = place - 99999 WHERE place = ",
            place!("100300"),
            ";",
            "UPDATE part SET place = place + 100000 WHERE place = ",
            place!("300"),
            ";",
            "UPDATE part SET place = place - 1 WHERE place = ",
            place!("301"),
            ";",
            "UPDATE part SET place = place - 99999 WHERE place = ",
            place!("100300")
        ),
        &[Reordered],
    ),
    case(
        "the parts of two entries swapped",
        concat!(
            "UPDATE part SET place = place + 100000 WHERE place = ",
            place!("300"),
            ";",
            "UPDATE part SET place = place - 1 WHERE place = ",
            place!("301"),
            ";",
            "UPDATE part SET place = place - 99999 WHERE place = ",
            place!("100300")
        ),
        &[PartAltered],
    ),
    case(
        "an entry put over another one",
        concat!(
            "DELETE FROM entry WHERE place = ",
            place!("301"),
            ";",
            "INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at, created_at, actor_hash, target_hash, details_hash, leaf_hash) ",
            "SELECT place + 1, id, action, outcome, resource_type, tags, occurred_at, created_at, actor_hash, target_hash, details_hash, leaf_hash ",
            "FROM entry WHERE place = ",
            place!("300")
        ),
        &[Duplicated],
    ),
    case(
        "the last ten rows cut off",
        concat!(
            "DELETE FROM part WHERE place >= ",
            place!("690"),
            " AND place < ",
            place!("100000"),
            ";",
            "DELETE FROM entry WHERE place >= ",
            place!("690"),
            " AND place < ",
            place!("100000")
        ),
        &[TailCut],
    ),
    case(
        "the tail cut off and an older head put back",
        concat!(
            "ATTACH '{old}' AS old;",
            "DELETE FROM part WHERE place >= ",
            place!("520"),
            " AND place >> 40 = ",
            trail!(),
            ";",
            "DELETE FROM entry WHERE place >= ",
            place!("520"),
            " AND place >> 40 = ",
            trail!(),
            ";",
            "DELETE FROM event_id WHERE trail = ",
            trail!(),
            " AND seq >= 520;",
            "DELETE FROM term WHERE trail = ",
            trail!(),
            " AND seq >= 520;",
            "DELETE FROM rollup WHERE trail = ",
            trail!(),
            ";",
            "INSERT INTO rollup SELECT * FROM old.rollup WHERE trail = ",
            trail!(),
            ";",
            "UPDATE head SET (size, root, frontier) = (SELECT o.size, o.root, o.frontier FROM old.head AS o WHERE o.name = 'default') WHERE name = 'default'"
        ),
        &[RolledBack],
    ),
    case(
        "an old node put over the new one",
        concat!(
            "UPDATE node SET hash = zeroblob(32) WHERE trail = ",
            trail!(),
            " AND height = 8 AND idx = 1"
        ),
        &[NodeAltered],
    ),
    case(
        "a node deleted",
        concat!(
            "DELETE FROM node WHERE trail = ",
            trail!(),
            " AND height = 8 AND idx = 0"
        ),
        &[NodeMissing],
    ),
    case(
        "a node inserted",
        concat!(
            "INSERT INTO node VALUES (",
            trail!(),
            ", 16, 0, zeroblob(32))"
        ),
        &[NodeExtra],
    ),
    case(
        "head: root changed",
        "UPDATE head SET root = zeroblob(32) WHERE name = 'default'",
        &[HeadAltered],
    ),
    case(
        "head: size made larger",
        "UPDATE head SET size = size + 5 WHERE name = 'default'",
        &[HeadUnreadable],
    ),
    case(
        "head: frontier changed",
        "UPDATE head SET frontier = zeroblob(length(frontier)) WHERE name = 'default'",
        &[HeadAltered],
    ),
    case(
        "head: incarnation changed",
        "UPDATE head SET incarnation = 2 WHERE name = 'default'",
        &[HeadAltered],
    ),
    case(
        "head: another origin",
        "UPDATE head SET key = replace(key, '/default+', '/defualt+') WHERE name = 'default'",
        &[HeadUnreadable],
    ),
    case(
        "head: another key",
        "UPDATE head SET key = '{key}' WHERE name = 'default'",
        &[HeadAltered],
    ),
    case(
        "head deleted",
        "DELETE FROM head WHERE name = 'default'",
        &[HeadMissing, RowsStray],
    ),
    case(
        "an id given to another entry",
        concat!(
            "UPDATE event_id SET seq = 17 WHERE trail = ",
            trail!(),
            " AND seq = 300"
        ),
        &[IdWrong],
    ),
    case(
        "an id deleted",
        concat!(
            "DELETE FROM event_id WHERE trail = ",
            trail!(),
            " AND seq = 300"
        ),
        &[IdMissing],
    ),
    case(
        "an id inserted",
        concat!(
            "INSERT INTO event_id VALUES (",
            trail!(),
            ", randomblob(16), 300)"
        ),
        &[IdExtra],
    ),
    case(
        "an index row deleted, so that a query would miss it",
        concat!(
            "DELETE FROM term WHERE trail = ",
            trail!(),
            " AND seq = 300 AND field = 1"
        ),
        &[IndexRowMissing],
    ),
    case(
        "an index row inserted, so that a query would show it",
        concat!(
            "INSERT INTO term VALUES (",
            trail!(),
            ", 1, CAST('user-x' AS BLOB), 300)"
        ),
        &[IndexRowExtra],
    ),
    case(
        "an index row moved to another user",
        concat!(
            "UPDATE term SET value = CAST('user-x' AS BLOB) WHERE trail = ",
            trail!(),
            " AND seq = 300 AND field = 1"
        ),
        &[IndexRowMissing, IndexRowExtra],
    ),
    case(
        "a count lowered",
        concat!(
            "UPDATE rollup SET count = count - 1 WHERE trail = ",
            trail!(),
            " AND action = 'data_viewed'"
        ),
        &[RollupDiffers],
    ),
    case(
        "a count deleted",
        concat!(
            "DELETE FROM rollup WHERE trail = ",
            trail!(),
            " AND action = 'nightly_backup'"
        ),
        &[RollupMissing],
    ),
    case(
        "a count inserted",
        concat!(
            "INSERT INTO rollup VALUES (",
            trail!(),
            ", 7, 'x', 'failed', 1)"
        ),
        &[RollupExtra],
    ),
    case(
        "the times of a block narrowed, so that a query would skip it",
        concat!(
            "UPDATE span SET latest = earliest WHERE trail = ",
            trail!(),
            " AND height = 8 AND idx = 1"
        ),
        &[SpanDiffers],
    ),
    case(
        "the times of a block deleted",
        concat!(
            "DELETE FROM span WHERE trail = ",
            trail!(),
            " AND height = 8 AND idx = 1"
        ),
        &[SpanMissing],
    ),
    case(
        "the times of a block inserted",
        concat!("INSERT INTO span VALUES (", trail!(), ", 16, 0, 0, 1)"),
        &[SpanExtra],
    ),
];
