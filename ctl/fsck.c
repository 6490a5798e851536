/*
 * fsck: compares all rows with all objects, names every difference, and on demand repairs what can
 * be repaired without losing anything.
 *
 * Exit status: 0 no difference, 1 differences, 2 the check could not run to its end.
 */
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "ctl/progress.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/object/check.h"
#include "lib/part/remake.h"

#include <inttypes.h>
#include <string.h>

enum { CLEAN = 0, DIFFERENCES = 1, COULD_NOT_RUN = 2 };
enum { REPAIR_LIMIT = 1000, LINE_LIMIT = 64 * 1024, ARENA_LIMIT = 256 * 1024 };

struct fsck {
    const struct fa_options *options;
    struct fa_ctl_services services;
    struct fa_ctl_progress progress;
    struct fa_check check;
    struct fa_buf line;
    bool repair;
    bool json;
    int64_t limit; /* repairs at most */
    int64_t repaired;
    int64_t left; /* repairs beyond the limit */
};

/* --- repairs ---------------------------------------------------------------------------------
 */

/* Repairs a finding, and tells in `done_r` what became of it. */
typedef int repair(struct fsck *self, const struct fa_check_finding *finding, const char **done_r,
                   struct fa_error *err);

/* True when this run has repaired as much as it may. */
static bool
is_spent(struct fsck *self, const char **done_r)
{
    if (self->repaired < self->limit)
        return false;
    self->left++;
    *done_r = "left for the next run";
    return true;
}

static int
repair_orphan(struct fsck *self, const struct fa_check_finding *finding, const char **done_r,
              struct fa_error *err)
{
    enum fa_db_outcome outcome;

    if (is_spent(self, done_r))
        return 0;
    outcome =
        fa_object_bury_unnamed(self->services.db, finding->key, self->options->store_grace, err);
    if (outcome < 0)
        return -1;
    self->repaired += outcome;
    *done_r = outcome == FA_DB_ROW ? "has a tombstone now and is removed when it is due"
                                   : "a row names it by now";
    return 0;
}

static int
repair_contradiction(struct fsck *self, const struct fa_check_finding *finding, const char **done_r,
                     struct fa_error *err)
{
    enum fa_db_outcome outcome;

    if (is_spent(self, done_r))
        return 0;
    outcome = fa_object_acquit(self->services.db, finding->key, err);
    if (outcome < 0)
        return -1;
    self->repaired += outcome;
    *done_r = "its owner keeps it";
    return 0;
}

static int
remake(struct fsck *self, const struct fa_remake *wish, const char **done_r, struct fa_error *err)
{
    static const char *const told[] = {
        [FA_REMAKE_QUEUED] = "a job makes it anew",
        [FA_REMAKE_SETTLED] = "its part does not have it any more",
        [FA_REMAKE_NO_CAD] = "cannot be made anew: the CAD is lost too; upload it again",
        [FA_REMAKE_NO_TASK] = "cannot be made anew: no job makes such files",
    };
    enum fa_remake_result result;

    if (is_spent(self, done_r))
        return 0;
    if (fa_remake_derived(self->services.db, self->services.store, wish, &result, err) < 0)
        return -1;
    self->repaired += result == FA_REMAKE_QUEUED;
    *done_r = told[result];
    return 0;
}

static int
repair_lost(struct fsck *self, const struct fa_check_finding *finding, const char **done_r,
            struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_object_owner owner;
    struct fa_remake wish = {.part = &owner.part,
                             .key = finding->key,
                             .grace_s = self->options->store_grace,
                             .request_id = "fsck"};
    enum fa_db_outcome outcome = fa_object_owners(self->services.db, finding->key, &rows, err);

    if (outcome == FA_DB_ROW)
        outcome = fa_object_next_owner(&rows, &arena, &owner, err);
    if (outcome < 0)
        return -1;
    *done_r = "no row owns it any more";
    if (outcome == FA_DB_NONE)
        return 0;
    *done_r = "restore the object from a backup of the store, or upload the file again";
    wish.kind = owner.name;
    return owner.derived ? remake(self, &wish, done_r, err) : 0;
}

static repair *const repairs[FA_CHECK_KINDS] = {
    [FA_CHECK_LOST] = repair_lost,
    [FA_CHECK_ORPHAN] = repair_orphan,
    [FA_CHECK_CONTRADICTION] = repair_contradiction,
};

/* --- telling ---------------------------------------------------------------------------------- */

static void
add_owner(struct fsck *self, const struct fa_object_owner *owner, bool first)
{
    char part[FA_UUID_TEXT];

    fa_uuid_text(&owner->part, part);
    if (!self->json)
        fa_buf_printf(&self->line, "%s%s \"%s\" of part %s, %" PRId64 " bytes", first ? ": " : "; ",
                      owner->derived ? "derived file" : "asset", owner->name, part, owner->size);
    else {
        fa_buf_printf(&self->line, "%s{\"part_id\":\"%s\",\"%s\":", first ? "" : ",", part,
                      owner->derived ? "derived" : "basename");
        fa_buf_add_json(&self->line, owner->name, strlen(owner->name));
        fa_buf_printf(&self->line, ",\"size\":%" PRId64 "}", owner->size);
    }
}

/* Who owns it, where that is of interest. */
static int
add_owners(struct fsck *self, const struct fa_check_finding *finding, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_object_owner owner;
    enum fa_db_outcome outcome;

    if (finding->rows == NULL || finding->rows->owners == 0)
        return 0;
    outcome = fa_object_owners(self->services.db, finding->key, &rows, err);
    for (bool first = true; outcome == FA_DB_ROW; first = false) {
        outcome = fa_object_next_owner(&rows, &arena, &owner, err);
        if (outcome == FA_DB_ROW)
            add_owner(self, &owner, first);
    }
    return outcome < 0 ? -1 : 0;
}

/* A name out of the store may hold anything: it must not steer the terminal. */
static void
add_name(struct fa_buf *line, const char *name)
{
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;

        if (c < 0x20 || c == 0x7f)
            fa_buf_printf(line, "\\x%02x", c);
        else
            fa_buf_add(line, name, 1);
    }
}

static int
write_line(struct fsck *self, const struct fa_check_finding *finding, const char *done,
           struct fa_error *err)
{
    struct fa_buf *line = &self->line;
    const char *name = fa_check_kind_name(finding->kind);

    fa_buf_reset(line);
    if (self->json) {
        fa_buf_printf(line, "{\"difference\":\"%s\"", name);
        fa_buf_add_member(line, "object", finding->key);
        fa_buf_printf(line, ",\"size\":%" PRIu64 ",\"owners\":[", finding->size);
    } else {
        fa_buf_printf(line, "%-13s ", name);
        add_name(line, finding->key);
        if (finding->kind != FA_CHECK_LOST)
            fa_buf_printf(line, " (%" PRIu64 " bytes)", finding->size);
    }
    if (add_owners(self, finding, err) < 0)
        return -1;
    if (self->json) {
        fa_buf_add_text(line, "]");
        fa_buf_add_member(line, "detail", finding->detail);
        fa_buf_add_member(line, "repair", done);
        fa_buf_add_text(line, "}");
    } else {
        fa_buf_printf(line, "%s%s%s%s", *finding->detail ? ": " : "", finding->detail,
                      *done ? " -> " : "", done);
    }
    if (fa_buf_check(line, finding->key, err) < 0)
        return -1;
    fa_ctl_progress_clear(&self->progress);
    puts(line->data);
    return 0;
}

static int
report(void *closure, const struct fa_check_finding *finding, struct fa_error *err)
{
    struct fsck *self = closure;
    repair *mend = self->repair ? repairs[finding->kind] : NULL;
    const char *done = "";

    if (mend != NULL && mend(self, finding, &done, err) < 0)
        return -1;
    return write_line(self, finding, done, err);
}

static void
show_progress(void *closure, const struct fa_check *check)
{
    struct fsck *self = closure;

    if (fa_ctl_progress_due(&self->progress))
        fprintf(stderr, "%" PRId64 " objects, %" PRId64 " MB read", check->objects,
                check->verified_bytes >> 20);
}

static int64_t
summarize(const struct fsck *self)
{
    const struct fa_check *check = &self->check;
    int64_t sum = 0;

    if (self->json)
        printf("{\"objects\":%" PRId64 ",\"owned\":%" PRId64 ",\"young\":%" PRId64, check->objects,
               check->owned, check->young);
    else
        printf("%" PRId64 " objects, %" PRId64 " of them owned; %" PRId64
               " without a row are too young to judge\n",
               check->objects, check->owned, check->young);
    for (size_t i = 0; i < FA_CHECK_KINDS; i++) {
        enum fa_check_kind kind = (enum fa_check_kind)i;

        sum += check->found[i];
        if (self->json)
            printf(",\"%s\":%" PRId64, fa_check_kind_name(kind), check->found[i]);
        else if (check->found[i] > 0)
            printf("%6" PRId64 " %s: %s\n", check->found[i], fa_check_kind_name(kind),
                   fa_check_kind_meaning(kind));
    }
    if (self->json)
        printf(",\"repaired\":%" PRId64 ",\"left\":%" PRId64 "}\n", self->repaired, self->left);
    else if (sum == 0)
        printf("no differences\n");
    if (self->left > 0)
        fprintf(
            stderr,
            "%" PRId64 " repairs are left: a run makes at most %" PRId64 ".\n"
            "HINT: so many differences come from a database and a store that do not belong "
            "together.\n      If these do, run fsck --repair again, or with a higher --limit.\n",
            self->left, self->limit);
    else if (!self->repair && check->found[FA_CHECK_ORPHAN] + check->found[FA_CHECK_LOST] +
                                      check->found[FA_CHECK_CONTRADICTION] >
                                  0)
        fprintf(stderr, "HINT: --repair buries orphans, lets owners keep their objects, and queues "
                        "jobs for derived files that are lost.\n");
    return sum;
}

/* --- the command ------------------------------------------------------------------------------ */

static int
run(struct fsck *self, int argc, char **argv, struct fa_error *err)
{
    const struct fa_argument options[] = {
        FA_ARGUMENT_FLAG("repair", &self->repair), FA_ARGUMENT_FLAG("verify", &self->check.verify),
        FA_ARGUMENT_FLAG("json", &self->json), FA_ARGUMENT_COUNT("limit", &self->limit)};

    if (fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0 ||
        fa_ctl_services_open(&self->services, self->options, err) < 0)
        return -1;
    self->check.db = self->services.db;
    self->check.store = self->services.store;
    self->check.report = report;
    self->check.progress = show_progress;
    self->check.closure = self;
    /* An empty listing of a store that is away would be a thousand losses. */
    if (fa_ctl_store_check(self->services.store, err) < 0)
        return -1;
    return fa_check_run(&self->check, err);
}

int
fa_command_fsck(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    struct fsck *self = fa_arena_alloc(ctl->arena, sizeof *self);
    int result;

    ctl->trouble = COULD_NOT_RUN;
    if (self == NULL)
        return fa_error_set(err, FA_E_MEMORY, "check");
    self->options = ctl->options;
    self->limit = REPAIR_LIMIT;
    fa_buf_init(&self->line, LINE_LIMIT);
    fa_ctl_progress_start(&self->progress);
    result = run(self, argc, argv, err);
    fa_ctl_progress_clear(&self->progress);
    if (result == 0)
        ctl->status = summarize(self) > 0 ? DIFFERENCES : CLEAN;
    fa_buf_free(&self->line);
    fa_ctl_services_close(&self->services);
    return result;
}
