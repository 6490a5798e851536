-- The small picture: a derived file like the large one.
ALTER TABLE derived_file DROP CONSTRAINT derived_file_kind_check;
ALTER TABLE derived_file ADD CONSTRAINT derived_file_kind_check
    CHECK (kind IN ('visualization', 'thumbnail', 'thumbnail_256', 'oriented', 'report'));
