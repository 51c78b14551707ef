-- Erasure reaches what the planner sampled before it sampled nothing that can be erased.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

-- Takes away the samples of one table's erasable columns. Before PostgreSQL 18 the owner of a table
-- cannot delete them: there they are taken anew, as few as can be, of what is left. It is done only
-- where there are any, so that this happens again with every later erasure.
CREATE FUNCTION indelible.forget_samples(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    sampled record;
BEGIN
    FOR sampled IN
        SELECT s.attname, s.inherited FROM pg_stats AS s
        WHERE s.schemaname = 'indelible' AND s.tablename = name
            AND s.attname = ANY (ARRAY['user_id', 'resource_id', 'ip_address', 'correlation_id',
                'actor_salt', 'actor', 'target_salt', 'target', 'details_salt', 'details'])
    LOOP
        IF to_regprocedure('pg_catalog.pg_clear_attribute_stats(text, text, text, boolean)')
            IS NOT NULL
        THEN
            EXECUTE 'SELECT pg_catalog.pg_clear_attribute_stats($1, $2, $3, $4)'
            USING 'indelible', name, sampled.attname::text, sampled.inherited;
        ELSE
            EXECUTE format('ALTER TABLE ONLY indelible.%I ALTER %I SET STATISTICS 1',
                name, sampled.attname);
            EXECUTE format('ANALYZE indelible.%I (%I)', name, sampled.attname);
            EXECUTE format('ALTER TABLE ONLY indelible.%I ALTER %I SET STATISTICS 0',
                name, sampled.attname);
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION indelible.forget_samples(text) FROM PUBLIC;

-- As before, and without the samples of before. Writers queue behind whoever waits for a lock, so
-- nobody waits for long, whatever a caller's own `lock_timeout` is.
CREATE OR REPLACE FUNCTION indelible.rewrite_partition(partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    key text;
BEGIN
    IF (SELECT s.setting::integer NOT BETWEEN 1 AND 2000 FROM pg_settings AS s
        WHERE s.name = 'lock_timeout')
    THEN
        PERFORM set_config('lock_timeout', '100ms', true);
    END IF;
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
    PERFORM indelible.forget_samples(partition);
    -- Of all partitions together.
    PERFORM indelible.forget_samples('entry');
END
$body$;
