#include "lib/geometry/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 1 << 21 };

/* A kernel that will not is as good, only slower. */
static void *
advise(char *memory, size_t bytes)
{
    uintptr_t start = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE;
    uintptr_t end = memory != NULL ? ((uintptr_t)memory + bytes) / PAGE * PAGE : 0;

    if (start < end)
        (void)madvise(memory + (start - (uintptr_t)memory), end - start, MADV_HUGEPAGE);
    return memory;
}

void *
fa_large_alloc(size_t count, size_t size)
{
    return advise(reallocarray(NULL, count + 1, size), count * size);
}

void *
fa_large_zeroed(size_t count, size_t size)
{
    return advise(calloc(count + 1, size), count * size);
}
