/* Inside lib/geometry only: lists that grow as a file is read. */
#ifndef FA_GEOMETRY_LIST_H
#define FA_GEOMETRY_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Room for one more than `count` elements of `size` bytes in the list at *list (a pointer to the
 * list's pointer), which has *room of them.  False, with the list as it was, when there is no
 * memory.  The list is the caller's to free.
 */
bool fa_list_reserve(void *list, size_t count, size_t *room, size_t size);

#endif
