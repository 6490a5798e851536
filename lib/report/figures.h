/* What the report says, as tables made from figures.def; both sheets are filled from them. */
#ifndef FA_REPORT_FIGURES_H
#define FA_REPORT_FIGURES_H

#include "lib/report/report.h"

/* What must be there for a figure to be known. */
enum fa_figure_about { FA_ABOUT_PART, FA_ABOUT_FILE, FA_ABOUT_MODEL };

enum fa_figure_kind {
    FA_FIGURE_REAL,
    FA_FIGURE_COUNT,
    FA_FIGURE_FLAG,  /* 0 or 1; 1 is good */
    FA_FIGURE_DEFECT /* a count; more than none is bad */
};

struct fa_figure {
    enum fa_figure_about about;
    const char *key;   /* its path in the JSON of the answers, an axis as x, y or z */
    const char *label; /* for people; "": a second unit of the one above; NULL: stands beside it */
    const char *unit;  /* "" for counts */
    enum fa_figure_kind kind;
    double (*number)(const struct fa_report *report, const struct fa_report_cad *cad);
};

struct fa_fact {
    const char *key;
    const char *label;
    const char *absent;                                  /* what people read when there is none */
    const char *(*text)(const struct fa_report *report); /* NULL: there is none */
};

extern const struct fa_fact fa_facts[];
extern const size_t fa_fact_count;
extern const struct fa_figure fa_figures[];
extern const size_t fa_figure_count;

/* True when the report has what the figure is computed from. */
bool fa_figure_known(const struct fa_figure *figure, const struct fa_report *report);

#endif
