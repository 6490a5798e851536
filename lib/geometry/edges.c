#include "lib/geometry/edges.h"

#include <stdlib.h>
#include <string.h>

enum { EMPTY = UINT32_MAX };

struct builder {
    struct fa_edges *edges;
    uint32_t *table; /* edge numbers by hash */
    size_t mask;
};

static void
use_edge(struct builder *builder, uint32_t from, uint32_t to, uint32_t facet)
{
    uint32_t low = from < to ? from : to;
    uint32_t high = from < to ? to : from;
    uint64_t mixed = ((uint64_t)low << 32 | high) * 0x9e3779b97f4a7c15ULL;
    size_t slot = (size_t)(mixed >> 20) & builder->mask;
    struct fa_edge *edge;
    uint16_t *uses;

    for (; builder->table[slot] != EMPTY; slot = (slot + 1) & builder->mask) {
        edge = &builder->edges->list[builder->table[slot]];
        if (edge->low == low && edge->high == high)
            break;
    }
    if (builder->table[slot] == EMPTY) {
        builder->table[slot] = (uint32_t)builder->edges->count;
        edge = &builder->edges->list[builder->edges->count++];
        *edge = (struct fa_edge){.low = low, .high = high, .facets = {facet, facet}};
    } else {
        edge = &builder->edges->list[builder->table[slot]];
        edge->facets[1] = facet;
    }
    uses = from < to ? &edge->forward : &edge->backward;
    if (*uses < UINT16_MAX)
        ++*uses;
}

int
fa_edges_build(const struct fa_mesh *mesh, struct fa_edges *edges, struct fa_error *err)
{
    struct builder builder = {.edges = edges};
    size_t limit = 3 * mesh->facet_count;
    size_t slots = 64;
    void *fitted;

    while (slots < limit)
        slots *= 2;
    builder.mask = slots - 1;
    builder.table = malloc(slots * sizeof *builder.table);
    *edges = (struct fa_edges){.list = malloc(limit * sizeof *edges->list)};
    if (builder.table == NULL || edges->list == NULL) {
        free(builder.table);
        fa_edges_free(edges);
        return fa_error_set(err, FA_E_MEMORY, "edges of %zu facets", mesh->facet_count);
    }
    memset(builder.table, 0xff, slots * sizeof *builder.table);
    for (size_t i = 0; i < mesh->facet_count; i++)
        for (size_t j = 0; j < 3; j++)
            use_edge(&builder, mesh->facets[i][j], mesh->facets[i][(j + 1) % 3], (uint32_t)i);
    free(builder.table);
    fitted = realloc(edges->list, edges->count * sizeof *edges->list);
    if (fitted != NULL)
        edges->list = fitted;
    return 0;
}

void
fa_edges_free(struct fa_edges *edges)
{
    free(edges->list);
    *edges = (struct fa_edges){.list = NULL};
}
