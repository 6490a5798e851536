/* fileapi-ws: the WebSocket daemon; tells clients what becomes of their parts. */
#include "ws/server.h"

#include <stdlib.h>
#include <sys/stat.h>

int
main(int argc, char **argv)
{
    struct fa_arena arena;
    struct fa_options options;
    struct fa_error err = {0};
    struct fa_log log;

    if (argc > 1) {
        fprintf(stderr, "%s: takes no arguments; `fileapictl options` lists its options\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    umask(0027);
    fa_log_init(&log, "fileapi-ws", "info");
    fa_arena_init(&arena, 1 << 20);
    if (fa_options_read(&options, &arena, &err) < 0) {
        fa_log_error(&log, "options", &err);
        return EXIT_FAILURE;
    }
    fa_log_init(&log, "fileapi-ws", options.log_level);
    return fa_server_run(&options, &log);
}
