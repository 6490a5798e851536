/* Telling processes apart: a process by its start. */
#include "lib/job/job.h"

#include <stdio.h>
#include <string.h>

int64_t
fa_job_process_began(int64_t pid)
{
    char path[40];
    char line[1024];
    const char *after_name;
    long long start = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    /* The name, in parentheses, may hold anything; the fields we want come after its end. */
    if (fgets(line, sizeof line, file) != NULL && (after_name = strrchr(line, ')')) != NULL &&
        sscanf(after_name + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d"
               " %*d %*d %lld",
               &start) != 1)
        start = -1;
    fclose(file);
    return start;
}
