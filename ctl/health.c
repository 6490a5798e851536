/* health and options. */
#include "ctl/command.h"
#include "lib/auth/keys.h"
#include "lib/base/clock.h"
#include "lib/db/db.h"
#include "lib/sandbox/sandbox.h"
#include "lib/store/store.h"

#include <string.h>

static int
check_keys(const struct fa_options *options, struct fa_error *err)
{
    struct fa_keys *keys = NULL;
    int result = fa_keys_open(options->keys, &keys, err);

    if (result == 0)
        result = fa_keys_usable(keys, options->issuer, fa_clock_now_us(), err);
    fa_keys_close(&keys);
    return result;
}

/* Without one, jobs that parse uploaded files are refused, unless the operator has said otherwise.
 */
static int
check_sandbox(const struct fa_options *options, struct fa_error *err)
{
    if (strcmp(options->sandbox, "off") == 0) {
        printf("sandbox OFF by FILEAPI_SANDBOX: a hostile file may take the service's rights\n");
        return 0;
    }
    if (fa_sandbox_check(err) < 0)
        return fa_error_wrap(err, "sandbox");
    printf("sandbox ok\n");
    return 0;
}

int
fa_command_health(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    struct fa_db *db =
        fa_db_new(ctl->options->database, "fileapictl", ctl->options->database_timeout, err);
    struct fa_store *store = NULL;
    int result = db == NULL ? -1 : fa_db_check(db, err);

    (void)argc;
    (void)argv;
    if (result == 0)
        printf("database ok\n");
    if (result == 0 && (result = fa_store_open(ctl->options, &store, err)) == 0)
        result = fa_store_check(store, err);
    if (result == 0)
        printf("store ok\n");
    if (result == 0 && (result = check_keys(ctl->options, err)) == 0)
        printf("keys ok\n");
    if (result == 0)
        result = check_sandbox(ctl->options, err);
    fa_store_close(&store);
    fa_db_free(&db);
    return result;
}

int
fa_command_options(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    (void)ctl;
    (void)argc;
    (void)argv;
    (void)err;
    fa_options_print_sample(stdout);
    return 0;
}
