#include "lib/geometry/mesh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EMPTY = UINT32_MAX };

/* Open addressing over the vertices found so far. */
struct weld {
    struct fa_mesh *mesh;
    uint32_t *table;
    size_t mask;
};

static size_t
hash(const uint32_t bits[3])
{
    uint64_t mixed = bits[0] * 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ mixed >> 32 ^ bits[1]) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 29 ^ bits[2]) * 0x94d049bb133111ebULL;
    return (size_t)(mixed ^ mixed >> 31);
}

static uint32_t
find_vertex(struct weld *weld, const float corner[3])
{
    struct fa_mesh *mesh = weld->mesh;
    float exact[3];
    uint32_t bits[3];
    size_t slot;

    for (int i = 0; i < 3; i++)
        exact[i] = corner[i] + 0.0F; /* makes -0 a 0 */
    memcpy(bits, exact, sizeof bits);
    for (slot = hash(bits) & weld->mask; weld->table[slot] != EMPTY; slot = (slot + 1) & weld->mask)
        if (memcmp(mesh->vertices[weld->table[slot]], exact, sizeof exact) == 0)
            return weld->table[slot];
    memcpy(mesh->vertices[mesh->vertex_count], exact, sizeof exact);
    weld->table[slot] = (uint32_t)mesh->vertex_count;
    return (uint32_t)mesh->vertex_count++;
}

static void
weld_facets(struct weld *weld, const float (*corners)[3], const uint16_t *colours, size_t count)
{
    struct fa_mesh *mesh = weld->mesh;

    for (size_t i = 0; i < count; i++) {
        uint32_t facet[3];

        for (size_t j = 0; j < 3; j++)
            facet[j] = find_vertex(weld, corners[3 * i + j]);
        if (facet[0] == facet[1] || facet[1] == facet[2] || facet[2] == facet[0]) {
            mesh->degenerate++;
            continue;
        }
        memcpy(mesh->facets[mesh->facet_count], facet, sizeof facet);
        if (colours != NULL)
            mesh->colours[mesh->facet_count] = colours[i];
        mesh->facet_count++;
    }
}

int
fa_mesh_weld(const float (*corners)[3], const uint16_t *colours, size_t count, struct fa_mesh *mesh,
             struct fa_error *err)
{
    struct weld weld = {.mesh = mesh};
    size_t slots = 64;
    void *fitted;

    *mesh = (struct fa_mesh){.vertices = NULL};
    if (count >= EMPTY / 3)
        return fa_error_set(err, FA_E_CONTENT, "The file holds too many facets.");
    /* A closed mesh has half as many vertices as facets; soups have up to three times as many. */
    while (slots < 4 * count)
        slots *= 2;
    weld.mask = slots - 1;
    weld.table = malloc(slots * sizeof *weld.table);
    mesh->vertices = malloc(3 * count * sizeof *mesh->vertices + 1);
    mesh->facets = malloc(count * sizeof *mesh->facets + 1);
    if (colours != NULL)
        mesh->colours = malloc(count * sizeof *mesh->colours + 1);
    if (weld.table == NULL || mesh->vertices == NULL || mesh->facets == NULL ||
        (colours != NULL && mesh->colours == NULL)) {
        free(weld.table);
        fa_mesh_free(mesh);
        return fa_error_set(err, FA_E_MEMORY, "mesh of %zu facets", count);
    }
    memset(weld.table, 0xff, slots * sizeof *weld.table);
    weld_facets(&weld, corners, colours, count);
    free(weld.table);
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
    const float *a = mesh->vertices[mesh->facets[facet][0]];
    const float *b = mesh->vertices[mesh->facets[facet][1]];
    const float *c = mesh->vertices[mesh->facets[facet][2]];
    double u[3], v[3], n[3], length;

    for (int i = 0; i < 3; i++) {
        u[i] = (double)b[i] - (double)a[i];
        v[i] = (double)c[i] - (double)a[i];
    }
    n[0] = u[1] * v[2] - u[2] * v[1];
    n[1] = u[2] * v[0] - u[0] * v[2];
    n[2] = u[0] * v[1] - u[1] * v[0];
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
    const float *a = mesh->vertices[mesh->facets[facet][0]];
    const float *b = mesh->vertices[mesh->facets[facet][1]];
    const float *c = mesh->vertices[mesh->facets[facet][2]];
    double u[3], v[3], length;

    for (int i = 0; i < 3; i++) {
        u[i] = (double)b[i] - (double)a[i];
        v[i] = (double)c[i] - (double)a[i];
    }
    for (int i = 0; i < 3; i++)
        normal[i] = u[(i + 1) % 3] * v[(i + 2) % 3] - u[(i + 2) % 3] * v[(i + 1) % 3];
    length = sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
    if (length > 0) {
        double scale = 1 / length;

        for (int i = 0; i < 3; i++)
            normal[i] *= scale;
    }
    return length / 2;
}
