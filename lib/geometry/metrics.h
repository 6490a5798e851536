/* The figures of a mesh: volume, surface, box, and whether it is a solid or what breaks it. */
#ifndef FA_GEOMETRY_METRICS_H
#define FA_GEOMETRY_METRICS_H

#include "lib/geometry/shells.h"

/* More pieces than this are no parts but a soup, and not told apart. */
enum { FA_PIECES_MAX = 4096 };

/* Edges that are not used once in each direction. */
struct fa_defects {
    uint64_t open;
    uint64_t non_manifold; /* used more than twice */
    uint64_t flipped;      /* used twice in the same direction */
    double open_at_mm[3];  /* the middle of an open edge, where there is one */
};

/* What a surface encloses, and what breaks it. */
struct fa_solid {
    double volume_mm3; /* never negative; an estimate unless watertight */
    double area_mm2;
    double centre_mm[3]; /* within the box: of the volume, or else of the surface */
    double min_mm[3];
    double max_mm[3];
    uint64_t facets;
    struct fa_defects defects;
    bool watertight; /* every edge is used once in each direction */
    bool cavity;     /* an inward piece inside another: its volume is taken from the whole */
    uint32_t shell;  /* of a piece: its number in the shells */
};

struct fa_metrics {
    struct fa_solid whole;
    bool inverted;            /* facets pointed inwards: the volume's sign was turned */
    uint64_t shells;          /* pieces: facets connected over edges */
    uint64_t inverted_shells; /* pieces that pointed inwards while the others did not */
    struct fa_solid *pieces;  /* by volume, the largest first */
    size_t piece_count;       /* more than FA_PIECES_MAX are measured as one */
    uint32_t *numbers;        /* by facet: its piece's shell, if whoever measured wants it kept */
    float (*across)[3];       /* by facet: fa_mesh_across, which other figures need too */
};

/* Measures the mesh, whose shells are given; FA_E_MEMORY. */
int fa_metrics_measure(const struct fa_mesh *mesh, const struct fa_shells *shells,
                       struct fa_metrics *metrics, struct fa_error *err) FA_MUSTCHECK;

void fa_metrics_free(struct fa_metrics *metrics);

#endif
