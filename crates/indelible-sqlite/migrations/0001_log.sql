-- The log: what a receipt vouches for. It alone must be durable before a receipt is given; all
-- other tables can be made again from it.
--
-- An entry's key is its place: the trail's number in the upper bits, its seq in the lower 40. One
-- integer is the shortest key a table can have, and rows too long for the inner pages of a tree
-- without rowids stay in its leaves.

CREATE TABLE head (
    trail INTEGER PRIMARY KEY CHECK (trail BETWEEN 1 AND 8388607),
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 1099511627776),
    root BLOB NOT NULL CHECK (length(root) = 32),
    frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),
    key TEXT NOT NULL,
    incarnation INTEGER NOT NULL CHECK (incarnation >= 1),
    incarnation_start INTEGER NOT NULL CHECK (incarnation_start >= 0),
    mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TABLE entry (
    place INTEGER PRIMARY KEY CHECK (place >= 1099511627776),
    id BLOB NOT NULL CHECK (length(id) = 16),
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    tags TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    erases TEXT,
    actor_hash BLOB CHECK (length(actor_hash) = 32),
    target_hash BLOB CHECK (length(target_hash) = 32),
    details_hash BLOB CHECK (length(details_hash) = 32),
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    trail INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    seq INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;

CREATE TABLE part (
    place INTEGER PRIMARY KEY CHECK (place >= 1099511627776),
    actor_salt BLOB CHECK (length(actor_salt) = 16),
    actor BLOB CHECK ((actor IS NULL) = (actor_salt IS NULL)),
    target_salt BLOB CHECK (length(target_salt) = 16),
    target BLOB CHECK ((target IS NULL) = (target_salt IS NULL)),
    details_salt BLOB CHECK (length(details_salt) = 16),
    details BLOB CHECK ((details IS NULL) = (details_salt IS NULL)),
    trail INTEGER GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    seq INTEGER GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL
) STRICT;

CREATE TABLE event_id (
    trail INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (trail, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
    trail INTEGER NOT NULL,
    height INTEGER NOT NULL CHECK (height BETWEEN 0 AND 63),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (trail, height, idx)
) STRICT, WITHOUT ROWID;

-- Guards. INSERT OR REPLACE removes the old row without asking the guard against DELETE, hence a
-- guard before INSERT on every table where a row could be replaced by another one.

CREATE TRIGGER head_insert BEFORE INSERT ON head
WHEN EXISTS (SELECT 1 FROM head WHERE trail = NEW.trail OR name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'indelible: a head is not replaced');
END;

CREATE TRIGGER head_update BEFORE UPDATE ON head
WHEN NEW.trail IS NOT OLD.trail OR NEW.name IS NOT OLD.name
    OR NEW.size < OLD.size OR NEW.incarnation < OLD.incarnation
BEGIN
    SELECT RAISE(ABORT, 'indelible: a head only grows');
END;

CREATE TRIGGER head_delete BEFORE DELETE ON head
BEGIN
    SELECT RAISE(ABORT, 'indelible: a head is not deleted');
END;

CREATE TRIGGER entry_insert BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE place = NEW.place)
BEGIN
    SELECT RAISE(ABORT, 'indelible: entries are immutable, not replaced');
END;

CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'indelible: entries are immutable, not updated');
END;

CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'indelible: entries are immutable, not deleted');
END;

CREATE TRIGGER part_insert BEFORE INSERT ON part
WHEN EXISTS (SELECT 1 FROM part WHERE place = NEW.place)
BEGIN
    SELECT RAISE(ABORT, 'indelible: parts are immutable, not replaced');
END;

-- Erasure, and nothing else: a value may become NULL.
CREATE TRIGGER part_update BEFORE UPDATE ON part
WHEN NEW.place IS NOT OLD.place
    OR (NEW.actor_salt IS NOT NULL AND NEW.actor_salt IS NOT OLD.actor_salt)
    OR (NEW.actor IS NOT NULL AND NEW.actor IS NOT OLD.actor)
    OR (NEW.target_salt IS NOT NULL AND NEW.target_salt IS NOT OLD.target_salt)
    OR (NEW.target IS NOT NULL AND NEW.target IS NOT OLD.target)
    OR (NEW.details_salt IS NOT NULL AND NEW.details_salt IS NOT OLD.details_salt)
    OR (NEW.details IS NOT NULL AND NEW.details IS NOT OLD.details)
BEGIN
    SELECT RAISE(ABORT, 'indelible: parts are immutable, they can only be erased');
END;

CREATE TRIGGER part_delete BEFORE DELETE ON part
BEGIN
    SELECT RAISE(ABORT, 'indelible: parts are immutable, not deleted');
END;

CREATE TRIGGER event_id_insert BEFORE INSERT ON event_id
WHEN EXISTS (SELECT 1 FROM event_id WHERE trail = NEW.trail AND id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'indelible: ids are immutable, not replaced');
END;

CREATE TRIGGER event_id_update BEFORE UPDATE ON event_id
BEGIN
    SELECT RAISE(ABORT, 'indelible: ids are immutable, not updated');
END;

CREATE TRIGGER event_id_delete BEFORE DELETE ON event_id
BEGIN
    SELECT RAISE(ABORT, 'indelible: ids are immutable, not deleted');
END;

CREATE TRIGGER node_insert BEFORE INSERT ON node
WHEN EXISTS (
    SELECT 1 FROM node WHERE trail = NEW.trail AND height = NEW.height AND idx = NEW.idx
)
BEGIN
    SELECT RAISE(ABORT, 'indelible: nodes are immutable, not replaced');
END;

CREATE TRIGGER node_update BEFORE UPDATE ON node
BEGIN
    SELECT RAISE(ABORT, 'indelible: nodes are immutable, not updated');
END;

CREATE TRIGGER node_delete BEFORE DELETE ON node
BEGIN
    SELECT RAISE(ABORT, 'indelible: nodes are immutable, not deleted');
END;
