-- The outbox: events that joined their caller's own transaction and wait for a drain to move them
-- into their trails. Operational, not evidence, so no guards. The same text makes the table in a
-- database of the application's own; docs/formats/outbox.md says what may be written here by other
-- programs.

CREATE TABLE IF NOT EXISTS op_outbox (
    -- Rising within a transaction, and given once for ever.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Bytes, counted as every release of SQLite can: the application's may have no octet_length.
    trail TEXT NOT NULL CHECK (length(CAST(trail AS BLOB)) <= 63),
    event TEXT NOT NULL CHECK (length(CAST(event AS BLOB)) <= 1048576),
    queued_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    -- Why the event can never be recorded; NULL while it waits.
    refused TEXT
) STRICT;

-- The trail, so that the rows of one that takes nothing are passed over without being read.
CREATE INDEX IF NOT EXISTS op_outbox_waiting ON op_outbox (position, trail) WHERE refused IS NULL;
