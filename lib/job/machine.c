#include "lib/job/machine.h"
#include "lib/db/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK_OF_1   FA_LOCK_KEYS(FA_LOCK_MACHINE, "$1")
#define LOCK_OF_ROW FA_LOCK_KEYS(FA_LOCK_MACHINE, "machine")
#define IS_FREE     FA_LOCK_IS_FREE(LOCK_OF_ROW)

int
fa_machine_name(const char *host, char *machine, size_t size, struct fa_error *err)
{
    char boot[40] = "";
    char own[65] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "open the boot id");
    if (fgets(boot, sizeof boot, file) != NULL)
        boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
    gethostname(own, sizeof own - 1);
    if (boot[0] == '\0')
        return fa_error_set(err, FA_E_INTERNAL, "the boot id is empty");
    if (snprintf(machine, size, "%s@%s", boot, host[0] != '\0' ? host : own) >= (int)size)
        return fa_error_set(err, FA_E_INTERNAL, "the machine's name is too long");
    return 0;
}

enum fa_db_outcome
fa_machine_enter(struct fa_db *db, const char *machine, int64_t slots, struct fa_error *err)
{
    static const struct fa_statement enter = {
        "machine_enter",
        "INSERT INTO job_machine (machine, slots)"
        " SELECT $1, $2 WHERE pg_try_advisory_lock(" LOCK_OF_1 ")"
        " ON CONFLICT (machine) DO UPDATE SET slots = excluded.slots, started_at = now(),"
        "  draining_at = NULL"};
    enum fa_db_outcome outcome =
        fa_db_run(db, &enter, FA_PARAMS(FA_TEXT(machine), FA_INT(slots)), err);

    if (outcome == FA_DB_ROW)
        fa_db_keep_lock(db, FA_LOCK_MACHINE, machine);
    return outcome;
}

enum fa_db_outcome
fa_machine_drain(struct fa_db *db, const char *machine, bool draining, struct fa_error *err)
{
    static const struct fa_statement drain = {
        "machine_drain", "UPDATE job_machine SET draining_at = CASE WHEN $2 THEN now() END"
                         " WHERE machine = $1"};

    return fa_db_run(db, &drain, FA_PARAMS(FA_TEXT(machine), FA_BOOL(draining)), err);
}

enum fa_db_outcome
fa_machine_read(struct fa_db *db, const char *machine, struct fa_machine *state,
                struct fa_error *err)
{
    static const struct fa_statement read = {
        "machine_read",
        "SELECT draining_at IS NOT NULL AS draining,"
        " EXTRACT(EPOCH FROM now() - draining_at)::bigint AS draining_s,"
        " (SELECT count(*) FROM job WHERE state = 'running' AND job.machine = $1) AS running,"
        " NOT" IS_FREE "AS alive FROM job_machine WHERE machine = $1"};

    return fa_db_row(db, &read, FA_PARAMS(FA_TEXT(machine)),
                     FA_COLUMNS(FA_COLUMN_BOOL("draining", &state->draining),
                                FA_COLUMN_INT("draining_s", &state->draining_s),
                                FA_COLUMN_INT("running", &state->running),
                                FA_COLUMN_BOOL("alive", &state->alive)),
                     NULL, err);
}

enum fa_db_outcome
fa_machine_prune(struct fa_db *db, int64_t keep_s, struct fa_error *err)
{
    /* A boot has a name of its own, so names pile up. */
    static const struct fa_statement prune = {
        "machine_prune",
        "DELETE FROM job_machine m WHERE started_at < now() - make_interval(secs => $1::bigint)"
        " AND NOT EXISTS (SELECT FROM job WHERE job.machine = m.machine AND state = 'running')"
        " AND" IS_FREE};

    return fa_db_run(db, &prune, FA_PARAMS(FA_INT(keep_s)), err);
}
