/* Telling processes apart: the machine with its boot, and a process by its start. */
#include "lib/job/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
fa_job_machine(char *machine, size_t size, struct fa_error *err)
{
    char boot[40] = "";
    char host[65] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "open the boot id");
    if (fgets(boot, sizeof boot, file) != NULL)
        boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
    gethostname(host, sizeof host - 1);
    if (boot[0] == '\0')
        return fa_error_set(err, FA_E_INTERNAL, "the boot id is empty");
    snprintf(machine, size, "%s@%s", boot, host);
    return 0;
}

int64_t
fa_job_process_start(int64_t pid)
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
