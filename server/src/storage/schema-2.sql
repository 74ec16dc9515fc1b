-- The log gives places to everything that changes it, not to messages alone; messages have kinds.
-- Times are milliseconds since 1970 (UTC). seq is the place of an entry in the log.

CREATE TABLE head (
    one                INTEGER PRIMARY KEY CHECK (one = 1),
    generation         INTEGER NOT NULL,    -- which log this is; 0 until one is drawn
    seq                INTEGER NOT NULL,    -- of the last entry; never goes back
    time               INTEGER NOT NULL,    -- of the last entry; never goes back
    last_user          INTEGER NOT NULL,    -- ids up to here have been given
    last_conversation  INTEGER NOT NULL,
    indexed            INTEGER NOT NULL,    -- the index tables have messages up to here
    clock_seen         INTEGER,             -- what the machine's clock showed last
    clock_trusted_from INTEGER
) STRICT;

INSERT INTO head
SELECT 1, 0,
       max((SELECT coalesce(max("order"), 0) FROM message),
           (SELECT coalesce(max(max(since, received)), 0) FROM user),
           (SELECT coalesce(max(since), 0) FROM member)),
       (SELECT coalesce(max(time), 0) FROM message),
       (SELECT coalesce(max(id), 0) FROM user),
       (SELECT max(id) FROM conversation),
       (SELECT coalesce(max("order"), 0) FROM message),
       NULL, NULL;

-- Written often and for many users at once, so by itself: it fits few pages.
CREATE TABLE received (
    user INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL       -- messages up to here have reached them, or are in failure
) STRICT;

INSERT INTO received SELECT id, received FROM user;
ALTER TABLE user DROP COLUMN received;

CREATE INDEX user_guest ON user (id) WHERE password_hash IS NULL;
CREATE INDEX conversation_by_other ON conversation (other) WHERE other IS NOT NULL;

-- Guests were members only for as long as their server ran.
DELETE FROM member WHERE user IN (SELECT id FROM user WHERE password_hash IS NULL);
ALTER TABLE member ADD COLUMN position INTEGER NOT NULL DEFAULT 0;  -- among those since the same
ALTER TABLE member ADD COLUMN read INTEGER NOT NULL DEFAULT 0;      -- they have read up to here

ALTER TABLE message RENAME TO message_1;
ALTER TABLE failure RENAME TO failure_1;

CREATE TABLE message (
    seq          INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    sender       INTEGER NOT NULL,
    id           BLOB    NOT NULL,          -- 128 bits, chosen by the sender
    time         INTEGER NOT NULL,
    kind         TEXT,                      -- NULL for a text, by far the most
    of           INTEGER,                   -- the message that it is about
    body         TEXT                       -- as it arrived; NULL if taken back, or if it has none
) STRICT;

CREATE INDEX message_about ON message (of, kind) WHERE of IS NOT NULL;

INSERT INTO message
SELECT "order", conversation, sender, id, time, NULL, NULL, body FROM message_1 ORDER BY "order";

-- Indexes of messages as tables of their own, since they are written later than the messages, many
-- rows at a time (index.rs).
CREATE TABLE message_id (
    sender INTEGER NOT NULL,
    id     BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (sender, id)
) STRICT, WITHOUT ROWID;

INSERT INTO message_id SELECT sender, id, "order" FROM message_1 ORDER BY sender, id;

CREATE TABLE message_place (
    conversation INTEGER NOT NULL,
    line         INTEGER NOT NULL,          -- 1, or 0 for what changes a line
    seq          INTEGER NOT NULL,
    PRIMARY KEY (conversation, line, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO message_place
SELECT conversation, 1, "order" FROM message_1 ORDER BY conversation, "order";

CREATE TABLE failure (
    seq    INTEGER NOT NULL,
    user   INTEGER NOT NULL,
    sender INTEGER NOT NULL,                -- of the message
    reason TEXT    NOT NULL CHECK (reason IN ('lost', 'corrupted')),
    PRIMARY KEY (seq, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX failure_by_sender ON failure (sender, seq);

INSERT INTO failure
SELECT failure_1."order", user, sender, reason FROM failure_1 JOIN message_1 USING ("order");

DROP TABLE failure_1;
DROP TABLE message_1;
