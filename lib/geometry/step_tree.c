#include "lib/geometry/step_tree.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/list.h"
#include "lib/geometry/step_place.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 128 };

/* Which instance leads to which: by what they are, then by where from. */
enum relation { CHILDREN, PARENT, DRAWN, SAME, PLACED };

struct link {
    enum relation relation;
    uint64_t from, to;
    uint64_t by; /* the instance that says so, and keeps the file's order */
};

struct product {
    uint64_t id;
    int32_t shape;
};

struct tree {
    struct fa_step_index *index;
    struct fa_scene *scene;
    double scale;
    struct link *links;
    size_t link_count, link_room;
    struct product *products; /* those with a shape, by id */
    size_t product_count, product_room;
};

/* Links of one relation from one instance. */
struct range {
    const struct link *at, *end;
};

static int
broken(struct fa_error *err, const char *message)
{
    fa_error_set(err, FA_E_CONTENT, "%s", message);
    return fa_error_action(err, "Export the parts of the assembly one by one.");
}

/* --- links --------------------------------------------------------------------------------------
 */

static int
by_relation(const void *one, const void *other)
{
    const struct link *a = one;
    const struct link *b = other;

    if (a->relation != b->relation)
        return a->relation < b->relation ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->by < b->by ? -1 : a->by > b->by;
}

static bool
add_link(struct tree *tree, struct link link)
{
    if (!fa_list_reserve(&tree->links, tree->link_count, &tree->link_room, sizeof link))
        return false;
    tree->links[tree->link_count++] = link;
    return true;
}

/* The first link that is not before the relation's from `from`. */
static const struct link *
first_link(const struct tree *tree, enum relation relation, uint64_t from)
{
    const struct link key = {.relation = relation, .from = from};
    size_t low = 0;
    size_t high = tree->link_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (by_relation(&tree->links[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return tree->links + low;
}

static struct range
links_from(const struct tree *tree, enum relation relation, uint64_t from)
{
    return (struct range){first_link(tree, relation, from), first_link(tree, relation, from + 1)};
}

/* What a PRODUCT_DEFINITION_SHAPE is the shape of: a product, or the use of one; 0: nothing. */
static uint64_t
definition_of(const struct tree *tree, uint64_t shape)
{
    struct fa_step_text text;
    uint64_t id;

    return fa_step_index_enter(tree->index, shape, "PRODUCT_DEFINITION_SHAPE", &text) &&
                   fa_step_text_pass(&text, 2) && fa_step_text_reference(&text, &id)
               ? id
               : 0;
}

static bool
link_instance(struct tree *tree, uint64_t by, enum relation relation, uint64_t one, uint64_t other)
{
    uint64_t from = 0;

    switch (relation) {
    case CHILDREN:
        return add_link(tree, (struct link){CHILDREN, one, other, by}) &&
               add_link(tree, (struct link){PARENT, other, one, by});
    case SAME:
        return add_link(tree, (struct link){SAME, one, other, by}) &&
               add_link(tree, (struct link){SAME, other, one, by});
    default:
        from = definition_of(tree, relation == DRAWN ? one : other);
        /* What is of nothing is left out: its bodies are then nobody's, which is told. */
        return from == 0 ||
               add_link(tree, (struct link){relation, from, relation == DRAWN ? other : one, by});
    }
}

static int
link_all(struct tree *tree, struct fa_error *err)
{
    static const struct {
        const char *keyword;
        int before; /* parameters before the two that are linked */
        enum relation relation;
    } kinds[] = {{"NEXT_ASSEMBLY_USAGE_OCCURRENCE", 3, CHILDREN},
                 {"SHAPE_DEFINITION_REPRESENTATION", 0, DRAWN},
                 {"SHAPE_REPRESENTATION_RELATIONSHIP", 2, SAME},
                 {"CONTEXT_DEPENDENT_SHAPE_REPRESENTATION", 0, PLACED}};

    for (size_t i = 0; i < tree->index->count; i++)
        for (size_t k = 0; k < FA_COUNT(kinds); k++) {
            struct fa_step_text text = fa_step_index_text(tree->index, &tree->index->list[i]);
            uint64_t one, other;

            if (!fa_step_text_keyword(&text, kinds[k].keyword))
                continue;
            if (fa_step_text_pass(&text, kinds[k].before) && fa_step_text_reference(&text, &one) &&
                fa_step_text_take(&text, ',') && fa_step_text_reference(&text, &other) &&
                !link_instance(tree, tree->index->list[i].id, kinds[k].relation, one, other))
                return fa_error_set(err, FA_E_MEMORY, "products of the STEP file");
            break;
        }
    if (tree->link_count == 0)
        return broken(err, "The assembly in the STEP file has no parts.");
    qsort(tree->links, tree->link_count, sizeof *tree->links, by_relation);
    return 0;
}

/* --- shapes -------------------------------------------------------------------------------------
 */

/* Counts what a representation holds, 'name', (items), …, and gives it to the shape. */
static size_t
claim_items(const struct tree *tree, uint64_t representation, int32_t shape)
{
    struct fa_step_text text;
    size_t count = 0;
    uint64_t id;

    if (!fa_step_index_enter(tree->index, representation, NULL, &text) ||
        !fa_step_text_pass(&text, 1) || !fa_step_text_take(&text, '('))
        return 0;
    while (fa_step_text_reference(&text, &id)) {
        struct fa_step_instance *item = fa_step_index_find(tree->index, id);

        if (item != NULL && item->kind != 0 && item->shape < 0) {
            item->shape = shape;
            count++;
        }
        fa_step_text_take(&text, ',');
    }
    return count;
}

/* PRODUCT_DEFINITION('', '', #formation, …), PRODUCT_DEFINITION_FORMATION('', '', #product),
 * PRODUCT('id', 'name', …). */
static void
name_of(const struct tree *tree, uint64_t product, char name[NAME_BYTES])
{
    struct fa_step_text text;
    uint64_t id = product;

    name[0] = '\0';
    for (int i = 0; i < 2; i++)
        if (!fa_step_index_enter(tree->index, id, NULL, &text) || !fa_step_text_pass(&text, 2) ||
            !fa_step_text_reference(&text, &id))
            return;
    if (!fa_step_index_enter(tree->index, id, "PRODUCT", &text))
        return;
    if (fa_step_text_string(&text, name, NAME_BYTES) && fa_step_text_take(&text, ',')) {
        char better[NAME_BYTES];

        if (fa_step_text_string(&text, better, sizeof better) && better[0] != '\0')
            memcpy(name, better, NAME_BYTES);
    }
}

/* The product's own representations, and those said to be the same shape. */
static int
add_shape(struct tree *tree, uint64_t product, struct range drawn, struct fa_error *err)
{
    int32_t shape = (int32_t)tree->scene->shape_count;
    char name[NAME_BYTES];
    size_t bodies = 0;

    for (; drawn.at < drawn.end; drawn.at++) {
        struct range same = links_from(tree, SAME, drawn.at->to);

        bodies += claim_items(tree, drawn.at->to, shape);
        for (; same.at < same.end; same.at++)
            bodies += claim_items(tree, same.at->to, shape);
    }
    if (bodies == 0)
        return 0;
    name_of(tree, product, name);
    if (!fa_list_reserve(&tree->products, tree->product_count, &tree->product_room,
                         sizeof *tree->products))
        return fa_error_set(err, FA_E_MEMORY, "products of the STEP file");
    if (fa_scene_add_shape(tree->scene, name, bodies, err) < 0)
        return -1;
    tree->scene->shapes[shape].body_count = 0;
    tree->products[tree->product_count++] = (struct product){.id = product, .shape = shape};
    return 0;
}

static int
add_shapes(struct tree *tree, struct fa_error *err)
{
    struct range all = {first_link(tree, DRAWN, 0), first_link(tree, DRAWN + 1, 0)};

    while (all.at < all.end) {
        struct range of_one = links_from(tree, DRAWN, all.at->from);

        if (add_shape(tree, all.at->from, of_one, err) < 0)
            return -1;
        all.at = of_one.end;
    }
    return 0;
}

static int
by_id(const void *one, const void *other)
{
    const struct product *a = one;
    const struct product *b = other;

    return a->id < b->id ? -1 : a->id > b->id;
}

static int32_t
shape_of(const struct tree *tree, uint64_t product)
{
    const struct product key = {.id = product};
    const struct product *found = NULL;

    if (tree->product_count > 0)
        found = bsearch(&key, tree->products, tree->product_count, sizeof key, by_id);
    return found != NULL ? found->shape : -1;
}

/* --- places -------------------------------------------------------------------------------------
 */

static bool
is_drawn_by(const struct tree *tree, uint64_t product, uint64_t representation)
{
    struct range drawn = links_from(tree, DRAWN, product);

    while (drawn.at < drawn.end && drawn.at->to != representation)
        drawn.at++;
    return drawn.at < drawn.end;
}

/* Where a use of a product places it.  The relation leads from the part's representation to the
 * assembly's, but some systems write it the other way round. */
static bool
read_place(const struct tree *tree, const struct link *use, double matrix[3][4])
{
    struct range placed = links_from(tree, PLACED, use->by);
    double written[3][4];
    uint64_t from;

    if (placed.at == placed.end ||
        !fa_step_place_read(tree->index, placed.at->to, tree->scale, &from, written))
        return false;
    if (is_drawn_by(tree, use->from, from))
        fa_matrix_undo(written, matrix);
    else
        memcpy(matrix, written, sizeof written);
    return true;
}

/* --- nodes --------------------------------------------------------------------------------------
 */

/* Adds a product, where a node of the scene uses it, and what it consists of. */
static int
add_product(const struct tree *tree, uint64_t product, const struct link *use, int32_t parent,
            int depth, struct fa_error *err)
{
    struct range children = links_from(tree, CHILDREN, product);
    char name[NAME_BYTES];
    int32_t node;

    if (depth > FA_SCENE_DEPTH_MAX)
        return broken(err, "The assembly is nested too deeply, or contains itself.");
    name_of(tree, product, name);
    node = fa_scene_add_node(tree->scene, name, parent, shape_of(tree, product), err);
    if (node < 0)
        return -1;
    if (use != NULL && !read_place(tree, use, tree->scene->nodes[node].matrix))
        return broken(err, "The STEP file does not say where a part of its assembly is placed.");
    for (; children.at < children.end; children.at++)
        if (add_product(tree, children.at->to, children.at, node, depth + 1, err) < 0)
            return -1;
    return 0;
}

/* Products that are part of no other: those with a shape, and those that only consist of others. */
static int
add_roots(const struct tree *tree, enum relation relation, struct fa_error *err)
{
    struct range all = {first_link(tree, relation, 0), first_link(tree, relation + 1, 0)};

    while (all.at < all.end) {
        uint64_t product = all.at->from;
        struct range drawn = links_from(tree, DRAWN, product);
        struct range parents = links_from(tree, PARENT, product);

        all.at = links_from(tree, relation, product).end;
        if (parents.at < parents.end || (relation != DRAWN && drawn.at < drawn.end))
            continue;
        if (add_product(tree, product, NULL, -1, 0, err) < 0)
            return -1;
    }
    return 0;
}

/* Nothing that was drawn may be left out without a word. */
static int
check_placed(const struct tree *tree, struct fa_error *err)
{
    FA_AUTO_FREE bool *placed = calloc(tree->scene->shape_count + 1, sizeof *placed);

    if (placed == NULL)
        return fa_error_set(err, FA_E_MEMORY, "products of the STEP file");
    for (size_t n = 0; n < tree->scene->node_count; n++)
        if (tree->scene->nodes[n].shape >= 0)
            placed[tree->scene->nodes[n].shape] = true;
    for (size_t s = 0; s < tree->scene->shape_count; s++)
        if (!placed[s])
            return broken(err, "The products of the STEP file contain each other.");
    return 0;
}

int
fa_step_tree_read(struct fa_step_index *index, double scale, struct fa_scene *scene,
                  struct fa_error *err)
{
    struct tree tree = {.index = index, .scene = scene, .scale = scale};
    int result = link_all(&tree, err);

    if (result == 0)
        result = add_shapes(&tree, err);
    if (result == 0)
        result = add_roots(&tree, DRAWN, err);
    if (result == 0)
        result = add_roots(&tree, CHILDREN, err);
    if (result == 0)
        result = check_placed(&tree, err);
    free(tree.links);
    free(tree.products);
    return result;
}
