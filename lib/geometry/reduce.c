#include "lib/geometry/reduce.h"

#include <meshoptimizer.h>
#include <stdlib.h>
#include <string.h>

/* Farther than this share of its size no surface may move. */
static const float error_share = 0.02F;

/* Bodies of few facets are the ones that would lose their shape. */
enum { SMALL_BODY = 500 };

/* The facets of one colour, moved to the front of `indices`; their number. */
static size_t
gather(const struct fa_mesh *mesh, uint16_t colour, uint32_t *indices)
{
    size_t count = 0;

    for (size_t f = 0; f < mesh->facet_count; f++)
        if (mesh->colours == NULL || mesh->colours[f] == colour) {
            memcpy(indices + 3 * count, mesh->facets[f], sizeof mesh->facets[f]);
            count++;
        }
    return count;
}

/* The colours of a mesh, each once. */
static size_t
list_colours(const struct fa_mesh *mesh, uint16_t colours[FA_SCENE_COLOURS_MAX])
{
    bool seen[FA_SCENE_COLOURS_MAX] = {false};
    size_t count = 0;

    colours[0] = 0;
    if (mesh->colours == NULL)
        return 1;
    for (size_t f = 0; f < mesh->facet_count; f++)
        if (!seen[mesh->colours[f]]) {
            seen[mesh->colours[f]] = true;
            colours[count++] = mesh->colours[f];
        }
    return count;
}

static int
reduce_body(struct fa_mesh *mesh, double share, struct fa_error *err)
{
    uint16_t colours[FA_SCENE_COLOURS_MAX];
    size_t colour_count = list_colours(mesh, colours);
    uint32_t *from = malloc(mesh->facet_count * sizeof *mesh->facets);
    uint32_t(*facets)[3] = malloc(mesh->facet_count * sizeof *facets);
    uint16_t *numbers = malloc(mesh->facet_count * sizeof *numbers);
    size_t kept = 0;

    if (from == NULL || facets == NULL || numbers == NULL) {
        free(from);
        free(facets);
        free(numbers);
        return fa_error_set(err, FA_E_MEMORY, "fewer than %zu facets", mesh->facet_count);
    }
    for (size_t i = 0; i < colour_count; i++) {
        size_t count = gather(mesh, colours[i], from);
        size_t wanted = (size_t)(share * (double)count) + 1;
        size_t got =
            meshopt_simplify(facets[kept], from, 3 * count, mesh->vertices[0], mesh->vertex_count,
                             sizeof *mesh->vertices, 3 * wanted, error_share,
                             colour_count > 1 ? (unsigned)meshopt_SimplifyLockBorder : 0, NULL) /
            3;

        for (size_t f = kept; f < kept + got; f++)
            numbers[f] = colours[i];
        kept += got;
    }
    free(from);
    free(mesh->facets);
    mesh->facets = facets;
    mesh->facet_count = kept;
    if (mesh->colours != NULL)
        memcpy(mesh->colours, numbers, kept * sizeof *numbers);
    free(numbers);
    return 0;
}

int
fa_scene_reduce(struct fa_scene *scene, size_t budget, struct fa_error *err)
{
    size_t total = 0;

    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; b < scene->shapes[s].body_count; b++)
            total += scene->shapes[s].bodies[b].mesh.facet_count;
    if (total <= budget)
        return 0;
    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; b < scene->shapes[s].body_count; b++) {
            struct fa_mesh *mesh = &scene->shapes[s].bodies[b].mesh;

            if (mesh->facet_count > SMALL_BODY &&
                reduce_body(mesh, (double)budget / (double)total, err) < 0)
                return -1;
        }
    return 0;
}
