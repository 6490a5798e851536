-- The two roles of a database cluster, made once by its superuser (scripts/stack, or the operator):
-- fileapi_owner owns the schema and migrates it, fileapi_app only uses it.
-- Both get their limits here, so that they hold for every connection, pooled or not.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fileapi_owner') THEN
        CREATE ROLE fileapi_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fileapi_app') THEN
        CREATE ROLE fileapi_app LOGIN;
    END IF;
END
$$;

ALTER ROLE fileapi_owner SET lock_timeout = '10s';
ALTER ROLE fileapi_app SET statement_timeout = '5s';
ALTER ROLE fileapi_app SET lock_timeout = '4s';
ALTER ROLE fileapi_app SET idle_in_transaction_session_timeout = '10s';
-- A session whose client was killed must not keep its advisory lock while a statement runs.
ALTER ROLE fileapi_app SET client_connection_check_interval = '500ms';
-- Nor that of a machine that is gone without a word (TCP only): noticed within 10 seconds.
ALTER ROLE fileapi_app SET tcp_keepalives_idle = '4s';
ALTER ROLE fileapi_app SET tcp_keepalives_interval = '2s';
ALTER ROLE fileapi_app SET tcp_keepalives_count = 3;
ALTER ROLE fileapi_app SET tcp_user_timeout = '10s';
