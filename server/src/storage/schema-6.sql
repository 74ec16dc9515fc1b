-- How many bytes of messages each account has stored, its bodies and 256 bytes around each: see
-- MESSAGE_BYTES_AROUND.
CREATE TABLE stored (
    user  INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO stored
SELECT sender, sum(coalesce(octet_length(body), 0) + 256) FROM message GROUP BY sender;
