-- Groups by consent: who may join, who is invited, who asks, who was removed, and what groups were
-- called before.

-- Groups of before were open to everyone. Everybody in them stays, and the first member decides.
ALTER TABLE conversation ADD COLUMN policy TEXT
    CHECK (policy IN ('anyone', 'invitation', 'asking'));
UPDATE conversation SET policy = 'anyone' WHERE group_name IS NOT NULL;

-- What a group is to those who are no members of it.
CREATE TABLE standing (
    conversation INTEGER NOT NULL,
    user         INTEGER NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('invited', 'asking', 'barred')),
    inviter      INTEGER,                   -- of who is invited
    since        INTEGER NOT NULL,
    position     INTEGER NOT NULL DEFAULT 0,  -- among those since the same
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX standing_by_user ON standing (user);

CREATE TABLE former_name (
    conversation INTEGER NOT NULL,
    until        INTEGER NOT NULL,          -- the place of the renaming
    name         TEXT    NOT NULL,
    PRIMARY KEY (conversation, until)
) STRICT, WITHOUT ROWID;

-- Who is not told of whose invitations.
CREATE TABLE block (
    user  INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;

-- Groups that nobody was left in, whose messages are still to be deleted.
CREATE TABLE gone_group (conversation INTEGER PRIMARY KEY) STRICT;

INSERT INTO gone_group SELECT id FROM conversation
WHERE group_name IS NOT NULL AND id NOT IN (SELECT conversation FROM member);
DELETE FROM conversation WHERE id IN (SELECT conversation FROM gone_group);
