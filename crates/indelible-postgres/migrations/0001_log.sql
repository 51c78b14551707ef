-- The log: what a receipt vouches for, and the guards around it.
--
-- One file runs on plain PostgreSQL and on Citus: the trail stands first in every key, no key and
-- no statement goes across trails, the guards read nothing but the row before them.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

CREATE TABLE indelible.head (
    trail_id text COLLATE "C" PRIMARY KEY CHECK (trail_id ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    frontier bytea NOT NULL CHECK (length(frontier) % 32 = 0),
    key text COLLATE "C" NOT NULL,
    incarnation integer NOT NULL CHECK (incarnation >= 1),
    incarnation_start bigint NOT NULL CHECK (incarnation_start >= 0),
    mac bytea NOT NULL CHECK (length(mac) = 32)
) WITH (fillfactor = 20);

-- An entry is one row: its skeleton, its parts as they were hashed, and the columns that are
-- looked things up by. One row is one write less for each event than two tables would be.
CREATE TABLE indelible.entry (
    trail_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL CHECK (isfinite(created_at)),
    action text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    tags text COLLATE "C" NOT NULL,
    erases text COLLATE "C",
    leaf_hash bytea NOT NULL,
    actor_hash bytea,
    target_hash bytea,
    details_hash bytea,
    user_id text COLLATE "C",
    resource_id text COLLATE "C",
    ip_address bytea,
    correlation_id text COLLATE "C",
    actor_salt bytea,
    actor bytea,
    target_salt bytea,
    target bytea,
    details_salt bytea,
    details bytea,
    PRIMARY KEY (trail_id, seq, created_at)
) PARTITION BY RANGE (created_at);

-- Odd clocks write here: a month that nobody made a partition for.
CREATE TABLE indelible.entry_default PARTITION OF indelible.entry DEFAULT;

-- Which month's partition holds the entries from a seq on. A reader that knows it opens one
-- partition instead of all.
CREATE TABLE indelible.placement (
    trail_id text COLLATE "C" NOT NULL,
    first_seq bigint NOT NULL CHECK (first_seq >= 0),
    month date NOT NULL CHECK (isfinite(month) AND extract(day FROM month) = 1),
    PRIMARY KEY (trail_id, first_seq)
);

-- Ids once per trail. The partitioned table cannot say so, its keys hold the time.
CREATE TABLE indelible.event_id (
    trail_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (trail_id, id)
);

CREATE TABLE indelible.node (
    trail_id text COLLATE "C" NOT NULL,
    height smallint NOT NULL CHECK (height BETWEEN 0 AND 63),
    idx bigint NOT NULL CHECK (idx >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (trail_id, height, idx)
);

-- Guards. They raise for whoever asks, superusers included, also where
-- `session_replication_role` is `replica` (ENABLE ALWAYS). A function reads the rows before it and
-- nothing else: no table, no setting. Each row guard of `entry` stands on every partition by
-- itself; the one against TRUNCATE must be made for each.

CREATE FUNCTION indelible.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: %s on %I is refused: what was recorded stays; to correct it record another '
        'event',
        TG_OP, TG_TABLE_NAME);
END
$body$;

CREATE FUNCTION indelible.keep_head() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW.trail_id = OLD.trail_id AND NEW.size > OLD.size
        AND NEW.incarnation >= OLD.incarnation
        AND NEW.incarnation_start >= OLD.incarnation_start
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: a head only grows, by the entries that are appended '
        'with it; after a restore use `indelible trail succeed`',
        TG_TABLE_NAME);
END
$body$;

-- Erasure, and nothing else: a value may become NULL. A row that would stay as it is is refused
-- too: leave it out by a condition.
CREATE FUNCTION indelible.keep_entry() RETURNS trigger
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
        AND (NEW.user_id IS NULL OR NEW.user_id IS NOT DISTINCT FROM OLD.user_id)
        AND (NEW.resource_id IS NULL OR NEW.resource_id IS NOT DISTINCT FROM OLD.resource_id)
        AND (NEW.ip_address IS NULL OR NEW.ip_address IS NOT DISTINCT FROM OLD.ip_address)
        AND (NEW.correlation_id IS NULL
            OR NEW.correlation_id IS NOT DISTINCT FROM OLD.correlation_id)
        AND (NEW.actor_salt IS NULL OR NEW.actor_salt IS NOT DISTINCT FROM OLD.actor_salt)
        AND (NEW.actor IS NULL OR NEW.actor IS NOT DISTINCT FROM OLD.actor)
        AND (NEW.target_salt IS NULL OR NEW.target_salt IS NOT DISTINCT FROM OLD.target_salt)
        AND (NEW.target IS NULL OR NEW.target IS NOT DISTINCT FROM OLD.target)
        AND (NEW.details_salt IS NULL OR NEW.details_salt IS NOT DISTINCT FROM OLD.details_salt)
        AND (NEW.details IS NULL OR NEW.details IS NOT DISTINCT FROM OLD.details)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: entries are immutable; to correct one record another '
        'event',
        TG_TABLE_NAME);
END
$body$;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.head
    FOR EACH ROW EXECUTE FUNCTION indelible.keep_head();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.head
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.head
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.head ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.entry
    FOR EACH ROW EXECUTE FUNCTION indelible.keep_entry();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.entry
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.entry
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.entry ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.entry_default
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.entry_default ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.placement
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.placement
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.placement
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.placement ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.event_id
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.event_id
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.event_id
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.event_id ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.node
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.node
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.node
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.node ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

-- Makes the partitions of the present month, by the database's clock, and of so many after it;
-- answers the names of those it made. A month of which the default partition has rows already is
-- passed over: its entries go on to lie there. Making one waits for open writes and keeps others
-- waiting behind it, hence the short limit; whoever calls tries again later.
CREATE FUNCTION indelible.make_partitions(months_ahead integer) RETURNS SETOF text
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
