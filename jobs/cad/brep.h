/*
 * STEP and IGES through Open CASCADE: behind these functions, in C++, is the one place that uses
 * it.
 *
 * A file is parsed and transferred once; it can then be meshed as often as wanted.
 *
 * fileapi-cad is linked without them, because Open CASCADE takes longer to load than most meshes to
 * analyse: all are NULL there, and for exact formats it becomes fileapi-cad-exact.
 */
#ifndef FA_JOBS_CAD_BREP_H
#define FA_JOBS_CAD_BREP_H

#include "lib/geometry/scene.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fa_brep;

enum fa_brep_format { FA_BREP_STEP, FA_BREP_IGES };

/* What the file says of itself. */
struct fa_brep_facts {
    char unit[32];               /* the file's length unit: "mm", "inch", … */
    uint32_t loose_faces;        /* outside of solids, left out when there are solids */
    bool sheets;                 /* there are no solids; the loose faces are what is there */
    bool cut_short;              /* its end is missing; what is there was used */
    bool has_volume, has_area;   /* validation properties of the whole part: */
    double volume_mm3, area_mm2; /* as the exporting system computed them */
};

/* Parses and transfers.  FA_E_CONTENT with sentence and action when there is no geometry in it;
 * FA_E_MEMORY.  `fd` is the file, `data` its bytes, which must stay until the end. */
int fa_brep_open(enum fa_brep_format format, int fd, const unsigned char *data, size_t length,
                 struct fa_brep **brep_r, struct fa_error *err) FA_MUSTCHECK FA_WEAK;

/* Fills the scene: tree, names, colours, bodies with their exact figures, no meshes yet. */
int fa_brep_describe(struct fa_brep *brep, struct fa_scene *scene, struct fa_brep_facts *facts,
                     struct fa_error *err) FA_MUSTCHECK FA_WEAK;

/* Gives every body of the scene, which fa_brep_describe filled, a new mesh: at most `deflection_mm`
 * from the surface, and `angle` (radians) between neighbouring facets.  The first mesh also makes
 * the exact boxes tight, which may be too wide until then. */
int fa_brep_mesh(struct fa_brep *brep, struct fa_scene *scene, double deflection_mm, double angle,
                 struct fa_error *err) FA_MUSTCHECK FA_WEAK;

void fa_brep_close(struct fa_brep **brep) FA_WEAK;

#ifdef __cplusplus
}
#endif

#endif
