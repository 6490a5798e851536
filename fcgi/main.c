/* fileapi: the pool of FastCGI workers that nginx talks to. */
#include "fcgi/worker.h"
#include "lib/base/program.h"
#include "lib/base/unix_socket.h"

#include <stdlib.h>

int
main(int argc, char **argv)
{
    struct fa_program program;
    struct fa_error err = {0};
    int listener;

    if (fa_program_no_arguments(argc, argv) < 0 || fa_program_start(&program, "fileapi") < 0)
        return EXIT_FAILURE;
    listener = fa_socket_listen(program.options.socket, program.options.socket_group, &err);
    if (listener < 0) {
        fa_log_error(&program.log, "listen", &err);
        return EXIT_FAILURE;
    }
    return fa_pool_run(listener, &program.options, &program.log, fa_worker_run);
}
