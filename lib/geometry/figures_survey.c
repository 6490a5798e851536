/* The surveys among the figures: of the whole as one mesh, of each listed body alone. */
#include "lib/base/cleanup.h"
#include "lib/geometry/measured.h"
#include "lib/geometry/mesh_part.h"
#include "lib/geometry/probes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- boxes and overhangs ------------------------------------------------------------------------
 */

static int
survey_mesh(const struct fa_mesh *mesh, const struct fa_solid *solid, struct fa_survey *survey,
            struct fa_error *err)
{
    FA_AUTO_FREE float(*across)[3] = fa_mesh_spread(mesh);

    if (across == NULL)
        return fa_error_set(err, FA_E_MEMORY, "survey");
    return fa_survey_make(mesh, (const float(*)[3])across, solid, survey, err);
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
survey_whole(const struct fa_measured *measured, struct fa_error *err)
{
    struct fa_figure_body *whole = &measured->figures->whole;
    const struct fa_scene *scene = measured->scene;
    struct fa_mesh all;
    int result;

    if (is_plain(scene))
        return fa_survey_make(&scene->shapes[0].bodies[0].mesh,
                              (const float(*)[3])measured->shapes[0].metrics[0].across,
                              &whole->solid, &whole->survey, err);
    if (fa_scene_flatten(scene, &all, err) < 0)
        return -1;
    result = survey_mesh(&all, &whole->solid, &whole->survey, err);
    fa_mesh_free(&all);
    return result;
}

/* A piece has no box yet where it is placed. */
static void
take_box(const struct fa_mesh *mesh, struct fa_solid *solid)
{
    for (int k = 0; k < 3; k++) {
        solid->min_mm[k] = INFINITY;
        solid->max_mm[k] = -INFINITY;
    }
    for (size_t v = 0; v < mesh->vertex_count; v++)
        for (int k = 0; k < 3; k++) {
            solid->min_mm[k] = fmin(solid->min_mm[k], (double)mesh->vertices[v][k]);
            solid->max_mm[k] = fmax(solid->max_mm[k], (double)mesh->vertices[v][k]);
        }
}

static int
survey_listed(const struct fa_listed *listed, struct fa_figure_body *body, struct fa_error *err)
{
    const struct fa_solid *piece = listed->piece;
    struct fa_mesh mesh;
    int result;

    if (fa_mesh_part(&listed->body->mesh, piece != NULL ? listed->metrics->numbers : NULL,
                     piece != NULL ? piece->shell : 0, listed->matrix, &mesh, err) < 0)
        return -1;
    if (piece != NULL)
        take_box(&mesh, &body->solid);
    result = survey_mesh(&mesh, &body->solid, &body->survey, err);
    fa_mesh_free(&mesh);
    return result;
}

/* --- walls and gaps -----------------------------------------------------------------------------
 */

/* To whom all of a body belongs: to itself if it is listed, else to the rest. */
static uint32_t
owner_of(const struct fa_measured *measured, const struct fa_body *body)
{
    uint32_t owner = 0;

    while (owner < measured->figures->listed_count && measured->listed[owner].body != body)
        owner++;
    return owner;
}

/* The owners of a lone mesh's pieces by their shells, to be freed; NULL: no memory. */
static uint32_t *
own_pieces(const struct fa_measured *measured, const struct fa_metrics *metrics)
{
    uint32_t *owners = malloc(metrics->piece_count * sizeof *owners);

    /* They are listed in their order. */
    for (uint32_t i = 0; owners != NULL && i < metrics->piece_count; i++)
        owners[metrics->pieces[i].shell] =
            i < measured->figures->listed_count ? i : (uint32_t)measured->figures->listed_count;
    return owners;
}

/* Begins with each owner's share of all the surface. */
static int
begin_probes(const struct fa_measured *measured, const uint32_t *pieces, struct fa_probes *probes,
             struct fa_error *err)
{
    const struct fa_scene *scene = measured->scene;
    double areas[FA_FIGURE_BODIES + 1] = {0};

    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; measured->shapes[s].times > 0 && b < scene->shapes[s].body_count; b++) {
            const struct fa_metrics *metrics = &measured->shapes[s].metrics[b];
            double times = measured->shapes[s].times;

            for (size_t i = 0; pieces != NULL && i < metrics->piece_count; i++)
                areas[pieces[metrics->pieces[i].shell]] += times * metrics->pieces[i].area_mm2;
            if (pieces == NULL)
                areas[owner_of(measured, &scene->shapes[s].bodies[b])] +=
                    times * metrics->whole.area_mm2;
        }
    return fa_probes_begin(probes, areas, measured->figures->listed_count + 1, err);
}

/* The bodies of a shape; tells the surveys of all their places, then puts them on their first. */
static int
probe_shape(const struct fa_measured *measured, size_t node, const uint32_t *pieces,
            struct fa_probes *probes, struct fa_error *err)
{
    size_t shape = (size_t)measured->scene->nodes[node].shape;
    double matrix[3][4];

    fa_scene_place(measured->scene, node, matrix);
    for (size_t b = 0; b < measured->scene->shapes[shape].body_count; b++) {
        const struct fa_body *body = &measured->scene->shapes[shape].bodies[b];
        const struct fa_metrics *metrics = &measured->shapes[shape].metrics[b];
        const uint32_t owner = owner_of(measured, body);
        const struct fa_probed probed = {.mesh = &body->mesh,
                                         .metrics = metrics,
                                         .times = measured->shapes[shape].times,
                                         .numbers = pieces != NULL ? metrics->numbers : NULL,
                                         .owners = pieces != NULL ? pieces : &owner};

        if (fa_probes_add(probes, &probed, err) < 0)
            return -1;
        for (size_t i = 0; i < measured->figures->listed_count; i++)
            if (measured->listed[i].body == body)
                fa_probes_tell(probes, measured->listed[i].owner, measured->listed[i].matrix,
                               &measured->figures->bodies[i].survey);
        fa_probes_place(probes, matrix);
    }
    return 0;
}

/* Each shape once: the whole has its walls as thick as where it is placed first. */
static int
probe_shapes(const struct fa_measured *measured, const uint32_t *pieces, struct fa_error *err)
{
    const struct fa_scene *scene = measured->scene;
    FA_AUTO_FREE bool *done = calloc(scene->shape_count + 1, sizeof *done);
    struct fa_probes probes;
    int result = 0;

    if (done == NULL)
        return fa_error_set(err, FA_E_MEMORY, "wall thickness");
    if (begin_probes(measured, pieces, &probes, err) < 0)
        return -1;
    for (size_t n = 0; result == 0 && n < scene->node_count; n++) {
        int32_t shape = scene->nodes[n].shape;

        if (shape < 0 || done[shape])
            continue;
        done[shape] = true;
        result = probe_shape(measured, n, pieces, &probes, err);
    }
    fa_probes_tell_all(&probes, &measured->figures->whole.survey);
    fa_probes_free(&probes);
    return result;
}

int
fa_figures_survey(const struct fa_measured *measured, struct fa_error *err)
{
    struct fa_figures *figures = measured->figures;
    const struct fa_listed *listed = measured->listed;
    FA_AUTO_FREE uint32_t *pieces = NULL;
    bool alone = figures->listed_count == 1; /* then it is the whole */

    if (figures->listed_count > 1 && listed[0].piece != NULL) {
        pieces = own_pieces(measured, listed[0].metrics);
        if (pieces == NULL)
            return fa_error_set(err, FA_E_MEMORY, "pieces");
    }
    if (survey_whole(measured, err) < 0)
        return -1;
    for (size_t i = 0; !alone && i < figures->listed_count; i++)
        if (survey_listed(&listed[i], &figures->bodies[i], err) < 0)
            return -1;
    if (probe_shapes(measured, pieces, err) < 0)
        return -1;
    if (alone)
        figures->bodies[0].survey = figures->whole.survey;
    return 0;
}
