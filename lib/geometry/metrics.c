#include "lib/geometry/metrics.h"
#include "lib/geometry/shells.h"

#include <math.h>
#include <stdlib.h>

/* What is summed up for a piece: volume, area, and the moments of both. */
enum { VOLUME, AREA, MOMENT, SURFACE = MOMENT + 3, SUMS = SURFACE + 3 };

struct sums {
    double totals[SUMS];
    double lost[SUMS]; /* what rounding would have lost */
};

struct piece {
    struct sums sums;
    double apex[3]; /* of the tetrahedra: the middle of what is open, else of the box */
    double min[3], max[3];
    uint64_t facets, loose; /* corners of edges that belong to a hole */
    bool flips;             /* facets had to be turned: which side is out, nobody knows */
};

/* All sums at once, without a branch (Knuth's two-sum), so that they are added side by side. */
static void
add(struct sums *sums, const double values[SUMS])
{
    for (int i = 0; i < SUMS; i++) {
        double total = sums->totals[i] + values[i];
        double added = total - sums->totals[i];

        sums->lost[i] += (sums->totals[i] - (total - added)) + (values[i] - added);
        sums->totals[i] = total;
    }
}

static double
value_of(const struct piece *piece, int number)
{
    return piece->sums.totals[number] + piece->sums.lost[number];
}

struct work {
    const struct fa_mesh *mesh;
    const struct fa_edges *edges;
    struct fa_metrics *metrics;
    struct fa_shells shells;
    struct piece *pieces;
    uint32_t count; /* of pieces told apart: all, or 1 */
};

static struct piece *
piece_of(const struct work *work, size_t facet)
{
    return &work->pieces[work->count == work->shells.count ? work->shells.numbers[facet] : 0];
}

/* In a closed surface each edge is passed as often in one direction as in the other. */
static bool
is_loose(const struct fa_edge *edge)
{
    return edge->forward != edge->backward && edge->forward + edge->backward != 2;
}

/* fminf is a call, for the sake of NaN. */
static float
least(float a, float b, float c)
{
    a = a < b ? a : b;
    return a < c ? a : c;
}

static float
most(float a, float b, float c)
{
    a = a > b ? a : b;
    return a > c ? a : c;
}

static void
measure_boxes(const struct work *work)
{
    for (uint32_t i = 0; i < work->count; i++)
        for (int k = 0; k < 3; k++) {
            work->pieces[i].min[k] = INFINITY;
            work->pieces[i].max[k] = -INFINITY;
        }
    for (size_t f = 0; f < work->mesh->facet_count; f++) {
        const uint32_t *facet = work->mesh->facets[f];
        struct piece *piece = piece_of(work, f);

        piece->facets++;
        piece->flips |= work->shells.turned[f];
        for (int k = 0; k < 3; k++) {
            float a = work->mesh->vertices[facet[0]][k];
            float b = work->mesh->vertices[facet[1]][k];
            float c = work->mesh->vertices[facet[2]][k];
            double low = (double)least(a, b, c);
            double high = (double)most(a, b, c);

            piece->min[k] = low < piece->min[k] ? low : piece->min[k];
            piece->max[k] = high > piece->max[k] ? high : piece->max[k];
        }
    }
}

static void
count_defects(const struct work *work)
{
    struct fa_metrics *metrics = work->metrics;

    for (size_t i = 0; i < work->edges->count; i++) {
        const struct fa_edge *edge = &work->edges->list[i];
        const float *ends[2] = {work->mesh->vertices[edge->low], work->mesh->vertices[edge->high]};
        struct piece *piece = piece_of(work, edge->facets[0]);
        int uses = edge->forward + edge->backward;

        if (uses == 1 && metrics->open_edges++ == 0)
            for (int k = 0; k < 3; k++)
                metrics->open_at_mm[k] = ((double)ends[0][k] + (double)ends[1][k]) / 2;
        metrics->non_manifold_edges += uses > 2;
        metrics->flipped_edges += uses == 2 && !fa_edge_is_sound(edge);
        if (!is_loose(edge))
            continue;
        piece->loose += 2;
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 3; k++)
                piece->apex[k] += (double)ends[j][k];
    }
    metrics->watertight =
        metrics->open_edges == 0 && metrics->non_manifold_edges == 0 && metrics->flipped_edges == 0;
}

/* Tetrahedra over the facets.  Far from the origin they would cancel badly, so their apex is near;
 * over the middle of a hole they close it like a lid. */
static void
sum_facet(const struct piece *piece, const double p[3][3], bool turned, struct sums *sums)
{
    double sign = turned ? -1 : 1;
    double q[3][3], cross[3], values[SUMS], six_volume, area;

    for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++)
            q[j][k] = p[j][k] - piece->apex[k];
    for (int i = 0; i < 3; i++) {
        int k = (i + 1) % 3;
        int l = (i + 2) % 3;

        cross[i] =
            (q[1][k] - q[0][k]) * (q[2][l] - q[0][l]) - (q[1][l] - q[0][l]) * (q[2][k] - q[0][k]);
    }
    six_volume = sign * (q[0][0] * cross[0] + q[0][1] * cross[1] + q[0][2] * cross[2]);
    area = sqrt(cross[0] * cross[0] + cross[1] * cross[1] + cross[2] * cross[2]) / 2;
    values[VOLUME] = six_volume / 6;
    values[AREA] = area;
    for (int i = 0; i < 3; i++) {
        double middle = q[0][i] + q[1][i] + q[2][i];

        values[MOMENT + i] = six_volume / 24 * middle;
        values[SURFACE + i] = area / 3 * middle;
    }
    add(sums, values);
}

static void
sum_facets(const struct work *work)
{
    for (uint32_t i = 0; i < work->count; i++)
        for (int k = 0; k < 3; k++)
            work->pieces[i].apex[k] = work->pieces[i].loose > 0
                                          ? work->pieces[i].apex[k] / (double)work->pieces[i].loose
                                          : (work->pieces[i].min[k] + work->pieces[i].max[k]) / 2;
    for (size_t f = 0; f < work->mesh->facet_count;) {
        struct piece *piece = piece_of(work, f);
        struct sums sums = piece->sums; /* near at hand while facets are of one piece */

        for (; f < work->mesh->facet_count && piece_of(work, f) == piece; f++) {
            double p[3][3];

            for (int j = 0; j < 3; j++)
                for (int k = 0; k < 3; k++)
                    p[j][k] = (double)work->mesh->vertices[work->mesh->facets[f][j]][k];
            sum_facet(piece, p, work->shells.turned[f], &sums);
        }
        piece->sums = sums;
    }
}

/* --- from pieces to the whole -------------------------------------------------------------------
 */

static bool
contains(const struct fa_piece *outer, const struct fa_piece *inner)
{
    for (int k = 0; k < 3; k++)
        if (inner->min_mm[k] < outer->min_mm[k] || inner->max_mm[k] > outer->max_mm[k])
            return false;
    return true;
}

static void
conclude_piece(const struct piece *from, struct fa_piece *to)
{
    double volume = value_of(from, VOLUME);
    double area = value_of(from, AREA);
    double box = 1;
    bool inside = volume != 0;

    *to = (struct fa_piece){.area_mm2 = area, .facets = from->facets, .closed = from->loose == 0};
    for (int k = 0; k < 3; k++) {
        double centre = from->apex[k] + value_of(from, MOMENT + k) / (volume != 0 ? volume : 1);

        to->min_mm[k] = from->min[k];
        to->max_mm[k] = from->max[k];
        to->centre_mm[k] = centre;
        box *= from->max[k] - from->min[k];
        inside &= centre >= from->min[k] && centre <= from->max[k];
    }
    /* An open surface may wind so that its lids count more than once. */
    to->volume_mm3 = fmin(fabs(volume), box);
    for (int k = 0; !inside && k < 3; k++)
        to->centre_mm[k] =
            area > 0 ? from->apex[k] + value_of(from, SURFACE + k) / area : from->min[k];
}

static int
by_volume(const void *one, const void *other)
{
    const struct fa_piece *a = one;
    const struct fa_piece *b = other;

    if (a->volume_mm3 != b->volume_mm3)
        return a->volume_mm3 < b->volume_mm3 ? 1 : -1;
    return a->facets < b->facets ? 1 : a->facets > b->facets ? -1 : 0;
}

/* An inward piece is a cavity when a larger outward one is around it; else it is a body that was
 * written inside out. */
static void
find_cavities(struct fa_metrics *metrics)
{
    for (size_t i = 0; i < metrics->piece_count; i++) {
        struct fa_piece *piece = &metrics->pieces[i];
        bool around = false;

        if (!piece->cavity)
            continue;
        for (size_t j = 0; j < i && !around; j++)
            around = !metrics->pieces[j].cavity && contains(&metrics->pieces[j], piece);
        piece->cavity = around;
        metrics->inverted_shells += !around;
    }
}

static void
sum_pieces(struct fa_metrics *metrics)
{
    double volume = 0;
    double moment[3] = {0, 0, 0};
    double surface[3] = {0, 0, 0};
    bool inside = true;

    for (size_t i = 0; i < metrics->piece_count; i++) {
        const struct fa_piece *piece = &metrics->pieces[i];
        double share = piece->cavity ? -piece->volume_mm3 : piece->volume_mm3;

        volume += share;
        metrics->area_mm2 += piece->area_mm2;
        for (int k = 0; k < 3; k++) {
            moment[k] += share * piece->centre_mm[k];
            surface[k] += piece->area_mm2 * piece->centre_mm[k];
            metrics->min_mm[k] =
                i == 0 ? piece->min_mm[k] : fmin(metrics->min_mm[k], piece->min_mm[k]);
            metrics->max_mm[k] =
                i == 0 ? piece->max_mm[k] : fmax(metrics->max_mm[k], piece->max_mm[k]);
        }
    }
    metrics->volume_mm3 = fmax(0, volume);
    for (int k = 0; k < 3; k++) {
        metrics->centre_of_mass_mm[k] = moment[k] / volume;
        inside &= metrics->centre_of_mass_mm[k] >= metrics->min_mm[k] &&
                  metrics->centre_of_mass_mm[k] <= metrics->max_mm[k];
    }
    for (int k = 0; !inside && k < 3; k++)
        metrics->centre_of_mass_mm[k] =
            metrics->area_mm2 > 0 ? surface[k] / metrics->area_mm2 : metrics->min_mm[k];
}

static void
conclude(const struct work *work)
{
    struct fa_metrics *metrics = work->metrics;
    double total = 0;

    for (uint32_t i = 0; i < work->count; i++) {
        conclude_piece(&work->pieces[i], &metrics->pieces[i]);
        if (metrics->pieces[i].closed && !work->pieces[i].flips)
            total += value_of(&work->pieces[i], VOLUME);
    }
    metrics->inverted = total < 0;
    for (uint32_t i = 0; i < work->count; i++)
        metrics->pieces[i].cavity = metrics->pieces[i].closed && !work->pieces[i].flips &&
                                    (value_of(&work->pieces[i], VOLUME) < 0) != metrics->inverted;
    qsort(metrics->pieces, metrics->piece_count, sizeof *metrics->pieces, by_volume);
    find_cavities(metrics);
    sum_pieces(metrics);
}

int
fa_metrics_measure(const struct fa_mesh *mesh, const struct fa_edges *edges,
                   struct fa_metrics *metrics, struct fa_error *err)
{
    struct work work = {.mesh = mesh, .edges = edges, .metrics = metrics};

    *metrics = (struct fa_metrics){.volume_mm3 = 0};
    if (fa_shells_build(mesh, edges, &work.shells, err) < 0)
        return -1;
    metrics->shells = work.shells.count;
    work.count = work.shells.count <= FA_PIECES_MAX ? work.shells.count : 1;
    work.pieces = calloc(work.count, sizeof *work.pieces);
    metrics->pieces = malloc(work.count * sizeof *metrics->pieces);
    metrics->piece_count = work.count;
    if (work.pieces != NULL && metrics->pieces != NULL) {
        measure_boxes(&work);
        count_defects(&work);
        sum_facets(&work);
        conclude(&work);
    } else {
        fa_metrics_free(metrics);
        fa_error_set(err, FA_E_MEMORY, "figures of %u pieces", (unsigned)work.count);
    }
    free(work.pieces);
    fa_shells_free(&work.shells);
    return metrics->pieces != NULL ? 0 : -1;
}

void
fa_metrics_free(struct fa_metrics *metrics)
{
    free(metrics->pieces);
    *metrics = (struct fa_metrics){.pieces = NULL};
}
