/* An upload from the stored file to its answer: one transaction writes asset, quota's check, and
 * the answer that a retry with the same Idempotency-Key gets. */
#ifndef FA_PART_UPLOAD_H
#define FA_PART_UPLOAD_H

#include "lib/base/options.h"
#include "lib/part/asset.h"
#include "lib/replay/replay.h"

struct fa_upload {
    struct fa_asset_upload asset;
    const struct fa_options *options;
    struct fa_arena *arena;  /* where the answer goes */
    struct fa_replay replay; /* key NULL: none; `found` set: the answer is an earlier one's */
    const char *answer;      /* set: the contract's JSON */
};

/* Places the asset as fa_asset_put and makes the answer.  Also FA_E_QUOTA_… and, for a key of
 * another request, FA_E_INPUT. */
int fa_upload_place(struct fa_db *db, struct fa_upload *upload, struct fa_error *err) FA_MUSTCHECK;

#endif
