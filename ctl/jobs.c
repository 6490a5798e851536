/* jobs: what is queued and running. */
#include "ctl/command.h"
#include "lib/base/cleanup.h"
#include "lib/job/listing.h"

#include <string.h>

static int
print(struct fa_ctl *ctl, struct fa_rows *rows, struct fa_error *err)
{
    struct fa_job_line line;
    enum fa_db_outcome outcome;

    printf("%-32s %-32s %-36s %-9s %7s %7s %8s %s\n", "JOB", "PART", "TASK", "STATE", "ATTEMPT",
           "CRASHES", "AGE (S)", "ERROR");
    while ((outcome = fa_job_listing_next(rows, ctl->arena, &line, err)) == FA_DB_ROW) {
        char job[FA_UUID_TEXT];
        char part[FA_UUID_TEXT];

        printf("%s %s %-36s %-9s %7lld %7lld %8lld %s\n", fa_uuid_text(&line.id, job),
               fa_uuid_text(&line.part, part), line.task, line.state, (long long)line.attempt,
               (long long)line.crashes, (long long)line.age_s,
               line.error != NULL ? line.error : "");
    }
    return outcome < 0 ? -1 : 0;
}

int
fa_command_jobs(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    struct fa_db *db =
        fa_db_new(ctl->options->database, "fileapictl", ctl->options->database_timeout);
    int result = -1;

    if (argc > (all ? 2 : 1))
        fa_error_set(err, FA_E_INTERNAL, "takes --all or nothing");
    else if (db == NULL)
        fa_error_set(err, FA_E_MEMORY, "database connection");
    else if (fa_job_listing(db, all, &rows, err) >= 0)
        result = print(ctl, &rows, err);
    fa_db_free(&db);
    return result;
}
