/* The report's sheet to read. */
#ifndef FA_REPORT_ANALYSIS_H
#define FA_REPORT_ANALYSIS_H

#include "lib/report/page.h"
#include "lib/report/report.h"

/* Fills the sheet: a verdict in plain words, the picture, the part, the figures, the notes. */
void fa_analysis_fill(struct fa_page *page, const struct fa_report *report);

#endif
