#include "lib/geometry/normals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The corners around each vertex: corner c is corner c % 3 of facet c / 3. */
struct rings {
    uint32_t *first; /* per vertex, and one more: where its corners begin */
    uint32_t *corners;
};

static int
build_rings(const struct fa_mesh *mesh, struct rings *rings, struct fa_error *err)
{
    size_t corners = 3 * mesh->facet_count;

    rings->first = calloc(mesh->vertex_count + 2, sizeof *rings->first);
    rings->corners = malloc(corners * sizeof *rings->corners);
    if (rings->first == NULL || rings->corners == NULL)
        return fa_error_set(err, FA_E_MEMORY, "normals of %zu facets", mesh->facet_count);
    /* Counted two places ahead: filling then leaves the starts in place. */
    for (size_t c = 0; c < corners; c++)
        rings->first[mesh->facets[c / 3][c % 3] + 2]++;
    for (size_t v = 2; v < mesh->vertex_count + 2; v++)
        rings->first[v] += rings->first[v - 1];
    for (size_t c = 0; c < corners; c++)
        rings->corners[rings->first[mesh->facets[c / 3][c % 3] + 1]++] = (uint32_t)c;
    return 0;
}

static float
dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The facet's angle at one of its corners, in radians: the weight that does not depend on how a
 * surface is cut into triangles. */
static float
corner_angle(const struct fa_mesh *mesh, uint32_t corner)
{
    const uint32_t *facet = mesh->facets[corner / 3];
    const float *at = mesh->vertices[facet[corner % 3]];
    const float *next = mesh->vertices[facet[(corner + 1) % 3]];
    const float *last = mesh->vertices[facet[(corner + 2) % 3]];
    float u[3], v[3], lengths, cosine;

    for (int i = 0; i < 3; i++) {
        u[i] = next[i] - at[i];
        v[i] = last[i] - at[i];
    }
    lengths = sqrtf(dot(u, u)) * sqrtf(dot(v, v));
    cosine = lengths > 0 ? dot(u, v) / lengths : 1;
    return acosf(fminf(1, fmaxf(-1, cosine)));
}

/* Puts a corner into the first group of its vertex that it fits, or begins a group. */
static void
place_corner(const struct fa_mesh *mesh, struct fa_normals *normals, size_t first_group,
             uint32_t corner, float (*leaders)[3])
{
    const float *normal = normals->facets[corner / 3];
    float weight = corner_angle(mesh, corner);
    size_t group;

    for (group = first_group; group < normals->count; group++)
        if (dot(leaders[group - first_group], normal) >= FA_CREASE_COSINE)
            break;
    if (group == normals->count) {
        memcpy(leaders[group - first_group], normal, sizeof leaders[0]);
        normals->vertices[group] = mesh->facets[corner / 3][corner % 3];
        memset(normals->list[group], 0, sizeof normals->list[0]);
        normals->count++;
    }
    for (int i = 0; i < 3; i++)
        normals->list[group][i] += weight * normal[i];
    normals->corners[corner / 3][corner % 3] = (uint32_t)group;
}

/* Unit length, or straight up where facets without area left nothing to go by. */
static void
normalise(float normal[3])
{
    float length = sqrtf(dot(normal, normal));

    if (!(length > 1e-12F)) {
        normal[0] = normal[1] = 0;
        normal[2] = 1;
        return;
    }
    for (int i = 0; i < 3; i++)
        normal[i] /= length;
}

static int
group_corners(const struct fa_mesh *mesh, const struct rings *rings, struct fa_normals *normals,
              struct fa_error *err)
{
    size_t widest = 0;
    float(*leaders)[3];

    for (size_t v = 0; v < mesh->vertex_count; v++)
        if (rings->first[v + 1] - rings->first[v] > widest)
            widest = rings->first[v + 1] - rings->first[v];
    leaders = malloc((widest + 1) * sizeof *leaders);
    if (leaders == NULL)
        return fa_error_set(err, FA_E_MEMORY, "normals");
    for (size_t v = 0; v < mesh->vertex_count; v++) {
        size_t first_group = normals->count;

        for (uint32_t i = rings->first[v]; i < rings->first[v + 1]; i++)
            place_corner(mesh, normals, first_group, rings->corners[i], leaders);
        for (size_t group = first_group; group < normals->count; group++)
            normalise(normals->list[group]);
    }
    free(leaders);
    return 0;
}

int
fa_normals_build(const struct fa_mesh *mesh, struct fa_normals *normals, struct fa_error *err)
{
    struct rings rings = {NULL, NULL};
    size_t corners = 3 * mesh->facet_count;
    int result = build_rings(mesh, &rings, err);

    *normals = (struct fa_normals){.list = malloc(corners * sizeof *normals->list),
                                   .vertices = malloc(corners * sizeof *normals->vertices),
                                   .corners = malloc(corners / 3 * sizeof *normals->corners),
                                   .facets = calloc(corners / 3, sizeof *normals->facets)};
    if (result == 0 && (normals->list == NULL || normals->vertices == NULL ||
                        normals->corners == NULL || normals->facets == NULL))
        result = fa_error_set(err, FA_E_MEMORY, "normals of %zu facets", mesh->facet_count);
    if (result == 0) {
        for (size_t f = 0; f < mesh->facet_count; f++)
            (void)fa_mesh_normal(mesh, f, normals->facets[f]);
        result = group_corners(mesh, &rings, normals, err);
    }
    free(rings.first);
    free(rings.corners);
    if (result < 0)
        fa_normals_free(normals);
    return result;
}

void
fa_normals_free(struct fa_normals *normals)
{
    free(normals->list);
    free(normals->vertices);
    free(normals->corners);
    free(normals->facets);
    *normals = (struct fa_normals){.list = NULL};
}
