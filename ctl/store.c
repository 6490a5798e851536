/* store migrate: copies every object that rows own from one store to the other. */
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "ctl/movers.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough to keep a store on the same machine busy; one farther away is worth more. */
enum { MOVERS = 4 };

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
read_options(int argc, char **argv, struct fa_movers *self, struct fa_error *err)
{
    const char *to = "";
    const struct fa_argument options[] = {FA_ARGUMENT_TEXT("to", &to),
                                          FA_ARGUMENT_FLAG("verify", &self->verify),
                                          FA_ARGUMENT_COUNT("parallel", &self->count)};

    if (fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0)
        return -1;
    if (self->count > FA_MOVERS_MAX)
        return fa_error_set(err, FA_E_INTERNAL, "--parallel is at most %d", FA_MOVERS_MAX);
    for (size_t i = 0; i < FA_COUNT(stores); i++)
        if (strcmp(to, stores[i].name) == 0) {
            self->to = (enum fa_store_kind)i;
            self->from = stores[i].other;
            return 0;
        }
    return fa_error_set(err, FA_E_INTERNAL,
                        "takes --to s3 or --to directory, --verify and --parallel N");
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
check_store(const struct fa_options *options, enum fa_store_kind kind, struct fa_error *err)
{
    FA_CLEANUP(fa_store_close) struct fa_store *store = NULL;

    return fa_store_open_kind(kind, options, &store, err) < 0 ? -1 : fa_ctl_store_check(store, err);
}

static int
check_stores(const struct fa_movers *self, struct fa_error *err)
{
    const struct fa_options *options = self->options;

    if (options->s3_endpoint[0] == '\0') {
        fa_error_set(err, FA_E_STORE, "AWS_ENDPOINT_URL_S3 is not set");
        return fa_error_action(err, "give AWS_ENDPOINT_URL_S3, its keys and FILEAPI_S3_BUCKET to "
                                    "this command, whichever store the services use");
    }
    if (self->to == FA_STORE_DIRECTORY && check_user(options, err) < 0)
        return -1;
    if (check_store(options, self->from, err) < 0)
        return fa_error_wrap(err, "the store to copy from");
    if (check_store(options, self->to, err) < 0)
        return fa_error_wrap(err, "the store to copy to");
    return 0;
}

static int
run(struct fa_movers *self, struct fa_db *db, struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_object_lock(db, FA_OBJECT_LOCK_MOVE, err);

    if (outcome < 0)
        return -1;
    if (outcome == FA_DB_NONE) {
        fa_error_set(err, FA_E_STORE, "another migration of the store is at work");
        return fa_error_action(err, "let it end; running this one afterwards does no harm");
    }
    return fa_object_count(db, &self->total, err) < 0 ? -1 : fa_movers_run(self, err);
}

static void
tell(const struct fa_movers *self)
{
    const struct fa_move_counts *counts = &self->counts;

    printf("%" PRId64 " objects (%" PRId64 " bytes) copied, %" PRId64 " were there%s, %" PRId64
           " are gone by now, %" PRId64 " failed\n",
           counts->copied, counts->copied_bytes, counts->present,
           self->verify ? " and are whole" : "", counts->gone, counts->failed);
    if (counts->failed > 0)
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
migrate(struct fa_movers *self, struct fa_db *db, struct fa_error *err)
{
    int result = check_stores(self, err);

    if (result == 0)
        result = run(self, db, err);
    if (result < 0 && self->counts.seen > 0) {
        fa_error_wrap(err, "after %" PRId64 " of %" PRId64 " objects", self->counts.seen,
                      self->total);
        return fa_error_action(err, "run it again: it goes on where it was");
    }
    if (result < 0)
        return -1;
    tell(self);
    if (self->counts.failed == 0)
        return 0;
    fa_error_set(err, FA_E_STORE, "%" PRId64 " objects could not be copied", self->counts.failed);
    return fa_error_action(err, "fileapictl fsck --verify on the store they come from says more; "
                                "then run this again");
}

int
fa_command_store(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    struct fa_movers self = {.options = ctl->options, .count = MOVERS};
    FA_CLEANUP(fa_db_free) struct fa_db *db = NULL;

    if (argc < 2 || strcmp(argv[1], "migrate") != 0)
        return fa_error_set(err, FA_E_INTERNAL,
                            "takes migrate --to s3|directory [--verify] [--parallel N]");
    if (read_options(argc - 1, argv + 1, &self, err) < 0)
        return -1;
    db = fa_db_new(fa_options_direct(ctl->options), "fileapictl", ctl->options->database_timeout,
                   err);
    return db == NULL ? -1 : migrate(&self, db, err);
}
