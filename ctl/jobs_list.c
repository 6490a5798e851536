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

/* --- as JSON ---------------------------------------------------------------------------------- */

static void
add_number(struct fa_buf *out, const char *name, int64_t number)
{
    fa_buf_printf(out, ",\"%s\":%lld", name, (long long)number);
}

/* The line's members, without the closing brace. */
static void
add_line(struct fa_buf *out, const struct fa_job_line *line)
{
    char id[FA_UUID_TEXT];

    fa_buf_printf(out, "{\"job\":\"%s\"", fa_uuid_text(&line->job.id, id));
    fa_buf_add_member(out, "part", fa_uuid_text(&line->job.part, id));
    fa_buf_add_member(out, "asset",
                      line->job.has_asset ? fa_uuid_text(&line->job.asset, id) : NULL);
    fa_buf_add_member(out, "organization", line->organization);
    fa_buf_add_member(out, "task", line->job.task);
    fa_buf_add_member(out, "state", line->job.state);
    fa_buf_add_member(out, "priority", line->priority == FA_JOB_BULK ? "bulk" : "waited for");
    add_number(out, "attempt", line->job.attempt);
    add_number(out, "crashes", line->job.crashes);
    fa_buf_add_member(out, "error", line->error);
    fa_buf_add_member(out, "machine", line->machine);
    add_number(out, "pid", line->pid);
    fa_buf_add_member(out, "request_id", line->job.request_id);
    fa_buf_add_member(out, "created", line->created_at);
    fa_buf_add_member(out, "not_before", line->not_before);
    fa_buf_add_member(out, "claimed", line->claimed_at);
    fa_buf_add_member(out, "begun", line->begun_at);
    fa_buf_add_member(out, "ended", line->ended_at);
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
        fa_buf_reset(&json);
        if (request.json)
            add_line(&json, &line);
        if (json.failed)
            return fa_error_set(err, FA_E_MEMORY, "a job as JSON");
        if (request.json)
            printf("%s}\n", json.data);
        else
            print_line(&line);
        fa_arena_reset(ctl->arena);
    }
    return outcome < 0 ? -1 : 0;
}

/* --- show ------------------------------------------------------------------------------------- */

static const char *
or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void
print_details(const struct fa_job_line *line)
{
    char id[FA_UUID_TEXT];

    printf("job           %s\n", fa_uuid_text(&line->job.id, id));
    printf("part          %s\n", fa_uuid_text(&line->job.part, id));
    printf("asset         %s\n", line->job.has_asset ? fa_uuid_text(&line->job.asset, id) : "-");
    printf("organization  %s\n", or_none(line->organization));
    printf("task          %s\n", line->job.task);
    printf("state         %s\n", line->job.state);
    printf("priority      %s\n", line->priority == FA_JOB_BULK ? "bulk" : "waited for");
    printf("attempts      %lld, of which %lld crashed\n", (long long)line->job.attempt,
           (long long)line->job.crashes);
    printf("error         %s\n", or_none(line->error));
    printf("machine       %s\n", or_none(line->machine));
    printf("process       %lld\n", (long long)line->pid);
    printf("request       %s\n", line->job.request_id);
    printf("created       %s\n", line->created_at);
    printf("not before    %s\n", line->not_before);
    printf("claimed       %s\n", or_none(line->claimed_at));
    printf("begun         %s\n", or_none(line->begun_at));
    printf("ended         %s\n", or_none(line->ended_at));
}

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
    if (!json) {
        print_details(&line);
        return show_events(ctl, db, &id, false, err);
    }
    add_line(&out, &line);
    if (out.failed)
        return fa_error_set(err, FA_E_MEMORY, "the job as JSON");
    printf("%s,\"events\":[", out.data);
    if (show_events(ctl, db, &id, true, err) < 0)
        return -1;
    printf("]}\n");
    return 0;
}
