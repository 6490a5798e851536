#include "jobs/cad_process.h"
#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    CPU_SECONDS = 60,
    BYTES_PER_CPU_SECOND = 1 << 20,
    MIN_OUTPUT = 8,
    MAX_METRICS = 64 * 1024,
    MAX_MODEL = 1 << 30,
    MAX_PICTURE = 4 << 20
};

/* What an output must look like. */
static const struct {
    const char *what;
    const char *magic; /* its first bytes */
    size_t magic_length;
    off_t limit;
} forms[FA_CAD_OUTPUTS] = {
    [FA_CAD_METRICS] = {"figures", "{", 1, MAX_METRICS},
    [FA_CAD_GLB] = {"model", "glTF\2\0\0", 8, MAX_MODEL},
    [FA_CAD_PNG] = {"picture", "\x89PNG\r\n\x1a\n", 8, MAX_PICTURE},
};

int
fa_cad_process_start(struct fa_cad_process *process, const struct fa_task_ctx *ctx, int input,
                     struct fa_error *err)
{
    /* The descriptors' numbers in the child: 3 is the input, then as listed. */
    static const char *const argv[] = {"fileapi-cad", "--in",       "fd:3", "--metrics",
                                       "fd:4",        "--glb",      "fd:5", "--png",
                                       "fd:6",        "--progress", "fd:7", NULL};
    struct stat info;
    int pipe_ends[2];

    *process = (struct fa_cad_process){.outputs = {-1, -1, -1}};
    for (size_t i = 0; i < FA_CAD_OUTPUTS; i++) {
        process->outputs[i] = fa_store_spool(ctx->store, err);
        if (process->outputs[i] < 0)
            return -1;
    }
    if (fstat(input, &info) < 0 || pipe2(pipe_ends, O_CLOEXEC) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "prepare the CAD analysis");
    process->progress = fdopen(pipe_ends[0], "r");
    if (process->progress == NULL)
        close(pipe_ends[0]);
    else
        process->pid = fa_spawn_start(
            &(const struct fa_spawn){
                .folder = ctx->options->libexec,
                .argv = argv,
                .descriptors = (const int[]){input, process->outputs[FA_CAD_METRICS],
                                             process->outputs[FA_CAD_GLB],
                                             process->outputs[FA_CAD_PNG], pipe_ends[1]},
                .descriptor_count = 5,
                .memory_bytes = ctx->options->cad_memory,
                .cpu_seconds = CPU_SECONDS + info.st_size / BYTES_PER_CPU_SECOND,
                .file_bytes = MAX_MODEL,
            },
            err);
    close(pipe_ends[1]);
    if (process->progress == NULL)
        return fa_error_set(err, FA_E_MEMORY, "progress of the CAD analysis");
    return process->pid < 0 ? -1 : 0;
}

/* Cuts the next tab-separated field off `*rest`. */
static const char *
next_field(char **rest)
{
    const char *field = strsep(rest, "\t");

    return field != NULL ? field : "";
}

int
fa_cad_process_step(struct fa_cad_process *process, struct fa_cad_step *step, struct fa_error *err)
{
    static const char *const verbs[] = {"begin", "percent", "end", "error", "failed"};
    char *rest = step->line;
    const char *verb;

    if (fgets(step->line, sizeof step->line, process->progress) == NULL)
        return 0;
    step->line[strcspn(step->line, "\n")] = '\0';
    verb = next_field(&rest);
    step->stage = next_field(&rest);
    step->message = next_field(&rest);
    step->action = next_field(&rest);
    step->percent = (int)strtol(step->message, NULL, 10);
    for (size_t i = 0; i < FA_COUNT(verbs); i++) {
        if (strcmp(verbs[i], verb) != 0)
            continue;
        step->what = (unsigned)i;
        return 1;
    }
    return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad says \"%.80s\"", verb);
}

int
fa_cad_process_take(const struct fa_cad_process *process, enum fa_cad_output output,
                    const struct fa_task_ctx *ctx, struct fa_error *err)
{
    char head[MIN_OUTPUT] = {0};
    struct stat info;
    off_t offset = 0;
    FA_AUTO_FD copy = fa_store_spool(ctx->store, err);

    if (copy < 0)
        return -1;
    if (fstat(process->outputs[output], &info) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "look at the %s", forms[output].what);
    if (info.st_size < MIN_OUTPUT || info.st_size > forms[output].limit)
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad made a %s of %lld bytes",
                            forms[output].what, (long long)info.st_size);
    while (offset < info.st_size) {
        ssize_t copied = copy_file_range(process->outputs[output], &offset, copy, NULL,
                                         (size_t)(info.st_size - offset), 0);

        if (copied <= 0)
            return fa_error_errno(err, FA_E_STORE, copied < 0 ? errno : EIO, "copy the %s",
                                  forms[output].what);
    }
    if (pread(copy, head, sizeof head, 0) != sizeof head ||
        memcmp(head, forms[output].magic, forms[output].magic_length) != 0)
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad made a malformed %s",
                            forms[output].what);
    return fa_steal_fd(&copy);
}

/* An end by signal, as an error.  Signals of its limits are about the file.  Those that come from
 * outside (an operator, the kernel short of memory, a shutdown) are not, so it is tried again. */
static int
explain_signal(int number, struct fa_error *err)
{
    switch (number) {
    case SIGKILL:
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
    case SIGQUIT:
        return fa_error_set(err, FA_E_KILLED, "fileapi-cad was ended from outside by signal %d",
                            number);
    case SIGXCPU:
        fa_error_set(err, FA_E_CONTENT, "The analysis takes more computing time than is allowed.");
        break;
    case SIGXFSZ:
        fa_error_set(err, FA_E_CONTENT, "The model to view would be larger than is allowed.");
        break;
    default:
        fa_error_set(err, FA_E_CONTENT, "The analysis stopped at this file (signal %d).", number);
        break;
    }
    return fa_error_action(err, "Export the part again, with fewer facets, and upload it anew.");
}

int
fa_cad_process_end(struct fa_cad_process *process, struct fa_error *err)
{
    int status = 0;

    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad ended with status %d",
                            WEXITSTATUS(status));
    return explain_signal(WTERMSIG(status), err);
}

void
fa_cad_process_close(struct fa_cad_process *process)
{
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (process->progress != NULL)
        fclose(process->progress);
    for (size_t i = 0; i < FA_CAD_OUTPUTS; i++)
        fa_cleanup_fd(&process->outputs[i]);
    *process = (struct fa_cad_process){.outputs = {-1, -1, -1}};
}
