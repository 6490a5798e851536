/*
 * migrate: applies the numbered migrations of FILEAPI_SQL that are not yet registered, each in a
 * transaction of its own together with its registration.  Applied files are never edited: a file
 * whose content differs from what was applied is an error.
 */
#include "ctl/command.h"
#include "lib/base/cleanup.h"
#include "lib/db/migration.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { SCRIPT_MAX = 1 << 20, NAME_MAX_BYTES = 128 };

/* "0001_base.sql" is version 1. */
static int
is_migration(const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t digits = strspn(name, "0123456789");

    return digits == 4 && name[digits] == '_' && strlen(name) > 8 &&
           strcmp(name + strlen(name) - 4, ".sql") == 0;
}

static char *
read_script(const char *folder, const char *name, struct fa_arena *arena, struct fa_error *err)
{
    char *path = fa_arena_printf(arena, "%s/%s", folder, name);
    char *text = fa_arena_alloc(arena, SCRIPT_MAX + 1);
    FILE *file;
    size_t length;

    if (path == NULL || text == NULL) {
        fa_error_set(err, FA_E_MEMORY, "migration %s", name);
        return NULL;
    }
    file = fopen(path, "re");
    if (file == NULL) {
        fa_error_errno(err, FA_E_INTERNAL, errno, "open %s", path);
        return NULL;
    }
    length = fread(text, 1, SCRIPT_MAX, file);
    fclose(file);
    if (length == SCRIPT_MAX) {
        fa_error_set(err, FA_E_INTERNAL, "%s is longer than %d bytes", path, SCRIPT_MAX);
        return NULL;
    }
    return text;
}

static int
apply(struct fa_db *db, struct fa_ctl *ctl, const char *name, struct fa_error *err)
{
    struct fa_migration migration = {.version = strtoll(name, NULL, 10), .name = name};
    int applied;

    migration.script = read_script(ctl->options->sql, name, ctl->arena, err);
    if (migration.script == NULL)
        return -1;
    applied = fa_migration_apply(db, &migration, err);
    if (applied < 0)
        return fa_error_wrap(err, "%s", name);
    printf("%s %s\n", applied > 0 ? "applied" : "present", name);
    return 0;
}

static void
free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

int
fa_command_migrate(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    const struct fa_options *options = ctl->options;
    struct fa_db *db = fa_db_new(fa_options_admin(options), "fileapictl", 3600, err);
    struct dirent **entries = NULL;
    int count = scandir(options->sql, &entries, is_migration, alphasort);
    int result = db == NULL ? -1 : 0;

    (void)argc;
    (void)argv;
    if (result == 0 && count < 0)
        result = fa_error_errno(err, FA_E_INTERNAL, errno, "read FILEAPI_SQL %s", options->sql);
    if (result == 0)
        result = fa_migration_prepare(db, err);
    for (int i = 0; result == 0 && i < count; i++)
        result = apply(db, ctl, entries[i]->d_name, err);
    free_entries(entries, count);
    fa_db_free(&db);
    return result;
}
