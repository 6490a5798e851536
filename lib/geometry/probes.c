#include "lib/geometry/probes.h"
#include "lib/geometry/grid.h"
#include "lib/geometry/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An ordinary part takes some thousand looks for each ray. */
enum { SAMPLES = 4000, OWN_SAMPLES = 100, LOOKS_PER_SAMPLE = 12500 };

/* Facing each other: their normals are opposite within 37 degrees. */
static const double facing_cosine = -0.8;

const double fa_wall_bins[FA_WALL_BINS - 1] = {0.4, 0.8, 1.2, 2, 3, 5, 10, 20};

/* The body at hand. */
struct body {
    struct fa_probes *probes;
    const struct fa_probed *probed;
    struct fa_grid grid;
    double skip; /* a ray's start lies on the surface: nothing nearer counts */
};

/* --- taking them --------------------------------------------------------------------------------
 */

int
fa_probes_begin(struct fa_probes *probes, const double *areas, size_t owner_count,
                struct fa_error *err)
{
    double area = 0;
    size_t room = 0;

    *probes = (struct fa_probes){.owners = calloc(owner_count, sizeof *probes->owners),
                                 .owner_count = owner_count};
    for (size_t i = 0; i < owner_count; i++)
        area += areas[i];
    for (size_t i = 0; probes->owners != NULL && i < owner_count && area > 0; i++) {
        double wanted = ceil(SAMPLES * (areas[i] / area));

        if (i + 1 < owner_count)
            wanted = fmax(OWN_SAMPLES, wanted);
        if (!(areas[i] / wanted > 0) || !(wanted <= SAMPLES))
            continue;
        probes->owners[i] = (struct fa_probe_owner){
            .area = areas[i], .every = areas[i] / wanted, .wanted = (size_t)wanted};
        room += (size_t)wanted;
    }
    probes->looks_max = room * LOOKS_PER_SAMPLE;
    probes->walls.list = malloc(room * sizeof *probes->walls.list + 1);
    probes->gaps.list = malloc(room * sizeof *probes->gaps.list + 1);
    if (probes->owners != NULL && probes->walls.list != NULL && probes->gaps.list != NULL)
        return 0;
    fa_probes_free(probes);
    return fa_error_set(err, FA_E_MEMORY, "wall thickness");
}

void
fa_probes_free(struct fa_probes *probes)
{
    free(probes->walls.list);
    free(probes->gaps.list);
    free(probes->owners);
    *probes = (struct fa_probes){.owners = NULL};
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
probe(const struct body *body, const double normal[3], struct fa_probe found)
{
    const struct fa_mesh *mesh = body->probed->mesh;
    struct fa_probes *probes = body->probes;
    double inwards[3] = {-normal[0], -normal[1], -normal[2]};
    double other[3];
    struct fa_hit hit;

    /* What is met from behind is the wall's other side; a front is another piece inside. */
    if (cast(body, found.at, inwards, &hit)) {
        fa_mesh_area(mesh, hit.facet, other);
        found.distance = hit.distance;
        if (other[0] * inwards[0] + other[1] * inwards[1] + other[2] * inwards[2] > 0)
            probes->walls.list[probes->walls.count++] = found;
    }
    if (cast(body, found.at, normal, &hit)) {
        fa_mesh_area(mesh, hit.facet, other);
        found.distance = hit.distance;
        if (other[0] * normal[0] + other[1] * normal[1] + other[2] * normal[2] < facing_cosine)
            probes->gaps.list[probes->gaps.count++] = found;
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

static void
probe_surface(const struct body *body)
{
    const struct fa_probed *probed = body->probed;
    struct fa_probes *probes = body->probes;

    for (size_t f = 0; f < probed->mesh->facet_count; f++) {
        const float *n = probed->metrics->across[f];
        uint32_t number = probed->owners[probed->numbers != NULL ? probed->numbers[f] : 0];
        struct fa_probe_owner *owner = &probes->owners[number];
        double area = (double)sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) / 2;

        if (owner->wanted > 0)
            owner->passed += area * probed->times / owner->every;
        while (owner->taken < owner->wanted && (double)owner->taken + 0.5 < owner->passed &&
               probes->looks < probes->looks_max) {
            struct fa_probe found = {.stands_for = owner->every, .owner = number};
            double normal[3];

            fa_mesh_area(probed->mesh, f, normal);
            pick(probed->mesh, f, owner->taken++, found.at);
            probe(body, normal, found);
        }
    }
}

static int
by_owner(const void *one, const void *other)
{
    const struct fa_probe *a = one;
    const struct fa_probe *b = other;

    if (a->owner != b->owner)
        return a->owner < b->owner ? -1 : 1;
    return a->distance < b->distance ? -1 : a->distance > b->distance;
}

static void
sort_last(const struct fa_probe_list *probes)
{
    qsort(probes->list + probes->last, probes->count - probes->last, sizeof *probes->list,
          by_owner);
}

int
fa_probes_add(struct fa_probes *probes, const struct fa_probed *probed, struct fa_error *err)
{
    const struct fa_solid *solid = &probed->metrics->whole;
    struct body body = {.probes = probes, .probed = probed};
    double size = 0;

    probes->walls.last = probes->walls.count;
    probes->gaps.last = probes->gaps.count;
    if (probed->mesh->facet_count == 0 || probes->looks_max == 0)
        return 0;
    for (int k = 0; k < 3; k++)
        size = fmax(size, fmax(fabs(solid->min_mm[k]), fabs(solid->max_mm[k])));
    /* Coordinates are floats: a few of their steps. */
    body.skip = 1e-6 * size;
    if (fa_grid_build(probed->mesh, solid->min_mm, solid->max_mm, &body.grid, err) < 0)
        return -1;
    probe_surface(&body);
    fa_grid_free(&body.grid);
    sort_last(&probes->walls);
    sort_last(&probes->gaps);
    return 0;
}

/* --- telling ------------------------------------------------------------------------------------
 */

static double
sum(const struct fa_probe *list, size_t count)
{
    double surface = 0;

    for (size_t i = 0; i < count; i++)
        surface += list[i].stands_for;
    return surface;
}

/* Rounding decides nothing: of equal probes, forty are a hundredth of four thousand. */
static const double hundredth_part = 0.01 * (1 + 1e-9);

/* The first that a hundredth of their surface is before. */
static const struct fa_probe *
hundredth(const struct fa_probe *list, double surface)
{
    double passed = list->stands_for;

    while (passed <= hundredth_part * surface)
        passed += (++list)->stands_for;
    return list;
}

/* Sorted by distance, and still to be placed. */
static void
tell_walls(const struct fa_probe *list, size_t count, const double matrix[3][4],
           struct fa_survey *survey)
{
    double scale = fa_matrix_scale(matrix);
    double surface = sum(list, count);
    const struct fa_probe *thin;

    survey->has_walls = count > 0;
    if (count == 0)
        return;
    for (size_t i = 0, bin = 0; i < count; i++) {
        while (bin < FA_WALL_BINS - 1 && scale * list[i].distance >= fa_wall_bins[bin])
            bin++;
        survey->walls[bin] += list[i].stands_for / surface;
    }
    thin = hundredth(list, surface);
    survey->thin_wall_mm = scale * thin->distance;
    fa_matrix_apply(matrix, thin->at, survey->thin_wall_at_mm);
}

/* The same of gaps; those of less than a hundredth of all the surface are none. */
static void
tell_gaps(const struct fa_probe *list, size_t count, double area, const double matrix[3][4],
          struct fa_survey *survey)
{
    double surface = sum(list, count);
    const struct fa_probe *narrow;

    survey->has_gaps = surface > hundredth_part * area;
    if (!survey->has_gaps)
        return;
    narrow = hundredth(list, surface);
    survey->narrow_gap_mm = fa_matrix_scale(matrix) * narrow->distance;
    fa_matrix_apply(matrix, narrow->at, survey->narrow_gap_at_mm);
}

/* What was seen of a part of the surface says nothing of the rest. */
static bool
is_crowded(const struct fa_probes *probes)
{
    return probes->looks_max > 0 && probes->looks >= probes->looks_max;
}

static const struct fa_probe *
find_owner(const struct fa_probe_list *probes, uint32_t owner, size_t *count_r)
{
    size_t from = probes->last;
    size_t to;

    while (from < probes->count && probes->list[from].owner < owner)
        from++;
    for (to = from; to < probes->count && probes->list[to].owner == owner;)
        to++;
    *count_r = to - from;
    return probes->list + from;
}

void
fa_probes_tell(const struct fa_probes *probes, uint32_t owner, const double matrix[3][4],
               struct fa_survey *survey)
{
    size_t count;
    const struct fa_probe *found;

    survey->crowded = is_crowded(probes);
    if (survey->crowded)
        return;
    found = find_owner(&probes->walls, owner, &count);
    tell_walls(found, count, matrix, survey);
    found = find_owner(&probes->gaps, owner, &count);
    tell_gaps(found, count, probes->owners[owner].area, matrix, survey);
}

static void
place_last(const struct fa_probe_list *probes, const double matrix[3][4])
{
    double scale = fa_matrix_scale(matrix);

    for (size_t i = probes->last; i < probes->count; i++) {
        double at[3];

        fa_matrix_apply(matrix, probes->list[i].at, at);
        memcpy(probes->list[i].at, at, sizeof at);
        probes->list[i].distance *= scale;
        probes->list[i].owner = 0; /* from now on they are the part's */
    }
}

void
fa_probes_place(struct fa_probes *probes, const double matrix[3][4])
{
    place_last(&probes->walls, matrix);
    place_last(&probes->gaps, matrix);
}

void
fa_probes_tell_all(struct fa_probes *probes, struct fa_survey *survey)
{
    static const double stays[3][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
    double area = 0;

    survey->crowded = is_crowded(probes);
    if (survey->crowded)
        return;
    for (size_t i = 0; i < probes->owner_count; i++)
        area += probes->owners[i].area;
    probes->walls.last = probes->gaps.last = 0;
    sort_last(&probes->walls);
    sort_last(&probes->gaps);
    tell_walls(probes->walls.list, probes->walls.count, stays, survey);
    tell_gaps(probes->gaps.list, probes->gaps.count, area, stays, survey);
}
