-- How far a running job is, for who begins to listen meanwhile.

ALTER TABLE stage ADD COLUMN percent smallint;
COMMENT ON COLUMN stage.percent IS 'How far an active stage is, as was told last.';
