/* fileapictl: what the operator does by hand. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *arguments;
    const char *help;
    fa_command *run;
} commands[] = {
    {"migrate", "", "bring the database's schema up to date", fa_command_migrate},
    {"keys", "", "make the embedded issuer's key and its JWKS file", fa_command_keys},
    {"token", "--sub S [--org O]... [--role R]... [--name N] [--email E] [--ttl SEC]",
     "print a bearer token of the embedded issuer", fa_command_token},
    {"jobs",
     "[list] [--all] [--state S] [--task T] [--part ID] [--organization ALIAS] [--limit N] "
     "[--json]\n  jobs show ID [--json] | retry ID... | cancel ID... | drain [--machine NAME] "
     "[--resume]",
     "list the open jobs, or all; show, retry or cancel one; let this machine take no more",
     fa_command_jobs},
    {"gc", "[--limit N] [--dry-run]",
     "remove from the store what uploads left unfinished and what was deleted or replaced",
     fa_command_gc},
    {"fsck", "[--verify] [--repair [--limit N]] [--json]",
     "name every difference between database and store; exits with 0 (none), 1 (some) or 2 (could "
     "not run)",
     fa_command_fsck},
    {"store", "migrate --to s3|directory [--verify] [--parallel N]",
     "copy all objects from one store to the other, while the service runs; go on after a break",
     fa_command_store},
    {"health", "", "check that database and store answer and there are keys", fa_command_health},
    {"options", "", "print the commented sample of all options", fa_command_options},
};

static int
usage(FILE *out, const char *program)
{
    fprintf(out, "usage: %s COMMAND\n\n", program);
    for (size_t i = 0; i < FA_COUNT(commands); i++)
        fprintf(out, "  %s %s\n      %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
    return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(size_t command, int argc, char **argv)
{
    struct fa_arena arena;
    struct fa_options options;
    struct fa_error err = {0};
    struct fa_ctl ctl = {&options, &arena, EXIT_SUCCESS, EXIT_FAILURE};
    int result;

    fa_arena_init(&arena, 64 << 20);
    result = fa_options_read(&options, &arena, &err);
    if (result == 0)
        result = commands[command].run(&ctl, argc, argv, &err);
    fa_arena_free(&arena);
    if (result == 0)
        return ctl.status;
    fprintf(stderr, "fileapictl %s: %s\n", argv[0], err.detail);
    if (err.action[0] != '\0')
        fprintf(stderr, "HINT: %s\n", err.action);
    return ctl.trouble;
}

int
main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr, argv[0]);
    if (strcmp(argv[1], "--help") == 0)
        return usage(stdout, argv[0]);
    for (size_t i = 0; i < FA_COUNT(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return run(i, argc - 1, argv + 1);
    fprintf(stderr, "fileapictl: no command \"%s\"\n", argv[1]);
    return usage(stderr, argv[0]);
}
