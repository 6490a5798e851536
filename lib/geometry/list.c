#include "lib/geometry/list.h"

#include <stdlib.h>

bool
fa_list_reserve(void *list, size_t count, size_t *room, size_t size)
{
    void **memory = list;
    size_t more = count + count / 2 + 256;
    void *grown;

    if (count < *room)
        return true;
    grown = reallocarray(*memory, more, size);
    if (grown == NULL)
        return false;
    *memory = grown;
    *room = more;
    return true;
}
