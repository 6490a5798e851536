/* What fileapi-job hears from the boxed parser: any bytes, cut anywhere. */
#include "jobs/cad_process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIPE_BYTES = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_cad_process process = {.outputs = {-1, -1, -1, -1}};
    struct fa_cad_step step;
    struct fa_error err;
    int ends[2];

    if (size > PIPE_BYTES || pipe(ends) < 0)
        return 0;
    if (write(ends[1], data, size) < 0)
        abort();
    close(ends[1]);
    process.progress = ends[0];
    process.deadline_us = INT64_MAX;
    while (fa_cad_process_step(&process, &step, &err) > 0)
        if (strlen(step.stage) + strlen(step.message) + strlen(step.action) >= sizeof step.line)
            abort();
    fa_cad_process_close(&process);
    return 0;
}
