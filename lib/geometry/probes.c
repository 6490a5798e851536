#include "lib/geometry/probes.h"
#include "lib/geometry/grid.h"
#include "lib/geometry/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An ordinary part takes some thousand looks for each ray. */
enum { SAMPLES = 4000, LOOKS_MAX = 50000000 };

/* Facing each other: their normals are opposite within 37 degrees. */
static const double facing_cosine = -0.8;

const double fa_wall_bins[FA_WALL_BINS - 1] = {0.4, 0.8, 1.2, 2, 3, 5, 10, 20};

/* The body at hand. */
struct body {
    struct fa_probes *probes;
    const struct fa_mesh *mesh;
    const double (*matrix)[4];
    struct fa_grid grid;
    double skip; /* a ray's start lies on the surface: nothing nearer counts */
};

int
fa_probes_begin(struct fa_probes *probes, double area, struct fa_error *err)
{
    *probes = (struct fa_probes){.area = area,
                                 .walls = malloc(SAMPLES * sizeof *probes->walls),
                                 .gaps = malloc(SAMPLES * sizeof *probes->gaps)};
    if (probes->walls != NULL && probes->gaps != NULL)
        return 0;
    free(probes->walls);
    free(probes->gaps);
    *probes = (struct fa_probes){.walls = NULL};
    return fa_error_set(err, FA_E_MEMORY, "wall thickness");
}

static void
keep(const struct body *body, struct fa_probe *probe, double distance, const double at[3])
{
    probe->distance = distance;
    fa_matrix_apply(body->matrix, at, probe->at);
}

static bool
cast(const struct body *body, const double at[3], const double direction[3], struct fa_hit *hit)
{
    bool met = fa_grid_cast(&body->grid, at, direction, body->skip, hit);

    body->probes->looks += hit->looks;
    return met;
}

/* From a point of the surface inwards to the wall's other side, and outwards to what faces it. */
static void
probe(const struct body *body, const double at[3], const double normal[3])
{
    struct fa_probes *probes = body->probes;
    double inwards[3] = {-normal[0], -normal[1], -normal[2]};
    double other[3];
    struct fa_hit hit;

    /* What is met from behind is the wall's other side; a front is another piece inside. */
    if (cast(body, at, inwards, &hit)) {
        fa_mesh_area(body->mesh, hit.facet, other);
        if (other[0] * inwards[0] + other[1] * inwards[1] + other[2] * inwards[2] > 0)
            keep(body, &probes->walls[probes->wall_count++], hit.distance, at);
    }
    if (cast(body, at, normal, &hit)) {
        fa_mesh_area(body->mesh, hit.facet, other);
        if (other[0] * normal[0] + other[1] * normal[1] + other[2] * normal[2] < facing_cosine)
            keep(body, &probes->gaps[probes->gap_count++], hit.distance, at);
    }
}

/* A point of a facet, picked by a low-discrepancy sequence (Roberts 2018). */
static void
pick(const struct fa_mesh *mesh, size_t facet, size_t number, double at[3])
{
    const uint32_t *corners = mesh->facets[facet];
    double u = fmod(0.7548776662466927 * (double)(number + 1), 1);
    double v = fmod(0.5698402909980532 * (double)(number + 1), 1);
    double s = u + v > 1 ? 1 - u : u;
    double t = u + v > 1 ? 1 - v : v;

    for (int k = 0; k < 3; k++) {
        double a = (double)mesh->vertices[corners[0]][k];

        at[k] = a + s * ((double)mesh->vertices[corners[1]][k] - a) +
                t * ((double)mesh->vertices[corners[2]][k] - a);
    }
}

/* Every SAMPLES-th part of the surface gets one point. */
static void
probe_surface(const struct body *body, const float (*across)[3])
{
    struct fa_probes *probes = body->probes;
    double share = SAMPLES / probes->area / 2;

    for (size_t f = 0; f < body->mesh->facet_count; f++) {
        const float *n = across[f];

        probes->passed += share * (double)sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        while (probes->taken < SAMPLES && (double)probes->taken + 0.5 < probes->passed &&
               probes->looks < LOOKS_MAX) {
            double at[3], normal[3];

            fa_mesh_area(body->mesh, f, normal);
            pick(body->mesh, f, probes->taken++, at);
            probe(body, at, normal);
        }
    }
}

int
fa_probes_add(struct fa_probes *probes, const struct fa_mesh *mesh,
              const struct fa_metrics *metrics, const double matrix[3][4], struct fa_error *err)
{
    struct body body = {.probes = probes, .mesh = mesh, .matrix = matrix};
    double size = 0;

    if (mesh->facet_count == 0 || !(probes->area > 0))
        return 0;
    for (int k = 0; k < 3; k++)
        size = fmax(size, fmax(fabs(metrics->min_mm[k]), fabs(metrics->max_mm[k])));
    /* Coordinates are floats: a few of their steps. */
    body.skip = 1e-6 * size;
    if (fa_grid_build(mesh, metrics->min_mm, metrics->max_mm, &body.grid, err) < 0)
        return -1;
    probe_surface(&body, (const float(*)[3])metrics->across);
    fa_grid_free(&body.grid);
    return 0;
}

static int
by_distance(const void *one, const void *other)
{
    double a = ((const struct fa_probe *)one)->distance;
    double b = ((const struct fa_probe *)other)->distance;

    return a < b ? -1 : a > b;
}

void
fa_probes_end(struct fa_probes *probes, struct fa_survey *survey)
{
    /* What was seen of a part of the surface says nothing of the rest. */
    survey->crowded = probes->looks >= LOOKS_MAX;
    if (survey->crowded)
        probes->wall_count = probes->gap_count = 0;
    qsort(probes->walls, probes->wall_count, sizeof *probes->walls, by_distance);
    qsort(probes->gaps, probes->gap_count, sizeof *probes->gaps, by_distance);
    for (size_t i = 0, bin = 0; i < probes->wall_count; i++) {
        while (bin < FA_WALL_BINS - 1 && probes->walls[i].distance >= fa_wall_bins[bin])
            bin++;
        survey->walls[bin] += 1.0 / (double)probes->wall_count;
    }
    survey->has_walls = probes->wall_count > 0;
    if (survey->has_walls) {
        const struct fa_probe *thin = &probes->walls[probes->wall_count / 100];

        survey->thin_wall_mm = thin->distance;
        memcpy(survey->thin_wall_at_mm, thin->at, sizeof thin->at);
    }
    survey->has_gaps = probes->gap_count > SAMPLES / 100;
    if (survey->has_gaps) {
        const struct fa_probe *narrow = &probes->gaps[probes->gap_count / 100];

        survey->narrow_gap_mm = narrow->distance;
        memcpy(survey->narrow_gap_at_mm, narrow->at, sizeof narrow->at);
    }
    free(probes->walls);
    free(probes->gaps);
    *probes = (struct fa_probes){.walls = NULL};
}
