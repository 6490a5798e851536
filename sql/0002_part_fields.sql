-- What a part's user says about it, and the lists of parts.

ALTER TABLE part ADD COLUMN rfq_note text;
ALTER TABLE part ADD COLUMN rfq_needed_by date;
COMMENT ON COLUMN part.quantity IS 'How many are to be made.';
COMMENT ON COLUMN part.material IS 'Of which material; null while nobody has chosen.';
COMMENT ON COLUMN part.machine IS 'On which machine; null while nobody has chosen.';
COMMENT ON COLUMN part.rfq_note IS 'What the request for quotation says beside the figures.';
COMMENT ON COLUMN part.rfq_needed_by IS 'The day by which the parts are needed.';

-- Ids are UUIDv7, so their order is that of creation: lists are read backwards from an index.
DROP INDEX part_owner;
DROP INDEX part_organization;
CREATE INDEX part_owner ON part (owner_id, part_id);
CREATE INDEX part_organization ON part (organization_id, part_id);

-- Jobs of a part are detached and dropped with it, also when they have ended.
CREATE INDEX job_part ON job (part_id);
CREATE INDEX job_asset ON job (asset_id);
