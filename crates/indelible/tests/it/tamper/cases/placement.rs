//! Partitions, and which entries lie in which.

use indelible::core::verify::FindingKind::*;

use super::{Case, on_a_server};

pub const NAMED: &[Case] = &[
    on_a_server(
        "a placement deleted, so that no partition is opened",
        "DELETE FROM placement WHERE @of",
        &[TailCut, RowsStray],
    ),
    on_a_server(
        "a placement moved to another month",
        "UPDATE placement SET month = month - interval '1 month' WHERE @of",
        &[TailCut, RowsStray],
    ),
    on_a_server(
        "a placement moved to later entries",
        "UPDATE placement SET first_seq = first_seq + 100 WHERE @of",
        &[EntryMissing],
    ),
    on_a_server(
        "a placement inserted, so that entries would be looked for elsewhere",
        "INSERT INTO placement SELECT @trail, 300, (date_trunc('month', now()) \
         + interval '1 month')::date",
        &[TailCut, RowsStray],
    ),
    on_a_server(
        "a placement inserted beyond the last entry",
        "INSERT INTO placement SELECT @trail, 7000, (date_trunc('month', now()) \
         + interval '1 month')::date",
        &[RowsStray],
    ),
    on_a_server(
        "a placement told twice",
        "INSERT INTO placement SELECT trail_id, 300, month FROM placement WHERE @of",
        &[RowsStray],
    ),
    on_a_server(
        "a row moved to another partition",
        "UPDATE entry SET created_at = created_at + interval '1 month' WHERE @at(300)",
        &[EntryMissing, RowsStray],
    ),
    on_a_server(
        "a row moved to the partition of odd clocks",
        "UPDATE entry SET created_at = created_at - interval '20 years' WHERE @at(300)",
        &[EntryMissing, RowsStray],
    ),
    on_a_server(
        "a row moved to another partition, and its placement with it",
        "UPDATE entry SET created_at = created_at + interval '1 month' WHERE @at(300); \
         INSERT INTO placement SELECT trail_id, 300, (month + interval '1 month')::date \
         FROM placement WHERE @of UNION ALL SELECT trail_id, 301, month FROM placement \
         WHERE @of",
        &[ColumnDiffers],
    ),
    on_a_server(
        "a partition detached, thinned out and attached again",
        "DO $$ DECLARE month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') \
         AT TIME ZONE 'UTC'; \
         name text := to_char(now() AT TIME ZONE 'UTC', '\"entry_y\"YYYY\"m\"MM'); BEGIN \
         EXECUTE format('ALTER TABLE entry DETACH PARTITION %I', name); \
         EXECUTE format('DELETE FROM %I WHERE trail_id = ''default'' AND seq = 300', name); \
         EXECUTE format('ALTER TABLE entry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', \
         name, month, month + interval '1 month'); END $$",
        &[EntryMissing],
    ),
    on_a_server(
        "a second row of one seq in another month",
        "INSERT INTO entry (trail_id, seq, id, occurred_at, created_at, action, outcome, \
         resource_type, tags, leaf_hash) SELECT trail_id, seq, gen_random_uuid(), occurred_at, \
         created_at + interval '1 month', 'data_deleted', outcome, resource_type, tags, \
         leaf_hash FROM entry WHERE @at(300)",
        &[RowsStray],
    ),
    on_a_server(
        "a second row of one seq in the same month",
        "INSERT INTO entry (trail_id, seq, id, occurred_at, created_at, action, outcome, \
         resource_type, tags, leaf_hash) SELECT trail_id, seq, gen_random_uuid(), occurred_at, \
         created_at + @tick, 'data_deleted', outcome, resource_type, tags, \
         leaf_hash FROM entry WHERE @at(300)",
        &[Reordered],
    ),
    on_a_server(
        "a row of the distant past in the partition of odd clocks",
        "INSERT INTO entry (trail_id, seq, id, occurred_at, created_at, action, outcome, \
         resource_type, tags, leaf_hash) SELECT trail_id, 5000, gen_random_uuid(), \
         '1999-01-01Z', '1999-01-01Z', action, outcome, resource_type, tags, leaf_hash \
         FROM entry WHERE @at(300)",
        &[EntryInserted, RowsStray],
    ),
    on_a_server(
        "the entries of a trail that has no head",
        "INSERT INTO entry (trail_id, seq, id, occurred_at, created_at, action, outcome, \
         resource_type, tags, leaf_hash) SELECT 'ghost', seq, id, occurred_at, \
         created_at, action, outcome, resource_type, tags, leaf_hash FROM entry WHERE @of",
        &[RowsStray],
    ),
    on_a_server(
        "all entries of the trail moved to another name",
        "UPDATE entry SET trail_id = 'ghost' WHERE @of",
        &[RowsStray],
    ),
];
