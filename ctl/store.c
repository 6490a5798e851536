/* store migrate: copies every object that rows own from one store to the other. */
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "ctl/progress.h"
#include "lib/base/cleanup.h"
#include "lib/object/move.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct migration {
    const struct fa_options *options;
    enum fa_store_kind to;
    struct fa_ctl_progress progress;
    struct fa_move move;
};

static const struct {
    const char *name;
    enum fa_store_kind other;
    const char *change; /* how the services change over to it */
} stores[] = {
    [FA_STORE_DIRECTORY] = {"directory", FA_STORE_S3,
                            "remove AWS_ENDPOINT_URL_S3 from /etc/fileapi/fileapi.conf"},
    [FA_STORE_S3] = {"s3", FA_STORE_DIRECTORY,
                     "set AWS_ENDPOINT_URL_S3, its keys and FILEAPI_S3_BUCKET in "
                     "/etc/fileapi/fileapi.conf"},
};

static int
read_options(int argc, char **argv, struct migration *self, struct fa_error *err)
{
    const char *to = "";
    const struct fa_argument options[] = {FA_ARGUMENT_TEXT("to", &to),
                                          FA_ARGUMENT_FLAG("verify", &self->move.verify)};

    if (fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0)
        return -1;
    for (size_t i = 0; i < FA_COUNT(stores); i++)
        if (strcmp(to, stores[i].name) == 0) {
            self->to = (enum fa_store_kind)i;
            return 0;
        }
    return fa_error_set(err, FA_E_INTERNAL, "takes --to s3 or --to directory, and --verify");
}

/* Files of another user would be in the service's way for ever. */
static int
check_user(const struct fa_options *options, struct fa_error *err)
{
    struct stat info;

    if (stat(options->store, &info) < 0) {
        fa_error_errno(err, FA_E_STORE, errno, "FILEAPI_STORE %s", options->store);
        return fa_error_action(err, "create it for the service's user, or set FILEAPI_STORE");
    }
    if (info.st_uid == geteuid())
        return 0;
    fa_error_set(err, FA_E_STORE, "FILEAPI_STORE %s belongs to user id %ld, this is user id %ld",
                 options->store, (long)info.st_uid, (long)geteuid());
    return fa_error_action(err, "run the command as the service's user: "
                                "setpriv --reuid fileapi --regid fileapi --init-groups ...");
}

static int
open_stores(struct migration *self, struct fa_error *err)
{
    const struct fa_options *options = self->options;

    if (options->s3_endpoint[0] == '\0') {
        fa_error_set(err, FA_E_STORE, "AWS_ENDPOINT_URL_S3 is not set");
        return fa_error_action(err, "give AWS_ENDPOINT_URL_S3, its keys and FILEAPI_S3_BUCKET to "
                                    "this command, whichever store the services use");
    }
    if (self->to == FA_STORE_DIRECTORY && check_user(options, err) < 0)
        return -1;
    if (fa_store_open_kind(stores[self->to].other, options, &self->move.from, err) < 0 ||
        fa_store_open_kind(self->to, options, &self->move.to, err) < 0)
        return -1;
    if (fa_ctl_store_check(self->move.from, err) < 0)
        return fa_error_wrap(err, "the store to copy from");
    if (fa_ctl_store_check(self->move.to, err) < 0)
        return fa_error_wrap(err, "the store to copy to");
    return 0;
}

static void
report(void *closure, const struct fa_object_rows *rows, const char *why)
{
    struct migration *self = closure;

    fa_ctl_progress_clear(&self->progress);
    printf("not copied: object %s: %s\n", rows->key, why);
}

static void
show_progress(void *closure, const struct fa_move *move)
{
    struct migration *self = closure;

    if (fa_ctl_progress_due(&self->progress))
        fprintf(stderr, "%" PRId64 " of %" PRId64 " objects, %" PRId64 " MB copied", move->seen,
                move->total, move->copied_bytes >> 20);
}

static int
run(struct migration *self, struct fa_error *err)
{
    struct fa_move *move = &self->move;
    enum fa_db_outcome outcome = fa_object_lock(move->db, FA_OBJECT_LOCK_MOVE, err);

    if (outcome < 0)
        return -1;
    if (outcome == FA_DB_NONE) {
        fa_error_set(err, FA_E_STORE, "another migration of the store is at work");
        return fa_error_action(err, "let it end; running this one afterwards does no harm");
    }
    return fa_move_run(move, err);
}

static void
tell(const struct migration *self)
{
    const struct fa_move *move = &self->move;

    printf("%" PRId64 " objects (%" PRId64 " bytes) copied, %" PRId64 " were there%s, %" PRId64
           " are gone by now, %" PRId64 " failed\n",
           move->copied, move->copied_bytes, move->present, move->verify ? " and are whole" : "",
           move->gone, move->failed);
    if (move->failed > 0)
        return;
    printf("Next, if the services do not yet use the %s store:\n"
           "  1. %s;\n"
           "     render nginx's file again, reload nginx, restart fileapi.target.\n"
           "  2. Run this command again: it copies what was stored in between.\n"
           "If they do, and this run copied nothing:\n"
           "  3. fileapictl fsck --repair; afterwards the old store may be removed by hand.\n",
           stores[self->to].name, stores[self->to].change);
}

static int
migrate(struct migration *self, struct fa_error *err)
{
    int result = open_stores(self, err);

    fa_ctl_progress_start(&self->progress);
    if (result == 0)
        result = run(self, err);
    fa_ctl_progress_clear(&self->progress);
    if (result < 0 && self->move.seen > 0) {
        fa_error_wrap(err, "after %" PRId64 " of %" PRId64 " objects", self->move.seen,
                      self->move.total);
        return fa_error_action(err, "run it again: it goes on where it was");
    }
    if (result < 0)
        return -1;
    tell(self);
    if (self->move.failed == 0)
        return 0;
    fa_error_set(err, FA_E_STORE, "%" PRId64 " objects could not be copied", self->move.failed);
    return fa_error_action(err, "fileapictl fsck --verify on the store they come from says more; "
                                "then run this again");
}

int
fa_command_store(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    struct migration self = {.options = ctl->options,
                             .move = {.report = report, .progress = show_progress}};
    int result;

    if (argc < 2 || strcmp(argv[1], "migrate") != 0)
        return fa_error_set(err, FA_E_INTERNAL, "takes migrate --to s3|directory [--verify]");
    if (read_options(argc - 1, argv + 1, &self, err) < 0)
        return -1;
    self.move.closure = &self;
    self.move.db =
        fa_db_new(fa_options_direct(ctl->options), "fileapictl", ctl->options->database_timeout);
    if (self.move.db == NULL)
        return fa_error_set(err, FA_E_MEMORY, "database connection");
    result = migrate(&self, err);
    fa_store_close(&self.move.from);
    fa_store_close(&self.move.to);
    fa_db_free(&self.move.db);
    return result;
}
