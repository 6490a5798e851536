#include "lib/geometry/grid.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/large.h"
#include "lib/geometry/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACETS_PER_CELL = 4, CELLS_MAX = 1 << 22, SIDE_MAX = 400, ENTRIES_PER_FACET = 16 };

/* The cells of the vertices, asked for once for all facets around them. */
static void
place_vertices(const struct fa_grid *grid, uint16_t (*places)[3])
{
    double scale = 1 / grid->cell;

    for (size_t v = 0; v < grid->mesh->vertex_count; v++)
        for (int k = 0; k < 3; k++) {
            int at = (int)(((double)grid->mesh->vertices[v][k] - grid->min[k]) * scale);

            places[v][k] = (uint16_t)(at < 0                  ? 0
                                      : at >= grid->counts[k] ? grid->counts[k] - 1
                                                              : at);
        }
}

/* The range of cells that a facet's box touches. */
static void
cells_of(const uint16_t (*places)[3], const uint32_t facet[3], int low[3], int high[3])
{
    for (int k = 0; k < 3; k++) {
        int a = places[facet[0]][k];
        int b = places[facet[1]][k];
        int c = places[facet[2]][k];

        low[k] = a < b ? a : b;
        low[k] = c < low[k] ? c : low[k];
        high[k] = a > b ? a : b;
        high[k] = c > high[k] ? c : high[k];
    }
}

static size_t
cell_number(const struct fa_grid *grid, int x, int y, int z)
{
    return ((size_t)z * (size_t)grid->counts[1] + (size_t)y) * (size_t)grid->counts[0] + (size_t)x;
}

static void
choose_cells(struct fa_grid *grid, const double min[3], const double max[3])
{
    double longest = 0;
    double volume = 1;
    double wanted = fmin(CELLS_MAX, (double)grid->mesh->facet_count / FACETS_PER_CELL + 64);

    for (int k = 0; k < 3; k++)
        longest = fmax(longest, max[k] - min[k]);
    for (int k = 0; k < 3; k++)
        volume *= fmax(max[k] - min[k], longest / SIDE_MAX);
    grid->cell = fmax(cbrt(volume / wanted), longest / SIDE_MAX);
    if (!(grid->cell > 0))
        grid->cell = 1;
    for (int k = 0; k < 3; k++)
        grid->min[k] = min[k];
}

static size_t
count_cells(struct fa_grid *grid, const double max[3])
{
    size_t cells = 1;

    for (int k = 0; k < 3; k++) {
        grid->counts[k] = (int)((max[k] - grid->min[k]) / grid->cell) + 1;
        cells *= (size_t)grid->counts[k];
    }
    return cells;
}

/* The entries on their way, and their bounds. */
struct entries {
    struct fa_grid_entry *list;
    size_t count, room;
    size_t limit; /* more are too many */
    bool failed;  /* no memory */
};

static bool
enter_facet(struct fa_grid *grid, struct entries *entries, size_t facet, const int low[3],
            const int high[3])
{
    for (int z = low[2]; z <= high[2]; z++)
        for (int y = low[1]; y <= high[1]; y++)
            for (int x = low[0]; x <= high[0]; x++) {
                uint32_t *first = &grid->first[cell_number(grid, x, y, z)];

                if (entries->count == entries->limit)
                    return false;
                if (entries->count == entries->room &&
                    !fa_list_reserve(&entries->list, entries->count, &entries->room,
                                     sizeof *entries->list)) {
                    entries->failed = true;
                    return false;
                }
                entries->list[entries->count] =
                    (struct fa_grid_entry){.facet = (uint32_t)facet, .next = *first};
                *first = (uint32_t)entries->count++;
            }
    return true;
}

/* Enters every facet into its cells; false: there are too many entries, or no memory. */
static bool
enter_facets(struct fa_grid *grid, const uint16_t (*places)[3], struct entries *entries)
{
    entries->count = 0;
    for (size_t f = 0; f < grid->mesh->facet_count; f++) {
        int low[3], high[3];

        cells_of(places, grid->mesh->facets[f], low, high);
        if (!enter_facet(grid, entries, f, low, high))
            return false;
    }
    return true;
}

/* Thousands of facets that each reach through the whole part would be entered into every cell:
 * cells grow until there are few entries for each facet. */
static bool
fill(struct fa_grid *grid, const double max[3], uint16_t (*places)[3], struct entries *entries)
{
    for (;; grid->cell *= 2) {
        size_t cells = count_cells(grid, max);

        grid->first = fa_large_alloc(cells, sizeof *grid->first);
        if (grid->first == NULL)
            return false;
        memset(grid->first, 0xff, cells * sizeof *grid->first);
        place_vertices(grid, places);
        if (enter_facets(grid, (const uint16_t(*)[3])places, entries))
            return true;
        free(grid->first);
        grid->first = NULL;
        /* In a single cell there is one entry for each facet. */
        if (entries->failed || cells == 1)
            return false;
    }
}

int
fa_grid_build(const struct fa_mesh *mesh, const double min[3], const double max[3],
              struct fa_grid *grid, struct fa_error *err)
{
    FA_AUTO_FREE uint16_t(*places)[3] = fa_large_alloc(mesh->vertex_count, sizeof *places);
    struct entries entries = {.room = 2 * mesh->facet_count,
                              .limit = ENTRIES_PER_FACET * mesh->facet_count + SIDE_MAX};
    bool filled;

    *grid = (struct fa_grid){.mesh = mesh};
    choose_cells(grid, min, max);
    entries.list = fa_large_alloc(entries.room, sizeof *entries.list);
    filled = places != NULL && entries.list != NULL && entries.limit < FA_GRID_END &&
             fill(grid, max, places, &entries);
    grid->entries = entries.list;
    if (filled)
        return 0;
    fa_grid_free(grid);
    return fa_error_set(err, FA_E_MEMORY, "grid of %zu facets", mesh->facet_count);
}

void
fa_grid_free(struct fa_grid *grid)
{
    free(grid->first);
    free(grid->entries);
    *grid = (struct fa_grid){.mesh = NULL};
}

/* Möller and Trumbore 1997, both sides. */
static bool
meets(const struct fa_mesh *mesh, uint32_t facet, const double from[3], const double direction[3],
      double *distance_r)
{
    double a[3], u[3], v[3], p[3], q[3], t[3], det, s, r;

    for (int i = 0; i < 3; i++) {
        a[i] = (double)mesh->vertices[mesh->facets[facet][0]][i];
        u[i] = (double)mesh->vertices[mesh->facets[facet][1]][i] - a[i];
        v[i] = (double)mesh->vertices[mesh->facets[facet][2]][i] - a[i];
        t[i] = from[i] - a[i];
    }
    for (int i = 0; i < 3; i++) {
        int k = (i + 1) % 3;
        int l = (i + 2) % 3;

        p[i] = direction[k] * v[l] - direction[l] * v[k];
        q[i] = t[k] * u[l] - t[l] * u[k];
    }
    det = u[0] * p[0] + u[1] * p[1] + u[2] * p[2];
    if (!(fabs(det) > 1e-30))
        return false;
    s = (t[0] * p[0] + t[1] * p[1] + t[2] * p[2]) / det;
    r = (direction[0] * q[0] + direction[1] * q[1] + direction[2] * q[2]) / det;
    if (s < 0 || r < 0 || s + r > 1)
        return false;
    *distance_r = (v[0] * q[0] + v[1] * q[1] + v[2] * q[2]) / det;
    return true;
}

static void
try_cell(const struct fa_grid *grid, size_t cell, const double from[3], const double direction[3],
         double after, struct fa_hit *hit)
{
    for (uint32_t i = grid->first[cell]; i != FA_GRID_END; i = grid->entries[i].next) {
        uint32_t facet = grid->entries[i].facet;
        double distance;

        hit->looks++;
        if (!meets(grid->mesh, facet, from, direction, &distance) || distance <= after ||
            distance >= hit->distance)
            continue;
        hit->distance = distance;
        hit->facet = facet;
    }
}

/* From cell to cell along the ray (Amanatides and Woo 1987). */
bool
fa_grid_cast(const struct fa_grid *grid, const double from[3], const double direction[3],
             double after, struct fa_hit *hit)
{
    int at[3], step[3];
    double next[3], stride[3];

    for (int k = 0; k < 3; k++) {
        double place = (from[k] - grid->min[k]) / grid->cell;

        at[k] = (int)fmin(grid->counts[k] - 1, fmax(0, floor(place)));
        step[k] = direction[k] > 0 ? 1 : -1;
        stride[k] = direction[k] != 0 ? grid->cell / fabs(direction[k]) : INFINITY;
        next[k] = direction[k] != 0
                      ? (at[k] + (direction[k] > 0) - place) * grid->cell / direction[k]
                      : INFINITY;
    }
    *hit = (struct fa_hit){.distance = INFINITY};
    for (;;) {
        int axis = next[0] < next[1] ? (next[0] < next[2] ? 0 : 2) : (next[1] < next[2] ? 1 : 2);

        try_cell(grid, cell_number(grid, at[0], at[1], at[2]), from, direction, after, hit);
        /* What is met in this cell or before cannot be undercut by a later one. */
        if (hit->distance <= next[axis] || !isfinite(next[axis]))
            break;
        at[axis] += step[axis];
        if (at[axis] < 0 || at[axis] >= grid->counts[axis])
            break;
        next[axis] += stride[axis];
    }
    return isfinite(hit->distance);
}
