//! Ids, and what queries look things up in.

use indelible::core::verify::FindingKind::*;

use super::{Case, each, on_a_server, same};

pub const NAMED: &[Case] = &[
    same(
        "an id given to another entry",
        "UPDATE event_id SET seq = 17 WHERE @of AND seq = 300",
        &[IdWrong],
    ),
    same(
        "an id deleted",
        "DELETE FROM event_id WHERE @of AND seq = 300",
        &[IdMissing],
    ),
    each(
        "an id inserted",
        "INSERT INTO event_id VALUES (@trail, randomblob(16), 300)",
        "INSERT INTO event_id VALUES (@trail, gen_random_uuid(), 300)",
        &[IdExtra],
    ),
    each(
        "an index row deleted, so that a query would miss it",
        "DELETE FROM term WHERE @of AND seq = 300 AND field = 1",
        "UPDATE entry SET user_id = NULL WHERE @at(300)",
        &[IndexRowMissing],
    ),
    each(
        "an index row inserted, so that a query would show it",
        "INSERT INTO term VALUES (@trail, 1, CAST('user-x' AS BLOB), 300)",
        "UPDATE entry SET resource_id = 'customer/9' WHERE @at(303)",
        &[IndexRowExtra],
    ),
    each(
        "an index row moved to another user",
        "UPDATE term SET value = CAST('user-x' AS BLOB) WHERE @of AND seq = 300 AND field = 1",
        "UPDATE entry SET user_id = 'user-x' WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    each(
        "an address moved to another one",
        "UPDATE term SET value = zeroblob(16) WHERE @of AND seq = 300 AND field = 5",
        "UPDATE entry SET ip_address = @zero(16) WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    each(
        "a link between events deleted",
        "DELETE FROM term WHERE @of AND seq = 300 AND field = 6",
        "UPDATE entry SET correlation_id = NULL WHERE @at(300)",
        &[IndexRowMissing],
    ),
    each(
        "a tag deleted, so that a rule would miss it",
        "DELETE FROM term WHERE @of AND seq = 300 AND field = 7",
        "DELETE FROM tag WHERE @at(300)",
        &[IndexRowMissing],
    ),
    each(
        "a tag inserted",
        "INSERT INTO term VALUES (@trail, 7, CAST('data.chd' AS BLOB), 300)",
        "INSERT INTO tag VALUES (@trail, 'data.chd', 300)",
        &[IndexRowExtra],
    ),
    each(
        "a tag inserted beyond the last entry",
        "INSERT INTO term VALUES (@trail, 7, CAST('data.chd' AS BLOB), 7000)",
        "INSERT INTO tag VALUES (@trail, 'data.chd', 7000)",
        &[IndexRowExtra],
    ),
    on_a_server(
        "an address of another form",
        "UPDATE entry SET ip_address = @hex(7f000001) WHERE @at(300)",
        &[IndexRowMissing, IndexRowExtra],
    ),
    same(
        "a count lowered",
        "UPDATE rollup SET count = count - 1 WHERE @of AND action = 'data_viewed'",
        &[RollupDiffers],
    ),
    same(
        "a count deleted",
        "DELETE FROM rollup WHERE @of AND action = 'nightly_backup'",
        &[RollupMissing],
    ),
    same(
        "a count inserted",
        "INSERT INTO rollup VALUES (@trail, 7, 'x', 'failed', 1)",
        &[RollupExtra],
    ),
    same(
        "the times of a block narrowed, so that a query would skip it",
        "UPDATE span SET latest = earliest WHERE @of AND height = 8 AND idx = 1",
        &[SpanDiffers],
    ),
    same(
        "the times of a block deleted",
        "DELETE FROM span WHERE @of AND height = 8 AND idx = 1",
        &[SpanMissing],
    ),
    each(
        "the times of a block inserted",
        "INSERT INTO span VALUES (@trail, 16, 0, 0, 1)",
        "INSERT INTO span VALUES (@trail, 16, 0, '1970-01-01Z', '1970-01-02Z')",
        &[SpanExtra],
    ),
];
