/*
 * How an attempt ends when not with a result, and what follows: one table says whether the job is
 * tried again, how soon, and what the user is told when it is over.
 */
#ifndef FA_JOBS_FATE_H
#define FA_JOBS_FATE_H

#include "lib/base/error.h"

#include <stdbool.h>

enum fa_fate {
    /* of fileapi-cad, the parser: about the file, unless it was ended from outside */
    FA_FATE_PARSER_CRASH,
    FA_FATE_PARSER_CPU,
    FA_FATE_PARSER_SIZE,
    FA_FATE_PARSER_TIME,
    FA_FATE_PARSER_KILLED,
    FA_FATE_PARSER_STATUS,
    /* of fileapi-job, the child */
    FA_FATE_CRASH,
    FA_FATE_CPU,
    FA_FATE_SIZE,
    FA_FATE_TIME,
    FA_FATE_KILLED,
    FA_FATE_STATUS,
    FA_FATE_GONE,
    FA_FATE_UNBORN,
    /* of what it needs */
    FA_FATE_MEMORY,
    FA_FATE_SPACE,
    FA_FATE_STORE,
    FA_FATE_DATABASE,
    FA_FATE_INTERNAL,
    FA_FATES
};

/* The fate of a process by what waitpid(2) says; not for one that has ended well. */
enum fa_fate fa_fate_of_status(int status, bool parser);

/* The fate of an attempt whose task has failed with that error; not for FA_E_CONTENT. */
enum fa_fate fa_fate_of_error(enum fa_error_code code);

/* For the log and the operator. */
const char *fa_fate_name(enum fa_fate fate);

/* Whether another attempt may fare better; the file's own faults come again. */
bool fa_fate_again(enum fa_fate fate);

/* Seconds until the next attempt, after so many crashes before this one. */
int64_t fa_fate_backoff(enum fa_fate fate, int64_t crashes);

/* The end of the job: whole sentences for the user (FA_E_CONTENT).  `attempts` have been made. */
void fa_fate_tell(enum fa_fate fate, int64_t attempts, struct fa_error *failure);

#endif
