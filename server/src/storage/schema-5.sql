-- A token that its user has ended is kept, so that whoever comes with it can be told.

ALTER TABLE token ADD COLUMN is_ended INTEGER NOT NULL DEFAULT 0;
