#include "jobs/progress.h"
#include "lib/base/clock.h"
#include "lib/part/stage.h"

enum { EVERY_US = 250000, ALL = 100 };

static struct fa_event
news_of(const struct fa_job *job, const char *stage, int percent)
{
    struct fa_event news = fa_announce_job("progress", job);

    news.stage = stage;
    news.percent = percent;
    return news;
}

void
fa_progress_tell(struct fa_task_ctx *ctx, const char *stage, int percent)
{
    const struct fa_job *job = ctx->job;
    const struct fa_event news = news_of(job, stage, percent);
    int64_t now_us = fa_clock_monotonic_us();
    struct fa_error err;

    if (percent > 0 && now_us - ctx->told_us < EVERY_US)
        return;
    ctx->told_us = now_us;
    if (percent > 0 && fa_uuid_given(&job->asset) != NULL) {
        enum fa_db_outcome outcome = fa_stage_advance(ctx->db, job, stage, percent, &err);

        if (outcome < 0)
            fa_log_error(ctx->log, "progress", &err);
        if (outcome != FA_DB_ROW)
            return;
    }
    if (fa_event_progress(ctx->db, &news, &job->id, &err) < 0)
        fa_log_error(ctx->log, "progress", &err);
}

enum fa_db_outcome
fa_progress_end(struct fa_db *db, const struct fa_job *job, const char *stage,
                struct fa_announcement *told, struct fa_error *err)
{
    const struct fa_event news = news_of(job, stage, ALL);
    enum fa_db_outcome outcome = FA_DB_ROW;

    if (fa_uuid_given(&job->asset) != NULL)
        outcome = fa_stage_set(db, &job->asset, stage, "finished", NULL, err);
    if (outcome >= 0)
        outcome = fa_event_keep(db, &news, &job->id, NULL, err);
    told->events = true;
    return outcome;
}
