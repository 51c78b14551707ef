-- Erasure: parts that go whole, with what was derived of them, and partitions written anew without
-- what was erased.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

-- Erasure, and nothing else: a part goes with its salt and the columns that were derived of it, all
-- of them at once. A row that would stay as it is is refused too: leave it out by a condition.
CREATE OR REPLACE FUNCTION indelible.keep_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW IS DISTINCT FROM OLD
        AND ROW (NEW.trail_id, NEW.seq, NEW.id, NEW.occurred_at, NEW.created_at, NEW.action,
            NEW.outcome, NEW.resource_type, NEW.tags, NEW.erases, NEW.leaf_hash, NEW.actor_hash,
            NEW.target_hash, NEW.details_hash)
        IS NOT DISTINCT FROM
            ROW (OLD.trail_id, OLD.seq, OLD.id, OLD.occurred_at, OLD.created_at, OLD.action,
            OLD.outcome, OLD.resource_type, OLD.tags, OLD.erases, OLD.leaf_hash, OLD.actor_hash,
            OLD.target_hash, OLD.details_hash)
        AND (num_nonnulls(NEW.actor_salt, NEW.actor, NEW.user_id, NEW.ip_address) = 0
            OR ROW (NEW.actor_salt, NEW.actor, NEW.user_id, NEW.ip_address)
            IS NOT DISTINCT FROM ROW (OLD.actor_salt, OLD.actor, OLD.user_id, OLD.ip_address))
        AND (num_nonnulls(NEW.target_salt, NEW.target, NEW.resource_id) = 0
            OR ROW (NEW.target_salt, NEW.target, NEW.resource_id)
            IS NOT DISTINCT FROM ROW (OLD.target_salt, OLD.target, OLD.resource_id))
        AND (num_nonnulls(NEW.details_salt, NEW.details, NEW.correlation_id) = 0
            OR ROW (NEW.details_salt, NEW.details, NEW.correlation_id)
            IS NOT DISTINCT FROM ROW (OLD.details_salt, OLD.details, OLD.correlation_id))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: entries are immutable; to correct one record another '
        'event',
        TG_TABLE_NAME);
END
$body$;

-- What can be erased is not sampled: the planner's statistics would keep values of it.
ALTER TABLE indelible.entry ALTER user_id SET STATISTICS 0,
    ALTER resource_id SET STATISTICS 0, ALTER ip_address SET STATISTICS 0,
    ALTER correlation_id SET STATISTICS 0, ALTER actor_salt SET STATISTICS 0,
    ALTER actor SET STATISTICS 0, ALTER target_salt SET STATISTICS 0,
    ALTER target SET STATISTICS 0, ALTER details_salt SET STATISTICS 0,
    ALTER details SET STATISTICS 0;

-- As before, and the new partitions are not sampled either.
CREATE OR REPLACE FUNCTION indelible.make_partitions(months_ahead integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET "TimeZone" = 'UTC'
SET "DateStyle" = 'ISO, YMD' AS $body$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    name text;
BEGIN
    IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'months_ahead is 0 to 120';
    END IF;
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    PERFORM set_config('citus.enable_unsafe_triggers', 'on', true);
    FOR ahead IN 0..months_ahead LOOP
        name := 'entry_' || to_char(month, '"y"YYYY"m"MM');
        IF to_regclass('indelible.' || name) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE indelible.%I PARTITION OF indelible.entry '
                    'FOR VALUES FROM (%L) TO (%L)',
                    name, to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
                    to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
                EXECUTE format(
                    'CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.%I '
                    'FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse()', name);
                EXECUTE format(
                    'ALTER TABLE indelible.%I ENABLE ALWAYS TRIGGER guard_update, '
                    'ENABLE ALWAYS TRIGGER guard_delete, '
                    'ENABLE ALWAYS TRIGGER guard_truncate', name);
                EXECUTE format(
                    'ALTER TABLE indelible.%I ALTER user_id SET STATISTICS 0, '
                    'ALTER resource_id SET STATISTICS 0, ALTER ip_address SET STATISTICS 0, '
                    'ALTER correlation_id SET STATISTICS 0, ALTER actor_salt SET STATISTICS 0, '
                    'ALTER actor SET STATISTICS 0, ALTER target_salt SET STATISTICS 0, '
                    'ALTER target SET STATISTICS 0, ALTER details_salt SET STATISTICS 0, '
                    'ALTER details SET STATISTICS 0', name);
                RETURN NEXT name;
            EXCEPTION
                -- Rows of it in the default partition; or somebody else made it just now.
                WHEN check_violation OR duplicate_table OR unique_violation THEN NULL;
            END;
        END IF;
        month := month + interval '1 month';
    END LOOP;
END
$body$;

-- Writes one partition of entries anew, with its indexes, without the rows as they were before an
-- erasure. Writers and readers of that month wait meanwhile.
CREATE FUNCTION indelible.rewrite_partition(partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    key text;
BEGIN
    SELECT k.relname INTO key
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary
    JOIN pg_class AS k ON k.oid = x.indexrelid
    WHERE i.inhparent = 'indelible.entry'::regclass AND c.relname = partition;
    IF key IS NULL THEN
        RAISE EXCEPTION '% is no partition of entries', partition;
    END IF;
    EXECUTE format('CLUSTER indelible.%I USING %I', partition, key);
END
$body$;

REVOKE ALL ON FUNCTION indelible.rewrite_partition(text) FROM PUBLIC;
