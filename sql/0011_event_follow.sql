-- Each event is written as few times as it can be, and who listens takes and reads it in one call.
--
-- An event names its recipients itself.  The rows of event_recipient, which the pages of an account
-- are read from, need no index by event then and no foreign key, whose check locks the event's row
-- again.  Events grow old in the order of their ids: nothing needs an index by age.

ALTER TABLE event ADD COLUMN recipients uuid[];
UPDATE event SET recipients = ARRAY(SELECT account_id FROM event_recipient
                                    WHERE event_recipient.event_id = event.event_id);
ALTER TABLE event ALTER COLUMN recipients SET NOT NULL;
COMMENT ON COLUMN event.recipients IS 'The accounts it is for, each once.';

ALTER TABLE event_recipient DROP CONSTRAINT event_recipient_event_id_fkey;
DROP INDEX event_recipient_event;
DROP INDEX event_created;
COMMENT ON TABLE event_recipient IS 'What event.recipients says, by account.';

CREATE OR REPLACE FUNCTION event_publish(most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    published bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(20818);
    WITH taken AS (
        DELETE FROM event_outbox
        WHERE outbox_id = ANY (ARRAY(SELECT outbox_id FROM event_outbox ORDER BY outbox_id LIMIT most))
        RETURNING *
    ), logged AS (
        INSERT INTO event (event_id, part_id, job_id, body, recipients)
        SELECT (SELECT last_id FROM event_log) + row_number() OVER (ORDER BY outbox_id),
               part_id, job_id, body, ARRAY(SELECT DISTINCT unnest(recipients))
        FROM taken
        RETURNING event_id, recipients
    ), addressed AS (
        INSERT INTO event_recipient (account_id, event_id)
        SELECT unnest(recipients), event_id FROM logged
    )
    SELECT count(*) INTO published FROM logged;
    IF published > 0 THEN
        UPDATE event_log SET last_id = last_id + published;
    END IF;
    RETURN published;
END
$$;

-- Takes at most so many events into the log; what it holds after that id, as many at most.
CREATE FUNCTION event_follow(after bigint, most bigint) RETURNS SETOF event LANGUAGE plpgsql AS $$
BEGIN
    PERFORM event_publish(most);
    RETURN QUERY SELECT * FROM event WHERE event_id > after ORDER BY event_id LIMIT most;
END
$$;
