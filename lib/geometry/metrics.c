#include "lib/geometry/metrics.h"

#include <math.h>
#include <stdlib.h>

/* A sum that keeps what rounding would lose (Neumaier 1974). */
struct sum {
    double total;
    double lost;
};

static void
add(struct sum *sum, double value)
{
    double total = sum->total + value;

    sum->lost += fabs(sum->total) >= fabs(value) ? (sum->total - total) + value
                                                 : (value - total) + sum->total;
    sum->total = total;
}

static double
value_of(const struct sum *sum)
{
    return sum->total + sum->lost;
}

static void
measure_box(const struct fa_mesh *mesh, struct fa_metrics *metrics)
{
    for (int i = 0; i < 3; i++)
        metrics->min_mm[i] = metrics->max_mm[i] = (double)mesh->vertices[mesh->facets[0][0]][i];
    for (size_t v = 0; v < mesh->vertex_count; v++)
        for (int i = 0; i < 3; i++) {
            double value = (double)mesh->vertices[v][i];

            metrics->min_mm[i] = fmin(metrics->min_mm[i], value);
            metrics->max_mm[i] = fmax(metrics->max_mm[i], value);
        }
}

/* Signed tetrahedra from the box's centre: far from the origin they would cancel badly. */
static void
measure_volume(const struct fa_mesh *mesh, struct fa_metrics *metrics)
{
    struct sum volume = {0, 0};
    struct sum area = {0, 0};
    struct sum moment[3] = {{0, 0}, {0, 0}, {0, 0}};
    double centre[3];

    for (int i = 0; i < 3; i++)
        centre[i] = (metrics->min_mm[i] + metrics->max_mm[i]) / 2;
    for (size_t f = 0; f < mesh->facet_count; f++) {
        double p[3][3], cross[3], six_volume;

        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 3; i++)
                p[j][i] = (double)mesh->vertices[mesh->facets[f][j]][i] - centre[i];
        for (int i = 0; i < 3; i++) {
            int k = (i + 1) % 3;
            int l = (i + 2) % 3;

            cross[i] = (p[1][k] - p[0][k]) * (p[2][l] - p[0][l]) -
                       (p[1][l] - p[0][l]) * (p[2][k] - p[0][k]);
        }
        six_volume = p[0][0] * cross[0] + p[0][1] * cross[1] + p[0][2] * cross[2];
        add(&volume, six_volume / 6);
        add(&area, sqrt(cross[0] * cross[0] + cross[1] * cross[1] + cross[2] * cross[2]) / 2);
        for (int i = 0; i < 3; i++)
            add(&moment[i], six_volume / 24 * (p[0][i] + p[1][i] + p[2][i]));
    }
    metrics->inverted = value_of(&volume) < 0;
    metrics->volume_mm3 = fabs(value_of(&volume));
    metrics->area_mm2 = value_of(&area);
    for (int i = 0; i < 3; i++) {
        double offset = metrics->volume_mm3 > 0 ? value_of(&moment[i]) / value_of(&volume) : 0;

        metrics->centre_of_mass_mm[i] = centre[i] + (isfinite(offset) ? offset : 0);
    }
}

static uint32_t
find_root(uint32_t *parents, uint32_t facet)
{
    while (parents[facet] != facet)
        facet = parents[facet] = parents[parents[facet]];
    return facet;
}

/* Pieces: facets joined over common edges. */
static int
count_shells(const struct fa_mesh *mesh, const struct fa_edges *edges, uint64_t *shells_r,
             struct fa_error *err)
{
    uint32_t *parents = malloc(mesh->facet_count * sizeof *parents);

    if (parents == NULL)
        return fa_error_set(err, FA_E_MEMORY, "shells of %zu facets", mesh->facet_count);
    for (size_t i = 0; i < mesh->facet_count; i++)
        parents[i] = (uint32_t)i;
    *shells_r = mesh->facet_count;
    for (size_t i = 0; i < edges->count; i++) {
        uint32_t one = find_root(parents, edges->list[i].facets[0]);
        uint32_t other = find_root(parents, edges->list[i].facets[1]);

        if (one != other) {
            parents[one > other ? one : other] = one < other ? one : other;
            --*shells_r;
        }
    }
    free(parents);
    return 0;
}

static void
count_defects(const struct fa_edges *edges, struct fa_metrics *metrics)
{
    for (size_t i = 0; i < edges->count; i++) {
        const struct fa_edge *edge = &edges->list[i];
        int uses = edge->forward + edge->backward;

        metrics->open_edges += uses == 1;
        metrics->non_manifold_edges += uses > 2;
        metrics->flipped_edges += uses == 2 && !fa_edge_is_sound(edge);
    }
    metrics->watertight =
        metrics->open_edges == 0 && metrics->non_manifold_edges == 0 && metrics->flipped_edges == 0;
}

int
fa_metrics_measure(const struct fa_mesh *mesh, const struct fa_edges *edges,
                   struct fa_metrics *metrics, struct fa_error *err)
{
    *metrics = (struct fa_metrics){.volume_mm3 = 0};
    measure_box(mesh, metrics);
    measure_volume(mesh, metrics);
    count_defects(edges, metrics);
    return count_shells(mesh, edges, &metrics->shells, err);
}
