-- What the clients of a user keep for them. Those who keep nothing have no row.
CREATE TABLE settings (
    user INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL,                  -- since that place
    text TEXT    NOT NULL
) STRICT;
