/* The JSON that uploads and deletions of assets answer, the part with all its assets; and those
 * assets, for other answers about parts. */
#ifndef FA_PART_ANSWER_H
#define FA_PART_ANSWER_H

#include "lib/db/db.h"

#include <json-c/json.h>

enum { FA_ANSWER_PARTS = 100 }; /* at most, in one answer */

/* A part in an answer, and the object that takes its assets. */
struct fa_answer_list {
    struct fa_uuid part;
    struct json_object *assets; /* by asset id, newest first */
};

/* Fills in the assets of `count` parts, in one statement. */
int fa_answer_assets(struct fa_db *db, const struct fa_answer_list *lists, size_t count,
                     const char *time_zone, struct fa_error *err) FA_MUSTCHECK;

/* Builds the contract's answer with `message` for `part`; assets newest first.  `time_zone` is that
 * of "updated".  The caller owns the object; NULL with `err` on failure, FA_E_NO_PART when the part
 * is gone. */
struct json_object *fa_answer_part(struct fa_db *db, const struct fa_uuid *part,
                                   const char *message, const char *time_zone,
                                   struct fa_error *err) FA_MUSTCHECK;

#endif
