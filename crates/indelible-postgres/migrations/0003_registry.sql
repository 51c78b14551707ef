-- Operational state: API keys, leases, cursors. Not evidence, so no guards. On Citus it stays on
-- the coordinator.

CREATE TABLE indelible.op_registry (
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    -- Text, not jsonb: it is answered as it was given.
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, key)
);
