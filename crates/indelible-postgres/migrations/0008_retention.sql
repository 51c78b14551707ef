-- Retention: entries that go from the front of a trail, and nothing else that is deleted.
--
-- `first_kept` is the seq of the first entry that was not removed; it only grows. `owed` is by how
-- much the counts are still too large for what was removed. A trail without a row has all its
-- entries.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

CREATE TABLE indelible.kept (
    trail_id text COLLATE "C" NOT NULL,
    first_kept bigint NOT NULL DEFAULT 0 CHECK (first_kept >= 0),
    owed bigint NOT NULL DEFAULT 0 CHECK (owed >= 0),
    PRIMARY KEY (trail_id)
) WITH (fillfactor = 50);

DO $body$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE 'SELECT create_distributed_table(''indelible.kept'', ''trail_id'', '
            'colocate_with => ''indelible.head'')';
    END IF;
END
$body$;

CREATE FUNCTION indelible.keep_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW.trail_id = OLD.trail_id AND NEW.first_kept >= OLD.first_kept
        AND NEW.owed - OLD.owed <= NEW.first_kept - OLD.first_kept
        AND NEW.first_kept <= (
            SELECT h.size FROM indelible.head AS h WHERE h.trail_id = NEW.trail_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: the first kept entry only moves on, within the trail',
        TG_TABLE_NAME);
END
$body$;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.kept
    FOR EACH ROW EXECUTE FUNCTION indelible.keep_kept();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.kept
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.kept
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.kept ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

-- As before, but that a row goes with an entry that was removed: of the row alone and of the place
-- from which on its trail is kept. A block's leaf hashes go when the block is gone whole; its node
-- tells as much. A count that goes is paid for.
CREATE OR REPLACE FUNCTION indelible.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    first bigint;
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' AND TG_TABLE_NAME NOT IN ('head', 'kept', 'placement')
    THEN
        SELECT k.first_kept INTO first FROM indelible.kept AS k WHERE k.trail_id = OLD.trail_id;
        IF first IS NULL THEN
            NULL;
        ELSIF TG_TABLE_NAME = 'node' THEN
            IF OLD.height = 0 AND OLD.idx < first >> 8 << 8 THEN
                RETURN OLD;
            END IF;
        ELSIF TG_TABLE_NAME = 'span' THEN
            IF OLD.idx < first >> OLD.height::integer THEN
                RETURN OLD;
            END IF;
        ELSIF TG_TABLE_NAME = 'rollup' THEN
            -- Asked first: who may change no row of it is refused by this guard, not by that table.
            IF EXISTS (SELECT 1 FROM indelible.kept AS k
                WHERE k.trail_id = OLD.trail_id AND k.owed >= OLD.count)
            THEN
                UPDATE indelible.kept AS k SET owed = k.owed - OLD.count
                WHERE k.trail_id = OLD.trail_id;
                RETURN OLD;
            END IF;
        ELSIF OLD.seq < first THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: %s on %I is refused: what was recorded stays; to correct it record another '
        'event',
        TG_OP, TG_TABLE_NAME);
END
$body$;

-- As before, and a count falls by what was removed, which is paid for.
CREATE OR REPLACE FUNCTION indelible.keep_rollup() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW.trail_id = OLD.trail_id AND NEW.hour = OLD.hour AND NEW.action = OLD.action
        AND NEW.outcome = OLD.outcome
    THEN
        IF NEW.count > OLD.count THEN
            RETURN NEW;
        END IF;
        IF NEW.count < OLD.count AND EXISTS (SELECT 1 FROM indelible.kept AS k
            WHERE k.trail_id = OLD.trail_id AND k.owed >= OLD.count - NEW.count)
        THEN
            UPDATE indelible.kept AS k SET owed = k.owed - (OLD.count - NEW.count)
            WHERE k.trail_id = OLD.trail_id;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: a count only grows, by the entries that are appended '
        'with it; `indelible verify` tells whether one is wrong',
        TG_TABLE_NAME);
END
$body$;

-- Removes the entries of a trail from the first that is kept up to one step on, all of which were
-- recorded between two times, and answers the first kept entry afterwards. Everything that is
-- derived of them goes; the leaf hashes of the block that is divided are kept. The head is locked
-- last, for the counts alone: writers wait for that moment.
CREATE FUNCTION indelible.trim_trail(
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
    PERFORM 1 FROM indelible.head AS h WHERE h.trail_id = trail FOR UPDATE;
    WITH g AS (
        SELECT floor(extract(epoch FROM e.occurred_at) / 3600)::bigint AS hour, e.action,
            e.outcome, count(*) AS count
        FROM indelible.entry AS e
        WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
            AND e.created_at >= since AND e.created_at < until
        GROUP BY 1, 2, 3
    ), lowered AS (
        UPDATE indelible.rollup AS r SET count = r.count - g.count FROM g
        WHERE r.trail_id = trail AND r.hour = g.hour AND r.action = g.action
            AND r.outcome = g.outcome AND r.count > g.count
    )
    DELETE FROM indelible.rollup AS r USING g
    WHERE r.trail_id = trail AND r.hour = g.hour AND r.action = g.action
        AND r.outcome = g.outcome AND r.count <= g.count;
    DELETE FROM indelible.entry AS e
    WHERE e.trail_id = trail AND e.seq >= now_kept AND e.seq < first_kept_after
        AND e.created_at >= since AND e.created_at < until;
    RETURN first_kept_after;
END
$body$;

-- Drops the partitions of months that are over and of which no trail has an entry any more, and
-- answers their names. What is dropped holds nothing, so that nobody waits for long; a lock that is
-- not to be had at once is asked for by the next call.
CREATE FUNCTION indelible.drop_expired_partitions() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
SET "TimeZone" = 'UTC' AS $body$
DECLARE
    this text := 'entry_' || to_char(now() AT TIME ZONE 'UTC', '"y"YYYY"m"MM');
    name text;
    is_used boolean;
BEGIN
    FOR name IN
        SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'indelible.entry'::regclass AND c.relname ~ '^entry_y[0-9]{4}m[0-9]{2}$'
            AND c.relname::text < this COLLATE "C"
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM indelible.%I)', name) INTO is_used;
        CONTINUE WHEN is_used;
        BEGIN
            EXECUTE format('LOCK TABLE ONLY indelible.entry, indelible.%I IN ACCESS EXCLUSIVE MODE',
                name);
            -- An odd clock may have written there meanwhile.
            EXECUTE format('SELECT EXISTS (SELECT 1 FROM indelible.%I)', name) INTO is_used;
            CONTINUE WHEN is_used;
            EXECUTE format('DROP TABLE indelible.%I', name);
            RETURN NEXT name;
        EXCEPTION
            WHEN lock_not_available THEN NULL;
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON TABLE indelible.kept FROM PUBLIC;
REVOKE ALL ON FUNCTION indelible.keep_kept() FROM PUBLIC;
REVOKE ALL ON FUNCTION indelible.trim_trail(text, bigint, bigint, timestamptz, timestamptz)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION indelible.drop_expired_partitions() FROM PUBLIC;
