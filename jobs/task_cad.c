/*
 * process_and_store_CAD: figures, model and picture of an uploaded CAD file.
 *
 * Each stage's result is written with the stage's end in one transaction, fenced by the attempt: a
 * reader sees a stage finished exactly when its file can be fetched.
 */
#include "jobs/cad_process.h"
#include "jobs/outcome.h"
#include "jobs/progress.h"
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/base/json.h"
#include "lib/geometry/figures.h"
#include "lib/part/cad.h"
#include "lib/part/reuse.h"
#include "lib/part/stage.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 2 };

/* What each stage leaves behind; the order is that of the contract. */
static const struct step {
    const char *stage;
    struct {
        const char *kind; /* of the derived file; NULL: no more */
        enum fa_cad_output output;
    } files[FILES_MAX]; /* without any: figures */
} steps[] = {
    {"cad_analysis", {{NULL, FA_CAD_METRICS}}},
    {"visualization", {{"visualization", FA_CAD_GLB}}},
    {"thumbnail", {{"thumbnail", FA_CAD_PNG}, {"thumbnail_256", FA_CAD_PNG_SMALL}}},
};

struct work {
    struct fa_task_ctx *ctx;
    struct fa_cad_process process;
    size_t done; /* stages that are finished */
    bool begun;  /* the one after them */
    struct fa_announcement told;
    /* of the stage being ended */
    const struct step *step;
    const char *metrics;
    struct fa_object objects[FILES_MAX];
};

static int
superseded(struct fa_error *err)
{
    return fa_error_set(err, FA_E_INTERNAL, "superseded");
}

/* --- stages ----------------------------------------------------------------------------------- */

static enum fa_db_outcome
begin_stage(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct work *work = closure;
    enum fa_db_outcome outcome = fa_job_hold(db, work->ctx->job, err);

    if (outcome != FA_DB_ROW)
        return outcome;
    return fa_stage_set(db, &work->ctx->job->asset, work->step->stage, "active", NULL, err);
}

/* They may be used again once all stages are finished, which whoever looks for them checks. */
static enum fa_db_outcome
put_figures(struct fa_db *db, const struct work *work, struct fa_error *err)
{
    const struct fa_uuid *asset = &work->ctx->job->asset;
    enum fa_db_outcome outcome = fa_cad_add_result(db, asset, "cad", work->metrics, err);

    return outcome < 0 ? outcome : fa_reuse_offer(db, asset, err);
}

static enum fa_db_outcome
end_stage(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct work *work = closure;
    const struct fa_job *job = work->ctx->job;
    enum fa_db_outcome outcome = fa_job_hold(db, job, err);

    if (outcome != FA_DB_ROW)
        return outcome;
    if (work->step->files[0].kind == NULL)
        outcome = put_figures(db, work, err);
    for (size_t i = 0; outcome >= 0 && i < FILES_MAX && work->step->files[i].kind != NULL; i++)
        outcome = fa_cad_put_derived(db, &job->part, work->step->files[i].kind, &work->objects[i],
                                     work->ctx->options->store_grace, err);
    if (outcome < 0)
        return outcome;
    return fa_progress_end(db, job, work->step->stage, &work->told, err);
}

static int
write_stage(struct work *work, fa_db_work *change, struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_announce_after(work->ctx->db, change, work, &work->told, err);

    if (outcome == FA_DB_NONE)
        return superseded(err);
    return outcome < 0 ? -1 : 0;
}

/* The figures as text, checked: strict JSON, an object, the members that others count on. */
static const char *
read_metrics(struct fa_task_ctx *ctx, int fd, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *metrics = NULL;
    char *text = fa_arena_alloc(ctx->arena, FA_FIGURES_BYTES + 1);
    ssize_t length = text != NULL ? pread(fd, text, FA_FIGURES_BYTES, 0) : -1;
    double volume;

    if (length < 0) {
        fa_error_errno(err, FA_E_STORE, errno, "read the figures");
        return NULL;
    }
    if (fa_json_parse(text, (size_t)length, &metrics, err) < 0)
        return NULL;
    if (!fa_json_number(metrics, "volume_mm3", &volume) ||
        !json_object_object_get_ex(metrics, "bounding_box_mm", NULL)) {
        fa_error_set(err, FA_E_INTERNAL, "fileapi-cad made incomplete figures");
        return NULL;
    }
    return text;
}

static int
take_figures(struct work *work, struct fa_error *err)
{
    FA_AUTO_FD fd = fa_cad_process_take(&work->process, FA_CAD_METRICS, work->ctx, err);

    if (fd < 0)
        return -1;
    work->metrics = read_metrics(work->ctx, fd, err);
    return work->metrics != NULL ? 0 : -1;
}

static int
take_file(struct work *work, enum fa_cad_output output, struct fa_object *object,
          struct fa_error *err)
{
    struct fa_task_ctx *ctx = work->ctx;
    FA_AUTO_FD fd = fa_cad_process_take(&work->process, output, ctx, err);

    if (fd < 0 || fa_object_measure(fd, object, err) < 0)
        return -1;
    return fa_object_create(ctx->db, ctx->store, fd, object, err);
}

static int
finish_stage(struct work *work, struct fa_error *err)
{
    const struct step *step = work->step;

    if (step->files[0].kind == NULL && take_figures(work, err) < 0)
        return -1;
    for (size_t i = 0; i < FILES_MAX && step->files[i].kind != NULL; i++)
        if (take_file(work, step->files[i].output, &work->objects[i], err) < 0)
            return -1;
    (void)FA_FAILPOINT("job.stage");
    if (write_stage(work, end_stage, err) < 0)
        return -1;
    work->done++;
    work->begun = false;
    return 0;
}

static int
begin(struct work *work, struct fa_error *err)
{
    if (write_stage(work, begin_stage, err) < 0)
        return -1;
    work->begun = true;
    fa_progress_tell(work->ctx, work->step->stage, 0);
    return 0;
}

/* The next stage begins, goes on and ends: nothing else is believed. */
static bool
is_in_order(const struct work *work, const struct fa_cad_step *step)
{
    return work->done < FA_COUNT(steps) && strcmp(step->stage, steps[work->done].stage) == 0 &&
           (step->what == FA_CAD_BEGIN) != work->begun;
}

/* Nothing was said for a while: a session that the server has dropped is made again, and with it
 * the lock that tells that this attempt lives. */
static int
stay(const struct work *work, struct fa_error *err)
{
    if (fa_db_socket(work->ctx->db, err) < 0)
        fa_log_error(work->ctx->log, "stay", err);
    return 0;
}

static int
take_step(struct work *work, const struct fa_cad_step *step, struct fa_error *err)
{
    if (step->what == FA_CAD_QUIET)
        return stay(work, err);
    if (!is_in_order(work, step))
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad is at stage \"%.40s\" out of order",
                            step->stage);
    work->step = &steps[work->done];
    switch (step->what) {
    case FA_CAD_BEGIN:
        return begin(work, err);
    case FA_CAD_PERCENT:
        fa_progress_tell(work->ctx, work->step->stage, step->percent);
        return 0;
    case FA_CAD_END:
        return finish_stage(work, err);
    case FA_CAD_ERROR:
        fa_error_set(err, FA_E_CONTENT, "%s", step->message);
        return fa_error_action(err, "%s", step->action);
    default:
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad: %s", step->message);
    }
}

static int
run_process(struct work *work, int input, struct fa_error *err)
{
    struct fa_cad_step step;
    int got;

    if (fa_cad_process_start(&work->process, work->ctx, input, err) < 0)
        return -1;
    while ((got = fa_cad_process_step(&work->process, &step, err)) > 0)
        if (take_step(work, &step, err) < 0)
            return -1;
    if (got < 0 || fa_cad_process_end(&work->process, err) < 0)
        return -1;
    if (work->done < FA_COUNT(steps))
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad left after %zu stages", work->done);
    return 0;
}

/* The uploaded file.  What a job made of other bytes than were uploaded would be kept, and used
 * again for the same content: a disk or a connection may change them. */
static int
open_input(struct fa_task_ctx *ctx, struct fa_error *err)
{
    FA_AUTO_FD input = -1;
    struct fa_cad_object cad;
    struct fa_object found;
    char sha256[2 * sizeof found.sha256 + 1];

    if (fa_cad_find_object(ctx->db, &ctx->job->asset, ctx->arena, &cad, err) < 0)
        return -1;
    input = fa_store_get(ctx->store, cad.key, err);
    if (input < 0 || fa_object_measure(input, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof found.sha256; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", found.sha256[i]);
    if (strcmp(sha256, cad.sha256) != 0)
        return fa_error_set(err, FA_E_STORE, "object %s is not what was uploaded", cad.key);
    return fa_steal_fd(&input);
}

int
fa_task_cad_run(struct fa_task_ctx *ctx, struct fa_error *err)
{
    struct work work = {
        .ctx = ctx, .process = {.outputs = {-1, -1, -1, -1}, .progress = -1}, .told.log = ctx->log};
    FA_AUTO_FD input = open_input(ctx, err);
    int result;

    if (input < 0)
        return -1;
    result = run_process(&work, input, err);
    ctx->has_fate = work.process.has_fate;
    ctx->fate = work.process.fate;
    fa_cad_process_close(&work.process);
    if (result < 0)
        return -1;
    return fa_outcome_finish(ctx->db, ctx->job, "ready", err) < 0 ? -1 : 0;
}
