#include "lib/geometry/edges.h"
#include "lib/geometry/large.h"

#include <stdlib.h>

/* From this many on, a vertex's uses are sorted before they are compared. */
enum { MANY_USES = 32 };

/* A side of a facet as its lower vertex sees it. */
struct use {
    uint32_t high;
    uint32_t facet; /* twice its number, one more when it goes from high to low */
};

/* All uses, those of a vertex beside each other: no search over the whole mesh, and neighbours in
 * the file are neighbours in memory. */
struct uses {
    uint32_t *first; /* by vertex, and one more: where its uses begin */
    struct use *list;
};

static int
collect(const struct fa_mesh *mesh, struct uses *uses)
{
    size_t sides = 3 * mesh->facet_count;

    uses->first = calloc(mesh->vertex_count + 2, sizeof *uses->first);
    uses->list = fa_large_alloc(sides, sizeof *uses->list);
    if (uses->first == NULL || uses->list == NULL)
        return -1;
    /* Counted two places ahead: filling then leaves the starts in place. */
    for (size_t f = 0; f < mesh->facet_count; f++)
        for (size_t j = 0; j < 3; j++) {
            uint32_t from = mesh->facets[f][j];
            uint32_t to = mesh->facets[f][(j + 1) % 3];

            uses->first[(from < to ? from : to) + 2]++;
        }
    for (size_t v = 2; v < mesh->vertex_count + 2; v++)
        uses->first[v] += uses->first[v - 1];
    for (size_t f = 0; f < mesh->facet_count; f++)
        for (size_t j = 0; j < 3; j++) {
            uint32_t from = mesh->facets[f][j];
            uint32_t to = mesh->facets[f][(j + 1) % 3];

            uses->list[uses->first[(from < to ? from : to) + 1]++] =
                (struct use){.high = from < to ? to : from, .facet = 2 * (uint32_t)f + (from > to)};
        }
    return 0;
}

static int
by_high(const void *one, const void *other)
{
    const struct use *a = one;
    const struct use *b = other;

    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return a->facet < b->facet ? -1 : a->facet > b->facet;
}

static void
use_edge(struct fa_edges *edges, size_t from, uint32_t low, const struct use *use)
{
    uint32_t facet = use->facet / 2;
    size_t at = from;
    struct fa_edge *edge;
    uint16_t *times;

    while (at < edges->count && edges->list[at].high != use->high)
        at++;
    edge = &edges->list[at];
    if (at == edges->count) {
        edges->count++;
        *edge = (struct fa_edge){.low = low, .high = use->high, .facets = {facet, facet}};
    } else if (edge->forward + edge->backward == 1) {
        edge->facets[1] = facet;
    }
    times = use->facet % 2 == 0 ? &edge->forward : &edge->backward;
    if (*times < UINT16_MAX)
        ++*times;
}

/* The edges of which a vertex is the lower end. */
static void
add_vertex(struct fa_edges *edges, uint32_t low, struct use *uses, size_t count)
{
    bool many = count > MANY_USES;
    size_t first = edges->count;

    if (many)
        qsort(uses, count, sizeof *uses, by_high);
    for (size_t i = 0; i < count; i++)
        /* Sorted, an edge is the last one or new. */
        use_edge(edges, many && edges->count > first ? edges->count - 1 : first, low, &uses[i]);
}

int
fa_edges_build(const struct fa_mesh *mesh, struct fa_edges *edges, struct fa_error *err)
{
    struct uses uses = {NULL, NULL};
    int result = collect(mesh, &uses);
    void *fitted;

    *edges = (struct fa_edges){.list = fa_large_alloc(3 * mesh->facet_count, sizeof *edges->list)};
    if (result == 0 && edges->list != NULL) {
        for (size_t v = 0; v < mesh->vertex_count; v++)
            add_vertex(edges, (uint32_t)v, uses.list + uses.first[v],
                       uses.first[v + 1] - uses.first[v]);
    } else {
        fa_edges_free(edges);
        result = fa_error_set(err, FA_E_MEMORY, "edges of %zu facets", mesh->facet_count);
    }
    free(uses.first);
    free(uses.list);
    if (result < 0)
        return -1;
    fitted = realloc(edges->list, edges->count * sizeof *edges->list + 1);
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
