/* Cleanup attributes for what is not arena memory: the scope's end releases it, FA_STEAL moves it
 * out. */
#ifndef FA_BASE_CLEANUP_H
#define FA_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void
fa_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline void
fa_cleanup_mem(void *pointer)
{
    void **memory = pointer;

    free(*memory);
    *memory = NULL;
}

#define FA_CLEANUP(function) __attribute__((cleanup(function)))
#define FA_AUTO_FD           FA_CLEANUP(fa_cleanup_fd) int
#define FA_AUTO_FREE         FA_CLEANUP(fa_cleanup_mem)

/* At file scope: defines `name`, which fits FA_CLEANUP and releases a `type` by `function`. */
#define FA_CLEANUP_BY(name, type, function)                                                        \
    static void name(type *value)                                                                  \
    {                                                                                              \
        function(*value);                                                                          \
    }

/* Takes the descriptor out of an FA_AUTO_FD variable. */
static inline int
fa_steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

#endif
