/* The part's CAD: what is derived from it, and how it is replaced. */
#ifndef FA_PART_CAD_H
#define FA_PART_CAD_H

#include "lib/job/job.h"
#include "lib/object/object.h"
#include "lib/part/announce.h"

/* For a statement's FROM: the CAD of part $1, or of `p` of another table; a row of asset or none,
 * to be followed by its alias.  It is the newest asset of type cad: decided here alone. */
#define FA_CAD_OF_1 FA_CAD_OF("$1")
#define FA_CAD_OF_P FA_CAD_OF("p.part_id")
#define FA_CAD_OF(part)                                                                            \
    " (SELECT * FROM asset WHERE asset.part_id = " part " AND asset.asset_type = 'cad'"            \
    "  ORDER BY asset.placed DESC LIMIT 1) "

/* A part's CAD is another one now. */
struct fa_cad_change {
    const struct fa_uuid *part;
    const struct fa_uuid *account; /* who has changed it */
    const char *request_id;
    int64_t grace_s;              /* how long what is dropped stays readable */
    struct fa_announcement *told; /* gets what is to be announced */
};

/* Inside a transaction that holds the part: another CAD (or none) has become the newest.  What was
 * derived from the old one is dropped, open jobs are superseded, stages start again, and a job for
 * the new CAD is queued where its format is processed; `queued_r` tells. */
enum fa_db_outcome fa_cad_take_over(struct fa_db *db, const struct fa_cad_change *change,
                                    bool *queued_r, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction that holds the part: drops what was derived from its CAD; the objects are
 * buried. */
enum fa_db_outcome fa_cad_drop_derived(struct fa_db *db, const struct fa_uuid *part,
                                       int64_t grace_s, struct fa_error *err) FA_MUSTCHECK;

/* The step of it before anything new: drops what was derived.  An open CAD job is cancelled, with
 * an event; all others start again and are about `asset` (NULL: none). */
enum fa_db_outcome fa_cad_clear(struct fa_db *db, const struct fa_cad_change *change,
                                const struct fa_uuid *asset, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction that holds the job: puts a derived file into place; an older one of its kind
 * is buried. */
enum fa_db_outcome fa_cad_put_derived(struct fa_db *db, const struct fa_uuid *part,
                                      const char *kind, const struct fa_object *object,
                                      int64_t grace_s, struct fa_error *err) FA_MUSTCHECK;

/* Where an asset's bytes lie, and which they are: 64 lower-case hex digits. */
struct fa_cad_object {
    const char *key;
    const char *sha256;
};

/* The asset's object; FA_E_NO_FILE when the asset is gone. */
int fa_cad_find_object(struct fa_db *db, const struct fa_uuid *asset, struct fa_arena *arena,
                       struct fa_cad_object *object, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: sets the part's status. */
enum fa_db_outcome fa_cad_set_status(struct fa_db *db, const struct fa_uuid *part,
                                     const char *status, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: merges {name: json} into the asset's results. */
enum fa_db_outcome fa_cad_add_result(struct fa_db *db, const struct fa_uuid *asset,
                                     const char *name, const char *json,
                                     struct fa_error *err) FA_MUSTCHECK;

#endif
