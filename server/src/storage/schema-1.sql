-- Times are milliseconds since 1970 (UTC). "order" is the place of a message among all messages.

CREATE TABLE user (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    password_hash TEXT,                -- Argon2id, PHC form; NULL for a guest
    address       TEXT    NOT NULL,    -- of the last sign-in
    registered_at INTEGER NOT NULL,
    signed_in_at  INTEGER NOT NULL,
    since         INTEGER NOT NULL,    -- messages up to here were sent before they existed
    received      INTEGER NOT NULL     -- messages up to here have reached them, or are in failure
) STRICT;

-- A name belongs to one registered user; any number of guests may have had it before.
CREATE UNIQUE INDEX user_by_name ON user (name) WHERE password_hash IS NOT NULL;

CREATE TABLE conversation (
    id         INTEGER PRIMARY KEY,
    group_name TEXT    UNIQUE,         -- of a group
    one        INTEGER REFERENCES user (id),
    other      INTEGER REFERENCES user (id),
    UNIQUE (one, other)                -- of two users, the smaller id first
) STRICT;

-- The broadcast conversation: neither a group nor between two.
INSERT INTO conversation (id) VALUES (0);

CREATE TABLE member (
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    user         INTEGER NOT NULL REFERENCES user (id),
    since        INTEGER NOT NULL,     -- they may read what came after this
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_by_user ON member (user);

CREATE TABLE message (
    "order"      INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    sender       INTEGER NOT NULL REFERENCES user (id),
    id           BLOB    NOT NULL,     -- 128 bits, chosen by the sender
    time         INTEGER NOT NULL,
    recipients   BLOB    NOT NULL,     -- user ids, four bytes each, big endian
    body         TEXT    NOT NULL,     -- as it arrived
    UNIQUE (sender, id)
) STRICT;

CREATE INDEX message_by_conversation ON message (conversation, "order");

CREATE TABLE failure (
    "order" INTEGER NOT NULL REFERENCES message ("order"),
    user    INTEGER NOT NULL REFERENCES user (id),
    reason  TEXT    NOT NULL CHECK (reason IN ('lost', 'corrupted')),
    PRIMARY KEY ("order", user)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash       BLOB    PRIMARY KEY,    -- SHA-256
    user       INTEGER NOT NULL REFERENCES user (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
