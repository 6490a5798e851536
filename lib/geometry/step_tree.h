/*
 * Inside lib/geometry only: the products of a STEP file, what each is made of, and where the
 * assembly places them (ISO 10303-41, -44; AP203, AP214 and AP242 alike).
 */
#ifndef FA_GEOMETRY_STEP_TREE_H
#define FA_GEOMETRY_STEP_TREE_H

#include "lib/geometry/scene.h"
#include "lib/geometry/step_index.h"

/*
 * Adds to the scene a shape for each product that has instances of some `kind` in its
 * representations, and names it in them; their number is the shape's room for bodies, of which it
 * has none yet.  Adds the nodes that place the shapes, at `scale` mm for the file's unit.
 * FA_E_CONTENT when a placement is missing, products contain themselves, or there are too many.
 * FA_E_MEMORY.
 */
int fa_step_tree_read(struct fa_step_index *index, double scale, struct fa_scene *scene,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
