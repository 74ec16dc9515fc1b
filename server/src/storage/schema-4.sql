-- Sessions of an account are shown to its user.

ALTER TABLE token ADD COLUMN since INTEGER NOT NULL DEFAULT 0;  -- when it was given
ALTER TABLE token ADD COLUMN device TEXT;                       -- what its client calls itself

-- Of tokens of before, it is known when they were used last: 30 days before their end.
UPDATE token SET since = max(0, expires_at - 2592000000);
