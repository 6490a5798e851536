#include "lib/geometry/edges.h"
#include "lib/geometry/large.h"
#include "lib/geometry/list.h"

#include <stdlib.h>
#include <string.h>

/* From this many on, a vertex's uses are sorted before they are compared. */
enum { MANY_USES = 32, NONE = UINT32_MAX };

/* A side of a facet as its lower vertex sees it. */
struct use {
    uint32_t high;
    uint32_t facet; /* twice its number, one more when it goes from high to low */
};

/* All sides hang in lists on their lower vertices: no search over the whole mesh, and neighbours in
 * the file are neighbours in memory.  Side s is side s % 3 of facet s / 3. */
struct walk {
    const struct fa_mesh *mesh;
    uint32_t *first;  /* by vertex: a side, or NONE */
    uint32_t *next;   /* by side */
    struct use *uses; /* of the vertex at hand */
    size_t use_room;
    struct fa_edge *edges;
    size_t edge_count, edge_room;
};

static int
hang_sides(struct walk *walk)
{
    const struct fa_mesh *mesh = walk->mesh;

    walk->first = fa_large_alloc(mesh->vertex_count, sizeof *walk->first);
    walk->next = fa_large_alloc(3 * mesh->facet_count, sizeof *walk->next);
    if (walk->first == NULL || walk->next == NULL)
        return -1;
    memset(walk->first, 0xff, mesh->vertex_count * sizeof *walk->first);
    /* The last is hung up first, so that lists begin with the lowest facet. */
    for (size_t f = mesh->facet_count; f-- > 0;)
        for (size_t j = 3; j-- > 0;) {
            uint32_t from = mesh->facets[f][j];
            uint32_t to = mesh->facets[f][(j + 1) % 3];
            uint32_t *first = &walk->first[from < to ? from : to];

            walk->next[3 * f + j] = *first;
            *first = (uint32_t)(3 * f + j);
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
use_edge(struct walk *walk, size_t from, uint32_t low, const struct use *use)
{
    uint32_t facet = use->facet / 2;
    size_t at = from;
    struct fa_edge *edge;
    uint16_t *times;

    while (at < walk->edge_count && walk->edges[at].high != use->high)
        at++;
    edge = &walk->edges[at];
    if (at == walk->edge_count) {
        walk->edge_count++;
        *edge = (struct fa_edge){.low = low, .high = use->high, .facets = {facet, facet}};
    } else if (edge->forward + edge->backward == 1) {
        edge->facets[1] = facet;
    }
    times = use->facet % 2 == 0 ? &edge->forward : &edge->backward;
    if (*times < UINT16_MAX)
        ++*times;
}

/* The uses of a vertex's edges; -1: no memory. */
static int
collect_uses(struct walk *walk, uint32_t low, size_t *count_r)
{
    size_t count = 0;

    for (uint32_t side = walk->first[low]; side != NONE; side = walk->next[side]) {
        const uint32_t *facet = walk->mesh->facets[side / 3];
        uint32_t from = facet[side % 3];
        uint32_t to = facet[(side + 1) % 3];

        if (count == walk->use_room &&
            !fa_list_reserve(&walk->uses, count, &walk->use_room, sizeof *walk->uses))
            return -1;
        walk->uses[count++] =
            (struct use){.high = from == low ? to : from, .facet = 2 * (side / 3) + (from != low)};
    }
    *count_r = count;
    return count < walk->edge_room ||
                   fa_list_reserve(&walk->edges, count, &walk->edge_room, sizeof *walk->edges)
               ? 0
               : -1;
}

/* Finds the edges of which a vertex is the lower end. */
static int
find_edges(struct walk *walk, uint32_t low)
{
    size_t count;
    bool many;

    walk->edge_count = 0;
    if (collect_uses(walk, low, &count) < 0)
        return -1;
    many = count > MANY_USES;
    if (many)
        qsort(walk->uses, count, sizeof *walk->uses, by_high);
    for (size_t i = 0; i < count; i++)
        /* Sorted, an edge is the last one or new. */
        use_edge(walk, many && walk->edge_count > 0 ? walk->edge_count - 1 : 0, low,
                 &walk->uses[i]);
    return 0;
}

int
fa_edges_walk(const struct fa_mesh *mesh, void (*see)(void *context, const struct fa_edge *edge),
              void *context, struct fa_error *err)
{
    struct walk walk = {.mesh = mesh};
    int result = hang_sides(&walk);

    for (size_t v = 0; result == 0 && v < mesh->vertex_count; v++) {
        result = find_edges(&walk, (uint32_t)v);
        for (size_t i = 0; result == 0 && i < walk.edge_count; i++)
            see(context, &walk.edges[i]);
    }
    free(walk.first);
    free(walk.next);
    free(walk.uses);
    free(walk.edges);
    return result == 0 ? 0
                       : fa_error_set(err, FA_E_MEMORY, "edges of %zu facets", mesh->facet_count);
}

static void
keep_edge(void *context, const struct fa_edge *edge)
{
    struct fa_edges *edges = context;

    edges->list[edges->count++] = *edge;
}

int
fa_edges_build(const struct fa_mesh *mesh, struct fa_edges *edges, struct fa_error *err)
{
    void *fitted;

    *edges = (struct fa_edges){.list = fa_large_alloc(3 * mesh->facet_count, sizeof *edges->list)};
    if (edges->list == NULL)
        return fa_error_set(err, FA_E_MEMORY, "edges of %zu facets", mesh->facet_count);
    if (fa_edges_walk(mesh, keep_edge, edges, err) < 0) {
        fa_edges_free(edges);
        return -1;
    }
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
