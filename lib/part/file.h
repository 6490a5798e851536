/* Files of a part that can be downloaded: found, with the right to read them, in one statement. */
#ifndef FA_PART_FILE_H
#define FA_PART_FILE_H

#include "lib/part/access.h"

/* A stored file as a download needs it; texts live in the arena given. */
struct fa_file {
    const char *object_key;
    const char *name; /* for Content-Disposition */
    const char *media_type;
    const char *sha256; /* lower-case hex; the strong ETag */
    int64_t size;
    int64_t updated_us;
    bool often; /* small, and fetched again and again: pictures and models to view */
};

/* The part's CAD: its newest asset of type cad. FA_E_NO_PART, FA_E_FORBIDDEN, FA_E_NO_FILE. */
int fa_file_find_cad(struct fa_db *db, const struct fa_access *access, struct fa_arena *arena,
                     struct fa_file *file, struct fa_error *err) FA_MUSTCHECK;

/* The asset of that name, compared as the contract says; errors as above. */
int fa_file_find_asset(struct fa_db *db, const struct fa_access *access, const char *basename,
                       struct fa_arena *arena, struct fa_file *file,
                       struct fa_error *err) FA_MUSTCHECK;

/* Whether the part has anything to send with a request for quotation: a CAD or a drawing; errors as
 * above. */
int fa_file_check_quotation(struct fa_db *db, const struct fa_access *access,
                            struct fa_error *err) FA_MUSTCHECK;

/* A derived file by its kind ("visualization", "thumbnail", "oriented", "report"); errors as above.
 */
int fa_file_find_derived(struct fa_db *db, const struct fa_access *access, const char *kind,
                         struct fa_arena *arena, struct fa_file *file,
                         struct fa_error *err) FA_MUSTCHECK;

#endif
