#include "lib/geometry/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 1 << 21 };

void *
fa_large_alloc(size_t count, size_t size)
{
    char *memory = reallocarray(NULL, count + 1, size);
    uintptr_t start = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE;
    uintptr_t end = memory != NULL ? ((uintptr_t)memory + count * size) / PAGE * PAGE : 0;

    /* A kernel that will not is as good, only slower. */
    if (start < end)
        (void)madvise(memory + (start - (uintptr_t)memory), end - start, MADV_HUGEPAGE);
    return memory;
}
