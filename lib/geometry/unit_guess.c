/* A file without a unit: what its numbers look like. */
#include "lib/geometry/figures.h"

#include <math.h>
#include <stdio.h>

/* Parts whose longest side is smaller or larger than these, in mm, are rare. */
static const double smallest_part = 1.0;
static const double largest_part = 10000;

/* All sides are whole multiples of a step: designers like round numbers. */
static bool
is_round(const double sides[3], double step)
{
    for (int k = 0; k < 3; k++) {
        double steps = sides[k] / step;

        if (fabs(steps - round(steps)) > 1e-4 * fmax(1, steps))
            return false;
    }
    return true;
}

void
fa_figures_guess_unit(struct fa_figures *figures)
{
    struct fa_figure_unit *unit = &figures->unit;
    double sides[3];
    double longest = 0;

    for (int k = 0; k < 3; k++) {
        sides[k] = figures->whole.solid.max_mm[k] - figures->whole.solid.min_mm[k];
        longest = fmax(longest, sides[k]);
    }
    *unit = (struct fa_figure_unit){.name = "mm"};
    if (longest < smallest_part) {
        unit->name = "m";
        snprintf(
            unit->evidence, sizeof unit->evidence,
            "The longest side is %.4g: few parts are that many millimetres; in metres it would "
            "be %.4g mm, in inches %.4g mm.",
            longest, longest * 1000, longest * 25.4);
    } else if (longest > largest_part) {
        unit->name = "um";
        snprintf(unit->evidence, sizeof unit->evidence,
                 "The longest side is %.6g: few parts are that many millimetres; in micrometres it "
                 "would be %.4g mm.",
                 longest, longest / 1000);
    } else if (longest <= 40 && is_round(sides, 1.0 / 16) && !is_round(sides, 0.5)) {
        unit->name = "inch";
        snprintf(unit->evidence, sizeof unit->evidence,
                 "All sides are whole sixteenths (%.4g x %.4g x %.4g), as inches are divided.",
                 sides[0], sides[1], sides[2]);
    } else {
        snprintf(unit->evidence, sizeof unit->evidence,
                 "The longest side is %.4g, usual for millimetres.", longest);
    }
}
