/* fileapi-ws: the WebSocket daemon; tells clients what becomes of their parts. */
#include "lib/base/program.h"
#include "ws/server.h"

#include <stdlib.h>

int
main(int argc, char **argv)
{
    struct fa_program program;

    if (fa_program_no_arguments(argc, argv) < 0 || fa_program_start(&program, "fileapi-ws") < 0)
        return EXIT_FAILURE;
    return fa_server_run(&program.options, &program.log);
}
