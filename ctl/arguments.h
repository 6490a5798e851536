/* What a command takes on its command line: a table of options. */
#ifndef FA_CTL_ARGUMENTS_H
#define FA_CTL_ARGUMENTS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FA_ARGUMENTS = 12, FA_ARGUMENT_VALUES = 64 };

/* What came for an option that may be given several times. */
struct fa_argument_list {
    const char *values[FA_ARGUMENT_VALUES];
    size_t count;
};

/* An option, and where its argument goes; what is not given stays as it was. */
struct fa_argument {
    const char *name; /* without its "--" */
    enum { FA_A_FLAG, FA_A_TEXT, FA_A_TEXTS, FA_A_COUNT, FA_A_NUMBER } type;
    void *target;
};

#define FA_ARGUMENT_FLAG(name, target) ((struct fa_argument){(name), FA_A_FLAG, (bool *){target}})
#define FA_ARGUMENT_TEXT(name, target)                                                             \
    ((struct fa_argument){(name), FA_A_TEXT, (const char **){target}})
#define FA_ARGUMENT_TEXTS(name, target)                                                            \
    ((struct fa_argument){(name), FA_A_TEXTS, (struct fa_argument_list *){target}})
/* A number above 0; any number. */
#define FA_ARGUMENT_COUNT(name, target)                                                            \
    ((struct fa_argument){(name), FA_A_COUNT, (int64_t *){target}})
#define FA_ARGUMENT_NUMBER(name, target)                                                           \
    ((struct fa_argument){(name), FA_A_NUMBER, (int64_t *){target}})

/* Reads the command's own arguments (argv[0] is its name), of which nothing but the options of the
 * table is taken; at most FA_ARGUMENTS of them.  FA_E_INTERNAL says what is wrong. */
int fa_arguments_read(int argc, char **argv, const struct fa_argument *table, size_t count,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
