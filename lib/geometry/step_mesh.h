/*
 * The tessellated geometry of a STEP file (ISO 10303-42, AP242): bodies made of triangles.
 *
 * For files that hold nothing exact.  Only what triangles need is read of the file: coordinates,
 * faces and surface sets, solids and shells, the unit of length; and of an assembly its products'
 * names and placements.
 */
#ifndef FA_GEOMETRY_STEP_MESH_H
#define FA_GEOMETRY_STEP_MESH_H

#include "lib/geometry/scene.h"

/* True when some triangle may be in it, by the names of its entities. */
bool fa_step_mesh_is(const char *text, size_t length);

/*
 * Reads it into an empty scene, in millimetres, one body for each solid or shell, or one for all
 * where there are none, and in an assembly a shape for each product; at most `limit` facets.
 * `unit_r` is the file's own unit, static text. FA_E_CONTENT with sentence and action: nothing to
 * show, references that lead nowhere, an assembly whose parts are not placed.  FA_E_MEMORY.
 */
int fa_step_mesh_read(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                      const char **unit_r, struct fa_error *err) FA_MUSTCHECK;

#endif
