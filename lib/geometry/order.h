/* Inside lib/geometry only: an order for facets that come in none. */
#ifndef FA_GEOMETRY_ORDER_H
#define FA_GEOMETRY_ORDER_H

#include "lib/geometry/mesh.h"

/*
 * Most files hold neighbours near each other.  Of those that do not, the order in which neighbours
 * in space follow each other, so that whatever walks over the mesh finds in the cache what it needs
 * next: *order_r becomes the facets' numbers in that order, to be freed, or NULL when they may stay
 * as they are.  At most 2^32 facets.  FA_E_MEMORY.
 */
int fa_order_find(const struct fa_soup *soup, uint32_t **order_r,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
