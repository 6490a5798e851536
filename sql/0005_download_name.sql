-- Who downloads a derived file asks one row for all of it.

ALTER TABLE derived_file ADD COLUMN cad_basename text;
COMMENT ON COLUMN derived_file.cad_basename IS 'Name of the CAD it was made from; downloads are called after it.';

UPDATE derived_file SET cad_basename = (
    SELECT basename FROM asset WHERE asset.part_id = derived_file.part_id AND asset_type = 'cad'
    ORDER BY placed DESC LIMIT 1);
