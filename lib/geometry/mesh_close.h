/* Closing the seams of a mesh whose corners do not quite meet. */
#ifndef FA_GEOMETRY_MESH_CLOSE_H
#define FA_GEOMETRY_MESH_CLOSE_H

#include "lib/geometry/shells.h"

/*
 * Welds vertices of open edges that lie within a millionth of the mesh's size of each other: what
 * one exporter rounds in two ways.  Facets that become lines are left out and counted.  `shells`
 * are the mesh's, and are built anew when something was welded.  FA_E_MEMORY.
 */
int fa_mesh_close(struct fa_mesh *mesh, struct fa_shells *shells,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
