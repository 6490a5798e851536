/* What the report about a part is made from. */
#ifndef FA_PART_REPORT_SOURCE_H
#define FA_PART_REPORT_SOURCE_H

#include "lib/db/db.h"
#include "lib/report/report.h"

struct fa_report_source {
    struct fa_report report;  /* without the picture's bytes */
    struct fa_report_cad cad; /* what report.cad points to */
    const char *picture_key;  /* object of the thumbnail; NULL: there is none */
    char part_id[FA_UUID_TEXT];
};

/* Reads the part, its CAD's figures or failure, and where its thumbnail lies, in one statement.
 * Texts live in the arena. */
int fa_report_source_read(struct fa_db *db, const struct fa_uuid *part, const char *time_zone,
                          struct fa_arena *arena, struct fa_report_source *source,
                          struct fa_error *err) FA_MUSTCHECK;

#endif
