#include "lib/report/page.h"
#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    INK = 0x1f2933,
    GREY = 0x52606d,
    PALE = 0xe4e7eb,
    GREEN = 0x14632c,
    PALE_GREEN = 0xdcf2e3,
    RED = 0x9b1c1c,
    PALE_RED = 0xfbdfdf,
    A4 = 9
};

static const struct look {
    double points;
    lxw_color_t ink;
    lxw_color_t fill; /* 0: none */
    bool bold;
    bool wrap;
    bool line; /* below */
    const char *number;
} looks[FA_STYLES] = {
    [FA_STYLE_TITLE] = {18, INK, 0, true, false, false, NULL},
    [FA_STYLE_NAME] = {12, GREY, 0, false, true, false, NULL},
    [FA_STYLE_SECTION] = {11, INK, 0, true, false, true, NULL},
    [FA_STYLE_LABEL] = {11, GREY, 0, false, false, false, NULL},
    [FA_STYLE_TEXT] = {11, INK, 0, false, true, false, NULL},
    [FA_STYLE_REAL] = {11, INK, 0, false, false, false, "#,##0.000"},
    [FA_STYLE_COUNT] = {11, INK, 0, false, false, false, "#,##0"},
    [FA_STYLE_GOOD] = {11, GREEN, PALE_GREEN, true, false, false, "#,##0"},
    [FA_STYLE_BAD] = {11, RED, PALE_RED, true, false, false, "#,##0"},
    [FA_STYLE_BOX_GOOD] = {12, GREEN, PALE_GREEN, true, true, false, NULL},
    [FA_STYLE_BOX_BAD] = {12, RED, PALE_RED, true, true, false, NULL},
    [FA_STYLE_BOX_ACTION] = {12, INK, PALE_RED, false, true, false, NULL},
    [FA_STYLE_BOX_PLAIN] = {12, INK, PALE, true, true, false, NULL},
    [FA_STYLE_HEADER] = {11, INK, PALE, true, false, true, NULL},
    [FA_STYLE_DATA] = {11, INK, 0, false, false, false, NULL},
};

int
fa_page_formats(lxw_workbook *book, lxw_format *formats[FA_STYLES])
{
    for (int i = 0; i < FA_STYLES; i++) {
        lxw_format *format = workbook_add_format(book);

        if (format == NULL)
            return -1;
        format_set_font_size(format, looks[i].points);
        format_set_font_color(format, looks[i].ink);
        format_set_align(format, LXW_ALIGN_LEFT);
        format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
        if (looks[i].fill != 0)
            format_set_bg_color(format, looks[i].fill);
        if (looks[i].bold)
            format_set_bold(format);
        if (looks[i].wrap)
            format_set_text_wrap(format);
        if (looks[i].line)
            format_set_bottom(format, LXW_BORDER_THIN);
        if (looks[i].number != NULL)
            format_set_num_format(format, looks[i].number);
        formats[i] = format;
    }
    return 0;
}

void
fa_page_setup(struct fa_page *page, const double *widths, lxw_col_t count, lxw_row_t frozen)
{
    for (lxw_col_t i = 0; i < count; i++)
        fa_page_check(page, worksheet_set_column(page->sheet, i, i, widths[i], NULL));
    worksheet_set_portrait(page->sheet);
    worksheet_set_paper(page->sheet, A4);
    worksheet_set_margins(page->sheet, 0.5, 0.5, 0.6, 0.7);
    worksheet_fit_to_pages(page->sheet, 1, 0);
    worksheet_freeze_panes(page->sheet, frozen, 0);
    fa_page_check(page, worksheet_repeat_rows(page->sheet, 0, frozen - 1));
    fa_page_check(page, worksheet_set_footer(page->sheet, "&R&P / &N"));
}

/* The characters of XML 1.0, section 2.2; a carriage return would be read back as a line feed. */
static bool
is_xml(uint32_t code)
{
    return (code >= 0x20 && code != 0xfffe && code != 0xffff) || code == '\t' || code == '\n';
}

size_t
fa_page_clean(struct fa_buf *out, const char *text, size_t limit)
{
    size_t left = strlen(text);
    size_t width = 0;

    for (size_t units = 0; left > 0; left--, text++) {
        uint32_t code = 0;
        size_t size = fa_utf8_next(text, left, &code);

        units += code > 0xffff ? 2 : 1;
        if (units > limit) {
            fa_buf_add_text(out, "…");
            break;
        }
        width += code >= 0x1100 ? 2 : 1;
        if (size == 0 || !is_xml(code)) {
            fa_buf_add_text(out, "\xef\xbf\xbd");
            size = size > 0 ? size : 1;
        } else {
            fa_buf_add(out, text, size);
        }
        left -= size - 1;
        text += size - 1;
    }
    return width;
}

/* True for "_xHHHH_": readers take it for one character (ECMA-376 part 1, ST_Xstring).  The library
 * writes control characters that way, but lets a text through that merely looks so. */
static bool
is_escape(const char *text, size_t length)
{
    return length >= 7 && memcmp(text, "_x", 2) == 0 && text[6] == '_' &&
           strspn(text + 2, "0123456789abcdefABCDEF") == 4;
}

/* As fa_page_clean, for a cell. */
static size_t
add_cell(struct fa_page *page, struct fa_buf *out, const char *text)
{
    FA_AUTO_BUF(clean, 4 * FA_PAGE_LIMIT);
    size_t width;

    width = fa_page_clean(&clean, text, page->limit);
    for (size_t i = 0; i < clean.length; i++) {
        if (is_escape(clean.data + i, clean.length - i))
            fa_buf_add_text(out, "_x005F");
        fa_buf_add(out, clean.data + i, 1);
    }
    if (clean.failed || out->failed)
        fa_page_check(page, LXW_ERROR_MEMORY_MALLOC_FAILED);
    return width;
}

void
fa_page_text(struct fa_page *page, lxw_col_t column, const char *text, enum fa_style style)
{
    FA_AUTO_BUF(cell, 8 * FA_PAGE_LIMIT);

    add_cell(page, &cell, text);
    fa_page_check(page, worksheet_write_string(page->sheet, page->row, column, cell.data,
                                               page->formats[style]));
}

void
fa_page_wide(struct fa_page *page, lxw_col_t first, lxw_col_t last, size_t width, const char *text,
             enum fa_style style)
{
    FA_AUTO_BUF(cell, 8 * FA_PAGE_LIMIT);
    size_t lines;

    lines = 1 + add_cell(page, &cell, text) / width;
    for (size_t i = 0; i < cell.length; i++)
        lines += cell.data[i] == '\n';
    fa_page_check(page, worksheet_merge_range(page->sheet, page->row, first, page->row, last,
                                              cell.data, page->formats[style]));
    fa_page_check(page, worksheet_set_row(page->sheet, page->row,
                                          (double)lines * (looks[style].points + 5), NULL));
    page->row++;
}

void
fa_page_number(struct fa_page *page, lxw_col_t column, double number, enum fa_style style)
{
    lxw_format *format = page->formats[style];

    fa_page_check(page, isfinite(number)
                            ? worksheet_write_number(page->sheet, page->row, column, number, format)
                            : worksheet_write_blank(page->sheet, page->row, column, format));
}

void
fa_page_bool(struct fa_page *page, lxw_col_t column, bool value, enum fa_style style)
{
    fa_page_check(
        page, worksheet_write_boolean(page->sheet, page->row, column, value, page->formats[style]));
}

void
fa_page_check(struct fa_page *page, lxw_error error)
{
    if (page->error == LXW_NO_ERROR)
        page->error = error;
}
