/*
 * fileapi-job: one job, then gone.
 *
 *   fileapi-job JOB ATTEMPT
 *   fileapi-job --spare        makes all ready, then reads "JOB ATTEMPT" from descriptor 3
 *
 * Leads a session of its own, so it outlives its supervisor and can be stopped with all it started.
 * Exit status 0: the job has an outcome in the database, or is another's.  FA_CHILD_UNBORN: the
 * attempt has not begun.  Anything else: there is no outcome, and whoever watches counts a crash.
 */
#include "jobs/children.h"
#include "jobs/limits.h"
#include "jobs/outcome.h"
#include "jobs/task.h"
#include "lib/base/failpoint.h"
#include "lib/base/program.h"
#include "lib/job/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_LIMIT = 64 << 20 };

/* What it is to do, as its arguments or its pipe say. */
struct order {
    const char *job;
    const char *attempt;
    bool spare;
    char line[FA_SPARE_LINE];
};

static int
open_services(struct fa_task_ctx *ctx, struct fa_error *err)
{
    const struct fa_options *options = ctx->options;

    ctx->db = fa_db_new(fa_options_direct(options), "fileapi-job", options->database_timeout, err);
    if (ctx->db == NULL)
        return -1;
    if (fa_store_open(options, &ctx->store, err) < 0)
        return -1;
    fa_store_set_patience(ctx->store, FA_STORE_PATIENCE_OF_JOBS_S);
    return 0;
}

static enum fa_db_outcome
begin(struct fa_task_ctx *ctx, const struct order *order, struct fa_job *job, struct fa_error *err)
{
    char machine[FA_MACHINE_BYTES];
    struct fa_job_owner self = {
        .machine = machine, .pid = getpid(), .pid_start = fa_job_process_began(getpid())};

    job->attempt = strtoll(order->attempt, NULL, 10);
    if (!fa_uuid_parse(order->job, strlen(order->job), &job->id))
        return fa_db_fail(err, FA_E_INTERNAL, "malformed job id");
    if (fa_machine_name(ctx->options->job_machine, machine, sizeof machine, err) < 0)
        return FA_DB_FAILED;
    return fa_job_begin(ctx->db, job, &self, ctx->arena, err);
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
        outcome = fa_outcome_retry(ctx->db, ctx->job,
                                   ctx->has_fate ? ctx->fate : fa_fate_of_error(failure->code),
                                   ctx->options->job_attempts, &err);
    if (outcome >= 0)
        return EXIT_SUCCESS;
    fa_log_error(ctx->log, "job_settle", &err);
    return EXIT_FAILURE;
}

static int
run(struct fa_task_ctx *ctx, struct fa_log *log, const struct order *order)
{
    struct fa_error err = {0};
    struct fa_job job = {.attempt = 0};
    struct fa_limits limits;
    const struct fa_task *task;
    enum fa_db_outcome outcome = begin(ctx, order, &job, &err);

    if (outcome == FA_DB_NONE) {
        fa_log(log, FA_LOG_INFO, "job_superseded", FA_LOG_TEXT("job_id", order->job));
        return EXIT_SUCCESS;
    }
    if (outcome < 0) {
        fa_log_error(log, "job_begin", &err);
        return FA_CHILD_UNBORN;
    }
    ctx->job = &job;
    log->request_id = job.request_id;
    fa_log(log, FA_LOG_INFO, "job_started", FA_LOG_TEXT("job_id", order->job),
           FA_LOG_TEXT("task", job.task), FA_LOG_NUMBER("attempt", job.attempt),
           FA_LOG_NUMBER("spare", order->spare));
    (void)FA_FAILPOINT("job.started");
    limits = fa_limits_of(job.task, false, job.input_bytes, ctx->options);
    fa_limits_apply(&limits);
    task = fa_task_find(job.task);
    if (task == NULL)
        fa_error_set(&err, FA_E_INTERNAL, "unknown task %s", job.task);
    if (task == NULL || task->run(ctx, &err) < 0)
        return settle(ctx, &err);
    fa_log(log, FA_LOG_INFO, "job_finished", FA_LOG_TEXT("job_id", order->job),
           FA_LOG_NUMBER("attempt", job.attempt));
    return EXIT_SUCCESS;
}

/* Waits for the one line on the pipe; false at its end. */
static bool
read_order(struct order *order)
{
    size_t length = 0;
    char *blank;

    while (length < sizeof order->line - 1 && memchr(order->line, '\n', length) == NULL) {
        ssize_t got = read(FA_SPARE_FD, order->line + length, sizeof order->line - 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        length += (size_t)got;
    }
    close(FA_SPARE_FD);
    order->line[length] = '\0';
    blank = strchr(order->line, ' ');
    if (blank == NULL)
        return false;
    *blank = '\0';
    order->job = order->line;
    order->attempt = blank + 1;
    return true;
}

static int
serve(struct fa_task_ctx *ctx, struct fa_log *log, struct order *order)
{
    struct fa_error err = {0};

    if (open_services(ctx, &err) < 0) {
        fa_log_error(log, "job_begin", &err);
        return FA_CHILD_UNBORN;
    }
    if (!order->spare)
        return run(ctx, log, order);
    /* What cannot be made ready now is made when there is a job. */
    if (fa_job_warm(ctx->db, &err) < 0)
        fa_log_error(log, "spare", &err);
    return read_order(order) ? run(ctx, log, order) : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    struct fa_program program;
    struct fa_arena arena;
    struct order order = {.spare = argc == 2 && strcmp(argv[1], "--spare") == 0};
    struct fa_task_ctx ctx = {.options = &program.options, .log = &program.log, .arena = &arena};
    int status;

    if (argc != 3 && !order.spare) {
        fprintf(stderr, "usage: %s JOB ATTEMPT | --spare (fileapi-jobs starts it)\n", argv[0]);
        return EXIT_FAILURE;
    }
    order.job = argv[1];
    order.attempt = argv[2];
    if (fa_program_start(&program, "fileapi-job") < 0)
        return FA_CHILD_UNBORN;
    fa_arena_init(&arena, ARENA_LIMIT);
    status = serve(&ctx, &program.log, &order);
    fa_store_close(&ctx.store);
    fa_db_free(&ctx.db);
    fa_arena_free(&arena);
    return status;
}
