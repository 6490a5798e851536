/* jobs list and show. */
#include "ctl/arguments.h"
#include "ctl/jobs.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/event/log.h"
#include "lib/job/job.h"
#include "lib/job/listing.h"

#include <string.h>

enum { LIMIT_DEFAULT = 1000, LINE_LIMIT = 16 * 1024 };

struct request {
    struct fa_job_filter filter;
    struct fa_uuid part;
    bool json;
};

/* --- what is told of a job -------------------------------------------------------------------- */

/* A member, in the same words as JSON and on a terminal. */
static void
add_text(struct fa_buf *out, bool json, const char *name, const char *text)
{
    if (json)
        fa_buf_add_member(out, name, text);
    else
        fa_buf_printf(out, "%-13s %s\n", name, text != NULL ? text : "-");
}

static void
add_number(struct fa_buf *out, bool json, const char *name, int64_t number)
{
    fa_buf_printf(out, json ? ",\"%s\":%lld" : "%-13s %lld\n", name, (long long)number);
}

/* All of them; a JSON object is left open. */
static int
add_line(struct fa_buf *out, bool json, const struct fa_job_line *line, struct fa_error *err)
{
    const struct fa_job *job = &line->job;
    char id[FA_UUID_TEXT];

    add_text(out, json, "job", fa_uuid_text(&job->id, id));
    add_text(out, json, "part", fa_uuid_text(&job->part, id));
    add_text(out, json, "asset",
             fa_uuid_given(&job->asset) != NULL ? fa_uuid_text(&job->asset, id) : NULL);
    add_text(out, json, "organization", line->organization);
    add_text(out, json, "task", job->task);
    add_text(out, json, "state", job->state);
    add_text(out, json, "priority", line->priority == FA_JOB_BULK ? "bulk" : "waited for");
    add_number(out, json, "attempt", job->attempt);
    add_number(out, json, "crashes", job->crashes);
    add_text(out, json, "error", line->error);
    add_text(out, json, "machine", line->machine);
    add_number(out, json, "pid", line->pid);
    add_text(out, json, "request_id", job->request_id);
    add_text(out, json, "created", line->created_at);
    add_text(out, json, "not_before", line->not_before);
    add_text(out, json, "claimed", line->claimed_at);
    add_text(out, json, "begun", line->begun_at);
    add_text(out, json, "ended", line->ended_at);
    if (fa_buf_check(out, "what is told of a job", err) < 0)
        return -1;
    /* In place of the first member's comma. */
    if (json)
        out->data[0] = '{';
    return 0;
}

/* --- list ------------------------------------------------------------------------------------- */

static int
read_list(int argc, char **argv, struct request *request, struct fa_error *err)
{
    struct fa_job_filter *filter = &request->filter;
    const char *part = NULL;
    const struct fa_argument options[] = {
        FA_ARGUMENT_FLAG("all", &filter->all),
        FA_ARGUMENT_FLAG("json", &request->json),
        FA_ARGUMENT_COUNT("limit", &filter->limit),
        FA_ARGUMENT_TEXT("organization", &filter->organization),
        FA_ARGUMENT_TEXT("part", &part),
        FA_ARGUMENT_TEXT("state", &filter->state),
        FA_ARGUMENT_TEXT("task", &filter->task),
    };

    if (fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0)
        return -1;
    if (part == NULL)
        return 0;
    filter->part = &request->part;
    return fa_jobs_id(part, &request->part, err);
}

static void
print_line(const struct fa_job_line *line)
{
    char job[FA_UUID_TEXT];
    char part[FA_UUID_TEXT];

    printf("%s %s %-36s %-9s %7lld %7lld %8lld %s\n", fa_uuid_text(&line->job.id, job),
           fa_uuid_text(&line->job.part, part), line->job.task, line->job.state,
           (long long)line->job.attempt, (long long)line->job.crashes, (long long)line->age_s,
           line->error != NULL ? line->error : "");
}

int
fa_jobs_list(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    FA_AUTO_BUF(json, LINE_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct request request = {.filter = {.limit = LIMIT_DEFAULT}};
    struct fa_job_line line;
    enum fa_db_outcome outcome;

    if (read_list(argc, argv, &request, err) < 0 ||
        fa_job_listing(db, &request.filter, &rows, err) < 0)
        return -1;
    if (!request.json)
        printf("%-32s %-32s %-36s %-9s %7s %7s %8s %s\n", "JOB", "PART", "TASK", "STATE", "ATTEMPT",
               "CRASHES", "AGE (S)", "ERROR");
    while ((outcome = fa_job_listing_next(&rows, ctl->arena, &line, err)) == FA_DB_ROW) {
        if (!request.json) {
            print_line(&line);
        } else {
            fa_buf_reset(&json);
            if (add_line(&json, true, &line, err) < 0)
                return -1;
            printf("%s}\n", json.data);
        }
        fa_arena_reset(ctl->arena);
    }
    return outcome < 0 ? -1 : 0;
}

/* --- show ------------------------------------------------------------------------------------- */

/* The events' lines, or with `json` the members of an array. */
static int
show_events(struct fa_ctl *ctl, struct fa_db *db, const struct fa_uuid *job, bool json,
            struct fa_error *err)
{
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    const char *message;
    const char *before = json ? "" : "event         ";
    enum fa_db_outcome outcome = fa_event_log_publish(db, err);

    if (outcome >= 0)
        outcome = fa_job_events(db, job, &rows, err);
    while (outcome >= 0 &&
           (outcome = fa_job_events_next(&rows, ctl->arena, &message, err)) == FA_DB_ROW) {
        printf("%s%s%s", before, message, json ? "" : "\n");
        if (json)
            before = ",";
    }
    return outcome < 0 ? -1 : 0;
}

int
fa_jobs_show(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv, struct fa_error *err)
{
    FA_AUTO_BUF(out, LINE_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_uuid id;
    struct fa_job_filter filter = {.job = &id, .limit = 1};
    bool json = argc == 3 && strcmp(argv[2], "--json") == 0;
    struct fa_job_line line;
    enum fa_db_outcome outcome;

    if (argc != 2 && !json)
        return fa_error_set(err, FA_E_INTERNAL, "takes a job's id and perhaps --json");
    if (fa_jobs_id(argv[1], &id, err) < 0 || fa_job_listing(db, &filter, &rows, err) < 0)
        return -1;
    outcome = fa_job_listing_next(&rows, ctl->arena, &line, err);
    if (outcome == FA_DB_NONE)
        return fa_error_set(err, FA_E_INTERNAL, "there is no job %s", argv[1]);
    if (outcome < 0)
        return -1;
    if (add_line(&out, json, &line, err) < 0)
        return -1;
    printf(json ? "%s,\"events\":[" : "%s", out.data);
    if (show_events(ctl, db, &id, json, err) < 0)
        return -1;
    if (json)
        printf("]}\n");
    return 0;
}
