/* The report's workbook, read back part by part. */
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/report/figures.h"
#include "lib/report/report.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zip.h>

#define ANALYSIS "xl/worksheets/sheet1.xml"
#define DATA     "xl/worksheets/sheet2.xml"
#define STRINGS  "xl/sharedStrings.xml"
#define PICTURE  "xl/media/image1.png"

static const struct fa_report_cad closed_box = {
    .volume_mm3 = 24000.5,
    .area_mm2 = 5200,
    .max_mm = {40, 30, 20},
    .watertight = true,
    .shells = 1,
    .facets = 12,
};

static struct fa_report
make_report(const struct fa_report_cad *cad)
{
    return (struct fa_report){
        .part_name = "Bracket",
        .part_id = "7f3b1a52-5a0e-4b7e-9f58-0b8f9a3c2d11",
        .cad_name = "bracket.stl",
        .created = "24.11.2026 13:00 UTC",
        .created_us = 1795525200000000,
        .quantity = 5,
        .file_size = 684,
        .cad = cad,
    };
}

/* An empty file without a name. */
static int
open_file(void)
{
    int fd = memfd_create("report", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static int
write_report(const struct fa_report *report)
{
    struct fa_error err;
    int fd = open_file();

    assert_int_equal(fa_report_write(report, fd, &err), 0);
    return fd;
}

/* One part of the workbook in `fd`, NUL-terminated; NULL when there is none of that name. */
static char *
read_part(int fd, const char *name, size_t *length_r)
{
    struct zip_stat info;
    struct zip_file *file;
    struct zip *zip = zip_fdopen(dup(fd), ZIP_CHECKCONS, NULL);
    char *text = NULL;

    assert_non_null(zip);
    if (zip_stat(zip, name, 0, &info) == 0) {
        text = calloc(1, info.size + 1);
        file = zip_fopen(zip, name, 0);
        assert_non_null(text);
        assert_non_null(file);
        assert_int_equal(zip_fread(file, text, info.size), info.size);
        zip_fclose(file);
        if (length_r != NULL)
            *length_r = info.size;
    }
    zip_discard(zip);
    return text;
}

/* Whether the report's workbook has the text in that part. */
static bool
has(const struct fa_report *report, const char *part, const char *text)
{
    FA_AUTO_FD fd = write_report(report);
    FA_AUTO_FREE char *content = read_part(fd, part, NULL);

    assert_non_null(content);
    return strstr(content, text) != NULL;
}

/* Every fact and figure has its key and, known, its number on the sheet for programs. */
static void
data_sheet_is_complete(void **state)
{
    struct fa_report report = make_report(&closed_box);
    char text[80];

    (void)state;
    for (size_t i = 0; i < fa_fact_count; i++) {
        snprintf(text, sizeof text, "<t>%s</t>", fa_facts[i].key);
        assert_true(has(&report, STRINGS, text));
    }
    for (size_t i = 0; i < fa_figure_count; i++) {
        snprintf(text, sizeof text, "<t>%s</t>", fa_figures[i].key);
        assert_true(has(&report, STRINGS, text));
    }
    assert_true(has(&report, DATA, "<v>24000.5</v>"));
    assert_true(has(&report, DATA, "<v>24.0005</v>"));
    assert_true(has(&report, DATA, "t=\"b\"><v>1</v>"));
    assert_true(has(&report, ANALYSIS, "<v>24000.5</v>"));
}

/* The verdict follows the figures, in words an engineer can act on. */
static void
verdict_names_the_defects(void **state)
{
    static const struct {
        struct fa_report_cad cad;
        const char *verdict;
    } cases[] = {
        {{.volume_mm3 = 1, .watertight = true, .shells = 1},
         "The model is closed and can be printed as it is.<"},
        {{.volume_mm3 = 1, .watertight = true, .shells = 3}, " It consists of 3 separate shells.<"},
        {{.watertight = true}, "The model encloses no volume; there is nothing to print.<"},
        {{.open_edges = 12}, "The model has 12 open edges; repair it before printing.<"},
        {{.flipped_edges = 1}, "The model has 1 flipped edge; repair it before printing.<"},
        {{.open_edges = 2, .flipped_edges = 1}, "The model has 2 open edges and 1 flipped edge; "},
        {{.open_edges = 2, .non_manifold_edges = 1, .flipped_edges = 3},
         "The model has 2 open edges, 1 non-manifold edge and 3 flipped edges; "},
        {{.volume_mm3 = 1}, "The model has an open surface; repair it before printing.<"},
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct fa_report report = make_report(&cases[i].cad);

        assert_true(has(&report, STRINGS, cases[i].verdict));
        assert_int_equal(has(&report, STRINGS, "<t>yes</t>"), cases[i].cad.watertight);
    }
}

/* What is odd about the file is said, sentence by sentence. */
static void
notes_are_listed(void **state)
{
    static const char *const notes[] = {"First note.", "Second note."};
    struct fa_report_cad cad = closed_box;
    struct fa_report report = make_report(&cad);

    (void)state;
    assert_false(has(&report, STRINGS, "<t>Notes</t>"));
    cad.notes = notes;
    cad.note_count = FA_COUNT(notes);
    assert_true(has(&report, STRINGS, "<t>Notes</t>"));
    assert_true(has(&report, STRINGS, "<t>First note.</t>"));
    assert_true(has(&report, STRINGS, "<t>Second note.</t>"));
}

/* Without figures the report says why and what to do, and shows none. */
static void
missing_figures_are_explained(void **state)
{
    struct fa_report report = make_report(NULL);

    (void)state;
    assert_true(has(&report, STRINGS, "The CAD file has not been analysed."));
    report.failure = "The file is no STL.";
    report.failure_action = "Export it again.";
    assert_true(has(&report, STRINGS, "<t>The file is no STL.</t>"));
    assert_true(has(&report, STRINGS, "<t>Export it again.</t>"));
    assert_false(has(&report, STRINGS, "has not been analysed"));
    assert_false(has(&report, STRINGS, "Watertight"));
    report = make_report(NULL);
    report.cad_name = NULL;
    assert_true(has(&report, STRINGS, "<t>The part has no CAD file.<"));
    assert_false(has(&report, STRINGS, "File size"));
    assert_true(has(&report, STRINGS, "<t>volume_mm3</t>"));
}

/* The same report is the same bytes, whatever the clock says. */
static void
same_report_is_same_bytes(void **state)
{
    struct fa_report report = make_report(&closed_box);
    FA_AUTO_FD first = write_report(&report);
    FA_AUTO_FD second = -1;
    off_t size = lseek(first, 0, SEEK_END);
    char one[32768];
    char two[sizeof one];

    (void)state;
    sleep(1);
    second = write_report(&report);
    assert_in_range(size, 1, sizeof one);
    assert_int_equal(lseek(second, 0, SEEK_END), size);
    assert_int_equal(pread(first, one, sizeof one, 0), size);
    assert_int_equal(pread(second, two, sizeof two, 0), size);
    assert_memory_equal(one, two, (size_t)size);
}

/* Texts of users arrive as text: no formula, no markup, nothing XML or a reader would misread. */
static void
hostile_texts_stay_text(void **state)
{
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        {"=1+1", "<t>=1+1</t>"},
        {"+cmd|' /C calc'!A0", "<t>+cmd|' /C calc'!A0</t>"},
        {"<b>&\"", "<t>&lt;b&gt;&amp;\"</t>"},
        {"\xf0\x9f\x98\x80", "<t>\xf0\x9f\x98\x80</t>"},
        {"a\xff\xc0\xaf", "<t>a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</t>"},
        {"cut \xe2\x82", "<t>cut \xef\xbf\xbd\xef\xbf\xbd</t>"},
        {"a\x01\r\x1f", "<t>a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</t>"},
        {"a\xef\xbf\xbf", "<t>a\xef\xbf\xbd</t>"},
        {"a_x0041_x0042_", "<t>a_x005F_x0041_x005F_x0042_</t>"},
        {"_x004_ _x00g1_", "<t>_x004_ _x00g1_</t>"},
        {"", "<t>part_name</t>"},
        {" a", "<t xml:space=\"preserve\"> a</t>"},
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct fa_report report = make_report(&closed_box);

        report.part_name = cases[i].text;
        assert_true(has(&report, STRINGS, cases[i].written));
        assert_false(has(&report, ANALYSIS, "<f>"));
        assert_false(has(&report, DATA, "<f>"));
    }
}

/* A long text is whole on the sheet for programs and cut on the other; one that no cell holds, once
 * escaped, is cut on both. */
static void
long_texts_are_cut(void **state)
{
    char name[50001] = "";
    struct fa_report report = make_report(&closed_box);

    (void)state;
    report.part_name = memset(name, 'N', 5000);
    assert_true(has(&report, STRINGS, name));
    assert_true(has(&report, STRINGS, "NNN…</t>"));
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = "_x0041"[i % 6];
    assert_true(has(&report, STRINGS, "_x005F_x0041_x005F_x0041"));
    assert_false(has(&report, STRINGS, name));
}

/* A number a sheet cannot hold leaves its cell empty. */
static void
odd_numbers_are_left_out(void **state)
{
    struct fa_report_cad cad = closed_box;
    struct fa_report report = make_report(&cad);

    (void)state;
    cad.volume_mm3 = NAN;
    cad.area_mm2 = INFINITY;
    assert_false(has(&report, DATA, "<v>NAN"));
    assert_false(has(&report, DATA, "<v>INF"));
    assert_false(has(&report, ANALYSIS, "<v>NAN"));
    assert_true(has(&report, STRINGS, "The model encloses no volume"));
}

/* As much of a picture, 640 pixels wide and 320 high, as is looked at. */
static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,   0, 0, 13,
                                    'I',  'H', 'D', 'R', 0,    0,    2,    128,  0,   0, 1, 64,
                                    8,    0,   0,   0,   0,    0,    0,    0,    0,   0, 0, 0,
                                    0,    'I', 'E', 'N', 'D',  0xae, 0x42, 0x60, 0x82};

/* The picture is in the workbook as it was given, 320 pixels wide and in proportion. */
static void
picture_is_kept(void **state)
{
    struct fa_report report = make_report(&closed_box);
    size_t length = 0;
    FA_AUTO_FD fd = -1;
    FA_AUTO_FREE char *found = NULL;

    (void)state;
    report.picture = png;
    report.picture_length = sizeof png;
    fd = write_report(&report);
    found = read_part(fd, PICTURE, &length);
    assert_non_null(found);
    assert_int_equal(length, sizeof png);
    assert_memory_equal(found, png, sizeof png);
    assert_true(has(&report, "xl/drawings/drawing1.xml", "cx=\"3048000\" cy=\"1524000\""));
}

/* What is no picture does not keep the report from being written. */
static void
broken_picture_is_left_out(void **state)
{
    unsigned char text[sizeof png];
    struct fa_report report = make_report(&closed_box);

    (void)state;
    report.picture = png;
    for (report.picture_length = 0; report.picture_length < 24; report.picture_length++)
        assert_false(has(&report, "[Content_Types].xml", "png"));
    report.picture = memset(text, 'x', sizeof text);
    report.picture_length = sizeof text;
    assert_false(has(&report, "[Content_Types].xml", "png"));
}

/* Without room for temporary files there is an error, not a workbook with empty parts. */
static void
missing_scratch_is_an_error(void **state)
{
    struct rlimit old;
    struct rlimit small;
    struct fa_report report = make_report(&closed_box);
    struct fa_error err;
    FA_AUTO_FD fd = open_file();

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = old;
    small.rlim_cur = 65536; /* enough for the workbook */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(fa_report_write(&report, fd, &err), -1);
    assert_int_equal(err.code, FA_E_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    report.scratch = "/nonexistent";
    assert_int_equal(fa_report_write(&report, fd, &err), -1);
    assert_int_equal(err.code, FA_E_STORE);
}

/* A file that cannot be written is an error; the caller's descriptor stays open. */
static void
unwritable_file_is_an_error(void **state)
{
    struct fa_report report = make_report(&closed_box);
    struct fa_error err;
    FA_AUTO_FD full = open("/dev/full", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_int_equal(fa_report_write(&report, full, &err), -1);
    assert_int_equal(err.code, FA_E_SPACE);
    assert_true(fcntl(full, F_GETFD) >= 0);
    assert_int_equal(fa_report_write(&report, -1, &err), -1);
    assert_int_equal(err.code, FA_E_STORE);
}

/* A file on a disk that has no name is filled, and no temporary file is left beside it. */
static void
unnamed_files_are_filled(void **state)
{
    char folder[] = "/tmp/test_report.XXXXXX";
    struct fa_report report = make_report(&closed_box);
    struct fa_error err;
    FA_AUTO_FREE char *text = NULL;
    FA_AUTO_FD unnamed = -1;

    (void)state;
    assert_non_null(mkdtemp(folder));
    report.scratch = folder;
    unnamed = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (unnamed < 0) {
        rmdir(folder);
        skip();
    }
    assert_int_equal(fa_report_write(&report, unnamed, &err), 0);
    text = read_part(unnamed, "docProps/core.xml", NULL);
    assert_non_null(strstr(text, "<dc:title>Analysis report</dc:title>"));
    assert_non_null(strstr(text, "<dc:subject>Bracket</dc:subject>"));
    assert_non_null(strstr(text, "2026-11-24T13:00:00Z</dcterms:created>"));
    assert_int_equal(rmdir(folder), 0);
}

FA_RUN(cmocka_unit_test(data_sheet_is_complete), cmocka_unit_test(verdict_names_the_defects),
       cmocka_unit_test(notes_are_listed), cmocka_unit_test(missing_figures_are_explained),
       cmocka_unit_test(same_report_is_same_bytes), cmocka_unit_test(hostile_texts_stay_text),
       cmocka_unit_test(long_texts_are_cut), cmocka_unit_test(odd_numbers_are_left_out),
       cmocka_unit_test(picture_is_kept), cmocka_unit_test(broken_picture_is_left_out),
       cmocka_unit_test(missing_scratch_is_an_error), cmocka_unit_test(unwritable_file_is_an_error),
       cmocka_unit_test(unnamed_files_are_filled))
