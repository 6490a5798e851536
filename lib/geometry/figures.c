#include "lib/geometry/figures.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/mesh_close.h"
#include "lib/geometry/probes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double validation_tolerance = 1e-3;

/* What was measured of every body of the scene's shapes, before it is placed. */
struct measured {
    const struct fa_scene *scene;
    struct fa_metrics **metrics; /* by shape and body */
};

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

static int
measure_body(struct fa_body *body, struct fa_metrics *metrics, struct fa_error *err)
{
    struct fa_shells shells;
    int result = 0;

    *metrics = (struct fa_metrics){.pieces = NULL};
    if (body->mesh.facet_count == 0)
        return 0;
    if (fa_shells_build(&body->mesh, &shells, err) < 0)
        return -1;
    if (!body->exact.known)
        result = fa_mesh_close(&body->mesh, &shells, err);
    if (result == 0)
        result = fa_metrics_measure(&body->mesh, &shells, metrics, err);
    fa_shells_free(&shells);
    return result;
}

static void
release(struct measured *measured)
{
    for (size_t s = 0; measured->metrics != NULL && s < measured->scene->shape_count; s++) {
        for (size_t b = 0;
             measured->metrics[s] != NULL && b < measured->scene->shapes[s].body_count; b++)
            fa_metrics_free(&measured->metrics[s][b]);
        free(measured->metrics[s]);
    }
    free(measured->metrics);
}

static int
measure_bodies(struct fa_scene *scene, struct measured *measured, struct fa_error *err)
{
    *measured = (struct measured){
        .scene = scene, .metrics = calloc(scene->shape_count + 1, sizeof *measured->metrics)};
    if (measured->metrics == NULL)
        return fa_error_set(err, FA_E_MEMORY, "figures");
    for (size_t s = 0; s < scene->shape_count; s++) {
        struct fa_shape *shape = &scene->shapes[s];

        measured->metrics[s] = calloc(shape->body_count + 1, sizeof *measured->metrics[s]);
        if (measured->metrics[s] == NULL)
            return fa_error_set(err, FA_E_MEMORY, "figures");
        for (size_t b = 0; b < shape->body_count; b++)
            if (measure_body(&shape->bodies[b], &measured->metrics[s][b], err) < 0)
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

/* The box of a placed body: its own box turned, or where that would be too large its vertices'. */
static void
place_box(const struct fa_body *body, const double matrix[3][4], struct fa_piece *piece)
{
    const double corners[2][3] = {{piece->min_mm[0], piece->min_mm[1], piece->min_mm[2]},
                                  {piece->max_mm[0], piece->max_mm[1], piece->max_mm[2]}};
    double placed[3];

    for (int k = 0; k < 3; k++) {
        piece->min_mm[k] = INFINITY;
        piece->max_mm[k] = -INFINITY;
    }
    for (int i = 0; keeps_boxes(matrix) && i < 2; i++) {
        fa_matrix_apply(matrix, corners[i], placed);
        widen(piece->min_mm, piece->max_mm, placed);
    }
    for (size_t v = 0; !keeps_boxes(matrix) && v < body->mesh.vertex_count; v++) {
        const double vertex[3] = {(double)body->mesh.vertices[v][0],
                                  (double)body->mesh.vertices[v][1],
                                  (double)body->mesh.vertices[v][2]};

        fa_matrix_apply(matrix, vertex, placed);
        widen(piece->min_mm, piece->max_mm, placed);
    }
}

/* A body's figures as one piece: the exact ones where there are any. */
static struct fa_piece
piece_of(const struct fa_body *body, const struct fa_metrics *metrics)
{
    const struct fa_exact *exact = &body->exact;
    struct fa_piece piece = {.volume_mm3 = exact->known ? exact->volume_mm3 : metrics->volume_mm3,
                             .area_mm2 = exact->known ? exact->area_mm2 : metrics->area_mm2,
                             .facets = body->mesh.facet_count,
                             .defects = {.open = metrics->open_edges,
                                         .non_manifold = metrics->non_manifold_edges,
                                         .flipped = metrics->flipped_edges},
                             .closed = metrics->watertight};

    memcpy(piece.centre_mm, exact->known ? exact->centre_mm : metrics->centre_of_mass_mm,
           sizeof piece.centre_mm);
    memcpy(piece.min_mm, exact->known ? exact->min_mm : metrics->min_mm, sizeof piece.min_mm);
    memcpy(piece.max_mm, exact->known ? exact->max_mm : metrics->max_mm, sizeof piece.max_mm);
    return piece;
}

static void
take_smaller(double *value, double other)
{
    if (other > 0 && (*value == 0 || other < *value))
        *value = other;
}

/* Adds a placed body to the whole; the sums become means at the end. */
static void
add_body(struct fa_figures *figures, const struct fa_body *body, const struct fa_metrics *metrics,
         const double matrix[3][4])
{
    struct fa_metrics *whole = &figures->whole;
    struct fa_piece piece = piece_of(body, metrics);
    double centre[3], scale;

    fa_matrix_apply(matrix, piece.centre_mm, centre);
    memcpy(piece.centre_mm, centre, sizeof centre);
    place_box(body, matrix, &piece);
    /* A placement may scale; in all directions alike, or the area is an estimate. */
    scale = fabs(fa_matrix_determinant(matrix));
    if (fabs(scale - 1) > 1e-9) {
        piece.volume_mm3 *= scale;
        piece.area_mm2 *= cbrt(scale) * cbrt(scale);
    }
    whole->volume_mm3 += piece.volume_mm3;
    whole->area_mm2 += piece.area_mm2;
    for (int k = 0; k < 3; k++)
        whole->centre_of_mass_mm[k] += piece.volume_mm3 * centre[k];
    widen(whole->min_mm, whole->max_mm, piece.min_mm);
    widen(whole->min_mm, whole->max_mm, piece.max_mm);
    if (whole->open_edges == 0 && metrics->open_edges > 0)
        fa_matrix_apply(matrix, metrics->open_at_mm, whole->open_at_mm);
    whole->watertight &= metrics->watertight;
    whole->inverted |= metrics->inverted;
    whole->inverted_shells += metrics->inverted_shells;
    whole->shells += metrics->shells;
    whole->open_edges += metrics->open_edges;
    whole->non_manifold_edges += metrics->non_manifold_edges;
    whole->flipped_edges += metrics->flipped_edges;
    figures->facets += body->mesh.facet_count;
    figures->degenerate += body->mesh.degenerate;
    figures->faces += body->exact.faces;
    figures->exact &= body->exact.known;
    take_smaller(&figures->smallest_hole_mm, body->exact.smallest_hole_mm);
    take_smaller(&figures->smallest_radius_mm, body->exact.smallest_radius_mm);
    if (figures->body_count < FA_FIGURE_BODIES)
        figures->bodies[figures->body_count] = (struct fa_figure_body){.name = body->name,
                                                                       .figures = piece,
                                                                       .faces = body->exact.faces,
                                                                       .watertight = piece.closed};
    figures->body_count++;
}

/* A mesh has no bodies; its pieces stand for them. */
static void
list_pieces(struct fa_figures *figures, const struct fa_metrics *metrics)
{
    figures->body_count = (size_t)metrics->shells;
    for (size_t i = 0; i < metrics->piece_count && i < FA_FIGURE_BODIES; i++)
        figures->bodies[i] = (struct fa_figure_body){.figures = metrics->pieces[i],
                                                     .watertight = metrics->pieces[i].closed};
}

static void
place_all(const struct measured *measured, struct fa_figures *figures)
{
    const struct fa_scene *scene = measured->scene;
    struct fa_metrics *whole = &figures->whole;
    const struct fa_metrics *last = NULL;

    for (int k = 0; k < 3; k++) {
        whole->min_mm[k] = INFINITY;
        whole->max_mm[k] = -INFINITY;
    }
    for (size_t n = 0; n < scene->node_count; n++) {
        int32_t shape = scene->nodes[n].shape;
        double matrix[3][4];

        if (shape < 0)
            continue;
        fa_scene_place(scene, n, matrix);
        for (size_t b = 0; b < scene->shapes[shape].body_count; b++) {
            last = &measured->metrics[shape][b];
            add_body(figures, &scene->shapes[shape].bodies[b], last, matrix);
        }
    }
    for (int k = 0; k < 3; k++) {
        whole->centre_of_mass_mm[k] /= whole->volume_mm3;
        if (!(whole->volume_mm3 > 0) || !isfinite(whole->centre_of_mass_mm[k]))
            whole->centre_of_mass_mm[k] = (whole->min_mm[k] + whole->max_mm[k]) / 2;
    }
    if (figures->body_count == 1 && last != NULL && !figures->exact) {
        memcpy(whole->centre_of_mass_mm, last->centre_of_mass_mm, sizeof whole->centre_of_mass_mm);
        list_pieces(figures, last);
    }
}

/* Each shape where it is placed first: its walls are the same everywhere. */
static int
probe_bodies(const struct measured *measured, struct fa_figures *figures, struct fa_error *err)
{
    const struct fa_scene *scene = measured->scene;
    FA_AUTO_FREE bool *done = calloc(scene->shape_count + 1, sizeof *done);
    struct fa_probes probes;
    double area = 0;
    int result = 0;

    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; b < scene->shapes[s].body_count; b++)
            area += measured->metrics[s][b].area_mm2;
    if (done == NULL)
        return fa_error_set(err, FA_E_MEMORY, "wall thickness");
    if (fa_probes_begin(&probes, area, err) < 0)
        return -1;
    for (size_t n = 0; result == 0 && n < scene->node_count; n++) {
        int32_t shape = scene->nodes[n].shape;
        double matrix[3][4];

        if (shape < 0 || done[shape])
            continue;
        done[shape] = true;
        fa_scene_place(scene, n, matrix);
        for (size_t b = 0; result == 0 && b < scene->shapes[shape].body_count; b++)
            result = fa_probes_add(&probes, &scene->shapes[shape].bodies[b].mesh,
                                   &measured->metrics[shape][b], matrix, err);
    }
    fa_probes_end(&probes, &figures->survey);
    return result;
}

/* A single mesh that stays where it is. */
static bool
is_plain(const struct fa_scene *scene)
{
    static const double unplaced[3][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};

    return scene->node_count == 1 && scene->shape_count == 1 && scene->nodes[0].shape == 0 &&
           scene->shapes[0].body_count == 1 &&
           memcmp(scene->nodes[0].matrix, unplaced, sizeof unplaced) == 0;
}

static int
survey(const struct measured *measured, struct fa_figures *figures, struct fa_error *err)
{
    const struct fa_scene *scene = measured->scene;
    struct fa_mesh all = {.vertices = NULL};
    FA_AUTO_FREE float(*across)[3] = NULL;
    int result = 0;

    if (is_plain(scene)) {
        result = fa_survey_make(&scene->shapes[0].bodies[0].mesh, measured->metrics[0][0].across,
                                &figures->whole, &figures->survey, err);
    } else if (fa_scene_flatten(scene, &all, err) == 0) {
        across = fa_mesh_spread(&all);
        result = across == NULL ? fa_error_set(err, FA_E_MEMORY, "survey")
                                : fa_survey_make(&all, (const float(*)[3])across, &figures->whole,
                                                 &figures->survey, err);
        fa_mesh_free(&all);
    } else {
        result = -1;
    }
    return result < 0 ? -1 : probe_bodies(measured, figures, err);
}

int
fa_figures_measure(struct fa_scene *scene, struct fa_figures *figures, struct fa_error *err)
{
    struct measured measured;
    int result;

    *figures = (struct fa_figures){
        .whole = {.watertight = true}, .exact = true, .unit = {.name = "mm", .stated = true}};
    result = measure_bodies(scene, &measured, err);
    if (result == 0) {
        place_all(&measured, figures);
        result = survey(&measured, figures, err);
    }
    release(&measured);
    return result;
}

bool
fa_figures_mismatch(const struct fa_figures *figures)
{
    const struct fa_figure_validation *said = &figures->validation;

    return (said->has_volume && fabs(figures->whole.volume_mm3 - said->volume_mm3) >
                                    validation_tolerance * fabs(said->volume_mm3)) ||
           (said->has_area && fabs(figures->whole.area_mm2 - said->area_mm2) >
                                  validation_tolerance * fabs(said->area_mm2));
}
