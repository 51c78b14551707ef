-- Access: where the rows lie on Citus, the view for SQL users, and nothing for everybody. What the
-- roles own and are granted is no step of the schema: it is brought about whenever it lacks, by
-- src/access.rs.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

-- On Citus every table of evidence is distributed by trail, all of one trail to one node. Views
-- and privileges come afterwards, so that they reach every node.
DO $body$
DECLARE
    name text;
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE 'SELECT create_distributed_table(''indelible.head'', ''trail_id'')';
        FOREACH name IN ARRAY ARRAY[
            'entry', 'placement', 'event_id', 'node', 'tag', 'span', 'rollup'
        ] LOOP
            EXECUTE format(
                'SELECT create_distributed_table(%L, ''trail_id'', '
                'colocate_with => ''indelible.head'')', 'indelible.' || name);
        END LOOP;
    END IF;
END
$body$;

-- A part's body as JSON; NULL where it is erased, or damaged: one bad row must not hide the others
-- from whoever reads the view. A block that catches errors cannot run in parallel workers.
CREATE FUNCTION indelible.opened(body bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN convert_from(body, 'UTF8')::jsonb;
EXCEPTION
    WHEN data_exception OR program_limit_exceeded THEN
        RETURN NULL;
END
$body$;

CREATE VIEW indelible.audit_logs AS
SELECT
    trail_id,
    seq,
    id,
    action,
    outcome,
    user_id,
    resource_type,
    resource_id,
    indelible.opened(actor) ->> 'ip_address' AS ip_address,
    indelible.opened(actor) ->> 'user_agent' AS user_agent,
    indelible.opened(details) -> 'context' AS context,
    string_to_array(tags, ' ') AS tags,
    occurred_at,
    created_at
FROM indelible.entry;

-- Whoever reads the view needs the privilege to read the table, where the server can ask for it.
DO $body$
BEGIN
    IF current_setting('server_version_num')::integer >= 150000 THEN
        ALTER VIEW indelible.audit_logs SET (security_invoker = true);
    END IF;
END
$body$;

REVOKE ALL ON SCHEMA indelible FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA indelible FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA indelible FROM PUBLIC;
