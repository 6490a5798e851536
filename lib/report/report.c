#include "lib/report/report.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/report/analysis.h"
#include "lib/report/figures.h"
#include "lib/report/page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

enum { SHOWN_LIMIT = 400, SUBJECT_LIMIT = 100 }; /* UTF-16 units */

enum { SCRATCH_ROOM = 2 << 20 }; /* more than the largest part of a report's workbook, unpacked */

/* The sheet for programs.  Every key is there in every report; what is not known is empty. */
static void
fill_data(struct fa_page *page, const struct fa_report *report)
{
    static const char *const header[] = {"key", "value", "unit"};
    static const double widths[FA_COUNT(header)] = {30, 40, 10};

    fa_page_setup(page, widths, FA_COUNT(header), 1);
    for (lxw_col_t i = 0; i < FA_COUNT(header); i++)
        fa_page_text(page, i, header[i], FA_STYLE_HEADER);
    page->row++;
    for (size_t i = 0; i < fa_fact_count; i++, page->row++) {
        const char *text = fa_facts[i].text(report);

        fa_page_text(page, 0, fa_facts[i].key, FA_STYLE_DATA);
        fa_page_text(page, 1, text != NULL ? text : "", FA_STYLE_DATA);
    }
    fa_page_text(page, 0, "failure", FA_STYLE_DATA);
    fa_page_text(page, 1, report->failure != NULL ? report->failure : "", FA_STYLE_DATA);
    page->row++;
    for (size_t i = 0; i < fa_figure_count; i++, page->row++) {
        const struct fa_figure *figure = &fa_figures[i];

        fa_page_text(page, 0, figure->key, FA_STYLE_DATA);
        fa_page_text(page, 2, figure->unit, FA_STYLE_DATA);
        if (!fa_figure_known(figure, report))
            continue;
        if (figure->kind == FA_FIGURE_FLAG)
            fa_page_bool(page, 1, figure->number(report, report->cad) != 0, FA_STYLE_DATA);
        else
            fa_page_number(page, 1, figure->number(report, report->cad), FA_STYLE_DATA);
    }
}

static lxw_error
set_properties(lxw_workbook *book, const struct fa_report *report)
{
    FA_AUTO_BUF(subject, 4 * SUBJECT_LIMIT + 4);
    /* Without a time of creation the library takes the clock's. */
    lxw_doc_properties properties = {
        .title = (char[]){"Analysis report"},
        .created =
            (time_t)(report->created_us >= FA_SECOND_US ? report->created_us / FA_SECOND_US : 1)};

    fa_page_clean(&subject, report->part_name != NULL ? report->part_name : "", SUBJECT_LIMIT);
    properties.subject = subject.data;
    return workbook_set_properties(book, &properties);
}

static lxw_error
fill(lxw_workbook *book, const struct fa_report *report)
{
    lxw_format *formats[FA_STYLES];
    struct fa_page analysis = {.formats = formats, .limit = SHOWN_LIMIT};
    struct fa_page data = {.formats = formats, .limit = FA_PAGE_LIMIT};

    analysis.sheet = workbook_add_worksheet(book, "Analysis");
    data.sheet = workbook_add_worksheet(book, "Data");
    if (analysis.sheet == NULL || data.sheet == NULL || fa_page_formats(book, formats) < 0)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    analysis.error = set_properties(book, report);
    fa_analysis_fill(&analysis, report);
    fill_data(&data, report);
    return analysis.error != LXW_NO_ERROR ? analysis.error : data.error;
}

/* Asks for room in the folder of temporary files.  The library does not look whether it could write
 * them: a full folder gives a workbook with empty parts, and no error.  Room before and after, when
 * the library has given its own back, says that they were whole. */
static int
check_scratch(const char *folder, struct fa_error *err)
{
    char path[PATH_MAX];
    FA_AUTO_FD fd = -1;
    int error;

    if (snprintf(path, sizeof path, "%s/report.XXXXXX", folder) >= (int)sizeof path)
        return fa_error_errno(err, FA_E_STORE, ENAMETOOLONG, "temporary files of the workbook");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "temporary files of the workbook: %s", path);
    unlink(path);
    error = posix_fallocate(fd, 0, SCRATCH_ROOM);
    if (error != 0)
        return fa_error_errno(err, FA_E_STORE, error, "temporary files of the workbook: %s", path);
    return 0;
}

/* Fills and closes the workbook, which is gone afterwards in any case. */
static int
finish(lxw_workbook *book, const struct fa_report *report, struct fa_error *err)
{
    lxw_error error = fill(book, report);
    lxw_error closed;

    errno = 0;
    closed = workbook_close(book);
    if (error == LXW_NO_ERROR && closed != LXW_NO_ERROR && errno != 0)
        return fa_error_errno(err, FA_E_STORE, errno, "workbook: %s", lxw_strerror(closed));
    if (error == LXW_NO_ERROR)
        error = closed;
    if (error == LXW_NO_ERROR)
        return 0;
    return fa_error_set(err, error == LXW_ERROR_MEMORY_MALLOC_FAILED ? FA_E_MEMORY : FA_E_STORE,
                        "workbook: %s", lxw_strerror(error));
}

int
fa_report_write(const struct fa_report *report, int fd, struct fa_error *err)
{
    const char *wanted = report->scratch != NULL ? report->scratch : secure_getenv("TMPDIR");
    char scratch[PATH_MAX];
    char path[40];
    lxw_workbook_options options = {.tmpdir = scratch};
    lxw_workbook *book;

    /* A name that is cut here is too long for check_scratch as well. */
    snprintf(scratch, sizeof scratch, "%s", wanted != NULL ? wanted : P_tmpdir);
    if (check_scratch(scratch, err) < 0)
        return -1;
    /* The library wants a name; a descriptor has one, even where the file has none. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    book = workbook_new_opt(path, &options);
    if (book == NULL)
        return fa_error_set(err, FA_E_MEMORY, "make a workbook");
    if (finish(book, report, err) < 0)
        return -1;
    return check_scratch(scratch, err);
}
