#include "lib/part/report_request.h"
#include "lib/event/event.h"
#include "lib/part/cad.h"
#include "lib/quota/quota.h"

/* The report is current while it exists and no CAD job will replace what it tells. */
static const struct fa_statement find_current = {
    "report_current", "SELECT FROM derived_file WHERE part_id = $1 AND kind = 'report' AND NOT "
                      "EXISTS (SELECT FROM job"
                      " WHERE part_id = $1 AND state IN ('queued', 'running'))"};

/* The CAD the report will be about. */
static const struct fa_statement find_cad = {"report_cad",
                                             "SELECT asset_id FROM" FA_CAD_OF_1 "cad"};

static enum fa_db_outcome
request_report(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct fa_report_request *request = closure;
    struct fa_job job = {
        .part = request->access.part, .task = FA_TASK_REPORT, .request_id = request->request_id};
    struct fa_event news = {
        .event = "finished", .job = FA_TASK_REPORT, .part = &job.part, .percent = -1};
    const struct fa_quota_amounts one_job = {.of[FA_QUOTA_JOBS] = 1};
    enum fa_db_outcome outcome = fa_access_lock(db, &request->access, FA_READ, err);

    if (outcome >= 0)
        outcome = fa_db_run(db, &find_current, FA_PARAMS(FA_UUID(&job.part)), err);
    if (outcome < 0)
        return outcome;
    if (outcome == FA_DB_ROW) {
        request->told.events = true;
        return fa_event_keep(db, &news, NULL, &request->access.account->id, err);
    }
    outcome = fa_db_row(db, &find_cad, FA_PARAMS(FA_UUID(&job.part)),
                        FA_COLUMNS(FA_COLUMN_UUID("asset_id", &job.asset)), NULL, err);
    if (outcome < 0)
        return outcome;
    request->told.jobs = true;
    outcome = fa_job_queue(db, &job, FA_TASK_CAD, &request->access.account->id, err);
    if (outcome != FA_DB_ROW)
        return outcome;
    return fa_quota_check(db, request->options, &job.part, &one_job, err);
}

int
fa_report_request(struct fa_db *db, struct fa_report_request *request, struct fa_error *err)
{
    return fa_announce_after(db, request_report, request, &request->told, err) < 0 ? -1 : 0;
}
