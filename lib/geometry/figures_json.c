#include "lib/geometry/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 120 }; /* a longer name is cut */

typedef void add_number(struct fa_buf *out, const char *before, double value);

/* The shortest decimal that reads back as the same double, always with a point or exponent, so that
 * readers see a floating-point number. */
static void
add_double(struct fa_buf *out, double value)
{
    char text[40];

    if (!isfinite(value))
        value = 0;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value + 0.0);
        if (strtod(text, NULL) == value)
            break;
    }
    fa_buf_add_text(out, text);
    if (strpbrk(text, ".e") == NULL)
        fa_buf_add_text(out, ".0");
}

/* Six digits: figures that are sampled or derived. */
static void
add_short(struct fa_buf *out, const char *before, double value)
{
    fa_buf_add_text(out, before);
    fa_buf_printf(out, "%.6g", isfinite(value) ? value + 0.0 : 0);
}

static void
add_exact(struct fa_buf *out, const char *before, double value)
{
    fa_buf_add_text(out, before);
    add_double(out, value);
}

static void
add_point(struct fa_buf *out, const char *before, const double point[3], add_number *add)
{
    fa_buf_add_text(out, before);
    for (int i = 0; i < 3; i++)
        add(out, i == 0 ? "[" : ",", point[i]);
    fa_buf_add_text(out, "]");
}

static void
add_short_point(struct fa_buf *out, const char *before, const double point[3])
{
    add_point(out, before, point, add_short);
}

static void
add_text(struct fa_buf *out, const char *before, const char *text)
{
    fa_buf_add_text(out, before);
    fa_buf_add_json(out, text, strlen(text));
}

/* --- of a body, and of the whole ----------------------------------------------------------------
 */

static void
add_survey(struct fa_buf *out, const struct fa_survey *survey)
{
    add_short_point(out, ",\"oriented_box_mm\":{\"size\":", survey->box_mm);
    add_short_point(out, ",\"centre\":", survey->box_centre_mm);
    for (int i = 0; i < 3; i++)
        add_short_point(out, i == 0 ? ",\"axes\":[" : ",", survey->box_axes[i]);
    fa_buf_add_text(out, "]}");
    add_short(out, ",\"overhang\":{\"area_mm2\":", survey->overhang_mm2);
    add_short(out, ",\"bed_mm2\":", survey->bed_mm2);
    fa_buf_add_text(out, ",\"beyond_degrees\":45}");
    if (survey->has_walls) {
        add_short(out, ",\"walls\":{\"thin_mm\":", survey->thin_wall_mm);
        add_short_point(out, ",\"thin_at_mm\":", survey->thin_wall_at_mm);
        for (int i = 0; i < FA_WALL_BINS - 1; i++)
            add_short(out, i == 0 ? ",\"bins_mm\":[" : ",", fa_wall_bins[i]);
        for (int i = 0; i < FA_WALL_BINS; i++)
            add_short(out, i == 0 ? "],\"shares\":[" : ",", survey->walls[i]);
        fa_buf_add_text(out, "]}");
    }
    if (survey->has_gaps) {
        add_short(out, ",\"gaps\":{\"narrow_mm\":", survey->narrow_gap_mm);
        add_short_point(out, ",\"narrow_at_mm\":", survey->narrow_gap_at_mm);
        fa_buf_add_text(out, "}");
    }
}

static void
add_defects(struct fa_buf *out, const struct fa_defects *defects)
{
    fa_buf_printf(
        out, ",\"defects\":{\"open_edges\":%llu,\"non_manifold_edges\":%llu,\"flipped_edges\":%llu",
        (unsigned long long)defects->open, (unsigned long long)defects->non_manifold,
        (unsigned long long)defects->flipped);
    if (defects->open > 0)
        add_short_point(out, ",\"open_at_mm\":", defects->open_at_mm);
}

/* The members that both have; the whole's first ones with all digits. */
static void
add_body(struct fa_buf *out, const struct fa_figure_body *body, add_number *add)
{
    const struct fa_solid *solid = &body->solid;

    add(out, "\"volume_mm3\":", solid->volume_mm3);
    add(out, ",\"area_mm2\":", solid->area_mm2);
    add_point(out, ",\"bounding_box_mm\":{\"min\":", solid->min_mm, add);
    add_point(out, ",\"max\":", solid->max_mm, add);
    add_point(out, "},\"centre_of_mass_mm\":", solid->centre_mm, add);
    if (body->faces > 0)
        fa_buf_printf(out, ",\"faces\":%llu", (unsigned long long)body->faces);
    fa_buf_printf(out, ",\"facets\":%llu,\"watertight\":%s", (unsigned long long)solid->facets,
                  solid->watertight ? "true" : "false");
    if (body->smallest_hole_mm > 0)
        add_short(out, ",\"smallest_hole_mm\":", body->smallest_hole_mm);
    if (body->smallest_radius_mm > 0)
        add_short(out, ",\"smallest_radius_mm\":", body->smallest_radius_mm);
    add_survey(out, &body->survey);
}

/* --- the whole alone ----------------------------------------------------------------------------
 */

static void
add_bodies(struct fa_buf *out, const struct fa_figures *figures)
{
    fa_buf_printf(out, ",\"body_count\":%zu,\"bodies\":[", figures->body_count);
    for (size_t i = 0; i < figures->listed_count; i++) {
        const struct fa_figure_body *body = &figures->bodies[i];

        fa_buf_add_text(out, i > 0 ? ",{" : "{");
        if (body->name != NULL && body->name[0] != '\0') {
            fa_buf_add_text(out, "\"name\":");
            fa_buf_add_json(out, body->name, strnlen(body->name, NAME_BYTES));
            fa_buf_add_text(out, ",");
        }
        add_body(out, body, add_short);
        if (body->solid.cavity)
            fa_buf_add_text(out, ",\"cavity\":true");
        /* Most have none. */
        if (!body->solid.watertight) {
            add_defects(out, &body->solid.defects);
            fa_buf_add_text(out, "}");
        }
        fa_buf_add_text(out, "}");
    }
    fa_buf_add_text(out, "]");
}

static void
add_file(struct fa_buf *out, const struct fa_figures *figures)
{
    const struct fa_figure_validation *said = &figures->validation;

    add_text(out, ",\"unit\":{\"name\":", figures->unit.name);
    fa_buf_printf(out, ",\"stated\":%s", figures->unit.stated ? "true" : "false");
    if (figures->unit.evidence[0] != '\0')
        add_text(out, ",\"evidence\":", figures->unit.evidence);
    fa_buf_printf(out, "},\"exact\":%s", figures->exact ? "true" : "false");
    if (!said->has_volume && !said->has_area)
        return;
    fa_buf_printf(out, ",\"validation_mismatch\":%s,\"validation\":{",
                  fa_figures_mismatch(figures) ? "true" : "false");
    if (said->has_volume)
        add_exact(out, "\"volume_mm3\":", said->volume_mm3);
    if (said->has_area)
        add_exact(out, said->has_volume ? ",\"area_mm2\":" : "\"area_mm2\":", said->area_mm2);
    fa_buf_add_text(out, "}");
}

void
fa_figures_print(struct fa_buf *out, const struct fa_figures *figures)
{
    fa_buf_add_text(out, "{");
    add_body(out, &figures->whole, add_exact);
    add_defects(out, &figures->whole.solid.defects);
    fa_buf_printf(out,
                  ",\"inverted_shells\":%llu,\"dropped_facets\":%llu,\"degenerate_facets\":%zu},"
                  "\"shells\":%llu",
                  (unsigned long long)figures->inverted_shells,
                  (unsigned long long)figures->dropped, figures->degenerate,
                  (unsigned long long)figures->shells);
    add_file(out, figures);
    add_bodies(out, figures);
    fa_buf_add_text(out, ",\"notes\":[");
    for (size_t i = 0; i < figures->note_count; i++)
        add_text(out, i > 0 ? "," : "", figures->notes[i]);
    fa_buf_add_text(out, "]}");
}
