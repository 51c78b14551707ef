-- Writers wait for a removal only while the counts are lowered: everything else of a step, the rows
-- of the log included, goes before the head is locked.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

CREATE OR REPLACE FUNCTION indelible.trim_trail(
    trail text, first_kept_before bigint, first_kept_after bigint, since timestamptz,
    until timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET enable_seqscan = 'off'
SET enable_bitmapscan = 'off' AS $body$
DECLARE
    now_kept bigint;
    gone bigint;
    block bigint := first_kept_after >> 8 << 8;
    hours bigint[];
    actions text[];
    outcomes text[];
    counts bigint[];
BEGIN
    INSERT INTO indelible.kept AS k (trail_id)
    SELECT h.trail_id FROM indelible.head AS h WHERE h.trail_id = trail
    ON CONFLICT DO NOTHING;
    SELECT k.first_kept INTO now_kept FROM indelible.kept AS k
    WHERE k.trail_id = trail FOR UPDATE;
    IF now_kept IS NULL OR now_kept <> first_kept_before OR first_kept_after <= now_kept THEN
        RETURN coalesce(now_kept, 0);
    END IF;
    IF first_kept_after - now_kept > 4096 THEN
        RAISE EXCEPTION 'a step removes up to 4096 entries';
    END IF;
    SELECT count(*) INTO gone FROM indelible.entry AS e
    WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
        AND e.created_at >= since AND e.created_at < until;
    IF gone <> first_kept_after - now_kept THEN
        RAISE EXCEPTION USING ERRCODE = 'data_corrupted', MESSAGE = format(
            'of entries %s to %s of %s only %s are there',
            now_kept, first_kept_after - 1, trail, gone);
    END IF;
    UPDATE indelible.kept AS k SET first_kept = first_kept_after, owed = gone
    WHERE k.trail_id = trail;
    INSERT INTO indelible.node (trail_id, height, idx, hash)
    SELECT e.trail_id, 0, e.seq, e.leaf_hash FROM indelible.entry AS e
    WHERE e.trail_id = trail AND e.seq >= greatest(block, now_kept) AND e.seq < first_kept_after
        AND e.created_at >= since AND e.created_at < until;
    DELETE FROM indelible.node AS n
    WHERE n.trail_id = trail AND n.height = 0 AND n.idx < block;
    DELETE FROM indelible.event_id AS i USING indelible.entry AS e
    WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
        AND e.created_at >= since AND e.created_at < until
        AND i.trail_id = trail AND i.id = e.id AND i.seq = e.seq;
    DELETE FROM indelible.tag AS t USING (
        SELECT e.seq, unnest(string_to_array(e.tags, ' ')) AS tag FROM indelible.entry AS e
        WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
            AND e.created_at >= since AND e.created_at < until) AS g
    WHERE t.trail_id = trail AND t.tag = g.tag COLLATE "C" AND t.seq = g.seq;
    DELETE FROM indelible.span AS s
    WHERE s.trail_id = trail AND s.height IN (8, 16, 24, 32)
        AND s.idx < first_kept_after >> s.height::integer;
    SELECT array_agg(g.hour), array_agg(g.action), array_agg(g.outcome), array_agg(g.count)
    INTO hours, actions, outcomes, counts
    FROM (
        SELECT floor(extract(epoch FROM e.occurred_at) / 3600)::bigint AS hour, e.action,
            e.outcome, count(*) AS count
        FROM indelible.entry AS e
        WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
            AND e.created_at >= since AND e.created_at < until
        GROUP BY 1, 2, 3
    ) AS g;
    DELETE FROM indelible.entry AS e
    WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
        AND e.created_at >= since AND e.created_at < until;
    -- A writer has it before it touches the counts.
    PERFORM 1 FROM indelible.head AS h WHERE h.trail_id = trail FOR UPDATE;
    -- In this order: a count that was lowered must not look like one that goes.
    DELETE FROM indelible.rollup AS r
    USING unnest(hours, actions, outcomes, counts) AS g (hour, action, outcome, count)
    WHERE r.trail_id = trail AND r.hour = g.hour AND r.action = g.action COLLATE "C"
        AND r.outcome = g.outcome COLLATE "C" AND r.count <= g.count;
    UPDATE indelible.rollup AS r SET count = r.count - g.count
    FROM unnest(hours, actions, outcomes, counts) AS g (hour, action, outcome, count)
    WHERE r.trail_id = trail AND r.hour = g.hour AND r.action = g.action COLLATE "C"
        AND r.outcome = g.outcome COLLATE "C";
    RETURN first_kept_after;
END
$body$;
