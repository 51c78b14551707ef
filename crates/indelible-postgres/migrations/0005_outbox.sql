-- The outbox: events that joined their caller's own transaction and wait for a drain to move them
-- into their trails. Operational, not evidence, so no guards. On Citus it stays on the coordinator.
-- docs/formats/outbox.md says what may be written here by other programs.

CREATE TABLE IF NOT EXISTS indelible.op_outbox (
    -- Rising within a transaction, and given once for ever.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trail text COLLATE "C" NOT NULL CHECK (octet_length(trail) <= 63),
    -- Text, not jsonb: it is read as it was given.
    event text COLLATE "C" NOT NULL CHECK (octet_length(event) <= 1048576),
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Why the event can never be recorded; NULL while it waits.
    refused text COLLATE "C"
);

CREATE INDEX IF NOT EXISTS op_outbox_waiting ON indelible.op_outbox (position)
    WHERE refused IS NULL;

REVOKE ALL ON indelible.op_outbox FROM PUBLIC;
