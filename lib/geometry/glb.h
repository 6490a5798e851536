/*
 * A scene as binary glTF 2.0 (Khronos glTF 2.0.1, section 4.4), metres and Y up.
 *
 * One mesh for each shape, however often it is placed, in it one primitive for each body and
 * colour.  Positions are 16-bit steps of the shape's box, normals 8 bits (KHR_mesh_quantization):
 * 12 bytes a vertex.  Nodes and names are the scene's, below one root that turns the axes.  A scene
 * of more than 250,000 facets has two coarser levels too, for viewers that know MSFT_lod: they draw
 * the same vertices by a quarter and a sixteenth of the facets.
 */
#ifndef FA_GEOMETRY_GLB_H
#define FA_GEOMETRY_GLB_H

#include "lib/geometry/scene.h"

struct fa_glb_options {
    const char *name; /* of the root, UTF-8 */
    bool meshopt;     /* EXT_meshopt_compression: a third of the size, readers need its decoder */
};

/* Writes the scene's meshes to `fd`; the same scene gives the same bytes.  FA_E_MEMORY, or
 * FA_E_CONTENT when a model would pass 4 GiB. */
int fa_glb_write(const struct fa_scene *scene, const struct fa_glb_options *options, int fd,
                 struct fa_error *err) FA_MUSTCHECK;

#endif
