-- The base: who, which parts, their files, the work on them, what was told about it.
-- Object keys name what lies in the store; a key is used once and never again.

CREATE TABLE organization (
    organization_id uuid PRIMARY KEY,
    alias text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE organization IS 'An organization of the identity provider, made at first sight.';
COMMENT ON COLUMN organization.alias IS 'Its alias in tokens.';

CREATE TABLE account (
    account_id uuid PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    name text,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);
COMMENT ON TABLE account IS 'A user: issuer and subject are the identity, the rest follows the latest token.';

CREATE TABLE part (
    part_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES account,
    organization_id uuid REFERENCES organization,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'empty' CHECK (status IN ('empty', 'processing', 'ready', 'failed')),
    quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0),
    material text,
    machine text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX part_owner ON part (owner_id);
CREATE INDEX part_organization ON part (organization_id);
COMMENT ON TABLE part IS 'A part to be made; its files are assets (uploaded) and derived files (made by jobs).';
COMMENT ON COLUMN part.organization_id IS 'Shares the part; the first by alias in the token that made it.';
COMMENT ON COLUMN part.status IS 'State of the newest CAD: empty without one.';

CREATE TABLE asset (
    asset_id uuid PRIMARY KEY,
    part_id uuid NOT NULL REFERENCES part ON DELETE CASCADE,
    basename text NOT NULL,
    basename_nfc text NOT NULL GENERATED ALWAYS AS (normalize(basename, NFC)) STORED,
    asset_type text NOT NULL CHECK (asset_type IN ('drawing', 'image', 'cad', 'offer', 'invoice',
                                                   'rfq', 'document', 'misc')),
    object_key text NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    placed bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    results jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (part_id, basename_nfc)
);
CREATE INDEX asset_newest ON asset (part_id, placed);
COMMENT ON TABLE asset IS 'An uploaded file of a part; derived files are no assets.';
COMMENT ON COLUMN asset.basename IS 'The name as the client gave it.';
COMMENT ON COLUMN asset.basename_nfc IS 'The name as it is compared.';
COMMENT ON COLUMN asset.placed IS 'Order of upload and overwrite: the newest of a part is the greatest.';
COMMENT ON COLUMN asset.results IS 'What analyses found, by name; "analysis_results" in answers.';

CREATE TABLE stage (
    asset_id uuid NOT NULL REFERENCES asset ON DELETE CASCADE,
    stage text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'finished', 'failed')),
    message text,
    user_action text,
    ended_at timestamptz,
    PRIMARY KEY (asset_id, stage)
);
COMMENT ON TABLE stage IS 'The steps of an asset''s processing; "asset_stat" in answers is made from these rows.';
COMMENT ON COLUMN stage.message IS 'Why it failed, for the user.';
COMMENT ON COLUMN stage.user_action IS 'What the user can do about it.';

CREATE TABLE derived_file (
    part_id uuid NOT NULL REFERENCES part ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('visualization', 'thumbnail', 'oriented', 'report')),
    object_key text NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (part_id, kind)
);
COMMENT ON TABLE derived_file IS 'What jobs made from a part''s newest CAD; gone when a newer CAD takes over.';

CREATE TABLE object_intent (
    object_key text PRIMARY KEY,
    deadline timestamptz NOT NULL
);
CREATE INDEX object_intent_deadline ON object_intent (deadline);
COMMENT ON TABLE object_intent IS 'An object that may be in the store before a row owns it; the collector removes it after the deadline.';

CREATE TABLE object_tombstone (
    object_key text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX object_tombstone_due ON object_tombstone (due_at);
COMMENT ON TABLE object_tombstone IS 'An object no row owns any more; the collector removes it when due, after downloads under way have ended.';

CREATE TABLE job (
    job_id uuid PRIMARY KEY,
    part_id uuid NOT NULL REFERENCES part ON DELETE CASCADE,
    asset_id uuid REFERENCES asset ON DELETE CASCADE,
    task text NOT NULL,
    after_task text,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    machine text,
    pid integer,
    pid_start bigint,
    request_id text NOT NULL,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz,
    ended_at timestamptz
);
CREATE UNIQUE INDEX job_open ON job (part_id, task) WHERE state IN ('queued', 'running');
CREATE INDEX job_queued ON job (not_before) WHERE state = 'queued';
CREATE INDEX job_running ON job (machine) WHERE state = 'running';
COMMENT ON TABLE job IS 'A task for a part; at most one of a kind is open.';
COMMENT ON COLUMN job.asset_id IS 'The asset it works on, when it is about one.';
COMMENT ON COLUMN job.after_task IS 'Not claimed while the part has an open job of this task.';
COMMENT ON COLUMN job.attempt IS 'Fencing token: only the attempt that stands here may write results.';
COMMENT ON COLUMN job.crashes IS 'Attempts that ended without a result; too many and the job has failed.';
COMMENT ON COLUMN job.machine IS 'Boot id and host that claimed it.';
COMMENT ON COLUMN job.pid_start IS 'Start time of pid in clock ticks since boot: tells it from a later process of the same number.';
COMMENT ON COLUMN job.request_id IS 'The request that asked for it, for the log.';
COMMENT ON COLUMN job.error IS 'Why it ended as it did, for the operator.';

CREATE TABLE job_watcher (
    job_id uuid NOT NULL REFERENCES job ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES account,
    PRIMARY KEY (job_id, account_id)
);
COMMENT ON TABLE job_watcher IS 'Who asked for the job; its events go to them and to the part''s owner.';

CREATE TABLE event (
    event_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    part_id uuid NOT NULL,
    body json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_created ON event (created_at);
COMMENT ON TABLE event IS 'What was told over the WebSocket and is kept: finished, failed and cancelled.';
COMMENT ON COLUMN event.part_id IS 'No foreign key: the news outlives the part.';
COMMENT ON COLUMN event.body IS 'The message without its "id".';

CREATE TABLE event_recipient (
    account_id uuid NOT NULL REFERENCES account,
    event_id bigint NOT NULL REFERENCES event ON DELETE CASCADE,
    PRIMARY KEY (account_id, event_id)
);
COMMENT ON TABLE event_recipient IS 'Who an event is for.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO fileapi_app;
GRANT SELECT ON schema_migration TO fileapi_app;
REVOKE INSERT, UPDATE, DELETE ON schema_migration FROM fileapi_app;
