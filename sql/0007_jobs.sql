-- The order in which jobs are taken, the machines that take them, and when what is over is dropped.

ALTER TABLE job ADD COLUMN account_id uuid REFERENCES account;
ALTER TABLE job ADD COLUMN lane uuid;
ALTER TABLE job ADD COLUMN priority smallint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN begun_at timestamptz;
COMMENT ON COLUMN job.account_id IS 'Who asked for it first.';
COMMENT ON COLUMN job.lane IS 'Whose work it is: the part''s organization, or its owner. Lanes take turns.';
COMMENT ON COLUMN job.priority IS '0: somebody waits for it; 1: bulk, more than anybody waits for.';
COMMENT ON COLUMN job.turn IS 'Its place in the order of its priority, given when it is queued.';
COMMENT ON COLUMN job.begun_at IS 'When the attempt''s process has taken it; null until then.';
COMMENT ON COLUMN job.error IS 'How its last attempt ended, when without a result; for the operator.';

-- A lane's jobs stand in a row, one a turn; a lane that had none starts where the queue is now, which
-- jobs that wait for something do not tell.  So each round takes one job of every lane, and a claim
-- is the first entry of an index.
CREATE FUNCTION job_turn(job_lane uuid, job_priority smallint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT GREATEST(
        (SELECT max(turn) + 1 FROM job
         WHERE state = 'queued' AND lane = job_lane AND priority = job_priority),
        (SELECT turn FROM job
         WHERE state = 'queued' AND priority = job_priority AND not_before <= now() AND after_task IS NULL
         ORDER BY priority, turn, job_id LIMIT 1),
        0)
$$;
COMMENT ON FUNCTION job_turn IS 'The turn of a job that is queued now.';

DROP INDEX job_queued;
CREATE INDEX job_queued ON job (priority, turn, job_id) WHERE state = 'queued';
CREATE INDEX job_lane ON job (lane, priority, turn) WHERE state = 'queued';
CREATE INDEX job_account ON job (account_id) WHERE state = 'queued';
CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
-- The heads of the queue's indexes are where rows die: they are vacuumed early.
ALTER TABLE job SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

CREATE TABLE job_machine (
    machine text PRIMARY KEY,
    slots integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    draining_at timestamptz
);
COMMENT ON TABLE job_machine IS 'The machines that have run fileapi-jobs; one that runs it holds an advisory lock of its name.';
COMMENT ON COLUMN job_machine.draining_at IS 'Since when it takes no jobs; its next start takes them again.';

GRANT SELECT, INSERT, UPDATE, DELETE ON job_machine TO fileapi_app;
