/*
 * Same content again: a CAD whose bytes the organization (or, without one, the owner) has analysed
 * already gets what was made of them, and no job.
 *
 * Only content of the same organization or owner is looked at, by an index that begins with it:
 * what others have makes no difference, not even in time.
 */
#ifndef FA_PART_REUSE_H
#define FA_PART_REUSE_H

#include "lib/object/object.h"
#include "lib/part/access.h"
#include "lib/part/cad.h"

/* Raised whenever figures, model or picture of the same file come out differently: what an older
 * release made is then made anew. */
enum { FA_ANALYSIS_VERSION = 2 };

enum { FA_REUSE_FILES = 3 };

/* What is at hand for an upload; empty when found is false. */
struct fa_reuse {
    bool found;
    const char *figures;                      /* JSON, in the arena given */
    struct fa_object objects[FA_REUSE_FILES]; /* copies, not yet owned */
};

/* The upload it is for. */
struct fa_reuse_request {
    const struct fa_access *access; /* the part, unless new_part */
    bool new_part;
    const char *basename;
    const struct fa_object *object;
};

/* Looks for the same content and copies what was made of it.  FA_DB_NONE: there is none; negative:
 * what was found could not be copied.  In both cases the usual job is the way. */
enum fa_db_outcome fa_reuse_prepare(struct fa_db *db, struct fa_store *store,
                                    const struct fa_reuse_request *request, struct fa_arena *arena,
                                    struct fa_reuse *reuse, struct fa_error *err) FA_MUSTCHECK;

/* Inside the transaction that has placed the CAD `asset`, in place of fa_cad_take_over: results,
 * derived files, stages, part status and the success event. */
enum fa_db_outcome fa_reuse_apply(struct fa_db *db, const struct fa_cad_change *change,
                                  const struct fa_uuid *asset, const struct fa_reuse *reuse,
                                  struct fa_error *err) FA_MUSTCHECK;

/* Inside the transaction that ends an analysis: its results may be used again. */
enum fa_db_outcome fa_reuse_offer(struct fa_db *db, const struct fa_uuid *asset,
                                  struct fa_error *err) FA_MUSTCHECK;

#endif
