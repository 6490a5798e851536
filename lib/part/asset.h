/* Assets: placing an uploaded file into a part, and what follows from it. */
#ifndef FA_PART_ASSET_H
#define FA_PART_ASSET_H

#include "lib/object/object.h"
#include "lib/part/access.h"
#include "lib/part/announce.h"
#include "lib/part/reuse.h"

/* An upload that has been received and stored (fa_object_create), to be made an asset. */
struct fa_asset_upload {
    struct fa_access access; /* the part is chosen here when `new_part` */
    bool new_part;
    const char *basename; /* checked: UTF-8, 1 to 225 code points */
    const char *asset_type;
    bool overwrite;
    bool skip_drawing;
    const struct fa_object *object;
    const char *request_id;
    int64_t grace_s;             /* how long the object it replaces stays readable */
    struct fa_reuse *reuse;      /* what fa_reuse_prepare found; may be NULL */
    bool queued;                 /* set: a job was queued */
    int64_t grown;               /* set: by how many bytes the part has become larger */
    struct fa_announcement told; /* its log is the caller's to set */
};

/* Inside a transaction: writes asset, stages, job (or what is reused) and the replaced object's
 * tombstone.  FA_E_NO_PART, FA_E_FORBIDDEN, FA_E_EXISTS; any failure leaves the object to the
 * collector. */
enum fa_db_outcome fa_asset_put(struct fa_db *db, struct fa_asset_upload *upload,
                                struct fa_error *err) FA_MUSTCHECK;

#endif
