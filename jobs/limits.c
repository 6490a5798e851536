#include "jobs/limits.h"
#include "lib/job/job.h"

#include <string.h>
#include <sys/resource.h>

enum { MIB_SHIFT = 20, WALL_MARGIN_S = 30 };

/* A base and how much more for each MiB of input. */
struct growth {
    int64_t base;
    int64_t per_mib;
};

#define MIB (1LL << MIB_SHIFT)

/* An attempt's wall clock ends WALL_MARGIN_S after its parser's: it still says which file it was.
 */
static const struct row {
    const char *task;
    bool parser;
    struct growth memory;
    struct growth cpu_s;
    struct growth file;
    struct growth wall_s;
    int64_t files;
} rows[] = {
    /* Copies and hashes what the parser makes. */
    {FA_TASK_CAD, false, {512 * MIB, MIB}, {30, 1}, {64 * MIB, 8 * MIB}, {240, 16}, 128},
    /* Measured: an STL takes 45 MiB and 4 for each of input; a STEP file 80 MiB and 15 for each,
     * with a second of time for each.  Some take far longer, and address space is only reserved: so
     * this is several times as much.  A model has a million facets at most. */
    {FA_TASK_CAD, true, {768 * MIB, 128 * MIB}, {120, 4}, {64 * MIB, 8 * MIB}, {240, 16}, 32},
    /* Writes row by row; the input is not read. */
    {FA_TASK_REPORT, false, {512 * MIB, 0}, {60, 0}, {256 * MIB, 0}, {120, 0}, 128},
};

/* A task of the tests only is held to the last row. */
static const struct row *
find(const char *task, bool parser)
{
    size_t i = 0;

    while (i + 1 < FA_COUNT(rows) && (rows[i].parser != parser || strcmp(rows[i].task, task) != 0))
        i++;
    return &rows[i];
}

/* At most `most`, where that is positive. */
static int64_t
grow(const struct growth *growth, int64_t input_bytes, int64_t most)
{
    int64_t value = growth->base + (input_bytes >> MIB_SHIFT) * growth->per_mib;

    return most > 0 && value > most ? most : value;
}

struct fa_limits
fa_limits_of(const char *task, bool parser, int64_t input_bytes, const struct fa_options *options)
{
    const struct row *row = find(task, parser);
    struct fa_limits limits = {
        .memory_bytes =
            options->cad_memory == 0 ? 0 : grow(&row->memory, input_bytes, options->cad_memory),
        .cpu_s = grow(&row->cpu_s, input_bytes, 0),
        .file_bytes = grow(&row->file, input_bytes, 0),
        .files = row->files,
        .wall_s = grow(&row->wall_s, input_bytes, options->job_timeout),
    };

    if (!parser)
        limits.wall_s += WALL_MARGIN_S;
    return limits;
}

static void
apply(int resource, int64_t soft)
{
    struct rlimit both;

    if (soft <= 0 || getrlimit((__rlimit_resource_t)resource, &both) < 0)
        return;
    if (both.rlim_max == RLIM_INFINITY || (rlim_t)soft < both.rlim_max)
        both.rlim_cur = (rlim_t)soft;
    setrlimit((__rlimit_resource_t)resource, &both);
}

void
fa_limits_apply(const struct fa_limits *limits)
{
    apply(RLIMIT_AS, limits->memory_bytes);
    apply(RLIMIT_CPU, limits->cpu_s);
    apply(RLIMIT_FSIZE, limits->file_bytes);
    apply(RLIMIT_NOFILE, limits->files);
}
