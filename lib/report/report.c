#include "lib/report/report.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xlsxwriter.h>

enum { CELL_LIMIT = 1000, PICTURE_ROW = 4, PICTURE_PIXELS = 300 };

/* --- the figures -------------------------------------------------------------------------------
 */

/* How a figure is shown. */
enum format { TITLE, LABEL, TEXT, NUMBER, COUNT, GOOD, BAD, NOTE, HEADER, FORMATS };

struct figure {
    const char *key;   /* as in the JSON; for programs */
    const char *label; /* for people */
    const char *unit;
    enum format format; /* NUMBER, COUNT, or TEXT */
    double (*number)(const struct fa_report_cad *cad);
};

static double
length(const struct fa_report_cad *cad, int axis)
{
    return cad->max_mm[axis] - cad->min_mm[axis];
}

#define NUMBER_OF(name, expression)                                                                \
    static double name(const struct fa_report_cad *cad)                                            \
    {                                                                                              \
        return (double)(expression);                                                               \
    }

NUMBER_OF(size_x, length(cad, 0))
NUMBER_OF(size_y, length(cad, 1))
NUMBER_OF(size_z, length(cad, 2))
NUMBER_OF(volume_mm3, cad->volume_mm3)
NUMBER_OF(volume_cm3, cad->volume_mm3 / 1e3)
NUMBER_OF(area_mm2, cad->area_mm2)
NUMBER_OF(area_cm2, cad->area_mm2 / 1e2)
NUMBER_OF(min_x, cad->min_mm[0])
NUMBER_OF(min_y, cad->min_mm[1])
NUMBER_OF(min_z, cad->min_mm[2])
NUMBER_OF(max_x, cad->max_mm[0])
NUMBER_OF(max_y, cad->max_mm[1])
NUMBER_OF(max_z, cad->max_mm[2])
NUMBER_OF(watertight, cad->watertight)
NUMBER_OF(shells, cad->shells)
NUMBER_OF(facets, cad->facets)
NUMBER_OF(open_edges, cad->open_edges)
NUMBER_OF(non_manifold_edges, cad->non_manifold_edges)
NUMBER_OF(flipped_edges, cad->flipped_edges)
NUMBER_OF(dropped_facets, cad->dropped_facets)

static const struct figure figures[] = {
    {"size_x_mm", "Length (X)", "mm", NUMBER, size_x},
    {"size_y_mm", "Width (Y)", "mm", NUMBER, size_y},
    {"size_z_mm", "Height (Z)", "mm", NUMBER, size_z},
    {"volume_mm3", "Volume", "mm\xc2\xb3", NUMBER, volume_mm3},
    {"volume_cm3", "Volume", "cm\xc2\xb3", NUMBER, volume_cm3},
    {"area_mm2", "Surface", "mm\xc2\xb2", NUMBER, area_mm2},
    {"area_cm2", "Surface", "cm\xc2\xb2", NUMBER, area_cm2},
    {"min_x_mm", "Lowest X", "mm", NUMBER, min_x},
    {"min_y_mm", "Lowest Y", "mm", NUMBER, min_y},
    {"min_z_mm", "Lowest Z", "mm", NUMBER, min_z},
    {"max_x_mm", "Highest X", "mm", NUMBER, max_x},
    {"max_y_mm", "Highest Y", "mm", NUMBER, max_y},
    {"max_z_mm", "Highest Z", "mm", NUMBER, max_z},
    {"watertight", "Watertight (1 yes, 0 no)", "", COUNT, watertight},
    {"shells", "Shells", "", COUNT, shells},
    {"facets", "Facets", "", COUNT, facets},
    {"open_edges", "Open edges", "", COUNT, open_edges},
    {"non_manifold_edges", "Edges of more than two facets", "", COUNT, non_manifold_edges},
    {"flipped_edges", "Flipped edges", "", COUNT, flipped_edges},
    {"dropped_facets", "Unreadable facets, dropped", "", COUNT, dropped_facets},
};

/* --- writing cells -----------------------------------------------------------------------------
 */

/* A sheet being filled from top to bottom; the first failure is kept. */
struct page {
    lxw_worksheet *sheet;
    lxw_format **formats;
    lxw_row_t row;
    lxw_error error;
};

static void
check(struct page *page, lxw_error error)
{
    if (page->error == LXW_NO_ERROR)
        page->error = error;
}

/* Texts of users: bytes that are no UTF-8 would make a file that Excel wants to repair, and a cell
 * has a limit. */
static void
put_text(struct page *page, lxw_col_t column, const char *text, enum format format)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf clean;
    size_t left = strlen(text);

    fa_buf_init(&clean, 3 * CELL_LIMIT);
    for (int count = 0; left > 0 && count < CELL_LIMIT; count++) {
        size_t size = fa_utf8_next(text, left, NULL);

        fa_buf_add(&clean, size > 0 ? text : "?", size > 0 ? size : 1);
        size = size > 0 ? size : 1;
        text += size;
        left -= size;
    }
    check(page, worksheet_write_string(page->sheet, page->row, column,
                                       clean.data != NULL && !clean.failed ? clean.data : "",
                                       page->formats[format]));
}

static void
put_number(struct page *page, lxw_col_t column, double number, enum format format)
{
    check(page,
          worksheet_write_number(page->sheet, page->row, column, number, page->formats[format]));
}

static void
put_pair(struct page *page, const char *label, const char *value)
{
    put_text(page, 0, label, LABEL);
    put_text(page, 1, value, TEXT);
    page->row++;
}

/* --- the sheet to read -------------------------------------------------------------------------
 */

static void
put_verdict(struct page *page, const struct fa_report *report)
{
    char text[200];
    const struct fa_report_cad *cad = report->cad;

    if (report->failure != NULL) {
        put_text(page, 0, report->failure, BAD);
        page->row++;
        put_text(page, 0, report->failure_action != NULL ? report->failure_action : "", NOTE);
    } else if (cad == NULL) {
        put_text(page, 0,
                 report->cad_name == NULL ? "The part has no CAD file."
                                          : "The CAD file has not been analysed.",
                 BAD);
    } else if (cad->watertight) {
        put_text(page, 0, "The model is closed and can be printed as it is.", GOOD);
    } else {
        snprintf(text, sizeof text,
                 "The model is not closed (%lld open, %lld shared, %lld flipped edges): repair it "
                 "before printing.",
                 (long long)cad->open_edges, (long long)cad->non_manifold_edges,
                 (long long)cad->flipped_edges);
        put_text(page, 0, text, BAD);
    }
    page->row += 2;
}

static void
put_picture(struct page *page, const struct fa_report *report)
{
    /* The picture is 512 pixels wide. */
    lxw_image_options options = {.x_scale = PICTURE_PIXELS / 512.0,
                                 .y_scale = PICTURE_PIXELS / 512.0,
                                 .object_position = LXW_OBJECT_MOVE_DONT_SIZE};

    if (report->picture != NULL)
        check(page, worksheet_insert_image_buffer_opt(page->sheet, PICTURE_ROW, 4, report->picture,
                                                      report->picture_length, &options));
}

static void
fill_analysis(struct page *page, const struct fa_report *report)
{
    char number[32];

    worksheet_set_column(page->sheet, 0, 0, 30, NULL);
    worksheet_set_column(page->sheet, 1, 1, 24, NULL);
    worksheet_set_column(page->sheet, 2, 2, 8, NULL);
    worksheet_set_portrait(page->sheet);
    worksheet_set_paper(page->sheet, 9); /* A4 */
    worksheet_fit_to_pages(page->sheet, 1, 0);
    worksheet_gridlines(page->sheet, LXW_HIDE_ALL_GRIDLINES);
    put_text(page, 0, "Analysis report", TITLE);
    page->row += 2;
    put_verdict(page, report);
    put_picture(page, report);
    put_pair(page, "Part", report->part_name);
    put_pair(page, "Part id", report->part_id);
    put_pair(page, "CAD file", report->cad_name != NULL ? report->cad_name : "none");
    put_pair(page, "Material", report->material != NULL ? report->material : "not chosen");
    put_pair(page, "Machine", report->machine != NULL ? report->machine : "not chosen");
    snprintf(number, sizeof number, "%lld", (long long)report->quantity);
    put_pair(page, "Quantity", number);
    put_pair(page, "Report of", report->created);
    page->row++;
    for (size_t i = 0; report->cad != NULL && i < FA_COUNT(figures); i++) {
        put_text(page, 0, figures[i].label, LABEL);
        put_number(page, 1, figures[i].number(report->cad), figures[i].format);
        put_text(page, 2, figures[i].unit, TEXT);
        page->row++;
    }
    for (size_t i = 0; report->cad != NULL && i < report->cad->note_count; i++) {
        put_text(page, 0, report->cad->notes[i], NOTE);
        page->row++;
    }
}

/* --- the sheet for programs --------------------------------------------------------------------
 */

static void
fill_data(struct page *page, const struct fa_report *report)
{
    static const char *const header[] = {"key", "value", "unit"};

    worksheet_set_column(page->sheet, 0, 1, 28, NULL);
    for (lxw_col_t i = 0; i < FA_COUNT(header); i++)
        put_text(page, i, header[i], HEADER);
    worksheet_freeze_panes(page->sheet, 1, 0);
    page->row++;
    put_pair(page, "part_id", report->part_id);
    put_pair(page, "part_name", report->part_name);
    put_pair(page, "cad_file", report->cad_name != NULL ? report->cad_name : "");
    put_text(page, 0, "file_size", LABEL);
    put_number(page, 1, (double)report->file_size, COUNT);
    put_text(page, 2, "bytes", TEXT);
    page->row++;
    for (size_t i = 0; report->cad != NULL && i < FA_COUNT(figures); i++) {
        put_text(page, 0, figures[i].key, LABEL);
        put_number(page, 1, figures[i].number(report->cad), TEXT);
        put_text(page, 2, figures[i].unit, TEXT);
        page->row++;
    }
}

/* --- the workbook ------------------------------------------------------------------------------
 */

static void
make_formats(lxw_workbook *book, lxw_format *formats[FORMATS])
{
    for (int i = 0; i < FORMATS; i++) {
        formats[i] = workbook_add_format(book);
        format_set_font_name(formats[i], "Calibri");
        format_set_align(formats[i], LXW_ALIGN_LEFT);
    }
    format_set_bold(formats[TITLE]);
    format_set_font_size(formats[TITLE], 18);
    format_set_font_color(formats[LABEL], 0x4a5560);
    format_set_num_format(formats[NUMBER], "#,##0.000");
    format_set_num_format(formats[COUNT], "#,##0");
    format_set_bold(formats[GOOD]);
    format_set_font_color(formats[GOOD], 0x1b7837);
    format_set_bold(formats[BAD]);
    format_set_font_color(formats[BAD], 0xb2182b);
    format_set_italic(formats[NOTE]);
    format_set_bold(formats[HEADER]);
    format_set_bottom(formats[HEADER], LXW_BORDER_THIN);
}

static void
set_properties(lxw_workbook *book, const struct fa_report *report)
{
    lxw_doc_properties properties = {.title = (char *)(uintptr_t) "Analysis report",
                                     .company = (char *)(uintptr_t) "fileapi",
                                     .created = (time_t)(report->created_us / 1000000)};

    workbook_set_properties(book, &properties);
}

static lxw_error
fill(lxw_workbook *book, const struct fa_report *report)
{
    lxw_format *formats[FORMATS];
    struct page analysis = {.sheet = workbook_add_worksheet(book, "Analysis"), .formats = formats};
    struct page data = {.sheet = workbook_add_worksheet(book, "Data"), .formats = formats};

    if (analysis.sheet == NULL || data.sheet == NULL)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    make_formats(book, formats);
    set_properties(book, report);
    fill_analysis(&analysis, report);
    fill_data(&data, report);
    return analysis.error != LXW_NO_ERROR ? analysis.error : data.error;
}

int
fa_report_write(const struct fa_report *report, int fd, struct fa_error *err)
{
    char path[40];
    lxw_workbook *book;
    lxw_error filled;
    lxw_error closed;

    /* The library wants a name; the descriptor has one. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    book = workbook_new(path);
    if (book == NULL)
        return fa_error_set(err, FA_E_MEMORY, "workbook");
    filled = fill(book, report);
    closed = workbook_close(book);
    if (filled == LXW_NO_ERROR && closed == LXW_NO_ERROR)
        return 0;
    return fa_error_set(err, FA_E_STORE, "workbook: %s",
                        lxw_strerror(filled != LXW_NO_ERROR ? filled : closed));
}
