#include "jobs/fate.h"

#include <signal.h>
#include <sys/wait.h>

/* What may pass is tried again soon; what is away (a store, a database) may stay so for a while. */
enum { SOON_S = 2, LATER_S = 10, GROWTH = 4 };

#define SIMPLER "Export the part again, with fewer facets, and upload it anew."
#define WAIT    "Try again later; if it happens again, tell the support the part's id."

static const struct {
    const char *name;
    int64_t backoff_s; /* 0: not tried again */
    const char *why;   /* a sentence; of those tried again, the end of one */
    const char *action;
} fates[FA_FATES] = {
    [FA_FATE_PARSER_CRASH] = {"analysis crashed", 0, "The analysis stopped at this file.", SIMPLER},
    [FA_FATE_PARSER_CPU] = {"analysis: computing time", 0,
                            "The analysis takes more computing time than is allowed.", SIMPLER},
    [FA_FATE_PARSER_SIZE] = {"analysis: size of results", 0,
                             "The model to view would be larger than is allowed.", SIMPLER},
    [FA_FATE_PARSER_TIME] = {"analysis: time", SOON_S, "the analysis took longer than is allowed",
                             "Try again later, or export the part again, with fewer facets, and "
                             "upload it anew."},
    [FA_FATE_PARSER_KILLED] = {"analysis killed", SOON_S,
                               "the analysis was stopped from outside, perhaps for want of memory",
                               WAIT},
    [FA_FATE_PARSER_STATUS] = {"analysis without a result", SOON_S,
                               "the analysis ended without a result", WAIT},
    [FA_FATE_CRASH] = {"crashed", SOON_S, "its process crashed", WAIT},
    [FA_FATE_CPU] = {"computing time", 0, "The work takes more computing time than is allowed.",
                     SIMPLER},
    [FA_FATE_SIZE] = {"size of results", 0, "The results would be larger than is allowed.",
                      SIMPLER},
    [FA_FATE_TIME] = {"time", SOON_S, "it took longer than is allowed", WAIT},
    [FA_FATE_KILLED] = {"killed", SOON_S,
                        "its process was stopped from outside, perhaps for want of memory", WAIT},
    [FA_FATE_STATUS] = {"without a result", SOON_S, "its process ended without a result", WAIT},
    [FA_FATE_GONE] = {"gone", SOON_S, "its process is gone", WAIT},
    [FA_FATE_UNBORN] = {"not started", SOON_S, "it could not be started", WAIT},
    [FA_FATE_MEMORY] = {"memory", SOON_S, "memory was short", WAIT},
    [FA_FATE_SPACE] = {"space", LATER_S, "the store has no space left", WAIT},
    [FA_FATE_STORE] = {"store", LATER_S, "the store was away", WAIT},
    [FA_FATE_DATABASE] = {"database", LATER_S, "the database was away", WAIT},
    [FA_FATE_INTERNAL] = {"internal", SOON_S, "there was an internal error", WAIT},
};

/* Signals of its limits are about the file, and so are those of a fault in the parser.  Those that
 * come from outside (an operator, the kernel short of memory, a shutdown) are not. */
static const struct {
    int number;
    enum fa_fate parser;
    enum fa_fate child;
} signals[] = {
    {SIGKILL, FA_FATE_PARSER_KILLED, FA_FATE_KILLED},
    {SIGTERM, FA_FATE_PARSER_KILLED, FA_FATE_KILLED},
    {SIGINT, FA_FATE_PARSER_KILLED, FA_FATE_KILLED},
    {SIGHUP, FA_FATE_PARSER_KILLED, FA_FATE_KILLED},
    {SIGQUIT, FA_FATE_PARSER_KILLED, FA_FATE_KILLED},
    {SIGXCPU, FA_FATE_PARSER_CPU, FA_FATE_CPU},
    {SIGXFSZ, FA_FATE_PARSER_SIZE, FA_FATE_SIZE},
};

enum fa_fate
fa_fate_of_status(int status, bool parser)
{
    if (!WIFSIGNALED(status))
        return parser ? FA_FATE_PARSER_STATUS : FA_FATE_STATUS;
    for (unsigned i = 0; i < FA_COUNT(signals); i++)
        if (signals[i].number == WTERMSIG(status))
            return parser ? signals[i].parser : signals[i].child;
    return parser ? FA_FATE_PARSER_CRASH : FA_FATE_CRASH;
}

enum fa_fate
fa_fate_of_error(enum fa_error_code code)
{
    switch (code) {
    case FA_E_MEMORY:
        return FA_FATE_MEMORY;
    case FA_E_SPACE:
        return FA_FATE_SPACE;
    case FA_E_STORE:
        return FA_FATE_STORE;
    case FA_E_DATABASE:
        return FA_FATE_DATABASE;
    default:
        return FA_FATE_INTERNAL;
    }
}

const char *
fa_fate_name(enum fa_fate fate)
{
    return fates[fate].name;
}

bool
fa_fate_again(enum fa_fate fate)
{
    return fates[fate].backoff_s > 0;
}

int64_t
fa_fate_backoff(enum fa_fate fate, int64_t crashes)
{
    int64_t delay_s = fates[fate].backoff_s;

    for (int64_t i = 0; i < crashes && i < 4; i++)
        delay_s *= GROWTH;
    return delay_s;
}

void
fa_fate_tell(enum fa_fate fate, int64_t attempts, struct fa_error *failure)
{
    if (fa_fate_again(fate))
        fa_error_set(failure, FA_E_CONTENT, "The work was tried %lld times and did not end: %s.",
                     (long long)attempts, fates[fate].why);
    else
        fa_error_set(failure, FA_E_CONTENT, "%s", fates[fate].why);
    fa_error_action(failure, "%s", fates[fate].action);
}
