/* Wavefront OBJ: vertices and polygons, by objects; materials lie in other files and are left out.
 */
#ifndef FA_GEOMETRY_OBJ_H
#define FA_GEOMETRY_OBJ_H

#include "lib/geometry/scene.h"

/* True when the text's first word is one of the format's. */
bool fa_obj_is(const char *text, size_t length);

/*
 * Reads into an empty scene: one shape, a body for each object that has facets, at most `limit`
 * facets in all.  Faces with unreadable numbers or vertices that are not there are left out and
 * counted in `dropped_r`.  FA_E_CONTENT with sentence and action; FA_E_MEMORY.
 */
int fa_obj_read(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                uint64_t *dropped_r, struct fa_error *err) FA_MUSTCHECK;

#endif
