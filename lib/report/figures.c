#include "lib/report/figures.h"

#define FA_FACT(field, label, absent)                                                              \
    static const char *get_##field(const struct fa_report *report)                                 \
    {                                                                                              \
        return report->field;                                                                      \
    }
#define FA_FIGURE(name, about, kind, key, label, unit, expression)                                 \
    static double get_##name(const struct fa_report *report, const struct fa_report_cad *cad)      \
    {                                                                                              \
        (void)report;                                                                              \
        (void)cad;                                                                                 \
        return (double)(expression);                                                               \
    }
#include "lib/report/figures.def"

const struct fa_fact fa_facts[] = {
#define FA_FACT(field, label, absent) {#field, label, absent, get_##field},
#include "lib/report/figures.def"
};

const size_t fa_fact_count = FA_COUNT(fa_facts);

const struct fa_figure fa_figures[] = {
#define FA_FIGURE(name, about, kind, key, label, unit, expression)                                 \
    {FA_ABOUT_##about, key, label, unit, FA_FIGURE_##kind, get_##name},
#include "lib/report/figures.def"
};

const size_t fa_figure_count = FA_COUNT(fa_figures);

bool
fa_figure_known(const struct fa_figure *figure, const struct fa_report *report)
{
    switch (figure->about) {
    case FA_ABOUT_FILE:
        return report->cad_name != NULL;
    case FA_ABOUT_MODEL:
        return report->cad != NULL;
    case FA_ABOUT_PART:
    default:
        return true;
    }
}
