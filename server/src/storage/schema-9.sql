-- Whose lines are behind a place is counted in the index alone.

CREATE TABLE message_place_9 (
    conversation INTEGER NOT NULL,
    line         INTEGER NOT NULL,          -- 1, or 0 for what changes a line
    seq          INTEGER NOT NULL,
    sender       INTEGER NOT NULL,
    PRIMARY KEY (conversation, line, seq)
) STRICT, WITHOUT ROWID;

-- In the order of the messages, and sorted: looking each of them up would take far longer.
INSERT INTO message_place_9
SELECT conversation, kind IS NULL OR kind NOT IN ('edit', 'delete', 'react') AS line, seq, sender
FROM message WHERE seq <= (SELECT indexed FROM head) ORDER BY conversation, line, seq;

DROP TABLE message_place;
ALTER TABLE message_place_9 RENAME TO message_place;

-- What the clients of a user keep for them. Those who keep nothing have no row.
CREATE TABLE settings (
    user INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL,                  -- since that place
    text TEXT    NOT NULL
) STRICT;
