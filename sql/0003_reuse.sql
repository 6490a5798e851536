-- Same content again, requests sent again, and quotas.

CREATE TABLE cad_content (
    asset_id uuid PRIMARY KEY REFERENCES asset ON DELETE CASCADE,
    scope_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    version integer NOT NULL
);
CREATE INDEX cad_content_scope ON cad_content (scope_id, sha256, version);
COMMENT ON TABLE cad_content IS 'CADs whose analysis may be used again for the same content.';
COMMENT ON COLUMN cad_content.scope_id IS 'The part''s organization, or its owner: no one else''s content is looked at.';
COMMENT ON COLUMN cad_content.sha256 IS 'What was analysed; no longer the asset''s when that was overwritten.';
COMMENT ON COLUMN cad_content.version IS 'Of the analysis: another release''s results are not used.';

CREATE TABLE replay (
    account_id uuid NOT NULL REFERENCES account,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    part_id uuid,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX replay_created ON replay (created_at);
COMMENT ON TABLE replay IS 'Answers to requests with an Idempotency-Key, written with what they tell; kept for a day.';
COMMENT ON COLUMN replay.fingerprint IS 'SHA-256 of the request: another one under the same key is refused.';
COMMENT ON COLUMN replay.part_id IS 'No foreign key: the answer outlives the part.';

-- Use is a ledger: changes are added, never updated, so that uploads of one organization do not wait
-- for each other; the jobs' housekeeping folds a subject's rows into one.  The rows it leaves behind
-- are vacuumed early, so that a sum stays a matter of few pages.
CREATE TABLE quota_use (
    subject_id uuid NOT NULL,
    bytes bigint NOT NULL,
    parts bigint NOT NULL,
    folded boolean NOT NULL DEFAULT false
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX quota_use_subject ON quota_use (subject_id) INCLUDE (bytes, parts);
CREATE INDEX quota_use_fresh ON quota_use (subject_id) WHERE NOT folded;
COMMENT ON TABLE quota_use IS 'What an account or organization uses: the sum of its rows.';

CREATE FUNCTION quota_add(owner uuid, organization uuid, more_bytes bigint, more_parts bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO quota_use (subject_id, bytes, parts)
    SELECT subject_id, more_bytes, more_parts FROM unnest(ARRAY[owner, organization]) AS subject_id
    WHERE subject_id IS NOT NULL AND (more_bytes <> 0 OR more_parts <> 0)
$$;

-- An asset's bytes follow the asset while its part is there; with the part all of them go at once.
CREATE FUNCTION quota_asset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM quota_add(owner_id, organization_id,
                      CASE TG_OP WHEN 'INSERT' THEN NEW.size
                                 WHEN 'UPDATE' THEN NEW.size - OLD.size
                                 ELSE -OLD.size END, 0)
    FROM part WHERE part_id = CASE TG_OP WHEN 'DELETE' THEN OLD.part_id ELSE NEW.part_id END;
    RETURN NULL;
END
$$;
CREATE TRIGGER quota AFTER INSERT OR DELETE OR UPDATE OF size ON asset
    FOR EACH ROW EXECUTE FUNCTION quota_asset();

CREATE FUNCTION quota_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM quota_add(NEW.owner_id, NEW.organization_id, 0, 1);
        RETURN NEW;
    END IF;
    PERFORM quota_add(OLD.owner_id, OLD.organization_id,
                      -(SELECT COALESCE(sum(size), 0)::bigint FROM asset WHERE part_id = OLD.part_id),
                      -1);
    RETURN OLD;
END
$$;
CREATE TRIGGER quota BEFORE INSERT OR DELETE ON part FOR EACH ROW EXECUTE FUNCTION quota_part();

INSERT INTO quota_use (subject_id, bytes, parts, folded)
SELECT subject_id, sum(bytes), count(*), true
FROM (SELECT owner_id, organization_id,
             (SELECT COALESCE(sum(size), 0) FROM asset WHERE asset.part_id = part.part_id) AS bytes
      FROM part) AS part
CROSS JOIN LATERAL unnest(ARRAY[owner_id, organization_id]) AS subject_id
WHERE subject_id IS NOT NULL
GROUP BY subject_id;

GRANT SELECT, INSERT, UPDATE, DELETE ON cad_content, replay, quota_use TO fileapi_app;
