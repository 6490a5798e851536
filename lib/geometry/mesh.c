#include "lib/geometry/mesh.h"
#include "lib/geometry/large.h"
#include "lib/geometry/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Facets that are looked up together, so that the memory they need is on its way at once, and
 * vertices that are remembered: most corners of a file are those of the facets just before. */
enum { EMPTY = UINT32_MAX, BATCH = 32, RECENT = 1 << 13 };

/* Open addressing over the vertices found so far. */
struct weld {
    struct fa_mesh *mesh;
    const struct fa_soup *soup;
    uint32_t *order; /* in which its facets are welded; NULL: as they come */
    uint32_t *table;
    size_t mask;
    uint32_t recent[RECENT]; /* by hash: a vertex, or EMPTY */
};

/* A corner on its way into the table: the bits of its coordinates, without a -0.  They are held
 * as they are compared, in two pieces. */
struct corner {
    uint64_t xy;
    uint32_t z;
    uint32_t vertex; /* EMPTY: not among the recent ones */
    size_t hash;
};

static inline struct corner
corner_at(const void *coordinates)
{
    const uint32_t minus = 0x80000000; /* the bits of -0 */
    struct corner corner = {.vertex = EMPTY};
    uint64_t mixed;

    memcpy(&corner.xy, coordinates, sizeof corner.xy);
    memcpy(&corner.z, (const char *)coordinates + sizeof corner.xy, sizeof corner.z);
    corner.xy &= (uint32_t)corner.xy == minus ? ~(uint64_t)minus : UINT64_MAX;
    corner.xy &= corner.xy >> 32 == minus ? UINT32_MAX : UINT64_MAX;
    corner.z = corner.z == minus ? 0 : corner.z;
    mixed = corner.xy * 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 32 ^ corner.z) * 0xd6e8feb86659fd93ULL;
    corner.hash = (size_t)(mixed ^ mixed >> 32);
    return corner;
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
        size_t slot = corner_at(weld->mesh->vertices[v]).hash & weld->mask;

        while (weld->table[slot] != EMPTY)
            slot = (slot + 1) & weld->mask;
        weld->table[slot] = (uint32_t)v;
    }
    return 0;
}

static inline bool
is_vertex(const struct fa_mesh *mesh, uint32_t vertex, const struct corner *corner)
{
    uint64_t xy;
    uint32_t z;

    memcpy(&xy, mesh->vertices[vertex], sizeof xy);
    memcpy(&z, &mesh->vertices[vertex][2], sizeof z);
    return xy == corner->xy && z == corner->z;
}

static uint32_t
find_vertex(struct weld *weld, const struct corner *corner)
{
    struct fa_mesh *mesh = weld->mesh;
    size_t slot = corner->hash & weld->mask;
    uint32_t *recent = &weld->recent[corner->hash % RECENT];

    for (; weld->table[slot] != EMPTY; slot = (slot + 1) & weld->mask)
        if (is_vertex(mesh, weld->table[slot], corner))
            return *recent = weld->table[slot];
    memcpy(mesh->vertices[mesh->vertex_count], &corner->xy, sizeof corner->xy);
    memcpy(&mesh->vertices[mesh->vertex_count][2], &corner->z, sizeof corner->z);
    *recent = weld->table[slot] = (uint32_t)mesh->vertex_count;
    return (uint32_t)mesh->vertex_count++;
}

static void
weld_facet(struct weld *weld, const struct corner corners[3], size_t number)
{
    struct fa_mesh *mesh = weld->mesh;
    uint32_t *facet = mesh->facets[mesh->facet_count];

    for (int j = 0; j < 3; j++)
        facet[j] = corners[j].vertex != EMPTY ? corners[j].vertex : find_vertex(weld, &corners[j]);
    if (facet[0] == facet[1] || facet[1] == facet[2] || facet[2] == facet[0]) {
        mesh->degenerate++;
        return;
    }
    if (mesh->colours != NULL)
        mesh->colours[mesh->facet_count] = weld->soup->colours[number];
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
    const struct fa_soup *soup = weld->soup;
    const char *facet = (const char *)soup->corners + number_of(weld, place) * soup->stride;

    if (weld->order != NULL && place + BATCH < soup->count)
        __builtin_prefetch((const char *)soup->corners + weld->order[place + BATCH] * soup->stride);
    for (size_t j = 0; j < 3; j++) {
        struct corner corner = corner_at(facet + j * 3 * sizeof(float));
        uint32_t recent = weld->recent[corner.hash % RECENT];

        if (recent != EMPTY && is_vertex(weld->mesh, recent, &corner))
            corner.vertex = recent;
        else
            __builtin_prefetch(&weld->table[corner.hash & weld->mask]);
        corners[j] = corner;
    }
}

static int
weld_facets(struct weld *weld)
{
    size_t count = weld->soup->count;
    struct corner batch[BATCH][3];

    for (size_t i = 0; i < count; i += BATCH) {
        size_t facets = count - i < BATCH ? count - i : BATCH;

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
fa_mesh_weld_soup(const struct fa_soup *soup, struct fa_mesh *mesh, struct fa_error *err)
{
    struct weld weld = {.mesh = mesh, .soup = soup};
    int result = -1;
    void *fitted;

    *mesh = (struct fa_mesh){.vertices = NULL};
    if (soup->count >= EMPTY / 3)
        return fa_error_set(err, FA_E_CONTENT, "The file holds too many facets.");
    if (fa_order_find(soup, &weld.order, err) < 0)
        return -1;
    memset(weld.recent, 0xff, sizeof weld.recent);
    mesh->vertices = fa_large_alloc(3 * soup->count, sizeof *mesh->vertices);
    mesh->facets = fa_large_alloc(soup->count, sizeof *mesh->facets);
    if (soup->colours != NULL)
        mesh->colours = fa_large_alloc(soup->count, sizeof *mesh->colours);
    /* A closed mesh has half as many vertices as facets; soups have up to three times as many. */
    if (mesh->vertices != NULL && mesh->facets != NULL &&
        (soup->colours == NULL || mesh->colours != NULL) && make_table(&weld, soup->count) == 0)
        result = weld_facets(&weld);
    free(weld.table);
    free(weld.order);
    if (result < 0) {
        fa_mesh_free(mesh);
        return fa_error_set(err, FA_E_MEMORY, "mesh of %zu facets", soup->count);
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

int
fa_mesh_weld(const float (*corners)[3], const uint16_t *colours, size_t count, struct fa_mesh *mesh,
             struct fa_error *err)
{
    const struct fa_soup soup = {
        .corners = corners, .stride = 3 * sizeof *corners, .colours = colours, .count = count};

    return fa_mesh_weld_soup(&soup, mesh, err);
}

void
fa_mesh_free(struct fa_mesh *mesh)
{
    free(mesh->vertices);
    free(mesh->facets);
    free(mesh->colours);
    *mesh = (struct fa_mesh){.vertices = NULL};
}

float (*fa_mesh_spread(const struct fa_mesh *mesh))[3]
{
    float(*list)[3] = fa_large_alloc(mesh->facet_count, sizeof *list);

    for (size_t f = 0; list != NULL && f < mesh->facet_count; f++) {
        double across[3];

        fa_mesh_across(mesh, f, across);
        for (int k = 0; k < 3; k++)
            list[f][k] = (float)across[k];
    }
    return list;
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
