-- The log first: what searches look up lies in a file of its own, which can be made again from the
-- log at any time. Rows of the index do not slow down what must be durable any more.

DROP TRIGGER term_update;
DROP TRIGGER term_delete;
DROP TABLE term;

-- What erasures changed of entries: an index that was made before knows by it of which entries it
-- says something that is not so any more. An ordinal is given once in a trail, and its token drawn,
-- so that an index of another database, or of this one at another time, is told apart.

CREATE TABLE op_alteration (
    trail INTEGER NOT NULL,
    ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
    first INTEGER NOT NULL CHECK (first >= 0),
    last INTEGER NOT NULL CHECK (last >= first),
    token BLOB NOT NULL CHECK (length(token) = 16),
    PRIMARY KEY (trail, ordinal, first)
) STRICT, WITHOUT ROWID;

-- Which database it is: an index that was made of another one is not believed, though that has the
-- same entries.

CREATE TABLE op_log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    token BLOB NOT NULL CHECK (length(token) = 16)
) STRICT;

INSERT INTO op_log (id, token) VALUES (1, randomblob(16));
