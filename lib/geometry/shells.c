#include "lib/geometry/shells.h"
#include "lib/geometry/large.h"

#include <stdlib.h>

/*
 * Union-find in which every facet also knows whether it looks to the same side as its parent
 * (weighted union-find with parities), so one pass over the edges both joins pieces and finds who
 * is turned around.
 */
struct forest {
    uint32_t *parents;
    bool *turned; /* against the parent */
};

static uint32_t
find_root(struct forest *forest, uint32_t facet, bool *turned_r)
{
    bool turned = false;

    while (forest->parents[facet] != facet) {
        uint32_t parent = forest->parents[facet];

        /* Halve the path: hang the facet on its grandparent. */
        forest->turned[facet] ^= forest->turned[parent];
        forest->parents[facet] = forest->parents[parent];
        turned ^= forest->turned[facet];
        facet = forest->parents[facet];
    }
    *turned_r = turned;
    return facet;
}

/* The lower number is the root, so that the result does not depend on the order of edges. */
static void
join(struct forest *forest, const struct fa_edge *edge)
{
    bool turned_one, turned_other;
    uint32_t one = find_root(forest, edge->facets[0], &turned_one);
    uint32_t other = find_root(forest, edge->facets[1], &turned_other);
    bool flipped = edge->forward + edge->backward == 2 && edge->forward != edge->backward;

    if (one == other)
        return;
    forest->parents[one > other ? one : other] = one < other ? one : other;
    forest->turned[one > other ? one : other] = turned_one ^ turned_other ^ flipped;
}

int
fa_shells_build(const struct fa_mesh *mesh, const struct fa_edges *edges, struct fa_shells *shells,
                struct fa_error *err)
{
    struct forest forest = {.parents = fa_large_alloc(mesh->facet_count, sizeof *forest.parents),
                            .turned = calloc(mesh->facet_count + 1, sizeof *forest.turned)};

    *shells =
        (struct fa_shells){.numbers = fa_large_alloc(mesh->facet_count, sizeof *shells->numbers),
                           .turned = malloc(mesh->facet_count + 1)};
    if (forest.parents == NULL || forest.turned == NULL || shells->numbers == NULL ||
        shells->turned == NULL) {
        free(forest.parents);
        free(forest.turned);
        fa_shells_free(shells);
        return fa_error_set(err, FA_E_MEMORY, "pieces of %zu facets", mesh->facet_count);
    }
    for (size_t f = 0; f < mesh->facet_count; f++)
        forest.parents[f] = (uint32_t)f;
    for (size_t i = 0; i < edges->count; i++)
        join(&forest, &edges->list[i]);
    /* A root comes before all of its piece. */
    for (size_t f = 0; f < mesh->facet_count; f++) {
        uint32_t root = find_root(&forest, (uint32_t)f, &shells->turned[f]);

        shells->numbers[f] = root == f ? shells->count++ : shells->numbers[root];
    }
    free(forest.parents);
    free(forest.turned);
    return 0;
}

void
fa_shells_free(struct fa_shells *shells)
{
    free(shells->numbers);
    free(shells->turned);
    *shells = (struct fa_shells){.numbers = NULL};
}
