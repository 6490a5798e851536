/* gc: one cycle of the collector, as fileapi-jobs runs it every few seconds. */
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "lib/base/cleanup.h"
#include "lib/object/collect.h"

#include <inttypes.h>

static int
count(struct fa_collect *cycle, struct fa_error *err)
{
    if (fa_collect_count(cycle, err) < 0)
        return -1;
    printf("%" PRId64 " objects are due, %" PRId64 " of them from uploads that nobody finished\n",
           cycle->removed, cycle->abandoned);
    return 0;
}

static int
collect(struct fa_collect *cycle, struct fa_error *err)
{
    if (fa_collect_run(cycle, err) < 0)
        return fa_error_wrap(err, "after %" PRId64 " objects were removed", cycle->removed);
    if (cycle->busy) {
        printf("another collector is at work; nothing to do\n");
        return 0;
    }
    printf("%" PRId64 " objects removed, %" PRId64 " unfinished uploads given up, %" PRId64
           " stale pieces of uploads swept\n",
           cycle->removed, cycle->abandoned, cycle->swept);
    if (cycle->failed == 0)
        return 0;
    fa_error_set(err, FA_E_STORE, "%" PRId64 " objects could not be removed; the last: %s",
                 cycle->failed, cycle->failure.detail);
    return fa_error_action(err, "they are tried again by and by; the table object_tombstone says "
                                "why each failed");
}

int
fa_command_gc(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    FA_CLEANUP(fa_ctl_services_close) struct fa_ctl_services services = {NULL, NULL};
    struct fa_collect cycle = {.limit = INT64_MAX, .retry = true, .sweep = true};
    bool dry_run = false;
    const struct fa_argument options[] = {FA_ARGUMENT_COUNT("limit", &cycle.limit),
                                          FA_ARGUMENT_FLAG("dry-run", &dry_run)};

    if (fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0 ||
        fa_ctl_services_open(&services, ctl->options, err) < 0)
        return -1;
    cycle.db = services.db;
    cycle.store = services.store;
    return dry_run ? count(&cycle, err) : collect(&cycle, err);
}
