#include "lib/base/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the store holds is for the service and nginx's group. */
enum { UMASK = 0027, ARENA_LIMIT = 1 << 20, NAME_BYTES = 64 };

/* The name alone: the value may be a secret. */
static void
tell_misspelt(const struct fa_program *program)
{
    for (char *const *line = environ; *line != NULL; line++) {
        const char *meant = fa_options_meant(*line);
        char name[NAME_BYTES];

        if (meant == NULL)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*line, "="), *line);
        fa_log(&program->log, FA_LOG_WARNING, "option_unknown", FA_LOG_TEXT("name", name),
               FA_LOG_TEXT("meant", meant));
    }
}

int
fa_program_start(struct fa_program *program, const char *name)
{
    struct fa_error err = {0};

    umask(UMASK);
    fa_log_init(&program->log, name, "info");
    fa_arena_init(&program->arena, ARENA_LIMIT);
    if (fa_options_read(&program->options, &program->arena, &err) < 0) {
        fa_log_error(&program->log, "options", &err);
        return -1;
    }
    fa_log_init(&program->log, name, program->options.log_level);
    tell_misspelt(program);
    return 0;
}

int
fa_program_no_arguments(int argc, char **argv)
{
    if (argc == 1)
        return 0;
    fprintf(stderr,
            "%s takes no arguments: its options are environment variables,\n"
            "`fileapictl options` lists them\n",
            argv[0]);
    return -1;
}
