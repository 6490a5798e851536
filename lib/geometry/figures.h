/* The figures of a part: of the whole and of each body, exact where its file is, else its mesh's.
 */
#ifndef FA_GEOMETRY_FIGURES_H
#define FA_GEOMETRY_FIGURES_H

#include "lib/base/buf.h"
#include "lib/geometry/metrics.h"
#include "lib/geometry/scene.h"
#include "lib/geometry/survey.h"

enum { FA_FIGURE_BODIES = 40, FA_FIGURE_NOTES = 12, FA_FIGURE_NOTE = 200 };

/* More than fa_figures_print ever writes. */
enum { FA_FIGURES_BYTES = 128 * 1024 };

/* A body where it is placed, or all of them. */
struct fa_figure_body {
    const char *name; /* the scene's: its own, its shape's or its place's; NULL: none */
    struct fa_solid solid;
    struct fa_survey survey;                     /* as if it were made alone, as it lies */
    uint64_t faces;                              /* of the exact body; 0: a mesh */
    double smallest_hole_mm, smallest_radius_mm; /* 0: none */
};

/* In which unit the file was written, and how that is known. */
struct fa_figure_unit {
    const char *name; /* "mm", "inch", "m", … */
    bool stated; /* by the file; else it is a guess, and the figures take millimetres for granted */
    char evidence[FA_FIGURE_NOTE];
};

/* What the exporting system says of the part, beside what was measured. */
struct fa_figure_validation {
    bool has_volume, has_area;
    double volume_mm3, area_mm2;
};

struct fa_figures {
    struct fa_figure_body whole;
    struct fa_figure_body bodies[FA_FIGURE_BODIES]; /* the first in the tree's order, or pieces */
    size_t listed_count;                            /* of these */
    size_t body_count;                              /* of all */
    bool inverted;                                  /* these three as in fa_metrics */
    uint64_t shells, inverted_shells;
    size_t degenerate;
    uint64_t dropped;
    bool exact; /* volume, area, centre and box are those of the exact bodies */
    struct fa_figure_unit unit;
    struct fa_figure_validation validation;
    char notes[FA_FIGURE_NOTES][FA_FIGURE_NOTE];
    size_t note_count;
};

/* Measures the scene, whose bodies are meshed; seams of meshes that are not exact are closed first
 * (mesh_close.h).  FA_E_MEMORY.  `figures` points into the scene. */
int fa_figures_measure(struct fa_scene *scene, struct fa_figures *figures,
                       struct fa_error *err) FA_MUSTCHECK;

/* Guesses the unit of a file that has none, from the part's size. */
void fa_figures_guess_unit(struct fa_figures *figures);

/* Adds a sentence about what is odd; those that do not fit are dropped. */
void fa_figures_note(struct fa_figures *figures, const char *fmt, ...) FA_PRINTF(2, 3);

/* True when a value that the file carries differs from the measured one by more than a thousandth.
 */
bool fa_figures_mismatch(const struct fa_figures *figures);

/* Writes the contract's `cad` object. */
void fa_figures_print(struct fa_buf *out, const struct fa_figures *figures);

#endif
