#include "lib/report/analysis.h"
#include "lib/base/cleanup.h"
#include "lib/report/figures.h"

#include <stdint.h>
#include <string.h>

/* The columns; the picture stands right of the table. */
enum { LABELS, VALUES, UNITS = 4, GAP, PICTURE, COLUMNS };

static const double widths[COLUMNS] = {
    [LABELS] = 25, 14, 14, 14, [UNITS] = 7, [GAP] = 2, [PICTURE] = 46};

/* About how many letters a line takes, over all columns and from VALUES on. */
enum { TABLE_WIDTH = 76, VALUES_WIDTH = 46 };

enum { PICTURE_PIXELS = 320 }; /* the longer side */

/* Adds "2 open edges, 1 flipped edge and ..."; false when there is nothing to name. */
static bool
add_defects(struct fa_buf *out, const struct fa_report_cad *cad)
{
    const struct {
        int64_t count;
        const char *name;
    } defects[] = {{cad->open_edges, "open edge"},
                   {cad->non_manifold_edges, "non-manifold edge"},
                   {cad->flipped_edges, "flipped edge"}};
    size_t left = 0;
    bool first = true;

    for (size_t i = 0; i < FA_COUNT(defects); i++)
        left += defects[i].count > 0;
    for (size_t i = 0; i < FA_COUNT(defects); i++) {
        const char *join = first ? "" : left > 1 ? ", " : " and ";

        if (defects[i].count <= 0)
            continue;
        fa_buf_printf(out, "%s%lld %s%s", join, (long long)defects[i].count, defects[i].name,
                      defects[i].count > 1 ? "s" : "");
        first = false;
        left--;
    }
    return !first;
}

static void
put_box(struct fa_page *page, const char *text, enum fa_style style)
{
    fa_page_wide(page, LABELS, UNITS, TABLE_WIDTH, text, style);
}

static void
put_verdict(struct fa_page *page, const struct fa_report_cad *cad)
{
    FA_AUTO_BUF(text, 400);

    if (!cad->watertight) {
        fa_buf_add_text(&text, "The model has ");
        if (!add_defects(&text, cad))
            fa_buf_add_text(&text, "an open surface");
        fa_buf_add_text(&text, "; repair it before printing.");
    } else if (!(cad->volume_mm3 > 0)) {
        fa_buf_add_text(&text, "The model encloses no volume; there is nothing to print.");
    } else {
        fa_buf_add_text(&text, "The model is closed and can be printed as it is.");
        if (cad->shells > 1)
            fa_buf_printf(&text, " It consists of %lld separate shells.", (long long)cad->shells);
    }
    put_box(page, text.data != NULL ? text.data : "",
            cad->watertight && cad->volume_mm3 > 0 ? FA_STYLE_BOX_GOOD : FA_STYLE_BOX_BAD);
}

static void
put_outcome(struct fa_page *page, const struct fa_report *report)
{
    if (report->failure != NULL) {
        put_box(page, report->failure, FA_STYLE_BOX_BAD);
        if (report->failure_action != NULL && report->failure_action[0] != '\0')
            put_box(page, report->failure_action, FA_STYLE_BOX_ACTION);
    }
    if (report->cad != NULL)
        put_verdict(page, report->cad);
    else if (report->cad_name == NULL)
        put_box(page, "The part has no CAD file.", FA_STYLE_BOX_PLAIN);
    else if (report->failure == NULL)
        put_box(page, "The CAD file has not been analysed.", FA_STYLE_BOX_PLAIN);
}

static void
put_picture(struct fa_page *page, const struct fa_report *report)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                        0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    lxw_image_options options = {.object_position = LXW_OBJECT_MOVE_DONT_SIZE,
                                 .description = (char[]){"Picture of the part"}};
    uint32_t size[2] = {0, 0};

    if (report->picture == NULL || report->picture_length < sizeof png + 8 ||
        memcmp(report->picture, png, sizeof png) != 0)
        return;
    for (size_t i = 0; i < 8; i++)
        size[i / 4] = size[i / 4] << 8 | report->picture[sizeof png + i];
    if (size[0] == 0 || size[1] == 0)
        return;
    options.x_scale = PICTURE_PIXELS / (double)(size[0] > size[1] ? size[0] : size[1]);
    options.y_scale = options.x_scale;
    fa_page_check(page, worksheet_insert_image_buffer_opt(page->sheet, page->row, PICTURE,
                                                          report->picture, report->picture_length,
                                                          &options));
}

static void
put_section(struct fa_page *page, const char *title)
{
    page->row++;
    for (lxw_col_t i = LABELS; i <= UNITS; i++)
        fa_page_text(page, i, i == LABELS ? title : "", FA_STYLE_SECTION);
    page->row++;
}

static void
put_figure(struct fa_page *page, lxw_col_t column, enum fa_figure_kind kind, double number)
{
    switch (kind) {
    case FA_FIGURE_FLAG:
        fa_page_text(page, column, number != 0 ? "yes" : "no",
                     number != 0 ? FA_STYLE_GOOD : FA_STYLE_BAD);
        break;
    case FA_FIGURE_DEFECT:
        fa_page_number(page, column, number, number > 0 ? FA_STYLE_BAD : FA_STYLE_GOOD);
        break;
    case FA_FIGURE_COUNT:
        fa_page_number(page, column, number, FA_STYLE_COUNT);
        break;
    case FA_FIGURE_REAL:
    default:
        fa_page_number(page, column, number, FA_STYLE_REAL);
        break;
    }
}

/* The figures that are about the model, or those that are not. */
static void
put_figures(struct fa_page *page, const struct fa_report *report, bool model)
{
    lxw_col_t column = VALUES;

    for (size_t i = 0; i < fa_figure_count; i++) {
        const struct fa_figure *figure = &fa_figures[i];

        if ((figure->about == FA_ABOUT_MODEL) != model || !fa_figure_known(figure, report))
            continue;
        if (figure->label != NULL) {
            fa_page_text(page, LABELS, figure->label, FA_STYLE_LABEL);
            column = VALUES;
        }
        put_figure(page, column++, figure->kind, figure->number(report, report->cad));
        if (i + 1 < fa_figure_count && fa_figures[i + 1].label == NULL)
            continue;
        if (figure->unit[0] != '\0')
            fa_page_text(page, column, figure->unit, FA_STYLE_LABEL);
        page->row++;
    }
}

static void
put_facts(struct fa_page *page, const struct fa_report *report)
{
    for (size_t i = 0; i < fa_fact_count; i++) {
        const char *text = fa_facts[i].text(report);

        fa_page_text(page, LABELS, fa_facts[i].label, FA_STYLE_LABEL);
        fa_page_wide(page, VALUES, UNITS, VALUES_WIDTH, text != NULL ? text : fa_facts[i].absent,
                     FA_STYLE_TEXT);
    }
}

void
fa_analysis_fill(struct fa_page *page, const struct fa_report *report)
{
    const struct fa_report_cad *cad = report->cad;

    fa_page_setup(page, widths, COLUMNS, 1);
    worksheet_gridlines(page->sheet, LXW_HIDE_ALL_GRIDLINES);
    fa_page_wide(page, LABELS, UNITS, TABLE_WIDTH, "Analysis report", FA_STYLE_TITLE);
    page->row++;
    put_picture(page, report);
    put_outcome(page, report);
    put_section(page, "Part");
    put_facts(page, report);
    put_figures(page, report, false);
    if (cad == NULL)
        return;
    put_section(page, "Model");
    put_figures(page, report, true);
    if (cad->note_count > 0)
        put_section(page, "Notes");
    for (size_t i = 0; i < cad->note_count; i++)
        put_box(page, cad->notes[i], FA_STYLE_TEXT);
}
