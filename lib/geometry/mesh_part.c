#include "lib/geometry/mesh_part.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/large.h"
#include "lib/geometry/scene.h"

#include <stdlib.h>

static size_t
count_facets(const struct fa_mesh *mesh, const uint32_t *numbers, uint32_t number)
{
    size_t count = 0;

    for (size_t f = 0; numbers != NULL && f < mesh->facet_count; f++)
        count += numbers[f] == number;
    return numbers != NULL ? count : mesh->facet_count;
}

static uint32_t
place_vertex(struct fa_mesh *part, const float vertex[3], const double matrix[3][4])
{
    const double from[3] = {(double)vertex[0], (double)vertex[1], (double)vertex[2]};
    double to[3];

    fa_matrix_apply(matrix, from, to);
    for (int k = 0; k < 3; k++)
        part->vertices[part->vertex_count][k] = (float)to[k];
    return (uint32_t)++part->vertex_count;
}

int
fa_mesh_part(const struct fa_mesh *mesh, const uint32_t *numbers, uint32_t number,
             const double matrix[3][4], struct fa_mesh *part, struct fa_error *err)
{
    FA_AUTO_FREE uint32_t *places = calloc(mesh->vertex_count + 1, sizeof *places); /* from 1 */
    bool mirrored = fa_matrix_determinant(matrix) < 0;
    size_t facets = count_facets(mesh, numbers, number);
    size_t vertices = 3 * facets < mesh->vertex_count ? 3 * facets : mesh->vertex_count;

    *part = (struct fa_mesh){.vertices = fa_large_alloc(vertices, sizeof *part->vertices),
                             .facets = fa_large_alloc(facets, sizeof *part->facets)};
    if (places == NULL || part->vertices == NULL || part->facets == NULL) {
        fa_mesh_free(part);
        return fa_error_set(err, FA_E_MEMORY, "a body of %zu facets", facets);
    }
    for (size_t f = 0; f < mesh->facet_count; f++) {
        uint32_t *facet = part->facets[part->facet_count];

        if (numbers != NULL && numbers[f] != number)
            continue;
        for (int j = 0; j < 3; j++) {
            uint32_t vertex = mesh->facets[f][j];

            if (places[vertex] == 0)
                places[vertex] = place_vertex(part, mesh->vertices[vertex], matrix);
            facet[mirrored ? 2 - j : j] = places[vertex] - 1;
        }
        part->facet_count++;
    }
    return 0;
}
