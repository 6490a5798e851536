/* The oriented box: along the directions of the part's large faces, which for made parts are those
 * of the smallest box or near it. */
#include "lib/geometry/survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 12, TABLE = 4096, SAMPLES = 8000, COARSE = 16 };

/* Facets of nearly the same direction, up to the sign. */
struct direction {
    double area;
    double sum[3];
};

static void
cross(const double a[3], const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

static double
dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static bool
normalise(double vector[3])
{
    double length = sqrt(dot(vector, vector));

    double scale = length > 0 ? 1 / length : 0;

    for (int i = 0; i < 3; i++)
        vector[i] *= scale;
    return length > 0;
}

/* The bucket of a direction: opposite ones share it. */
static size_t
bucket_of(double normal[3])
{
    double largest = fabs(normal[0]) > fabs(normal[1]) ? normal[0] : normal[1];
    unsigned key = 0;

    largest = fabs(normal[2]) > fabs(largest) ? normal[2] : largest;
    for (int i = 0; i < 3; i++) {
        normal[i] = largest < 0 ? -normal[i] : normal[i];
        key = key * 211 + (unsigned)((normal[i] + 1) * 100 + 0.5);
    }
    return key * 2654435761U >> 20;
}

static void
collect(const float (*across)[3], size_t count, struct direction *table)
{
    for (size_t f = 0; f < count; f++) {
        double normal[3] = {(double)across[f][0], (double)across[f][1], (double)across[f][2]};
        double area = sqrt(dot(normal, normal));
        struct direction *direction;

        if (!(area > 0) || !isfinite(area))
            continue;
        for (int k = 0; k < 3; k++)
            normal[k] /= area;
        direction = &table[bucket_of(normal)];
        direction->area += area;
        for (int k = 0; k < 3; k++)
            direction->sum[k] += area * normal[k];
    }
}

/* The largest of the table, and takes it out: cheaper than to sort all for a dozen. */
static struct direction
take_largest(struct direction *table)
{
    struct direction *largest = table;
    struct direction taken;

    for (struct direction *d = table + 1; d < table + TABLE; d++)
        if (d->area > largest->area)
            largest = d;
    taken = *largest;
    largest->area = 0;
    return taken;
}

/* A box around the vertices along three axes; every `stride`-th vertex counts. */
static double
box_along(const struct fa_mesh *mesh, const double axes[3][3], size_t stride, double min[3],
          double max[3])
{
    for (int i = 0; i < 3; i++) {
        min[i] = INFINITY;
        max[i] = -INFINITY;
    }
    for (size_t v = 0; v < mesh->vertex_count; v += stride)
        for (int i = 0; i < 3; i++) {
            double along = axes[i][0] * (double)mesh->vertices[v][0] +
                           axes[i][1] * (double)mesh->vertices[v][1] +
                           axes[i][2] * (double)mesh->vertices[v][2];

            min[i] = along < min[i] ? along : min[i];
            max[i] = along > max[i] ? along : max[i];
        }
    return (max[0] - min[0]) * (max[1] - min[1]) * (max[2] - min[2]);
}

/* Three axes from two directions; false when they are nearly one. */
static bool
make_axes(const double first[3], const double second[3], double axes[3][3])
{
    double along = dot(first, second);

    if (fabs(along) > 0.999)
        return false;
    for (int k = 0; k < 3; k++) {
        axes[0][k] = first[k];
        axes[1][k] = second[k] - along * first[k];
    }
    if (!normalise(axes[1]))
        return false;
    cross(axes[0], axes[1], axes[2]);
    return true;
}

static void
put_box(const struct fa_mesh *mesh, const double axes[3][3], struct fa_survey *survey)
{
    int order[3] = {0, 1, 2};
    double min[3], max[3];

    box_along(mesh, axes, 1, min, max);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2 - i; j++)
            if (max[order[j]] - min[order[j]] < max[order[j + 1]] - min[order[j + 1]]) {
                int spare = order[j];

                order[j] = order[j + 1];
                order[j + 1] = spare;
            }
    for (int i = 0; i < 3; i++) {
        survey->box_mm[i] = max[order[i]] - min[order[i]];
        memcpy(survey->box_axes[i], axes[order[i]], sizeof survey->box_axes[i]);
        survey->box_centre_mm[i] = 0;
        for (int k = 0; k < 3; k++)
            survey->box_centre_mm[i] += (min[k] + max[k]) / 2 * axes[k][i];
    }
}

/* The directions of the largest faces, then the axes; returns how many. -1: FA_E_MEMORY. */
static int
choose_directions(const float (*across)[3], size_t facets, double directions[DIRECTIONS + 3][3],
                  struct fa_error *err)
{
    struct direction *table = calloc(TABLE, sizeof *table);
    int count = 0;

    if (table == NULL)
        return fa_error_set(err, FA_E_MEMORY, "oriented box");
    collect(across, facets, table);
    for (int i = 0; i < DIRECTIONS; i++) {
        struct direction largest = take_largest(table);

        if (largest.area > 0 && normalise(largest.sum))
            memcpy(directions[count++], largest.sum, sizeof directions[0]);
    }
    free(table);
    for (int i = 0; i < 3; i++, count++)
        for (int k = 0; k < 3; k++)
            directions[count][k] = i == k;
    return count;
}

int
fa_survey_box(const struct fa_mesh *mesh, const float (*across)[3], struct fa_survey *survey,
              struct fa_error *err)
{
    size_t stride = mesh->vertex_count / SAMPLES + 1;
    double directions[DIRECTIONS + 3][3];
    double best[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double min[3], max[3], smallest;
    int count = choose_directions(across, mesh->facet_count, directions, err);

    if (count < 0)
        return -1;
    smallest = box_along(mesh, best, stride, min, max);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            double enough = smallest * (1 - 1e-6);
            double axes[3][3];
            double volume;

            /* Only what is really smaller: ties keep the axes as they are.  What is not smaller
             * around some of the vertices is not around more. */
            if (i == j || !make_axes(directions[i], directions[j], axes) ||
                !(box_along(mesh, axes, COARSE * stride, min, max) < enough))
                continue;
            volume = box_along(mesh, axes, stride, min, max);
            if (volume < enough) {
                smallest = volume;
                memcpy(best, axes, sizeof best);
            }
        }
    put_box(mesh, best, survey);
    return 0;
}
