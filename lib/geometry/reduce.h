/* Fewer triangles for what is only looked at. */
#ifndef FA_GEOMETRY_REDUCE_H
#define FA_GEOMETRY_REDUCE_H

#include "lib/geometry/scene.h"

/* Simplifies the bodies of a scene that has more than `budget` facets (shapes counted once) towards
 * that number; seams between colours stay.  FA_E_MEMORY. */
int fa_scene_reduce(struct fa_scene *scene, size_t budget, struct fa_error *err) FA_MUSTCHECK;

#endif
