/* jobs: looking at the queue, and changing it. */
#include "ctl/jobs.h"
#include "ctl/arguments.h"
#include "lib/base/clock.h"
#include "lib/job/job.h"
#include "lib/job/machine.h"
#include "lib/part/rework.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_POLL_US = 200000, DRAIN_MARGIN_S = 10 };

int
fa_jobs_id(const char *text, struct fa_uuid *id_r, struct fa_error *err)
{
    if (fa_uuid_parse(text, strlen(text), id_r))
        return 0;
    return fa_error_set(err, FA_E_INTERNAL, "\"%.60s\" is no id: 32 hex digits", text);
}

/* --- retry, cancel ---------------------------------------------------------------------------- */

/* One after the other; the first that cannot be done ends it. */
static int
change(struct fa_db *db, int argc, char **argv, enum fa_rework_what what, struct fa_error *err)
{
    if (argc < 2)
        return fa_error_set(err, FA_E_INTERNAL, "takes the ids of jobs");
    for (int i = 1; i < argc; i++) {
        struct fa_rework rework = {.what = what};

        if (fa_jobs_id(argv[i], &rework.job, err) < 0)
            return -1;
        if (fa_rework_run(db, &rework, err) < 0)
            return fa_error_wrap(err, "%s", argv[i]);
        printf("%s\n", argv[i]);
    }
    return 0;
}

static int
retry(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    (void)ctl;
    return change(db, argc, argv, FA_REWORK_RETRY, err);
}

static int
cancel(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    (void)ctl;
    return change(db, argc, argv, FA_REWORK_CANCEL, err);
}

/* --- drain ------------------------------------------------------------------------------------ */

/* Until nothing runs there; the supervisor hands back what has not ended when its time is up. */
static int
wait_drained(struct fa_ctl *ctl, struct fa_db *db, const char *name, struct fa_error *err)
{
    int64_t deadline_us =
        fa_clock_monotonic_us() + (ctl->options->job_drain + DRAIN_MARGIN_S) * FA_SECOND_US;
    struct fa_machine machine = {.running = 0};

    do {
        if (fa_machine_read(db, name, &machine, err) < 0)
            return -1;
        if (machine.running == 0) {
            printf("%s is drained\n", name);
            return 0;
        }
        usleep(DRAIN_POLL_US);
    } while (fa_clock_monotonic_us() < deadline_us);
    return fa_error_set(err, FA_E_INTERNAL, "%" PRId64 " jobs still run on %s", machine.running,
                        name);
}

static int
drain(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    struct fa_machine machine = {.alive = false};
    char own[FA_MACHINE_BYTES];
    const char *name = own;
    bool resume = false;
    const struct fa_argument options[] = {FA_ARGUMENT_TEXT("machine", &name),
                                          FA_ARGUMENT_FLAG("resume", &resume)};
    struct fa_error ignored;

    if (fa_machine_name(ctl->options->job_machine, own, sizeof own, err) < 0 ||
        fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0 ||
        fa_machine_read(db, name, &machine, err) < 0)
        return -1;
    if (!machine.alive) {
        fa_error_set(err, FA_E_INTERNAL, "no fileapi-jobs runs on %s", name);
        return fa_error_action(err, "--machine takes a name as `fileapictl jobs show` prints it");
    }
    if (fa_machine_drain(db, name, !resume, err) < 0)
        return -1;
    fa_db_notify(db, FA_JOB_CHANNEL, "", &ignored);
    if (!resume)
        return wait_drained(ctl, db, name, err);
    printf("%s takes jobs\n", name);
    return 0;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    fa_jobs_command *run;
} words[] = {
    {"list", fa_jobs_list}, {"show", fa_jobs_show}, {"retry", retry},
    {"cancel", cancel},     {"drain", drain},
};

/* Without a word, or with options at once: list. */
static int
run(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    if (argc == 1 || argv[1][0] == '-')
        return fa_jobs_list(ctl, db, argc, argv, err);
    for (size_t i = 0; i < FA_COUNT(words); i++)
        if (strcmp(argv[1], words[i].name) == 0)
            return words[i].run(ctl, db, argc - 1, argv + 1, err);
    return fa_error_set(err, FA_E_INTERNAL, "no \"%.40s\": list, show, retry, cancel or drain",
                        argv[1]);
}

int
fa_command_jobs(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    struct fa_db *db = fa_db_new(fa_options_direct(ctl->options), "fileapictl",
                                 ctl->options->database_timeout, err);
    int result = db == NULL ? -1 : run(ctl, db, argc, argv, err);

    fa_db_free(&db);
    return result;
}
