-- Retention: entries that go from the front of a trail, and nothing else that is deleted.
--
-- `first_kept` is the seq of the first entry that was not removed. It only grows. What lies before
-- it may be deleted; everything after stays as guarded as it was. A trail without a row has all its
-- entries. `owed` is by how much the counts are still too large for what was removed.

CREATE TABLE kept (
    trail INTEGER PRIMARY KEY,
    first_kept INTEGER NOT NULL CHECK (first_kept >= 0),
    owed INTEGER NOT NULL CHECK (owed >= 0)
) STRICT;

CREATE TRIGGER kept_insert BEFORE INSERT ON kept
WHEN NEW.first_kept IS NOT 0 OR NEW.owed IS NOT 0
    OR EXISTS (SELECT 1 FROM kept WHERE trail = NEW.trail)
BEGIN
    SELECT RAISE(ABORT, 'indelible: what is kept of a trail begins with all of it');
END;

CREATE TRIGGER kept_update BEFORE UPDATE ON kept
WHEN NEW.trail IS NOT OLD.trail OR NEW.first_kept < OLD.first_kept
    OR NEW.owed - OLD.owed > NEW.first_kept - OLD.first_kept
    OR NEW.first_kept > coalesce((SELECT size FROM head WHERE trail = NEW.trail), 0)
BEGIN
    SELECT RAISE(ABORT, 'indelible: the first kept entry only moves on, within the trail');
END;

CREATE TRIGGER kept_delete BEFORE DELETE ON kept
BEGIN
    SELECT RAISE(ABORT, 'indelible: that entries were removed is not forgotten');
END;

DROP TRIGGER entry_delete;

CREATE TRIGGER entry_delete BEFORE DELETE ON entry
WHEN coalesce((SELECT first_kept FROM kept WHERE trail = OLD.place >> 40), 0)
    <= (OLD.place & 1099511627775)
BEGIN
    SELECT RAISE(ABORT, 'indelible: entries are immutable, not deleted');
END;

DROP TRIGGER part_delete;

CREATE TRIGGER part_delete BEFORE DELETE ON part
WHEN coalesce((SELECT first_kept FROM kept WHERE trail = OLD.place >> 40), 0)
    <= (OLD.place & 1099511627775)
BEGIN
    SELECT RAISE(ABORT, 'indelible: parts are immutable, not deleted');
END;

DROP TRIGGER event_id_delete;

CREATE TRIGGER event_id_delete BEFORE DELETE ON event_id
WHEN coalesce((SELECT first_kept FROM kept WHERE trail = OLD.trail), 0) <= OLD.seq
BEGIN
    SELECT RAISE(ABORT, 'indelible: ids are immutable, not deleted');
END;

-- The leaf hashes kept of a block that is gone whole go with it; its node tells as much.
DROP TRIGGER node_delete;

CREATE TRIGGER node_delete BEFORE DELETE ON node
WHEN OLD.height IS NOT 0
    OR coalesce((SELECT first_kept FROM kept WHERE trail = OLD.trail), 0) >> 8 << 8 <= OLD.idx
BEGIN
    SELECT RAISE(ABORT, 'indelible: nodes are immutable, not deleted');
END;

-- As before, and with the entry itself.
DROP TRIGGER term_delete;

CREATE TRIGGER term_delete BEFORE DELETE ON term
WHEN coalesce((SELECT first_kept FROM kept WHERE trail = OLD.trail), 0) <= OLD.seq
    AND (OLD.field NOT IN (1, 4, 5, 6) OR OLD.value = x'00' OR NOT EXISTS (
        SELECT 1 FROM entry JOIN part ON part.place = entry.place
        WHERE entry.place = (OLD.trail << 40 | OLD.seq) AND CASE OLD.field
            WHEN 4 THEN part.target IS NULL AND entry.target_hash IS NOT NULL
            WHEN 6 THEN part.details IS NULL AND entry.details_hash IS NOT NULL
            ELSE part.actor IS NULL AND entry.actor_hash IS NOT NULL
        END
    ))
BEGIN
    SELECT RAISE(ABORT, 'indelible: index rows are immutable, they go with the part they are of');
END;

DROP TRIGGER span_delete;

CREATE TRIGGER span_delete BEFORE DELETE ON span
WHEN coalesce((SELECT first_kept FROM kept WHERE trail = OLD.trail), 0)
    < (OLD.idx + 1) << OLD.height
BEGIN
    SELECT RAISE(ABORT, 'indelible: spans are immutable, not deleted');
END;

-- A count falls by what was removed, and by no more: what it falls by is paid off.
DROP TRIGGER rollup_update;

CREATE TRIGGER rollup_update BEFORE UPDATE ON rollup
WHEN NEW.trail IS NOT OLD.trail OR NEW.hour IS NOT OLD.hour
    OR NEW.action IS NOT OLD.action OR NEW.outcome IS NOT OLD.outcome
    OR (NEW.count < OLD.count AND OLD.count - NEW.count
        > coalesce((SELECT owed FROM kept WHERE trail = OLD.trail), 0))
BEGIN
    SELECT RAISE(ABORT, 'indelible: counts only grow, or fall with removed entries');
END;

CREATE TRIGGER rollup_update_paid AFTER UPDATE ON rollup
WHEN NEW.count < OLD.count
BEGIN
    UPDATE kept SET owed = owed - (OLD.count - NEW.count) WHERE trail = OLD.trail;
END;

DROP TRIGGER rollup_delete;

CREATE TRIGGER rollup_delete BEFORE DELETE ON rollup
WHEN OLD.count > coalesce((SELECT owed FROM kept WHERE trail = OLD.trail), 0)
BEGIN
    SELECT RAISE(ABORT, 'indelible: counts are not deleted, but with the entries they are of');
END;

CREATE TRIGGER rollup_delete_paid AFTER DELETE ON rollup
BEGIN
    UPDATE kept SET owed = owed - OLD.count WHERE trail = OLD.trail;
END;
