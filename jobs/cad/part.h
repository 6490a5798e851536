/* A part on its way through the stages, whatever format it came in. */
#ifndef FA_JOBS_CAD_PART_H
#define FA_JOBS_CAD_PART_H

#include "jobs/cad/brep.h"
#include "lib/geometry/figures.h"
#include "lib/geometry/stl.h"

struct fa_part {
    unsigned char *data; /* the file, mapped */
    size_t length;
    struct fa_scene scene;
    struct fa_brep *brep; /* of an exact format; NULL: the file is a mesh */
    struct fa_brep_facts facts;
    struct fa_stl stl; /* of an STL: what was odd about it; its corners are gone */
    const char *unit;  /* that a mesh's file states; NULL: none */
    bool tessellated;  /* a STEP file of triangles */
    uint64_t dropped;  /* facets of a mesh that cannot be read */
    struct fa_figures figures;
};

/* True when the file is of an exact format, by its first bytes. */
bool fa_part_is_exact(int fd);

/* Recognises the file by its content and reads it; exact formats are not meshed yet.  FA_E_CONTENT
 * with sentence and action, FA_E_MEMORY, FA_E_STORE. */
int fa_part_read(struct fa_part *part, int fd, struct fa_error *err) FA_MUSTCHECK;

/* How finely an exact part is meshed: to measure it, or to look at it. */
enum fa_part_mesh { FA_PART_FINE, FA_PART_VIEW };

/* Meshes an exact part anew; a mesh stays as it is. */
int fa_part_mesh(struct fa_part *part, enum fa_part_mesh purpose,
                 struct fa_error *err) FA_MUSTCHECK;

/* Measures the meshed part, and says what is odd about it. */
int fa_part_measure(struct fa_part *part, struct fa_error *err) FA_MUSTCHECK;

void fa_part_free(struct fa_part *part);

#endif
