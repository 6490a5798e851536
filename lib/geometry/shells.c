#include "lib/geometry/shells.h"
#include "lib/geometry/large.h"
#include "lib/geometry/list.h"

#include <stdlib.h>

/*
 * Union-find in which every facet also knows whether it looks to the same side as its parent
 * (weighted union-find with parities), so one pass over the edges both joins pieces and finds who
 * is turned around.
 */
struct forest {
    uint32_t *parents;
    bool *turned; /* against the parent */
    struct fa_edges *odd;
    size_t room; /* in its list */
    bool failed; /* no memory for it */
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

static void
keep_odd(struct forest *forest, const struct fa_edge *edge)
{
    struct fa_edges *odd = forest->odd;

    if (fa_list_reserve(&odd->list, odd->count, &forest->room, sizeof *odd->list))
        odd->list[odd->count++] = *edge;
    else
        forest->failed = true;
}

/* The lower number is the root, so that the result does not depend on the order of edges. */
static void
join(void *context, const struct fa_edge *edge)
{
    struct forest *forest = context;
    bool flipped = edge->forward + edge->backward == 2 && edge->forward != edge->backward;
    bool turned_one, turned_other;
    uint32_t one, other;

    if (!fa_edge_is_sound(edge))
        keep_odd(forest, edge);
    /* Most are of one piece already, and hang on the same facet. */
    if (forest->parents[edge->facets[0]] == forest->parents[edge->facets[1]])
        return;
    one = find_root(forest, edge->facets[0], &turned_one);
    other = find_root(forest, edge->facets[1], &turned_other);
    if (one == other)
        return;
    forest->parents[one > other ? one : other] = one < other ? one : other;
    forest->turned[one > other ? one : other] = turned_one ^ turned_other ^ flipped;
}

int
fa_shells_build(const struct fa_mesh *mesh, struct fa_shells *shells, struct fa_error *err)
{
    struct forest forest = {.parents = fa_large_alloc(mesh->facet_count, sizeof *forest.parents),
                            .turned = calloc(mesh->facet_count + 1, sizeof *forest.turned),
                            .odd = &shells->odd};
    int result = -1;

    *shells =
        (struct fa_shells){.numbers = fa_large_alloc(mesh->facet_count, sizeof *shells->numbers),
                           .turned = malloc(mesh->facet_count + 1)};
    if (forest.parents != NULL && forest.turned != NULL && shells->numbers != NULL &&
        shells->turned != NULL) {
        for (size_t f = 0; f < mesh->facet_count; f++)
            forest.parents[f] = (uint32_t)f;
        result = fa_edges_walk(mesh, join, &forest, err);
    }
    if (result < 0 || forest.failed) {
        fa_shells_free(shells);
        result = fa_error_set(err, FA_E_MEMORY, "pieces of %zu facets", mesh->facet_count);
    }
    /* A root comes before all of its piece. */
    for (size_t f = 0; result == 0 && f < mesh->facet_count; f++) {
        uint32_t root = find_root(&forest, (uint32_t)f, &shells->turned[f]);

        shells->numbers[f] = root == f ? shells->count++ : shells->numbers[root];
    }
    free(forest.parents);
    free(forest.turned);
    return result;
}

void
fa_shells_free(struct fa_shells *shells)
{
    free(shells->numbers);
    free(shells->turned);
    fa_edges_free(&shells->odd);
    *shells = (struct fa_shells){.numbers = NULL};
}
