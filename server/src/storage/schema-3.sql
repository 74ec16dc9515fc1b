-- Names are compared by what they are in every spelling, and by what they look like. Both are computed
-- where names are read (names.rs in the core).

-- NULL for guests, and where another of before this has the same: the earliest keeps it.
ALTER TABLE user ADD COLUMN folded TEXT;
ALTER TABLE user ADD COLUMN look TEXT;

-- The same of groups.
ALTER TABLE conversation ADD COLUMN folded TEXT;
ALTER TABLE conversation ADD COLUMN look TEXT;

CREATE UNIQUE INDEX user_by_folded ON user (folded) WHERE folded IS NOT NULL;
CREATE UNIQUE INDEX user_by_look ON user (look) WHERE look IS NOT NULL;
CREATE UNIQUE INDEX conversation_by_folded ON conversation (folded) WHERE folded IS NOT NULL;
CREATE UNIQUE INDEX conversation_by_look ON conversation (look) WHERE look IS NOT NULL;
