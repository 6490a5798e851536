#include "lib/geometry/figures.h"
#include "lib/geometry/measured.h"
#include "lib/geometry/mesh_close.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double validation_tolerance = 1e-3;

void
fa_figures_note(struct fa_figures *figures, const char *fmt, ...)
{
    va_list args;

    if (figures->note_count == FA_FIGURE_NOTES)
        return;
    va_start(args, fmt);
    vsnprintf(figures->notes[figures->note_count++], FA_FIGURE_NOTE, fmt, args);
    va_end(args);
}

/* --- bodies -------------------------------------------------------------------------------------
 */

/* A mesh that is alone may be told by its pieces. */
static int
measure_body(const struct fa_measured *measured, struct fa_body *body, struct fa_metrics *metrics,
             struct fa_error *err)
{
    struct fa_shells shells;
    int result = 0;

    if (body->mesh.facet_count == 0)
        return 0;
    if (fa_shells_build(&body->mesh, &shells, err) < 0)
        return -1;
    if (!body->exact.known)
        result = fa_mesh_close(&body->mesh, &shells, err);
    if (result == 0)
        result = fa_metrics_measure(&body->mesh, &shells, metrics, err);
    if (result == 0 && metrics->piece_count > 1 && !body->exact.known &&
        measured->figures->body_count == 1) {
        metrics->numbers = shells.numbers;
        shells.numbers = NULL;
    }
    fa_shells_free(&shells);
    return result;
}

static void
release(struct fa_measured *measured)
{
    for (size_t s = 0; measured->shapes != NULL && s < measured->scene->shape_count; s++) {
        struct fa_metrics *metrics = measured->shapes[s].metrics;

        for (size_t b = 0; metrics != NULL && b < measured->scene->shapes[s].body_count; b++)
            fa_metrics_free(&metrics[b]);
        free(metrics);
    }
    free(measured->shapes);
}

static int
measure_bodies(struct fa_measured *measured, struct fa_scene *scene, struct fa_error *err)
{
    measured->shapes = calloc(scene->shape_count + 1, sizeof *measured->shapes);
    if (measured->shapes == NULL)
        return fa_error_set(err, FA_E_MEMORY, "figures");
    for (size_t n = 0; n < scene->node_count; n++)
        if (scene->nodes[n].shape >= 0)
            measured->figures->body_count += scene->shapes[scene->nodes[n].shape].body_count;
    for (size_t s = 0; s < scene->shape_count; s++) {
        struct fa_shape *shape = &scene->shapes[s];
        struct fa_metrics *metrics = calloc(shape->body_count + 1, sizeof *metrics);

        measured->shapes[s].metrics = metrics;
        if (metrics == NULL)
            return fa_error_set(err, FA_E_MEMORY, "figures");
        for (size_t b = 0; b < shape->body_count; b++)
            if (measure_body(measured, &shape->bodies[b], &metrics[b], err) < 0)
                return -1;
    }
    return 0;
}

/* --- placing ------------------------------------------------------------------------------------
 */

/* True when the matrix only swaps and turns round the axes, so that a box stays one. */
static bool
keeps_boxes(const double matrix[3][4])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double size = fabs(matrix[i][j]);

            if (size > 1e-12 && fabs(size - 1) > 1e-12)
                return false;
        }
    return true;
}

static void
widen(double min[3], double max[3], const double point[3])
{
    for (int k = 0; k < 3; k++) {
        min[k] = point[k] < min[k] ? point[k] : min[k];
        max[k] = point[k] > max[k] ? point[k] : max[k];
    }
}

/* The box of what is placed: its own box turned, or where that would be too large the mesh's. */
static void
place_box(const struct fa_mesh *mesh, const double matrix[3][4], struct fa_solid *solid)
{
    const double corners[2][3] = {{solid->min_mm[0], solid->min_mm[1], solid->min_mm[2]},
                                  {solid->max_mm[0], solid->max_mm[1], solid->max_mm[2]}};
    double placed[3];

    for (int k = 0; k < 3; k++) {
        solid->min_mm[k] = INFINITY;
        solid->max_mm[k] = -INFINITY;
    }
    for (int i = 0; keeps_boxes(matrix) && i < 2; i++) {
        fa_matrix_apply(matrix, corners[i], placed);
        widen(solid->min_mm, solid->max_mm, placed);
    }
    for (size_t v = 0; !keeps_boxes(matrix) && v < mesh->vertex_count; v++) {
        const double vertex[3] = {(double)mesh->vertices[v][0], (double)mesh->vertices[v][1],
                                  (double)mesh->vertices[v][2]};

        fa_matrix_apply(matrix, vertex, placed);
        widen(solid->min_mm, solid->max_mm, placed);
    }
}

/* A placement may scale; in all directions alike, or the area is an estimate. */
static void
place(const double matrix[3][4], struct fa_solid *solid)
{
    double scale = fa_matrix_scale(matrix);
    double centre[3], open[3];

    fa_matrix_apply(matrix, solid->centre_mm, centre);
    memcpy(solid->centre_mm, centre, sizeof centre);
    fa_matrix_apply(matrix, solid->defects.open_at_mm, open);
    memcpy(solid->defects.open_at_mm, open, sizeof open);
    solid->volume_mm3 *= scale * scale * scale;
    solid->area_mm2 *= scale * scale;
}

/* The first that says something: many files name only the product, or only its place. */
static const char *
name_of(const char *body, const char *shape, const char *node)
{
    if (body != NULL && body[0] != '\0')
        return body;
    return shape != NULL && shape[0] != '\0' ? shape : node;
}

/* A body's figures where it is placed: the exact ones where there are any. */
static struct fa_figure_body
place_body(const struct fa_body *body, const struct fa_metrics *metrics, const double matrix[3][4])
{
    const struct fa_exact *exact = &body->exact;
    double scale = fa_matrix_scale(matrix);
    struct fa_figure_body placed = {.solid = metrics->whole,
                                    .faces = exact->faces,
                                    .smallest_hole_mm = scale * exact->smallest_hole_mm,
                                    .smallest_radius_mm = scale * exact->smallest_radius_mm};
    struct fa_solid *solid = &placed.solid;

    if (exact->known) {
        solid->volume_mm3 = exact->volume_mm3;
        solid->area_mm2 = exact->area_mm2;
        memcpy(solid->centre_mm, exact->centre_mm, sizeof solid->centre_mm);
        memcpy(solid->min_mm, exact->min_mm, sizeof solid->min_mm);
        memcpy(solid->max_mm, exact->max_mm, sizeof solid->max_mm);
    }
    place_box(&body->mesh, matrix, solid);
    place(matrix, solid);
    return placed;
}

/* --- adding up ----------------------------------------------------------------------------------
 */

static void
take_smaller(double *value, double other)
{
    if (other > 0 && (*value == 0 || other < *value))
        *value = other;
}

static void
add_defects(struct fa_defects *defects, const struct fa_defects *more)
{
    if (defects->open == 0)
        memcpy(defects->open_at_mm, more->open_at_mm, sizeof defects->open_at_mm);
    defects->open += more->open;
    defects->non_manifold += more->non_manifold;
    defects->flipped += more->flipped;
}

/* Adds a placed body to the whole; the sum of centres becomes a mean at the end. */
static void
add_body(struct fa_figure_body *whole, const struct fa_figure_body *body)
{
    const struct fa_solid *solid = &body->solid;

    whole->solid.volume_mm3 += solid->volume_mm3;
    whole->solid.area_mm2 += solid->area_mm2;
    for (int k = 0; k < 3; k++)
        whole->solid.centre_mm[k] += solid->volume_mm3 * solid->centre_mm[k];
    widen(whole->solid.min_mm, whole->solid.max_mm, solid->min_mm);
    widen(whole->solid.min_mm, whole->solid.max_mm, solid->max_mm);
    whole->solid.facets += solid->facets;
    add_defects(&whole->solid.defects, &solid->defects);
    whole->solid.watertight &= solid->watertight;
    whole->faces += body->faces;
    take_smaller(&whole->smallest_hole_mm, body->smallest_hole_mm);
    take_smaller(&whole->smallest_radius_mm, body->smallest_radius_mm);
}

static void
list(struct fa_measured *measured, const struct fa_body *body, const struct fa_metrics *metrics,
     const double matrix[3][4])
{
    struct fa_listed *listed = &measured->listed[measured->figures->listed_count++];
    uint32_t owner = 0;

    *listed = (struct fa_listed){.body = body, .metrics = metrics};
    memcpy(listed->matrix, matrix, sizeof listed->matrix);
    while (measured->listed[owner].body != body)
        owner++;
    listed->owner = owner;
}

/* Of every body, and lists the first. */
static void
place_all(struct fa_measured *measured)
{
    struct fa_figures *figures = measured->figures;
    const struct fa_scene *scene = measured->scene;

    for (size_t n = 0; n < scene->node_count; n++) {
        int32_t shape = scene->nodes[n].shape;
        double matrix[3][4], scale;

        if (shape < 0)
            continue;
        fa_scene_place(scene, n, matrix);
        scale = fa_matrix_scale(matrix);
        measured->shapes[shape].times += scale * scale;
        for (size_t b = 0; b < scene->shapes[shape].body_count; b++) {
            const struct fa_body *body = &scene->shapes[shape].bodies[b];
            const struct fa_metrics *metrics = &measured->shapes[shape].metrics[b];
            const struct fa_figure_body placed = place_body(body, metrics, matrix);

            add_body(&figures->whole, &placed);
            figures->inverted |= metrics->inverted;
            figures->shells += metrics->shells;
            figures->inverted_shells += metrics->inverted_shells;
            figures->degenerate += body->mesh.degenerate;
            figures->exact &= body->exact.known;
            if (figures->listed_count < FA_FIGURE_BODIES) {
                figures->bodies[figures->listed_count] = placed;
                figures->bodies[figures->listed_count].name =
                    name_of(body->name, scene->shapes[shape].name, scene->nodes[n].name);
                list(measured, body, metrics, matrix);
            }
        }
    }
}

/* A mesh has no bodies; its pieces stand for them. */
static void
list_pieces(struct fa_measured *measured)
{
    struct fa_figures *figures = measured->figures;
    const struct fa_listed all = measured->listed[0];
    size_t count = all.metrics->piece_count;

    figures->body_count = (size_t)figures->shells;
    if (all.metrics->numbers == NULL)
        return;
    figures->listed_count = count < FA_FIGURE_BODIES ? count : FA_FIGURE_BODIES;
    for (uint32_t i = 0; i < figures->listed_count; i++) {
        measured->listed[i] = all;
        measured->listed[i].piece = &all.metrics->pieces[i];
        measured->listed[i].owner = i;
        figures->bodies[i] = (struct fa_figure_body){.solid = all.metrics->pieces[i]};
        place(all.matrix, &figures->bodies[i].solid);
    }
}

static void
conclude(struct fa_measured *measured)
{
    struct fa_figures *figures = measured->figures;
    struct fa_solid *whole = &figures->whole.solid;

    for (int k = 0; k < 3; k++) {
        whole->centre_mm[k] /= whole->volume_mm3;
        if (!(whole->volume_mm3 > 0) || !isfinite(whole->centre_mm[k]))
            whole->centre_mm[k] = (whole->min_mm[k] + whole->max_mm[k]) / 2;
    }
    if (figures->body_count != 1)
        return;
    *whole = figures->bodies[0].solid;
    if (!figures->exact)
        list_pieces(measured);
}

int
fa_figures_measure(struct fa_scene *scene, struct fa_figures *figures, struct fa_error *err)
{
    struct fa_measured measured = {.scene = scene, .figures = figures};
    struct fa_solid *whole = &figures->whole.solid;
    int result;

    *figures = (struct fa_figures){.exact = true, .unit = {.name = "mm", .stated = true}};
    whole->watertight = true;
    for (int k = 0; k < 3; k++) {
        whole->min_mm[k] = INFINITY;
        whole->max_mm[k] = -INFINITY;
    }
    result = measure_bodies(&measured, scene, err);
    if (result == 0) {
        place_all(&measured);
        conclude(&measured);
        result = fa_figures_survey(&measured, err);
    }
    release(&measured);
    return result;
}

bool
fa_figures_mismatch(const struct fa_figures *figures)
{
    const struct fa_figure_validation *said = &figures->validation;

    return (said->has_volume && fabs(figures->whole.solid.volume_mm3 - said->volume_mm3) >
                                    validation_tolerance * fabs(said->volume_mm3)) ||
           (said->has_area && fabs(figures->whole.solid.area_mm2 - said->area_mm2) >
                                  validation_tolerance * fabs(said->area_mm2));
}
