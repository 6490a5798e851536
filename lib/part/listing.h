/* Parts as their users see them: one, or a list of all they may read. */
#ifndef FA_PART_LISTING_H
#define FA_PART_LISTING_H

#include "lib/part/access.h"

#include <json-c/json.h>

/* Which parts to list; NULL members do not filter. */
struct fa_listing {
    struct fa_access access;      /* `part` does not matter */
    const struct fa_uuid *before; /* only parts older than this one: the cursor */
    int64_t limit;                /* 1 to FA_ANSWER_PARTS */
    const char *name;             /* stands somewhere in the part's name, in any case */
    const char *status;
};

/*
 * {"parts": […], "next": the cursor of the next page, or null}, newest first: the caller's own
 * parts and those of the caller's organizations.  Two statements, however many parts.  The caller
 * owns the object; NULL with `err` on failure.
 */
struct json_object *fa_listing_parts(struct fa_db *db, const struct fa_listing *listing,
                                     const char *time_zone, struct fa_error *err) FA_MUSTCHECK;

/* The part of `access`, with its assets; as above. FA_E_NO_PART, FA_E_FORBIDDEN. */
struct json_object *fa_listing_part(struct fa_db *db, const struct fa_access *access,
                                    const char *time_zone, struct fa_error *err) FA_MUSTCHECK;

#endif
