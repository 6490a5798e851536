/*
 * STL, as it is found in the wild, into a soup of triangles.
 *
 * Binary is told by its size first, whatever its header says (one in seven real binaries begins
 * with "solid"), then text, then a binary of wrong length.  Normals are never trusted, so none are
 * kept.
 */
#ifndef FA_GEOMETRY_STL_H
#define FA_GEOMETRY_STL_H

#include "lib/geometry/mesh.h"

/* Millimetres by convention; the format has no unit. */
struct fa_stl {
    struct fa_soup soup; /* the facets: in `corners`, or where the file's own bytes are */
    float (*corners)[3]; /* NULL: all facets of a binary are used as they lie in the file */
    size_t facet_count;
    uint64_t dropped;   /* facets with NaN, infinity, or unreadable numbers */
    uint64_t announced; /* of a binary: the count its header gives */
    bool short_count;   /* fewer facets than announced; what is there was used */
    bool trailing;      /* bytes behind the last facet */
};

/*
 * Reads `length` bytes, at most `limit` facets.  FA_E_CONTENT, with a sentence and an action for
 * the user, when there is no facet in it or too many; FA_E_MEMORY.  The result is released with
 * fa_stl_free, and may point into `data`.
 */
int fa_stl_read(const unsigned char *data, size_t length, size_t limit, struct fa_stl *stl,
                struct fa_error *err) FA_MUSTCHECK;

void fa_stl_free(struct fa_stl *stl);

#endif
