-- The collector remembers what it could not remove, and what nobody came to own.

ALTER TABLE object_tombstone ADD COLUMN abandoned boolean NOT NULL DEFAULT false;
ALTER TABLE object_tombstone ADD COLUMN attempts integer NOT NULL DEFAULT 0;
ALTER TABLE object_tombstone ADD COLUMN error text;
COMMENT ON COLUMN object_tombstone.due_at IS 'When it is removed; moved on by every try that fails.';
COMMENT ON COLUMN object_tombstone.abandoned IS 'Its intent ended: the store may hold half an upload.';
COMMENT ON COLUMN object_tombstone.attempts IS 'Tries to remove it that have failed.';
COMMENT ON COLUMN object_tombstone.error IS 'Why the last of them failed, for the operator.';
