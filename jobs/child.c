/*
 * fileapi-job: one job, then gone.
 *
 *   fileapi-job JOB ATTEMPT
 *
 * Leads a session of its own, so it outlives its supervisor and can be stopped with all it started.
 * Exit status 0: the job has an outcome in the database.  Anything else: it has none, and whoever
 * watches counts a crash.
 */
#include "jobs/outcome.h"
#include "jobs/task.h"
#include "lib/base/failpoint.h"
#include "lib/base/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_LIMIT = 64 << 20, MACHINE_BYTES = 128 };

static int
open_services(struct fa_task_ctx *ctx, struct fa_error *err)
{
    const struct fa_options *options = ctx->options;

    ctx->db = fa_db_new(fa_options_direct(options), "fileapi-job", options->database_timeout);
    if (ctx->db == NULL)
        return fa_error_set(err, FA_E_MEMORY, "database connection");
    if (fa_store_open(options, &ctx->store, err) < 0)
        return -1;
    fa_store_set_patience(ctx->store, FA_STORE_PATIENCE_OF_JOBS_S);
    return 0;
}

static enum fa_db_outcome
begin(struct fa_task_ctx *ctx, char **argv, struct fa_job *job, struct fa_error *err)
{
    char machine[MACHINE_BYTES];
    struct fa_uuid id;
    struct fa_job_owner self = {
        .machine = machine, .pid = getpid(), .pid_start = fa_job_process_start(getpid())};

    if (!fa_uuid_parse(argv[1], strlen(argv[1]), &id))
        return (enum fa_db_outcome)fa_error_set(err, FA_E_INTERNAL, "malformed job id");
    if (fa_job_machine(machine, sizeof machine, err) < 0 || open_services(ctx, err) < 0)
        return FA_DB_FAILED;
    return fa_job_begin(ctx->db, &id, strtoll(argv[2], NULL, 10), &self, ctx->arena, job, err);
}

/* Why an attempt has ended, for the user; on which object it failed is in the log. */
static const char *
reason(enum fa_error_code code)
{
    switch (code) {
    case FA_E_KILLED:
        return "the analysis was stopped from outside, perhaps for want of memory";
    case FA_E_MEMORY:
        return "memory was short";
    case FA_E_SPACE:
        return "the store has no space left";
    case FA_E_STORE:
        return "the store was away";
    case FA_E_DATABASE:
        return "the database was away";
    default:
        return "there was an internal error";
    }
}

/* Turns a task's failure into the job's outcome; the process's exit status. */
static int
settle(struct fa_task_ctx *ctx, const struct fa_error *failure)
{
    struct fa_error err = {0};
    enum fa_db_outcome outcome;

    fa_log_error(ctx->log, "job_failed", failure);
    if (failure->code == FA_E_CONTENT)
        outcome = fa_outcome_fail(ctx->db, ctx->job, failure, &err);
    else
        outcome = fa_outcome_retry(ctx->db, ctx->job, ctx->options->job_attempts,
                                   reason(failure->code), &err);
    if (outcome >= 0)
        return EXIT_SUCCESS;
    fa_log_error(ctx->log, "job_settle", &err);
    return EXIT_FAILURE;
}

static int
run(struct fa_task_ctx *ctx, struct fa_log *log, char **argv)
{
    struct fa_error err = {0};
    struct fa_job job = {.attempt = 0};
    const struct fa_task *task;
    enum fa_db_outcome outcome = begin(ctx, argv, &job, &err);

    if (outcome == FA_DB_NONE) {
        fa_log(log, FA_LOG_INFO, "job_superseded", FA_LOG_TEXT("job_id", argv[1]));
        return EXIT_SUCCESS;
    }
    if (outcome < 0) {
        fa_log_error(log, "job_begin", &err);
        return EXIT_FAILURE;
    }
    ctx->job = &job;
    log->request_id = job.request_id;
    fa_log(log, FA_LOG_INFO, "job_started", FA_LOG_TEXT("job_id", argv[1]),
           FA_LOG_TEXT("task", job.task), FA_LOG_NUMBER("attempt", job.attempt));
    (void)FA_FAILPOINT("job.started");
    task = fa_task_find(job.task);
    if (task == NULL)
        fa_error_set(&err, FA_E_INTERNAL, "unknown task %s", job.task);
    if (task == NULL || task->run(ctx, &err) < 0)
        return settle(ctx, &err);
    fa_log(log, FA_LOG_INFO, "job_finished", FA_LOG_TEXT("job_id", argv[1]));
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    struct fa_program program;
    struct fa_arena arena;
    struct fa_task_ctx ctx = {.options = &program.options, .log = &program.log, .arena = &arena};
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s JOB ATTEMPT (fileapi-jobs starts it)\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (fa_program_start(&program, "fileapi-job") < 0)
        return EXIT_FAILURE;
    fa_arena_init(&arena, ARENA_LIMIT);
    status = run(&ctx, &program.log, argv);
    fa_store_close(&ctx.store);
    fa_db_free(&ctx.db);
    fa_arena_free(&arena);
    return status;
}
