/* Turning the facets of a closed mesh to one side. */
#ifndef FA_GEOMETRY_MESH_ORIENT_H
#define FA_GEOMETRY_MESH_ORIENT_H

#include "lib/geometry/mesh.h"

/*
 * Where a mesh of one piece is closed but for facets that look to different sides, turns them all
 * outward; any other mesh stays as it is.  FA_E_MEMORY.
 */
int fa_mesh_orient(struct fa_mesh *mesh, struct fa_error *err) FA_MUSTCHECK;

#endif
