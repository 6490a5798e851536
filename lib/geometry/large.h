/* Inside lib/geometry only: the tables over all facets of a mesh. */
#ifndef FA_GEOMETRY_LARGE_H
#define FA_GEOMETRY_LARGE_H

#include <stddef.h>

/* malloc of `count` elements of `size` bytes, never NULL for none.  What is large is asked for in
 * large pages: a million facets fill tens of thousands of small ones, and a fault for each took a
 * quarter of the time. */
void *fa_large_alloc(size_t count, size_t size);

/* The same, of zeroes; what is never touched costs nothing. */
void *fa_large_zeroed(size_t count, size_t size);

#endif
