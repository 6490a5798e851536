/*
 * A sheet being filled from top to bottom, for the report alone.
 *
 * The first failure is kept in `error` and later calls go on, so the writer checks once, at the
 * end.  Texts may hold any bytes: what is no UTF-8 (RFC 3629) or what XML 1.0 cannot hold becomes
 * U+FFFD, what exceeds a limit is cut, and nothing becomes a formula.
 */
#ifndef FA_REPORT_PAGE_H
#define FA_REPORT_PAGE_H

#include "lib/base/attr.h"
#include "lib/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <xlsxwriter.h>

enum fa_style {
    FA_STYLE_TITLE,
    FA_STYLE_NAME,
    FA_STYLE_SECTION,
    FA_STYLE_LABEL,
    FA_STYLE_TEXT,
    FA_STYLE_REAL,
    FA_STYLE_COUNT,
    FA_STYLE_GOOD,
    FA_STYLE_BAD,
    FA_STYLE_BOX_GOOD,
    FA_STYLE_BOX_BAD,
    FA_STYLE_BOX_ACTION,
    FA_STYLE_BOX_PLAIN,
    FA_STYLE_HEADER,
    FA_STYLE_DATA,
    FA_STYLES
};

struct fa_page {
    lxw_worksheet *sheet;
    lxw_format **formats; /* FA_STYLES of them, from fa_page_formats */
    lxw_row_t row;        /* where the next cell goes */
    size_t limit;         /* UTF-16 units of a text, at most FA_PAGE_LIMIT */
    lxw_error error;
};

/* Escaped, a text can double, and a cell ends at 32,767. */
enum { FA_PAGE_LIMIT = 16000 };

/* Makes the formats, which belong to the workbook; -1 when memory is out. */
int fa_page_formats(lxw_workbook *book, lxw_format *formats[FA_STYLES]) FA_MUSTCHECK;

/* A4 portrait, one page wide, page numbers below; rows above `frozen` stay in sight and are printed
 * on every page.  `widths` in characters, from the first column on. */
void fa_page_setup(struct fa_page *page, const double *widths, lxw_col_t count, lxw_row_t frozen);

/* Adds the text as XML can hold it, cut to `limit` UTF-16 units; returns its width in cells of a
 * terminal, roughly, which is what a row's height is made from. */
size_t fa_page_clean(struct fa_buf *out, const char *text, size_t limit);

void fa_page_text(struct fa_page *page, lxw_col_t column, const char *text, enum fa_style style);

/* A text over the columns `first` to `last`, `width` characters together; makes the row as high as
 * its lines need and goes on to the next one. */
void fa_page_wide(struct fa_page *page, lxw_col_t first, lxw_col_t last, size_t width,
                  const char *text, enum fa_style style);

/* A number; one that is not finite, which a sheet cannot hold, leaves the cell empty. */
void fa_page_number(struct fa_page *page, lxw_col_t column, double number, enum fa_style style);

void fa_page_bool(struct fa_page *page, lxw_col_t column, bool value, enum fa_style style);

/* Keeps the error of a call on the sheet when it is the first one. */
void fa_page_check(struct fa_page *page, lxw_error error);

#endif
