/* The analysis report about a part, as an xlsx workbook (ECMA-376). */
#ifndef FA_REPORT_REPORT_H
#define FA_REPORT_REPORT_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Figures of the part's CAD. */
struct fa_report_cad {
    double volume_mm3;
    double area_mm2;
    double min_mm[3];
    double max_mm[3];
    bool watertight;
    int64_t shells;
    int64_t facets;
    int64_t open_edges;
    int64_t non_manifold_edges;
    int64_t flipped_edges;
    int64_t dropped_facets;
    const char *const *notes; /* sentences about what is odd */
    size_t note_count;
};

/* All texts may hold what a user typed: any bytes, any length. */
struct fa_report {
    const char *part_name;
    const char *part_id;
    const char *cad_name; /* NULL: the part has no CAD */
    const char *material; /* NULL: not chosen */
    const char *machine;  /* NULL: not chosen */
    const char *created;  /* as it is to be read */
    int64_t created_us;   /* the same since 1970 in UTC, for the document's properties */
    int64_t quantity;
    int64_t file_size;               /* of the CAD, in bytes */
    const struct fa_report_cad *cad; /* NULL: not analysed */
    const char *failure;             /* why there are no figures; NULL */
    const char *failure_action;      /* what to do about it; NULL */
    const unsigned char *picture;    /* PNG; NULL: none */
    size_t picture_length;
    const char *scratch; /* folder of temporary files; NULL: TMPDIR, else the system's */
};

/*
 * Writes the workbook into `fd`, an empty file open for reading and writing, named or not: a sheet
 * to read, with a verdict and the picture, and one with a row per figure for programs.  The same
 * report gives the same bytes.  Bytes that are no UTF-8 or that XML cannot hold become U+FFFD, long
 * texts are cut, no text becomes a formula, and a picture that is no PNG is left out.
 * FA_E_MEMORY, FA_E_STORE, FA_E_SPACE (also when `scratch` has no 2 MiB left); the file's content
 * is then undefined.
 */
int fa_report_write(const struct fa_report *report, int fd, struct fa_error *err) FA_MUSTCHECK;

#endif
