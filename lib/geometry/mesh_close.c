#include "lib/geometry/mesh_close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance_share = 1e-6;

/* A vertex of an open edge; sorted by x. */
struct loose {
    float x;
    uint32_t vertex;
};

static int
by_x(const void *one, const void *other)
{
    const struct loose *a = one;
    const struct loose *b = other;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return a->vertex < b->vertex ? -1 : a->vertex > b->vertex;
}

static double
tolerance_of(const struct fa_mesh *mesh)
{
    double square = 0;

    for (int k = 0; k < 3; k++) {
        float min = mesh->vertices[0][k];
        float max = min;

        for (size_t v = 1; v < mesh->vertex_count; v++) {
            min = mesh->vertices[v][k] < min ? mesh->vertices[v][k] : min;
            max = mesh->vertices[v][k] > max ? mesh->vertices[v][k] : max;
        }
        square += ((double)max - (double)min) * ((double)max - (double)min);
    }
    return tolerance_share * sqrt(square);
}

static bool
is_near(const struct fa_mesh *mesh, uint32_t one, uint32_t other, double tolerance)
{
    double square = 0;

    for (int k = 0; k < 3; k++) {
        double apart = (double)mesh->vertices[one][k] - (double)mesh->vertices[other][k];

        square += apart * apart;
    }
    return square <= tolerance * tolerance;
}

/* Lets every loose vertex stand for the nearby ones behind it; returns how many were joined. */
static size_t
join(const struct fa_mesh *mesh, const struct loose *list, size_t count, uint32_t *stand_ins)
{
    double tolerance = tolerance_of(mesh);
    size_t joined = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t keeper = list[i].vertex;

        if (stand_ins[keeper] != keeper)
            continue;
        for (size_t j = i + 1; j < count && (double)list[j].x - (double)list[i].x <= tolerance;
             j++) {
            uint32_t vertex = list[j].vertex;

            if (stand_ins[vertex] == vertex && vertex != keeper &&
                is_near(mesh, keeper, vertex, tolerance)) {
                stand_ins[vertex] = keeper;
                joined++;
            }
        }
    }
    return joined;
}

static bool
collapses(const uint32_t facet[3], const uint32_t *stand_ins)
{
    return stand_ins[facet[0]] == stand_ins[facet[1]] ||
           stand_ins[facet[1]] == stand_ins[facet[2]] || stand_ins[facet[2]] == stand_ins[facet[0]];
}

/* Seams take few facets with them.  Where one point lies so far away that the rest is no larger
 * than the tolerance, it would be all of them. */
static bool
spares_most(const struct fa_mesh *mesh, const uint32_t *stand_ins)
{
    size_t lost = 0;

    for (size_t f = 0; f < mesh->facet_count; f++)
        lost += collapses(mesh->facets[f], stand_ins);
    return 4 * lost <= mesh->facet_count;
}

static void
replace(struct fa_mesh *mesh, const uint32_t *stand_ins)
{
    size_t kept = 0;

    for (size_t f = 0; f < mesh->facet_count; f++) {
        uint32_t facet[3];

        if (collapses(mesh->facets[f], stand_ins)) {
            mesh->degenerate++;
            continue;
        }
        for (int j = 0; j < 3; j++)
            facet[j] = stand_ins[mesh->facets[f][j]];
        memcpy(mesh->facets[kept], facet, sizeof facet);
        if (mesh->colours != NULL)
            mesh->colours[kept] = mesh->colours[f];
        kept++;
    }
    mesh->facet_count = kept;
}

static size_t
collect(const struct fa_mesh *mesh, const struct fa_shells *shells, struct loose *list)
{
    const struct fa_edges *edges = &shells->odd;
    size_t count = 0;

    for (size_t i = 0; i < edges->count; i++)
        if (fa_edge_is_open(&edges->list[i])) {
            const uint32_t ends[2] = {edges->list[i].low, edges->list[i].high};

            for (int j = 0; list != NULL && j < 2; j++)
                list[count + (size_t)j] =
                    (struct loose){.x = mesh->vertices[ends[j]][0], .vertex = ends[j]};
            count += 2;
        }
    return count;
}

int
fa_mesh_close(struct fa_mesh *mesh, struct fa_shells *shells, struct fa_error *err)
{
    size_t count = collect(mesh, shells, NULL);
    struct loose *list;
    uint32_t *stand_ins;
    size_t joined = 0;

    if (count == 0)
        return 0;
    list = malloc(count * sizeof *list);
    stand_ins = malloc(mesh->vertex_count * sizeof *stand_ins);
    if (list == NULL || stand_ins == NULL) {
        free(list);
        free(stand_ins);
        return fa_error_set(err, FA_E_MEMORY, "seams of %zu facets", mesh->facet_count);
    }
    for (size_t v = 0; v < mesh->vertex_count; v++)
        stand_ins[v] = (uint32_t)v;
    collect(mesh, shells, list);
    qsort(list, count, sizeof *list, by_x);
    joined = join(mesh, list, count, stand_ins);
    if (joined > 0 && spares_most(mesh, stand_ins))
        replace(mesh, stand_ins);
    else
        joined = 0;
    free(list);
    free(stand_ins);
    if (joined == 0)
        return 0;
    fa_shells_free(shells);
    return fa_shells_build(mesh, shells, err);
}
