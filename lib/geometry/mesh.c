#include "lib/geometry/mesh.h"
#include "lib/geometry/large.h"
#include "lib/geometry/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Facets that are looked up together, so that the memory they need is on its way at once. */
enum { EMPTY = UINT32_MAX, BATCH = 32 };

/* Open addressing over the vertices found so far. */
struct weld {
    struct fa_mesh *mesh;
    const float (*corners)[3]; /* of the soup */
    const uint16_t *colours;   /* NULL: none */
    size_t count;              /* of its facets */
    uint32_t *order;           /* in which they are welded; NULL: as they come */
    uint32_t *table;
    size_t mask;
};

/* A corner on its way into the table. */
struct corner {
    float exact[3]; /* without a -0 */
    size_t hash;
};

static size_t
hash(const float exact[3])
{
    uint32_t bits[3];
    uint64_t mixed;

    memcpy(bits, exact, sizeof bits);
    mixed = bits[0] * 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 32 ^ bits[1]) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 29 ^ bits[2]) * 0x94d049bb133111ebULL;
    return (size_t)(mixed ^ mixed >> 31);
}

/* Makes a table of at least `wanted` places, and enters the vertices found so far. */
static int
make_table(struct weld *weld, size_t wanted)
{
    size_t slots = 64;

    while (slots < wanted)
        slots *= 2;
    free(weld->table);
    weld->table = fa_large_alloc(slots, sizeof *weld->table);
    if (weld->table == NULL)
        return -1;
    memset(weld->table, 0xff, slots * sizeof *weld->table);
    weld->mask = slots - 1;
    for (size_t v = 0; v < weld->mesh->vertex_count; v++) {
        size_t slot = hash(weld->mesh->vertices[v]) & weld->mask;

        while (weld->table[slot] != EMPTY)
            slot = (slot + 1) & weld->mask;
        weld->table[slot] = (uint32_t)v;
    }
    return 0;
}

static uint32_t
find_vertex(struct weld *weld, const struct corner *corner)
{
    struct fa_mesh *mesh = weld->mesh;
    size_t slot = corner->hash & weld->mask;

    for (; weld->table[slot] != EMPTY; slot = (slot + 1) & weld->mask)
        if (memcmp(mesh->vertices[weld->table[slot]], corner->exact, sizeof corner->exact) == 0)
            return weld->table[slot];
    memcpy(mesh->vertices[mesh->vertex_count], corner->exact, sizeof corner->exact);
    weld->table[slot] = (uint32_t)mesh->vertex_count;
    return (uint32_t)mesh->vertex_count++;
}

static void
weld_facet(struct weld *weld, const struct corner corners[3], size_t number)
{
    struct fa_mesh *mesh = weld->mesh;
    uint32_t *facet = mesh->facets[mesh->facet_count];

    for (int j = 0; j < 3; j++)
        facet[j] = find_vertex(weld, &corners[j]);
    if (facet[0] == facet[1] || facet[1] == facet[2] || facet[2] == facet[0]) {
        mesh->degenerate++;
        return;
    }
    if (weld->colours != NULL)
        mesh->colours[mesh->facet_count] = weld->colours[number];
    mesh->facet_count++;
}

static size_t
number_of(const struct weld *weld, size_t place)
{
    return weld->order != NULL ? weld->order[place] : place;
}

/* Takes a facet of the soup into the batch, and asks for what the next one will need. */
static void
take_facet(const struct weld *weld, size_t place, struct corner corners[3])
{
    size_t number = number_of(weld, place);

    if (weld->order != NULL && place + BATCH < weld->count)
        __builtin_prefetch(weld->corners[3 * (size_t)weld->order[place + BATCH]]);
    for (size_t j = 0; j < 3; j++) {
        for (int k = 0; k < 3; k++)
            corners[j].exact[k] = weld->corners[3 * number + j][k] + 0.0F; /* makes -0 a 0 */
        corners[j].hash = hash(corners[j].exact);
        __builtin_prefetch(&weld->table[corners[j].hash & weld->mask]);
    }
}

static int
weld_facets(struct weld *weld)
{
    struct corner batch[BATCH][3];

    for (size_t i = 0; i < weld->count; i += BATCH) {
        size_t facets = weld->count - i < BATCH ? weld->count - i : BATCH;

        /* At most half of the table is in use. */
        if (2 * (weld->mesh->vertex_count + 3 * facets) > weld->mask &&
            make_table(weld, 2 * (weld->mask + 1)) < 0)
            return -1;
        for (size_t j = 0; j < facets; j++)
            take_facet(weld, i + j, batch[j]);
        for (size_t j = 0; j < facets; j++)
            weld_facet(weld, batch[j], number_of(weld, i + j));
    }
    return 0;
}

int
fa_mesh_weld(const float (*corners)[3], const uint16_t *colours, size_t count, struct fa_mesh *mesh,
             struct fa_error *err)
{
    struct weld weld = {.mesh = mesh, .corners = corners, .colours = colours, .count = count};
    int result = -1;
    void *fitted;

    *mesh = (struct fa_mesh){.vertices = NULL};
    if (count >= EMPTY / 3)
        return fa_error_set(err, FA_E_CONTENT, "The file holds too many facets.");
    if (fa_order_find(corners, count, &weld.order, err) < 0)
        return -1;
    mesh->vertices = fa_large_alloc(3 * count, sizeof *mesh->vertices);
    mesh->facets = fa_large_alloc(count, sizeof *mesh->facets);
    if (colours != NULL)
        mesh->colours = fa_large_alloc(count, sizeof *mesh->colours);
    /* A closed mesh has half as many vertices as facets; soups have up to three times as many. */
    if (mesh->vertices != NULL && mesh->facets != NULL &&
        (colours == NULL || mesh->colours != NULL) && make_table(&weld, count) == 0)
        result = weld_facets(&weld);
    free(weld.table);
    free(weld.order);
    if (result < 0) {
        fa_mesh_free(mesh);
        return fa_error_set(err, FA_E_MEMORY, "mesh of %zu facets", count);
    }
    fitted = realloc(mesh->vertices, mesh->vertex_count * sizeof *mesh->vertices + 1);
    if (fitted != NULL)
        mesh->vertices = fitted;
    if (mesh->facet_count > 0)
        return 0;
    fa_mesh_free(mesh);
    fa_error_set(err, FA_E_CONTENT, "All facets of the file are points or lines.");
    return fa_error_action(err, "Export the part again, in millimetres and as binary STL.");
}

void
fa_mesh_free(struct fa_mesh *mesh)
{
    free(mesh->vertices);
    free(mesh->facets);
    free(mesh->colours);
    *mesh = (struct fa_mesh){.vertices = NULL};
}

bool
fa_mesh_normal(const struct fa_mesh *mesh, size_t facet, float normal[3])
{
    double n[3], length;

    fa_mesh_across(mesh, facet, n);
    length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    if (!(length > 0))
        return false;
    for (int i = 0; i < 3; i++)
        normal[i] = (float)(n[i] / length);
    return true;
}

double
fa_mesh_area(const struct fa_mesh *mesh, size_t facet, double normal[3])
{
    double length;

    fa_mesh_across(mesh, facet, normal);
    length = sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
    if (length > 0) {
        double scale = 1 / length;

        for (int i = 0; i < 3; i++)
            normal[i] *= scale;
    }
    return length / 2;
}
