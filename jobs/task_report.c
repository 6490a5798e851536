/*
 * write_and_store_analysis_results_XLS: the report about a part, as it stands when the job runs.
 */
#include "jobs/outcome.h"
#include "jobs/progress.h"
#include "lib/base/cleanup.h"
#include "lib/part/cad.h"
#include "lib/part/report_source.h"
#include "lib/part/stage.h"
#include "lib/report/report.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PICTURE_MAX = 4 << 20 };

struct work {
    struct fa_task_ctx *ctx;
    struct fa_object object;
    struct fa_announcement told;
};

static const char stage[] = "analysis_report";

static enum fa_db_outcome
begin(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct work *work = closure;
    const struct fa_job *job = work->ctx->job;
    enum fa_db_outcome outcome = fa_job_hold(db, job, err);

    if (outcome != FA_DB_ROW || fa_uuid_given(&job->asset) == NULL)
        return outcome;
    /* A CAD that is stored only has no stages. */
    outcome = fa_stage_set(db, &job->asset, stage, "active", NULL, err);
    return outcome < 0 ? outcome : FA_DB_ROW;
}

static enum fa_db_outcome
end(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct work *work = closure;
    const struct fa_job *job = work->ctx->job;
    enum fa_db_outcome outcome = fa_job_hold(db, job, err);

    if (outcome == FA_DB_ROW)
        outcome = fa_cad_put_derived(db, &job->part, "report", &work->object,
                                     work->ctx->options->store_grace, err);
    return outcome == FA_DB_ROW ? fa_progress_end(db, job, stage, &work->told, err) : outcome;
}

/* The thumbnail's bytes; a report without a picture is still one. */
static void
read_picture(struct fa_task_ctx *ctx, const char *key, struct fa_report *report)
{
    struct fa_error err;
    struct stat info;
    unsigned char *bytes;
    FA_AUTO_FD fd = fa_store_get(ctx->store, key, &err);

    if (fd < 0) {
        fa_log_error(ctx->log, "report_picture", &err);
        return;
    }
    if (fstat(fd, &info) < 0 || info.st_size <= 0 || info.st_size > PICTURE_MAX)
        return;
    bytes = fa_arena_alloc(ctx->arena, (size_t)info.st_size);
    if (bytes == NULL || pread(fd, bytes, (size_t)info.st_size, 0) != info.st_size)
        return;
    report->picture = bytes;
    report->picture_length = (size_t)info.st_size;
}

static int
write_report(struct work *work, struct fa_error *err)
{
    struct fa_task_ctx *ctx = work->ctx;
    struct fa_report_source source;
    FA_AUTO_FD fd = -1;

    if (fa_report_source_read(ctx->db, &ctx->job->part, ctx->options->time_zone, ctx->arena,
                              &source, err) < 0)
        return -1;
    source.report.scratch = fa_options_spool(ctx->options);
    if (source.picture_key != NULL)
        read_picture(ctx, source.picture_key, &source.report);
    fd = fa_store_spool(ctx->store, err);
    if (fd < 0 || fa_report_write(&source.report, fd, err) < 0)
        return -1;
    if (fa_object_measure(fd, &work->object, err) < 0)
        return -1;
    return fa_object_create(ctx->db, ctx->store, fd, &work->object, err);
}

int
fa_task_report_run(struct fa_task_ctx *ctx, struct fa_error *err)
{
    struct work work = {.ctx = ctx, .told.log = ctx->log};
    enum fa_db_outcome outcome = fa_db_transaction(ctx->db, begin, &work, err);

    if (outcome != FA_DB_ROW)
        return outcome;
    fa_progress_tell(ctx, stage, 0);
    if (write_report(&work, err) < 0)
        return -1;
    outcome = fa_announce_after(ctx->db, end, &work, &work.told, err);
    if (outcome != FA_DB_ROW)
        return outcome;
    return fa_outcome_finish(ctx->db, ctx->job, NULL, err) < 0 ? -1 : 0;
}
