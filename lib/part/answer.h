/* The JSON that uploads and deletions of assets answer: the part with all its assets. */
#ifndef FA_PART_ANSWER_H
#define FA_PART_ANSWER_H

#include "lib/db/db.h"

#include <json-c/json.h>

/* Builds the contract's answer with `message` for `part`; assets newest first.  `time_zone` is that
 * of "updated".  The caller owns the object; NULL with `err` on failure, FA_E_NO_PART when the part
 * is gone. */
struct json_object *fa_answer_part(struct fa_db *db, const struct fa_uuid *part,
                                   const char *message, const char *time_zone,
                                   struct fa_error *err) FA_MUSTCHECK;

#endif
