#include "lib/geometry/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void
add_point(struct fa_buf *out, const char *before, const double point[3])
{
    fa_buf_add_text(out, before);
    for (int i = 0; i < 3; i++) {
        fa_buf_add_text(out, i == 0 ? "[" : ",");
        add_double(out, point[i]);
    }
    fa_buf_add_text(out, "]");
}

static void
add_note(struct fa_buf *out, bool *first, const char *note)
{
    fa_buf_add_text(out, *first ? "" : ",");
    fa_buf_add_json(out, note, strlen(note));
    *first = false;
}

static void
add_notes(struct fa_buf *out, const struct fa_metrics *metrics, const struct fa_mesh *mesh,
          const struct fa_stl *stl)
{
    char note[160];
    bool first = true;

    fa_buf_add_text(out, ",\"notes\":[");
    if (stl->short_count) {
        snprintf(note, sizeof note,
                 "The file announces %llu facets but holds %zu; these were used.",
                 (unsigned long long)stl->announced, stl->facet_count);
        add_note(out, &first, note);
    }
    if (stl->trailing)
        add_note(out, &first, "There are bytes behind the last facet; they were ignored.");
    if (stl->dropped > 0)
        add_note(out, &first, "Facets with unreadable coordinates were dropped.");
    if (mesh->degenerate > 0) {
        snprintf(note, sizeof note, "%zu facets are points or lines; they were left out.",
                 mesh->degenerate);
        add_note(out, &first, note);
    }
    if (metrics->inverted)
        add_note(out, &first, "The facets point inwards; the volume's sign was turned.");
    if (!metrics->watertight)
        add_note(out, &first, "The surface is not closed: the volume is an estimate.");
    fa_buf_add_text(out, "]");
}

void
fa_metrics_print(struct fa_buf *out, const struct fa_metrics *metrics, const struct fa_mesh *mesh,
                 const struct fa_stl *stl)
{
    fa_buf_add_text(out, "{\"volume_mm3\":");
    add_double(out, metrics->volume_mm3);
    fa_buf_add_text(out, ",\"area_mm2\":");
    add_double(out, metrics->area_mm2);
    add_point(out, ",\"bounding_box_mm\":{\"min\":", metrics->min_mm);
    add_point(out, ",\"max\":", metrics->max_mm);
    add_point(out, "},\"centre_of_mass_mm\":", metrics->centre_of_mass_mm);
    fa_buf_printf(out,
                  ",\"watertight\":%s,\"shells\":%llu,\"facets\":%zu,\"defects\":"
                  "{\"open_edges\":%llu,\"non_manifold_edges\":%llu,\"flipped_edges\":%llu,"
                  "\"dropped_facets\":%llu,\"degenerate_facets\":%zu}",
                  metrics->watertight ? "true" : "false", (unsigned long long)metrics->shells,
                  mesh->facet_count, (unsigned long long)metrics->open_edges,
                  (unsigned long long)metrics->non_manifold_edges,
                  (unsigned long long)metrics->flipped_edges, (unsigned long long)stl->dropped,
                  mesh->degenerate);
    add_notes(out, metrics, mesh, stl);
    fa_buf_add_text(out, "}");
}
