/* Inside lib/geometry only: an order for facets that come in none. */
#ifndef FA_GEOMETRY_ORDER_H
#define FA_GEOMETRY_ORDER_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Most files hold neighbours near each other.  Of those that do not, the order in which neighbours
 * in space follow each other, so that whatever walks over the mesh finds in the cache what it needs
 * next: *order_r becomes the facets' numbers in that order, to be freed, or NULL when they may stay
 * as they are.  `corners` are three for each of `count` facets, at most 2^32.  FA_E_MEMORY.
 */
int fa_order_find(const float (*corners)[3], size_t count, uint32_t **order_r,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
