-- Access: where the rows lie on Citus, the view for SQL users, the roles and their privileges.

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

-- The roles belong to the whole cluster: another database may have them already, or make them at
-- this moment. What this role may not do is left undone and told, statement by statement, by the
-- setting `indelible.left_undone`, which ends with the transaction.
--
-- Partitions are granted to nobody: who may read or write the table does it through the table.
DO $body$
DECLARE
    statement text;
    left_undone text[] := '{}';
    statements text[] := ARRAY[
        'CREATE ROLE indelible_owner NOLOGIN',
        'CREATE ROLE indelible_writer NOLOGIN',
        'CREATE ROLE indelible_auditor NOLOGIN',
        'GRANT USAGE ON SCHEMA indelible TO indelible_writer, indelible_auditor',
        'GRANT SELECT, INSERT ON indelible.head, indelible.entry, indelible.placement, '
            'indelible.event_id, indelible.node, indelible.tag, indelible.span, '
            'indelible.rollup TO indelible_writer',
        'GRANT UPDATE (size, root, frontier, key, incarnation, incarnation_start, mac) '
            'ON indelible.head TO indelible_writer',
        'GRANT UPDATE (count) ON indelible.rollup TO indelible_writer',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON indelible.op_registry TO indelible_writer',
        'GRANT SELECT ON indelible.op_migration TO indelible_writer',
        'GRANT EXECUTE ON FUNCTION indelible.make_partitions(integer) TO indelible_writer',
        'GRANT SELECT ON indelible.audit_logs, indelible.head, indelible.entry, '
            'indelible.placement, indelible.event_id, indelible.node, indelible.tag, '
            'indelible.span, indelible.rollup, indelible.op_migration, indelible.op_registry '
            'TO indelible_auditor',
        'GRANT EXECUTE ON FUNCTION indelible.opened(bytea) TO indelible_auditor',
        format('GRANT indelible_owner TO %I', current_user),
        $owner$DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %s OWNER TO indelible_owner', c.oid::regclass)
        FROM pg_class AS c
        WHERE c.relnamespace = 'indelible'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO indelible_owner', p.oid::regprocedure)
        FROM pg_proc AS p
        WHERE p.pronamespace = 'indelible'::regnamespace
        UNION ALL
        SELECT 'ALTER SCHEMA indelible OWNER TO indelible_owner'
    LOOP
        EXECUTE command;
    END LOOP;
END
$$$owner$];
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        BEGIN
            IF statement LIKE 'CREATE ROLE %' AND EXISTS (
                SELECT 1 FROM pg_roles WHERE rolname = split_part(statement, ' ', 3)
            ) THEN
                CONTINUE;
            END IF;
            -- Without the owner's rights the rest of the migration would be refused.
            IF statement LIKE 'GRANT indelible_owner %' AND EXISTS (
                SELECT 1 FROM pg_roles
                WHERE rolname = 'indelible_owner' AND pg_has_role(current_user, oid, 'USAGE')
            ) THEN
                CONTINUE;
            END IF;
            IF statement LIKE 'DO %' AND NOT EXISTS (
                SELECT 1 FROM pg_roles
                WHERE rolname = 'indelible_owner' AND pg_has_role(current_user, oid, 'USAGE')
            ) THEN
                left_undone := left_undone || statement;
                CONTINUE;
            END IF;
            EXECUTE statement;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege OR undefined_object THEN
                left_undone := left_undone || statement;
        END;
    END LOOP;
    PERFORM set_config('indelible.left_undone', to_json(left_undone)::text, true);
END
$body$;
