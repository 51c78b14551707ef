//! The statements of appending, in one place so that measurements can run the same ones.
//!
//! The head is moved only within a transaction that has begun as `append` begins it: it sets
//! `indelible.begun`, so that what travels behind a `BEGIN` that failed is not done alone.
//!
//! Each inserts a whole batch as arrays and takes the trail from the head that the same
//! transaction has just moved: where the head was not the commit's parent, it inserts nothing.
//! On Citus that form goes to one node as it is.

/// $1 trail, $2 size … $8 mac, $9 the parent's size, $10 root, $11 incarnation. Changes no row
/// where the head is another one; waits for whoever is changing it.
pub const HEAD_UPDATE: &str = "\
UPDATE indelible.head SET size = $2, root = $3, frontier = $4, key = $5, incarnation = $6, \
incarnation_start = $7, mac = $8 \
WHERE trail_id = $1 AND size = $9 AND root = $10 AND incarnation = $11 \
AND pg_catalog.current_setting('indelible.begun', true) = 'on'";

/// $1 trail, $2 size … $8 mac. Changes no row where the trail has a head.
pub const HEAD_INSERT: &str = "\
INSERT INTO indelible.head \
(trail_id, size, root, frontier, key, incarnation, incarnation_start, mac) \
SELECT $1::text, $2::bigint, $3::bytea, $4::bytea, $5::text, $6::integer, $7::bigint, $8::bytea \
WHERE pg_catalog.current_setting('indelible.begun', true) = 'on' \
ON CONFLICT (trail_id) DO NOTHING";

/// $1 trail; the columns `trail_id, size, root, frontier, key, incarnation, incarnation_start,
/// mac`, the row locked until the transaction ends.
pub const HEAD_LOCK: &str = "\
SELECT trail_id, size, root, frontier, key, incarnation, incarnation_start, mac \
FROM indelible.head WHERE trail_id = $1 FOR UPDATE";

/// $1 trail: takes the place of a head that is not there, for a transaction that is rolled back.
/// Waits for whoever is putting one there.
pub const HEAD_PLACE: &str = "\
INSERT INTO indelible.head \
(trail_id, size, root, frontier, key, incarnation, incarnation_start, mac) \
VALUES ($1, 0, decode(repeat('00', 32), 'hex'), '', '', 1, 0, decode(repeat('00', 32), 'hex')) \
ON CONFLICT (trail_id) DO NOTHING";

/// Whether the connected role may blank parts.
pub const MAY_ERASE: &str = "\
SELECT pg_catalog.has_column_privilege('indelible.entry', 'actor', 'UPDATE')";

/// $1 trail, $2 seqs, $3 the least `created_at`, $4 more than the largest.
pub const ACTOR_ERASE: &str = "\
UPDATE indelible.entry SET actor_salt = NULL, actor = NULL, user_id = NULL, ip_address = NULL \
WHERE trail_id = $1 AND seq = ANY ($2) AND created_at >= $3 AND created_at < $4 \
AND actor IS NOT NULL";

/// As [`ACTOR_ERASE`].
pub const TARGET_ERASE: &str = "\
UPDATE indelible.entry SET target_salt = NULL, target = NULL, resource_id = NULL \
WHERE trail_id = $1 AND seq = ANY ($2) AND created_at >= $3 AND created_at < $4 \
AND target IS NOT NULL";

/// As [`ACTOR_ERASE`].
pub const DETAILS_ERASE: &str = "\
UPDATE indelible.entry SET details_salt = NULL, details = NULL, correlation_id = NULL \
WHERE trail_id = $1 AND seq = ANY ($2) AND created_at >= $3 AND created_at < $4 \
AND details IS NOT NULL";

/// $1 a transaction: whether one is open that is older, or that sees what was before it, or
/// whether a replication slot or a prepared transaction keeps that. Takes a moment where there is.
pub const OLDER: &str = "\
WITH older AS MATERIALIZED (SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a \
WHERE a.pid <> pg_catalog.pg_backend_pid() AND (age(a.backend_xid) > age($1::text::xid) \
OR (age(a.backend_xmin) > age($1::text::xid) \
AND coalesce(a.datname = pg_catalog.current_database(), true) \
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)))) \
OR EXISTS (SELECT 1 FROM pg_catalog.pg_replication_slots AS s \
WHERE age(s.xmin) > age($1::text::xid)) \
OR EXISTS (SELECT 1 FROM pg_catalog.pg_prepared_xacts AS p \
WHERE age(p.transaction) > age($1::text::xid)) AS found) \
SELECT CASE WHEN found THEN pg_catalog.pg_sleep(0.1)::text IS NOT NULL ELSE false END FROM older";

/// $1 trail, $2 the first kept entry, $3 the one after the step, $4 the least `created_at` of what
/// goes, $5 more than the largest.
pub const TRIM: &str = "SELECT indelible.trim_trail($1, $2, $3, $4, $5)";
/// Drops the partitions of which all entries were removed.
pub const PARTITIONS_DROP: &str = "SELECT indelible.drop_expired_partitions()";

macro_rules! of_head {
    () => {
        " WHERE h.trail_id = $1 AND h.size = $2 AND h.root = $3"
    };
}

/// $1 trail, $2 size and $3 root of the new head, as in all that follow; $4 ids, $5 seqs.
pub const EVENT_ID_INSERT: &str = concat!(
    "INSERT INTO indelible.event_id (trail_id, id, seq) \
     SELECT h.trail_id, u.id, u.seq \
     FROM indelible.head AS h, unnest($4::uuid[], $5::bigint[]) AS u (id, seq)",
    of_head!()
);

/// $4 seqs … $26 details, in the order of the columns.
pub const ENTRY_INSERT: &str = concat!(
    "INSERT INTO indelible.entry (trail_id, seq, id, occurred_at, created_at, action, outcome, \
     resource_type, tags, erases, leaf_hash, actor_hash, target_hash, details_hash, user_id, \
     resource_id, ip_address, correlation_id, actor_salt, actor, target_salt, target, \
     details_salt, details) \
     SELECT h.trail_id, u.* FROM indelible.head AS h, \
     unnest($4::bigint[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[], \
     $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::bytea[], \
     $15::bytea[], $16::bytea[], $17::text[], $18::text[], $19::bytea[], $20::text[], \
     $21::bytea[], $22::bytea[], $23::bytea[], $24::bytea[], $25::bytea[], $26::bytea[]) AS u",
    of_head!()
);

/// $4 tags, $5 seqs.
pub const TAG_INSERT: &str = concat!(
    "INSERT INTO indelible.tag (trail_id, tag, seq) \
     SELECT h.trail_id, u.tag, u.seq \
     FROM indelible.head AS h, unnest($4::text[], $5::bigint[]) AS u (tag, seq)",
    of_head!()
);

/// $4 heights, $5 indexes, $6 hashes.
pub const NODE_INSERT: &str = concat!(
    "INSERT INTO indelible.node (trail_id, height, idx, hash) \
     SELECT h.trail_id, u.height, u.idx, u.hash FROM indelible.head AS h, \
     unnest($4::smallint[], $5::bigint[], $6::bytea[]) AS u (height, idx, hash)",
    of_head!()
);

/// $4 heights, $5 indexes, $6 earliest, $7 latest.
pub const SPAN_INSERT: &str = concat!(
    "INSERT INTO indelible.span (trail_id, height, idx, earliest, latest) \
     SELECT h.trail_id, u.height, u.idx, u.earliest, u.latest FROM indelible.head AS h, \
     unnest($4::smallint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[]) \
     AS u (height, idx, earliest, latest)",
    of_head!()
);

/// $4 first seqs, $5 months.
pub const PLACEMENT_INSERT: &str = concat!(
    "INSERT INTO indelible.placement (trail_id, first_seq, month) \
     SELECT h.trail_id, u.first_seq, u.month FROM indelible.head AS h, \
     unnest($4::bigint[], $5::date[]) AS u (first_seq, month)",
    of_head!()
);

/// $4 hours, $5 actions, $6 outcomes, $7 counts to add.
pub const ROLLUP_UPSERT: &str = concat!(
    "INSERT INTO indelible.rollup AS r (trail_id, hour, action, outcome, count) \
     SELECT h.trail_id, u.hour, u.action, u.outcome, u.count FROM indelible.head AS h, \
     unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[]) \
     AS u (hour, action, outcome, count)",
    of_head!(),
    " ON CONFLICT (trail_id, hour, action, outcome) \
     DO UPDATE SET count = r.count + excluded.count"
);

/// $1 trail, $2 seq: the placement of the entry before it.
pub const MONTH_BEFORE: &str = "\
SELECT first_seq, month FROM indelible.placement WHERE trail_id = $1 AND first_seq < $2 \
ORDER BY first_seq DESC LIMIT 1";

/// $1 trail, $2 ids.
pub const EVENT_ID_SEQS: &str =
    "SELECT id, seq FROM indelible.event_id WHERE trail_id = $1 AND id = ANY ($2::uuid[])";

/// Makes the transaction durable.
pub const COMMIT: &str = "COMMIT";
/// Gives the transaction up.
pub const ROLLBACK: &str = "ROLLBACK";
