/* fileapi: the pool of FastCGI workers that nginx talks to. */
#include "fcgi/listen.h"
#include "fcgi/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files and folders of the store are for the service and nginx's group. */
enum { UMASK = 0027 };

int
main(int argc, char **argv)
{
    struct fa_arena arena;
    struct fa_options options;
    struct fa_error err = {0};
    struct fa_log log;
    int listener;

    if (argc > 1) {
        fprintf(stderr,
                "%s: takes no arguments; its options are environment variables,\n"
                "`fileapictl options` lists them\n",
                argv[0]);
        return strcmp(argv[1], "--help") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fa_log_init(&log, "fileapi", "info");
    fa_arena_init(&arena, 1 << 20);
    umask(UMASK);
    if (fa_options_read(&options, &arena, &err) < 0) {
        fa_log_error(&log, "options", &err);
        return EXIT_FAILURE;
    }
    fa_log_init(&log, "fileapi", options.log_level);
    listener = fa_listen_open(&options, &err);
    if (listener < 0) {
        fa_log_error(&log, "listen", &err);
        return EXIT_FAILURE;
    }
    return fa_pool_run(listener, &options, &log, fa_worker_run);
}
