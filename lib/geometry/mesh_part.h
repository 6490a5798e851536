/* Inside lib/geometry only: a body, or a piece of one, by itself and where it is placed. */
#ifndef FA_GEOMETRY_MESH_PART_H
#define FA_GEOMETRY_MESH_PART_H

#include "lib/geometry/mesh.h"

/* The facets whose number in `numbers` is `number`, or all where that is NULL, placed by `matrix`
 * and without colours; a mirror turns them around.  FA_E_MEMORY. */
int fa_mesh_part(const struct fa_mesh *mesh, const uint32_t *numbers, uint32_t number,
                 const double matrix[3][4], struct fa_mesh *part,
                 struct fa_error *err) FA_MUSTCHECK;

#endif
