-- The index: what queries look things up in. Verification derives every row and every column
-- again from the parts and compares.

SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SET LOCAL citus.enable_unsafe_triggers = on;

-- Each ends with the seq, so that the newest entries of a value are read from its end and nothing
-- is sorted. Partial ones stay small where the value is rare. Where values are many they stand
-- before the trail: a row finds its place by them, and comparing the trail first at each step would
-- cost a sixth of writing an entry.
CREATE INDEX entry_user ON indelible.entry (user_id, trail_id, seq) WHERE user_id IS NOT NULL;
CREATE INDEX entry_no_user ON indelible.entry (trail_id, seq) WHERE user_id IS NULL;
CREATE INDEX entry_action ON indelible.entry (trail_id, action, seq);
CREATE INDEX entry_outcome ON indelible.entry (trail_id, outcome, seq);
CREATE INDEX entry_resource_type ON indelible.entry (trail_id, resource_type, seq);
CREATE INDEX entry_resource_id ON indelible.entry (resource_id, trail_id, seq)
    WHERE resource_id IS NOT NULL;
CREATE INDEX entry_ip_address ON indelible.entry (ip_address, trail_id, seq)
    WHERE ip_address IS NOT NULL;
CREATE INDEX entry_correlation ON indelible.entry (correlation_id, trail_id, seq)
    WHERE correlation_id IS NOT NULL;

CREATE TABLE indelible.tag (
    trail_id text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (trail_id, tag, seq)
);

CREATE TABLE indelible.span (
    trail_id text COLLATE "C" NOT NULL,
    height smallint NOT NULL CHECK (height BETWEEN 0 AND 63),
    idx bigint NOT NULL CHECK (idx >= 0),
    earliest timestamptz NOT NULL,
    latest timestamptz NOT NULL CONSTRAINT span_latest_check CHECK (latest >= earliest),
    PRIMARY KEY (trail_id, height, idx)
);

-- Rows are counted up again and again: room on each page keeps that off the index.
CREATE TABLE indelible.rollup (
    trail_id text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    action text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    count bigint NOT NULL CHECK (count >= 1),
    PRIMARY KEY (trail_id, hour, action, outcome)
) WITH (fillfactor = 50);

CREATE FUNCTION indelible.keep_rollup() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW.trail_id = OLD.trail_id AND NEW.hour = OLD.hour AND NEW.action = OLD.action
        AND NEW.outcome = OLD.outcome AND NEW.count > OLD.count
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'IDL01', MESSAGE = format(
        'indelible: UPDATE on %I is refused: a count only grows, by the entries that are appended '
        'with it; `indelible verify` tells whether one is wrong',
        TG_TABLE_NAME);
END
$body$;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.tag
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.tag
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.tag
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.tag ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.span
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.span
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.span
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.span ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TRIGGER guard_update BEFORE UPDATE ON indelible.rollup
    FOR EACH ROW EXECUTE FUNCTION indelible.keep_rollup();
CREATE TRIGGER guard_delete BEFORE DELETE ON indelible.rollup
    FOR EACH ROW EXECUTE FUNCTION indelible.refuse();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON indelible.rollup
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse();
ALTER TABLE indelible.rollup ENABLE ALWAYS TRIGGER guard_update,
    ENABLE ALWAYS TRIGGER guard_delete, ENABLE ALWAYS TRIGGER guard_truncate;
