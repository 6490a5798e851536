/* The mesh as binary glTF 2.0 (Khronos glTF 2.0.1, section 4.4). */
#ifndef FA_GEOMETRY_GLB_H
#define FA_GEOMETRY_GLB_H

#include "lib/geometry/normals.h"

/*
 * Writes one mesh of one primitive, indexed, with normals, in metres and Y up (the part is in
 * millimetres and Z up).  `name` (UTF-8) names the node; `closed`: back faces need not be drawn.
 * The same mesh gives the same bytes.
 */
int fa_glb_write(const struct fa_mesh *mesh, const struct fa_normals *normals, const char *name,
                 bool closed, int fd, struct fa_error *err) FA_MUSTCHECK;

#endif
