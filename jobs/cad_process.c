#include "jobs/cad_process.h"
#include "jobs/limits.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"
#include "lib/base/utf8.h"
#include "lib/geometry/figures.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    QUIET_MS = 5000,
    SAY_LIMIT = 256 * 1024,
    MIN_OUTPUT = 8,
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
    [FA_CAD_METRICS] = {"figures", "{", 1, FA_FIGURES_BYTES},
    [FA_CAD_GLB] = {"model", "glTF\2\0\0", 8, MAX_MODEL},
    [FA_CAD_PNG] = {"picture", "\x89PNG\r\n\x1a\n", 8, MAX_PICTURE},
    [FA_CAD_PNG_SMALL] = {"small picture", "\x89PNG\r\n\x1a\n", 8, MAX_PICTURE},
};

static pid_t
spawn(const struct fa_task_ctx *ctx, const struct fa_limits *limits, const int *descriptors,
      struct fa_error *err)
{
    /* The descriptors' numbers in the child: 3 is the input, then as listed. */
    const char *open = strcmp(ctx->options->sandbox, "off") == 0 ? "--no-sandbox" : NULL;
    const char *const argv[] = {"fileapi-cad", "--in",        "fd:3",  "--metrics", "fd:4",
                                "--glb",       "fd:5",        "--png", "fd:6",      "--progress",
                                "fd:7",        "--png-small", "fd:8",  open,        NULL};

    if (open == NULL && fa_sandbox_check(err) < 0)
        return fa_error_wrap(err, "no sandbox for the CAD analysis");
    return fa_spawn_start(&(const struct fa_spawn){.folder = ctx->options->libexec,
                                                   .argv = argv,
                                                   .descriptors = descriptors,
                                                   .descriptor_count = FA_CAD_OUTPUTS + 2,
                                                   .memory_bytes = limits->memory_bytes,
                                                   .cpu_seconds = limits->cpu_s,
                                                   .file_bytes = limits->file_bytes,
                                                   .files = limits->files,
                                                   .session = true,
                                                   .die_with_caller = true},
                          err);
}

int
fa_cad_process_start(struct fa_cad_process *process, const struct fa_task_ctx *ctx, int input,
                     struct fa_error *err)
{
    const struct fa_limits limits =
        fa_limits_of(ctx->job->task, true, ctx->job->input_bytes, ctx->options);
    int pipe_ends[2];

    *process = (struct fa_cad_process){
        .outputs = {-1, -1, -1, -1},
        .progress = -1,
        .deadline_us = fa_clock_monotonic_us() + limits.wall_s * 1000000,
    };
    for (size_t i = 0; i < FA_CAD_OUTPUTS; i++) {
        process->outputs[i] = fa_store_spool(ctx->store, err);
        if (process->outputs[i] < 0)
            return -1;
    }
    if (pipe2(pipe_ends, O_CLOEXEC) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "prepare the CAD analysis");
    process->progress = pipe_ends[0];
    process->pid = spawn(ctx, &limits,
                         (const int[]){input, process->outputs[FA_CAD_METRICS],
                                       process->outputs[FA_CAD_GLB], process->outputs[FA_CAD_PNG],
                                       pipe_ends[1], process->outputs[FA_CAD_PNG_SMALL]},
                         err);
    close(pipe_ends[1]);
    return process->pid < 0 ? -1 : 0;
}

/* --- what it says, which is not to be trusted ---------------------------------------------------
 */

static int
end_by_time(struct fa_cad_process *process, struct fa_error *err)
{
    process->has_fate = true;
    process->fate = FA_FATE_PARSER_TIME;
    return fa_error_set(err, FA_E_KILLED, "fileapi-cad has had its time");
}

/* Waits for more of its lines: 1, or 0 at their end, or -1; `quiet_r` when nothing has come. */
static int
receive(struct fa_cad_process *process, bool *quiet_r, struct fa_error *err)
{
    struct pollfd ready = {.fd = process->progress, .events = POLLIN};
    int64_t left_ms = (process->deadline_us - fa_clock_monotonic_us()) / 1000;
    ssize_t got;

    if (left_ms <= 0)
        return end_by_time(process, err);
    *quiet_r = poll(&ready, 1, left_ms < QUIET_MS ? (int)left_ms + 1 : QUIET_MS) <= 0;
    if (*quiet_r)
        return 1;
    got = read(process->progress, process->lines + process->length,
               sizeof process->lines - process->length);
    if (got <= 0)
        return got < 0 && errno == EINTR ? 1 : 0;
    process->length += (size_t)got;
    process->said += got;
    if (process->said > SAY_LIMIT)
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad says too much");
    return 1;
}

/* Takes a whole line out of what has come; false when there is none. */
static bool
take_line(struct fa_cad_process *process, struct fa_cad_step *step)
{
    char *end = memchr(process->lines, '\n', process->length);
    size_t length = end != NULL ? (size_t)(end - process->lines) : 0;

    if (end == NULL)
        return false;
    memcpy(step->line, process->lines, length);
    step->line[length] = '\0';
    process->length -= length + 1;
    memmove(process->lines, end + 1, process->length);
    return true;
}

/* Cuts the next tab-separated field off `*rest`; "" where there is none. */
static const char *
next_field(char **rest)
{
    const char *field = strsep(rest, "\t");

    return field != NULL ? field : "";
}

/* Text that a user may be shown. */
static bool
is_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return fa_utf8_valid(text, strlen(text), NULL);
}

static int
read_line(struct fa_cad_step *step, struct fa_error *err)
{
    static const char *const verbs[] = {"begin", "percent", "end", "error", "failed"};
    char *rest = step->line;
    const char *verb = next_field(&rest);
    size_t what = 0;

    step->stage = next_field(&rest);
    step->message = next_field(&rest);
    step->action = next_field(&rest);
    step->percent = (int)strtol(step->message, NULL, 10);
    while (what < FA_COUNT(verbs) && strcmp(verbs[what], verb) != 0)
        what++;
    if (what == FA_COUNT(verbs) || !is_text(step->message) || !is_text(step->action) ||
        step->percent < 0 || step->percent > 100)
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad says nonsense");
    step->what = (unsigned)what;
    return 1;
}

int
fa_cad_process_step(struct fa_cad_process *process, struct fa_cad_step *step, struct fa_error *err)
{
    while (!take_line(process, step)) {
        bool quiet = false;
        int got = process->length < sizeof process->lines
                      ? receive(process, &quiet, err)
                      : fa_error_set(err, FA_E_INTERNAL, "fileapi-cad says too long a line");

        if (got <= 0)
            return got;
        if (quiet) {
            step->what = FA_CAD_QUIET;
            return 1;
        }
    }
    return read_line(step, err);
}

/* The lengths that a model's header gives are those of its file (glTF 2.0, section 4.4). */
static bool
is_whole_model(int fd, off_t size)
{
    uint32_t head[5]; /* magic, version, length; the JSON chunk's length and type */

    return pread(fd, head, sizeof head, 0) == sizeof head && (off_t)head[2] == size &&
           head[3] % 4 == 0 && (off_t)head[3] + (off_t)sizeof head <= size;
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
    if (output == FA_CAD_GLB && !is_whole_model(copy, info.st_size))
        return fa_error_set(err, FA_E_INTERNAL, "fileapi-cad made a model of another length");
    return fa_steal_fd(&copy);
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
    process->has_fate = true;
    process->fate = fa_fate_of_status(status, true);
    if (fa_fate_again(process->fate))
        return fa_error_set(err, FA_E_KILLED, "fileapi-cad: %s, wait status %d",
                            fa_fate_name(process->fate), status);
    fa_fate_tell(process->fate, 1, err);
    return -1;
}

void
fa_cad_process_close(struct fa_cad_process *process)
{
    if (process->pid > 0) {
        /* Before its setsid there is no such group. */
        if (kill(-process->pid, SIGKILL) < 0)
            kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    process->pid = 0;
    fa_cleanup_fd(&process->progress);
    for (size_t i = 0; i < FA_CAD_OUTPUTS; i++)
        fa_cleanup_fd(&process->outputs[i]);
}
