#include "lib/geometry/metrics.h"
#include "lib/geometry/large.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is summed up for a piece: six times its volume, twice its area, and the moments of both. */
enum { VOLUME, AREA, MOMENT, SURFACE = MOMENT + 3, SUMS = SURFACE + 3, RUN = 64 };

struct sums {
    double totals[SUMS];
    double lost[SUMS]; /* what rounding would have lost */
};

struct piece {
    struct sums sums;
    double apex[3]; /* of the tetrahedra: the middle of what is open or odd, else a corner */
    float min[3], max[3];
    uint64_t facets, loose; /* corners of edges that belong to a hole */
    struct fa_defects defects;
    bool odd;   /* not every edge is sound */
    bool flips; /* facets had to be turned: which side is out, nobody knows */
};

/* All sums at once, without a branch (Knuth's two-sum), so that they are added side by side. */
static inline void
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
    const struct fa_shells *shells;
    struct fa_metrics *metrics;
    struct piece *pieces;
    uint32_t count; /* of pieces told apart: all, or 1 */
};

static uint32_t
number_of(const struct work *work, size_t facet)
{
    return work->count == work->shells->count ? work->shells->numbers[facet] : 0;
}

/* In a closed surface each edge is passed as often in one direction as in the other. */
static bool
is_loose(const struct fa_edge *edge)
{
    return edge->forward != edge->backward && edge->forward + edge->backward != 2;
}

static void
count_defect(const struct work *work, const struct fa_edge *edge, struct fa_defects *defects)
{
    const float *ends[2] = {work->mesh->vertices[edge->low], work->mesh->vertices[edge->high]};
    int uses = edge->forward + edge->backward;

    defects->non_manifold += uses > 2;
    defects->flipped += uses == 2;
    if (uses == 1 && defects->open++ == 0)
        for (int k = 0; k < 3; k++)
            defects->open_at_mm[k] = ((double)ends[0][k] + (double)ends[1][k]) / 2;
}

static void
count_defects(const struct work *work)
{
    for (size_t i = 0; i < work->shells->odd.count; i++) {
        const struct fa_edge *edge = &work->shells->odd.list[i];
        struct piece *piece = &work->pieces[number_of(work, edge->facets[0])];

        count_defect(work, edge, &piece->defects);
        count_defect(work, edge, &work->metrics->whole.defects);
        piece->odd = true;
        if (!is_loose(edge))
            continue;
        piece->loose += 2;
        for (int k = 0; k < 3; k++)
            piece->apex[k] += (double)work->mesh->vertices[edge->low][k] +
                              (double)work->mesh->vertices[edge->high][k];
    }
    work->metrics->whole.watertight = work->shells->odd.count == 0;
}

/* fminf and fmaxf are calls, for the sake of NaN. */
static inline void
widen(float min[3], float max[3], const float corner[3])
{
    for (int k = 0; k < 3; k++) {
        min[k] = corner[k] < min[k] ? corner[k] : min[k];
        max[k] = corner[k] > max[k] ? corner[k] : max[k];
    }
}

/* Boxes before sums: only where the surface is not sound does it matter where the apex is. */
static void
measure_boxes(const struct work *work)
{
    for (size_t f = 0; f < work->mesh->facet_count; f++) {
        struct piece *piece = &work->pieces[number_of(work, f)];

        for (int j = 0; j < 3; j++)
            widen(piece->min, piece->max, work->mesh->vertices[work->mesh->facets[f][j]]);
    }
}

static void
begin_pieces(const struct work *work)
{
    for (uint32_t i = 0; i < work->count; i++)
        for (int k = 0; k < 3; k++) {
            work->pieces[i].min[k] = INFINITY;
            work->pieces[i].max[k] = -INFINITY;
        }
    if (!work->metrics->whole.watertight)
        measure_boxes(work);
}

/* A facet is met for the first time of its piece. */
static void
choose_apex(const struct work *work, size_t facet, struct piece *piece)
{
    const float *corner = work->mesh->vertices[work->mesh->facets[facet][0]];

    for (int k = 0; k < 3; k++) {
        double middle = ((double)piece->min[k] + (double)piece->max[k]) / 2;

        piece->apex[k] = piece->loose > 0                  ? piece->apex[k] / (double)piece->loose
                         : work->metrics->whole.watertight ? (double)corner[k]
                                                           : middle;
    }
}

/* Tetrahedra over the facets.  Far from the origin they would cancel badly, so their apex is near;
 * over the middle of a hole they close it like a lid. */
static inline void
sum_facet(const double apex[3], const float *const corners[3], double sign, double sums[SUMS],
          float across[3])
{
    double q[3], u[3], v[3], n[3], six_volume, twice;

    for (int k = 0; k < 3; k++) {
        q[k] = (double)corners[0][k] - apex[k];
        u[k] = (double)corners[1][k] - (double)corners[0][k];
        v[k] = (double)corners[2][k] - (double)corners[0][k];
    }
    n[0] = u[1] * v[2] - u[2] * v[1];
    n[1] = u[2] * v[0] - u[0] * v[2];
    n[2] = u[0] * v[1] - u[1] * v[0];
    six_volume = sign * (q[0] * n[0] + q[1] * n[1] + q[2] * n[2]);
    twice = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    sums[VOLUME] += six_volume;
    sums[AREA] += twice;
    for (int k = 0; k < 3; k++) {
        double middle = 3 * q[k] + u[k] + v[k];

        sums[MOMENT + k] += six_volume * middle;
        sums[SURFACE + k] += twice * middle;
        across[k] = (float)n[k];
    }
}

/* Some facets of one piece: so few that rounding loses nothing, then the exact sum. */
static void
sum_run(const struct work *work, size_t from, size_t to, struct piece *piece)
{
    const float(*vertices)[3] = (const float(*)[3])work->mesh->vertices;
    double sums[SUMS] = {0};
    float min[3], max[3];

    memcpy(min, piece->min, sizeof min);
    memcpy(max, piece->max, sizeof max);
    for (size_t f = from; f < to; f++) {
        const uint32_t *facet = work->mesh->facets[f];
        const float *const corners[3] = {vertices[facet[0]], vertices[facet[1]],
                                         vertices[facet[2]]};
        bool turned = work->shells->turned[f];

        for (int j = 0; j < 3; j++)
            widen(min, max, corners[j]);
        piece->flips |= turned;
        sum_facet(piece->apex, corners, turned ? -1 : 1, sums, work->metrics->across[f]);
    }
    memcpy(piece->min, min, sizeof min);
    memcpy(piece->max, max, sizeof max);
    piece->facets += to - from;
    add(&piece->sums, sums);
}

static void
sum_facets(const struct work *work)
{
    size_t count = work->mesh->facet_count;

    for (size_t f = 0; f < count;) {
        uint32_t number = number_of(work, f);
        struct piece *piece = &work->pieces[number];
        size_t end = f + 1;

        while (end < count && end - f < RUN && number_of(work, end) == number)
            end++;
        if (piece->facets == 0)
            choose_apex(work, f, piece);
        sum_run(work, f, end, piece);
        f = end;
    }
}

/* --- from pieces to the whole -------------------------------------------------------------------
 */

static bool
contains(const struct fa_solid *outer, const struct fa_solid *inner)
{
    for (int k = 0; k < 3; k++)
        if (inner->min_mm[k] < outer->min_mm[k] || inner->max_mm[k] > outer->max_mm[k])
            return false;
    return true;
}

static void
conclude_piece(const struct piece *from, uint32_t shell, struct fa_solid *to)
{
    double volume = value_of(from, VOLUME) / 6;
    double area = value_of(from, AREA) / 2;
    double box = 1;
    bool inside = volume != 0;

    *to = (struct fa_solid){.area_mm2 = area,
                            .facets = from->facets,
                            .defects = from->defects,
                            .watertight = !from->odd,
                            .shell = shell};
    for (int k = 0; k < 3; k++) {
        double moment = value_of(from, MOMENT + k) / 24;
        double centre = from->apex[k] + moment / (volume != 0 ? volume : 1);

        to->min_mm[k] = (double)from->min[k];
        to->max_mm[k] = (double)from->max[k];
        to->centre_mm[k] = centre;
        box *= to->max_mm[k] - to->min_mm[k];
        inside &= centre >= to->min_mm[k] && centre <= to->max_mm[k];
    }
    /* An open surface may wind so that its lids count more than once. */
    to->volume_mm3 = fmin(fabs(volume), box);
    for (int k = 0; !inside && k < 3; k++)
        to->centre_mm[k] =
            area > 0 ? from->apex[k] + value_of(from, SURFACE + k) / 6 / area : to->min_mm[k];
}

static int
by_volume(const void *one, const void *other)
{
    const struct fa_solid *a = one;
    const struct fa_solid *b = other;

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
        struct fa_solid *piece = &metrics->pieces[i];
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
    struct fa_solid *whole = &metrics->whole;
    double volume = 0;
    double moment[3] = {0, 0, 0};
    double surface[3] = {0, 0, 0};
    bool inside = true;

    for (size_t i = 0; i < metrics->piece_count; i++) {
        const struct fa_solid *piece = &metrics->pieces[i];
        double share = piece->cavity ? -piece->volume_mm3 : piece->volume_mm3;

        volume += share;
        whole->area_mm2 += piece->area_mm2;
        whole->facets += piece->facets;
        for (int k = 0; k < 3; k++) {
            moment[k] += share * piece->centre_mm[k];
            surface[k] += piece->area_mm2 * piece->centre_mm[k];
            whole->min_mm[k] = i == 0 ? piece->min_mm[k] : fmin(whole->min_mm[k], piece->min_mm[k]);
            whole->max_mm[k] = i == 0 ? piece->max_mm[k] : fmax(whole->max_mm[k], piece->max_mm[k]);
        }
    }
    whole->volume_mm3 = fmax(0, volume);
    for (int k = 0; k < 3; k++) {
        whole->centre_mm[k] = moment[k] / volume;
        inside &=
            whole->centre_mm[k] >= whole->min_mm[k] && whole->centre_mm[k] <= whole->max_mm[k];
    }
    for (int k = 0; !inside && k < 3; k++)
        whole->centre_mm[k] = whole->area_mm2 > 0 ? surface[k] / whole->area_mm2 : whole->min_mm[k];
}

static bool
is_closed(const struct piece *piece)
{
    return piece->loose == 0 && !piece->flips;
}

static void
conclude(const struct work *work)
{
    struct fa_metrics *metrics = work->metrics;
    double total = 0;

    for (uint32_t i = 0; i < work->count; i++) {
        conclude_piece(&work->pieces[i], i, &metrics->pieces[i]);
        if (is_closed(&work->pieces[i]))
            total += value_of(&work->pieces[i], VOLUME);
    }
    metrics->inverted = total < 0;
    for (uint32_t i = 0; i < work->count; i++)
        metrics->pieces[i].cavity = is_closed(&work->pieces[i]) &&
                                    (value_of(&work->pieces[i], VOLUME) < 0) != metrics->inverted;
    qsort(metrics->pieces, metrics->piece_count, sizeof *metrics->pieces, by_volume);
    find_cavities(metrics);
    sum_pieces(metrics);
}

int
fa_metrics_measure(const struct fa_mesh *mesh, const struct fa_shells *shells,
                   struct fa_metrics *metrics, struct fa_error *err)
{
    struct work work = {.mesh = mesh,
                        .shells = shells,
                        .metrics = metrics,
                        .count = shells->count <= FA_PIECES_MAX ? shells->count : 1};

    work.pieces = calloc(work.count, sizeof *work.pieces);
    *metrics = (struct fa_metrics){
        .shells = shells->count,
        .pieces = malloc(work.count * sizeof *metrics->pieces),
        .piece_count = work.count,
        .across = fa_large_alloc(mesh->facet_count, sizeof *metrics->across),
    };
    if (work.pieces != NULL && metrics->pieces != NULL && metrics->across != NULL) {
        count_defects(&work);
        begin_pieces(&work);
        sum_facets(&work);
        conclude(&work);
    } else {
        fa_metrics_free(metrics);
        fa_error_set(err, FA_E_MEMORY, "figures of %u pieces", (unsigned)work.count);
    }
    free(work.pieces);
    return metrics->pieces != NULL ? 0 : -1;
}

void
fa_metrics_free(struct fa_metrics *metrics)
{
    free(metrics->pieces);
    free(metrics->numbers);
    free(metrics->across);
    *metrics = (struct fa_metrics){.pieces = NULL};
}
