-- Passwords: `user.password_hash` is a record of OPAQUE ("opaque:" and Base64), or, of an account of
-- before, an Argon2id hash in PHC form. Those of before were all sent to the server.
ALTER TABLE user ADD COLUMN password_was_readable INTEGER NOT NULL DEFAULT 0;
UPDATE user SET password_was_readable = 1 WHERE password_hash IS NOT NULL;

-- What the records were made with, so that a server with another setup does not start. At most one row.
CREATE TABLE password_setup (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB    NOT NULL
) STRICT;
