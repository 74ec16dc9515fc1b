-- A database of schema 1, made by the server of that time with four users, a group and messages of
-- every sort: written by `sqlite3 netchat.db .dump`, and the version by hand.
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
INSERT INTO user VALUES(1,'alice','$argon2id$v=19$m=19456,t=2,p=1$oNBrdVBGnz6xLux3bJDMsA$SMUJr45eFOZYFmBkS5iGQGp5/MIQArLDFlhEg0zYaPo','127.0.0.1:55209',1795604837008,1795604860795,0,6);
INSERT INTO user VALUES(2,'bob','$argon2id$v=19$m=19456,t=2,p=1$rgFRppKMMr2L4nINLcOqnA$Ib3+PDBSIY2tQ/067T8u3qrxjtnO6kfFECBzYKQBC54','127.0.0.1:35889',1795604837038,1795604860240,0,6);
INSERT INTO user VALUES(3,'carol','$argon2id$v=19$m=19456,t=2,p=1$7HtFoAdXQzY8WxL0xOFh/Q$wbX0u+fmi+KATDOA/IX3gNJA3H/rF/MjcrzL9LP7ooA','127.0.0.1:48581',1795604837067,1795604860815,0,0);
INSERT INTO user VALUES(4,'dave','$argon2id$v=19$m=19456,t=2,p=1$k/RMOqUlXkBSNrP7LGqc/w$6jT8aI2WL0ZWDBljBCI9YvIJPeBvs1o3twPZa0hquyM','127.0.0.1:46905',1795604859243,1795604859244,1,3);
CREATE TABLE conversation (
    id         INTEGER PRIMARY KEY,
    group_name TEXT    UNIQUE,         -- of a group
    one        INTEGER REFERENCES user (id),
    other      INTEGER REFERENCES user (id),
    UNIQUE (one, other)                -- of two users, the smaller id first
) STRICT;
INSERT INTO conversation VALUES(0,NULL,NULL,NULL);
INSERT INTO conversation VALUES(1,NULL,1,2);
INSERT INTO conversation VALUES(2,'Garden',NULL,NULL);
INSERT INTO conversation VALUES(3,NULL,1,4);
CREATE TABLE member (
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    user         INTEGER NOT NULL REFERENCES user (id),
    since        INTEGER NOT NULL,     -- they may read what came after this
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
INSERT INTO member VALUES(0,1,0);
INSERT INTO member VALUES(0,2,0);
INSERT INTO member VALUES(0,3,0);
INSERT INTO member VALUES(0,4,1);
INSERT INTO member VALUES(1,1,0);
INSERT INTO member VALUES(1,2,0);
INSERT INTO member VALUES(2,1,1);
INSERT INTO member VALUES(2,2,1);
INSERT INTO member VALUES(3,1,0);
INSERT INTO member VALUES(3,4,0);
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
INSERT INTO message VALUES(1,1,2,X'344b560e955998132d1626ad139eb19e',1795604837129,X'00000001','Ym9iOiBZZXMsIGhlcmUgSSBhbS5gODY3Yzg2NDZkYmE2NDkzYzZmNWJjN2U2MmIxMTdkNmU=');
INSERT INTO message VALUES(2,2,1,X'5b0c9caa076882f3fdbcacdd1437381e',1795604860744,X'0000000200000003','YWxpY2U6IFRoZSByb3NlcyBhcmUgb3V0LmA3NDNmMzUxNDBlYmQ5ZjI2OTEyMWM4ZTk5MDIyMDJhZQ==');
INSERT INTO message VALUES(3,0,1,X'5b0c9caa076882f3ce3f33cbc24d0fe4',1795604860745,X'0000000400000002','YWxpY2U6IEdvb2QgbW9ybmluZywgZXZlcnlvbmUuYGU0MzgwMDYzNjIzYmE0ZmVkM2VjZDgwZDEzYWQ1ZGZl');
INSERT INTO message VALUES(4,1,1,X'5b0c9caa076882f34a5ec945cf2aaa83',1795604860745,X'00000002','YWxpY2U6IEhlbGxvIEJvYiwgSSBhbSBoZXJlLmAwNTg0OGM2OWM4YzIyM2E3NDQ0MmY3ZWNmNWM1NWZkMQ==');
INSERT INTO message VALUES(5,3,1,X'8b08b64bffb54a52f1b391076f75c51a',1795604860777,X'00000004','YWxpY2U6IEFyZSB5b3UgdGhlcmUsIERhdmU/YGE1Zjg2ODkzMzFlNmE3NjNjODY3ZjllOGJiMmQyNzFm');
INSERT INTO message VALUES(6,0,1,X'd6a7594a35d92df1c3a079a1d99440b7',1795604860797,X'0000000400000002','YWxpY2U6IEhhcyBhbnlib2R5IHNlZW4gRGF2ZT9gZTRjYzRlNDc4ZThlYWFlMjI3MzI4MTlmMTFkODk2ZDM=');
CREATE TABLE failure (
    "order" INTEGER NOT NULL REFERENCES message ("order"),
    user    INTEGER NOT NULL REFERENCES user (id),
    reason  TEXT    NOT NULL CHECK (reason IN ('lost', 'corrupted')),
    PRIMARY KEY ("order", user)
) STRICT, WITHOUT ROWID;
INSERT INTO failure VALUES(5,4,'lost');
INSERT INTO failure VALUES(6,4,'lost');
CREATE TABLE token (
    hash       BLOB    PRIMARY KEY,    -- SHA-256
    user       INTEGER NOT NULL REFERENCES user (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_by_name ON user (name) WHERE password_hash IS NOT NULL;
CREATE INDEX member_by_user ON member (user);
CREATE INDEX message_by_conversation ON message (conversation, "order");
COMMIT;
