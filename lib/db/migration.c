#include "lib/db/migration.h"
#include "lib/db/lock.h"

int
fa_migration_prepare(struct fa_db *db, struct fa_error *err)
{
    return fa_db_script(db,
                        "CREATE TABLE IF NOT EXISTS schema_migration ("
                        " version integer PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL,"
                        " applied_at timestamptz NOT NULL DEFAULT now());"
                        "COMMENT ON TABLE schema_migration IS 'The migrations applied, each once.'",
                        err);
}

/* The lock lets one of several machines migrate; the others find the work done. */
static enum fa_db_outcome
apply(struct fa_db *db, void *closure, struct fa_error *err)
{
    static const struct fa_statement lock = {"migration_lock",
                                             "SELECT pg_advisory_xact_lock(" FA_LOCK_MIGRATION ")"};
    static const struct fa_statement find = {
        "migration_find",
        "SELECT sha256 = sha256(convert_to($2, 'UTF8')) AS same FROM schema_migration"
        " WHERE version = $1"};
    static const struct fa_statement enter = {"migration_enter",
                                              "INSERT INTO schema_migration (version, name, sha256)"
                                              " VALUES ($1, $2, sha256(convert_to($3, 'UTF8')))"};
    const struct fa_migration *migration = closure;
    bool same = false;
    enum fa_db_outcome outcome = fa_db_run(db, &lock, FA_NO_PARAMS, err);

    if (outcome >= 0)
        outcome =
            fa_db_row(db, &find, FA_PARAMS(FA_INT(migration->version), FA_TEXT(migration->script)),
                      FA_COLUMNS(FA_COLUMN_BOOL("same", &same)), NULL, err);
    if (outcome == FA_DB_ROW && !same)
        return fa_db_fail(err, FA_E_INTERNAL,
                          "it has changed since it was applied; write a new one instead");
    if (outcome != FA_DB_NONE)
        return outcome < 0 ? outcome : FA_DB_NONE;
    if (fa_db_script(db, migration->script, err) < 0)
        return FA_DB_FAILED;
    return fa_db_run(
        db, &enter,
        FA_PARAMS(FA_INT(migration->version), FA_TEXT(migration->name), FA_TEXT(migration->script)),
        err);
}

int
fa_migration_apply(struct fa_db *db, const struct fa_migration *migration, struct fa_error *err)
{
    struct fa_migration copy = *migration;
    enum fa_db_outcome outcome = fa_db_transaction(db, apply, &copy, err);

    return outcome < 0 ? -1 : outcome == FA_DB_ROW;
}
