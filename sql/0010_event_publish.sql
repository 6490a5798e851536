-- Publishing one event costs what one event costs: what is taken is found by an array of ids, and a
-- recipient named twice is met where it is written.  A join and a DISTINCT would make hash tables
-- for as many rows as there might be, which cost more than all the rest.

CREATE OR REPLACE FUNCTION event_publish(most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    published bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(20818);
    WITH taken AS (
        DELETE FROM event_outbox
        WHERE outbox_id = ANY (ARRAY(SELECT outbox_id FROM event_outbox ORDER BY outbox_id LIMIT most))
        RETURNING *
    ), numbered AS (
        SELECT last_id + row_number() OVER (ORDER BY outbox_id) AS event_id, taken.*
        FROM taken, event_log
    ), logged AS (
        INSERT INTO event (event_id, part_id, job_id, body)
        SELECT event_id, part_id, job_id, body FROM numbered
    ), addressed AS (
        INSERT INTO event_recipient (account_id, event_id)
        SELECT unnest(recipients), event_id FROM numbered
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO published FROM numbered;
    IF published > 0 THEN
        UPDATE event_log SET last_id = last_id + published;
    END IF;
    RETURN published;
END
$$;
