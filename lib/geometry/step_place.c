#include "lib/geometry/step_place.h"
#include "lib/geometry/scene.h"

#include <math.h>
#include <string.h>

/* CARTESIAN_POINT or DIRECTION: 'name', (x, y, z) */
static bool
read_triple(const struct fa_step_index *index, uint64_t id, const char *keyword, double triple[3])
{
    struct fa_step_text text;

    if (!fa_step_index_enter(index, id, keyword, &text) || !fa_step_text_pass(&text, 1) ||
        !fa_step_text_take(&text, '('))
        return false;
    for (int k = 0; k < 3; k++)
        if ((k > 0 && !fa_step_text_take(&text, ',')) || !fa_step_text_number(&text, &triple[k]) ||
            !isfinite(triple[k]))
            return false;
    return true;
}

/* A direction, which may be left out: then it stays what it is. */
static bool
read_direction(const struct fa_step_index *index, struct fa_step_text *text, double direction[3])
{
    uint64_t id;

    if (!fa_step_text_take(text, ',') || fa_step_text_take(text, '$'))
        return true;
    return fa_step_text_reference(text, &id) && read_triple(index, id, "DIRECTION", direction);
}

/* Makes `vector` one long and upright on `other`; false when that is not possible. */
static bool
straighten(double vector[3], const double other[3])
{
    double along = 0;
    double square = 0;

    for (int k = 0; k < 3; k++)
        along += vector[k] * other[k];
    for (int k = 0; k < 3; k++) {
        vector[k] -= along * other[k];
        square += vector[k] * vector[k];
    }
    for (int k = 0; k < 3; k++)
        vector[k] /= sqrt(square);
    return square > 1e-12 && isfinite(square);
}

/* AXIS2_PLACEMENT_3D('', #location, #z, #x) as the matrix from its coordinates to the whole's. */
static bool
read_axes(const struct fa_step_index *index, uint64_t id, double matrix[3][4])
{
    static const double nothing[3] = {0, 0, 0};
    double place[3], z[3] = {0, 0, 1}, x[3] = {1, 0, 0};
    struct fa_step_text text;
    uint64_t point;

    if (!fa_step_index_enter(index, id, "AXIS2_PLACEMENT_3D", &text) ||
        !fa_step_text_pass(&text, 1) || !fa_step_text_reference(&text, &point) ||
        !read_triple(index, point, "CARTESIAN_POINT", place) || !read_direction(index, &text, z) ||
        !read_direction(index, &text, x) || !straighten(z, nothing))
        return false;
    if (!straighten(x, z)) {
        /* Left out, and the other one is where it would be. */
        memcpy(x, (const double[3]){0, 0, 1}, sizeof x);
        if (!straighten(x, z))
            return false;
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3;
        int k = (i + 2) % 3;

        matrix[i][0] = x[i];
        matrix[i][1] = z[j] * x[k] - z[k] * x[j];
        matrix[i][2] = z[i];
        matrix[i][3] = place[i];
    }
    return true;
}

/* ITEM_DEFINED_TRANSFORMATION('', '', #placement, #placement) */
static bool
read_operation(const struct fa_step_index *index, uint64_t id, double first[3][4],
               double second[3][4])
{
    struct fa_step_text text;
    uint64_t one, other;

    return fa_step_index_enter(index, id, "ITEM_DEFINED_TRANSFORMATION", &text) &&
           fa_step_text_pass(&text, 2) && fa_step_text_reference(&text, &one) &&
           fa_step_text_take(&text, ',') && fa_step_text_reference(&text, &other) &&
           read_axes(index, one, first) && read_axes(index, other, second);
}

bool
fa_step_place_read(const struct fa_step_index *index, uint64_t relation, double scale,
                   uint64_t *from_r, double matrix[3][4])
{
    const struct fa_step_instance *instance = fa_step_index_find(index, relation);
    struct fa_step_text ends, operation;
    double first[3][4], second[3][4], back[3][4];
    uint64_t id;

    if (instance == NULL)
        return false;
    ends = operation = fa_step_index_text(index, instance);
    if (!fa_step_text_part(&ends, "REPRESENTATION_RELATIONSHIP") || !fa_step_text_pass(&ends, 2) ||
        !fa_step_text_reference(&ends, from_r) ||
        !fa_step_text_part(&operation, "REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION") ||
        !fa_step_text_reference(&operation, &id) || !read_operation(index, id, first, second))
        return false;
    fa_matrix_undo(first, back);
    fa_matrix_multiply(second, back, matrix);
    for (int i = 0; i < 3; i++)
        matrix[i][3] *= scale;
    return true;
}
