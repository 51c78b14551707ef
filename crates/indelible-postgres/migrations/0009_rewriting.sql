-- A purge takes away samples before it writes a month anew: whoever holds a lock that only this
-- needs must not throw away the work of the rewrite. What was erased is committed by then, so that
-- what is sampled anew has nothing of it.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

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
    PERFORM indelible.forget_samples(partition);
    -- Of all partitions together.
    PERFORM indelible.forget_samples('entry');
    EXECUTE format('CLUSTER indelible.%I USING %I', partition, key);
END
$body$;
