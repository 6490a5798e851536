-- Events get their ids when they can be read, not when they are written.
--
-- A transaction that changes something writes what it tells into the outbox.  Once it has committed,
-- event_publish moves the outbox into the log, one caller at a time, and gives the ids: whoever sees
-- an id sees every lower one too, so "all after N" misses nothing, however long some transaction
-- that wrote earlier stays open.  Events of one part keep their order: they are written under the
-- part's lock, so their places in the outbox are those of their commits.

CREATE TABLE event_outbox (
    outbox_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    part_id uuid NOT NULL,
    job_id uuid,
    body json NOT NULL,
    recipients uuid[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE event_outbox IS 'Events on their way into the log; written with the state they tell.';
COMMENT ON COLUMN event_outbox.outbox_id IS 'Order of writing; by part, that of the commits.';

ALTER TABLE event ALTER COLUMN event_id DROP IDENTITY;
COMMENT ON COLUMN event.event_id IS 'Its place in the log, given by event_publish.';
COMMENT ON COLUMN event.created_at IS 'When it came into the log.';
ALTER TABLE event ADD COLUMN job_id uuid;
CREATE INDEX event_job ON event (job_id) WHERE job_id IS NOT NULL;
COMMENT ON COLUMN event.job_id IS 'The job it tells of. No foreign key: the news may outlive it.';

-- An account may go while news for it is in the outbox; that must not hold up the others'.
ALTER TABLE event_recipient DROP CONSTRAINT event_recipient_account_id_fkey;
CREATE INDEX event_recipient_event ON event_recipient (event_id);

CREATE TABLE event_log (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seed uuid NOT NULL DEFAULT gen_random_uuid(),
    last_id bigint NOT NULL,
    forgotten_id bigint NOT NULL
);
INSERT INTO event_log (last_id, forgotten_id)
SELECT COALESCE(max(event_id), 0), COALESCE(min(event_id) - 1, 0) FROM event;
COMMENT ON TABLE event_log IS 'The state of the log: one row.';
COMMENT ON COLUMN event_log.seed IS 'Tells this log from any other.';
COMMENT ON COLUMN event_log.last_id IS 'The id given last.';
COMMENT ON COLUMN event_log.forgotten_id IS 'Events up to this id may be gone.';

-- The name of this history of ids.  A restored database or a promoted standby goes on with another
-- one, because it may give ids again that were given before.
CREATE FUNCTION event_epoch() RETURNS text LANGUAGE sql AS $$
    SELECT left(md5(concat(seed, system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8))), 8)
    FROM event_log, pg_control_system()
$$;

-- Moves at most so many events into the log; how many there were.  The lock, unlike the row's, is
-- nothing to be written when there are none.
CREATE FUNCTION event_publish(most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    published bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(20818);
    WITH taken AS (
        DELETE FROM event_outbox
        WHERE outbox_id IN (SELECT outbox_id FROM event_outbox ORDER BY outbox_id LIMIT most)
        RETURNING *
    ), numbered AS (
        SELECT last_id + row_number() OVER (ORDER BY outbox_id) AS event_id, taken.*
        FROM taken, event_log
    ), logged AS (
        INSERT INTO event (event_id, part_id, job_id, body)
        SELECT event_id, part_id, job_id, body FROM numbered
    ), addressed AS (
        INSERT INTO event_recipient (account_id, event_id)
        SELECT DISTINCT unnest(recipients), event_id FROM numbered
    )
    SELECT count(*) INTO published FROM numbered;
    IF published > 0 THEN
        UPDATE event_log SET last_id = last_id + published;
    END IF;
    RETURN published;
END
$$;

CREATE INDEX job_watcher_account ON job_watcher (account_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON event_outbox TO fileapi_app;
GRANT SELECT, UPDATE ON event_log TO fileapi_app;

-- Nothing is lost with a ticket: not written to the log of changes, and empty after a crash.
CREATE UNLOGGED TABLE ticket (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    account_id uuid NOT NULL,
    token_expires timestamptz NOT NULL,
    good_until timestamptz NOT NULL
);
CREATE INDEX ticket_good_until ON ticket (good_until);
COMMENT ON TABLE ticket IS 'Stand for a token once, in the URL of a WebSocket or an event stream.';
COMMENT ON COLUMN ticket.digest IS 'SHA-256 of the ticket, which only its holder knows.';
COMMENT ON COLUMN ticket.token_expires IS 'What is opened with it ends with the token that it stands for.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ticket TO fileapi_app;
