/* fileapi-jobs: the supervisor of this machine's jobs. */
#include "jobs/supervisor.h"
#include "lib/base/program.h"

#include <stdlib.h>

int
main(int argc, char **argv)
{
    struct fa_program program;

    if (fa_program_no_arguments(argc, argv) < 0 || fa_program_start(&program, "fileapi-jobs") < 0)
        return EXIT_FAILURE;
    return fa_supervisor_run(&program.options, &program.log);
}
