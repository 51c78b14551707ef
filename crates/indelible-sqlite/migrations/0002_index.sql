-- The index: projections of the log that queries look things up in. Verification derives every
-- row again from the log and compares.

CREATE TABLE term (
    trail INTEGER NOT NULL,
    field INTEGER NOT NULL,
    value BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (trail, field, value, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE span (
    trail INTEGER NOT NULL,
    height INTEGER NOT NULL CHECK (height BETWEEN 0 AND 63),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL CHECK (latest >= earliest),
    PRIMARY KEY (trail, height, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup (
    trail INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 1),
    PRIMARY KEY (trail, hour, action, outcome)
) STRICT, WITHOUT ROWID;

-- The whole row of a term is its key: replacing one changes nothing, so it needs no guard before
-- INSERT, which would be paid for once per indexed value.

CREATE TRIGGER term_update BEFORE UPDATE ON term
BEGIN
    SELECT RAISE(ABORT, 'indelible: index rows are immutable, not updated');
END;

CREATE TRIGGER term_delete BEFORE DELETE ON term
BEGIN
    SELECT RAISE(ABORT, 'indelible: index rows are immutable, not deleted');
END;

CREATE TRIGGER span_insert BEFORE INSERT ON span
WHEN EXISTS (
    SELECT 1 FROM span WHERE trail = NEW.trail AND height = NEW.height AND idx = NEW.idx
)
BEGIN
    SELECT RAISE(ABORT, 'indelible: spans are immutable, not replaced');
END;

CREATE TRIGGER span_update BEFORE UPDATE ON span
BEGIN
    SELECT RAISE(ABORT, 'indelible: spans are immutable, not updated');
END;

CREATE TRIGGER span_delete BEFORE DELETE ON span
BEGIN
    SELECT RAISE(ABORT, 'indelible: spans are immutable, not deleted');
END;

CREATE TRIGGER rollup_insert BEFORE INSERT ON rollup
WHEN EXISTS (
    SELECT 1 FROM rollup
    WHERE trail = NEW.trail AND hour = NEW.hour
        AND action = NEW.action AND outcome = NEW.outcome
)
BEGIN
    SELECT RAISE(ABORT, 'indelible: counts only grow, they are not replaced');
END;

CREATE TRIGGER rollup_update BEFORE UPDATE ON rollup
WHEN NEW.trail IS NOT OLD.trail OR NEW.hour IS NOT OLD.hour
    OR NEW.action IS NOT OLD.action OR NEW.outcome IS NOT OLD.outcome
    OR NEW.count < OLD.count
BEGIN
    SELECT RAISE(ABORT, 'indelible: counts only grow');
END;

CREATE TRIGGER rollup_delete BEFORE DELETE ON rollup
BEGIN
    SELECT RAISE(ABORT, 'indelible: counts are not deleted');
END;
