-- Erasure: with a part go the index rows that were derived of it, and no others.
--
-- A row may be deleted where its entry had the part that its field stands in, and has it no more.
-- The row that says that an entry has no user is never deleted: erasure is what makes it.

DROP TRIGGER term_delete;

CREATE TRIGGER term_delete BEFORE DELETE ON term
WHEN OLD.field NOT IN (1, 4, 5, 6) OR OLD.value = x'00' OR NOT EXISTS (
    SELECT 1 FROM entry JOIN part ON part.place = entry.place
    WHERE entry.place = (OLD.trail << 40 | OLD.seq) AND CASE OLD.field
        WHEN 4 THEN part.target IS NULL AND entry.target_hash IS NOT NULL
        WHEN 6 THEN part.details IS NULL AND entry.details_hash IS NOT NULL
        ELSE part.actor IS NULL AND entry.actor_hash IS NOT NULL
    END
)
BEGIN
    SELECT RAISE(ABORT, 'indelible: index rows are immutable, they go with the part they are of');
END;
