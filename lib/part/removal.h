/*
 * Taking files away: an asset, a part's CAD with all that came from it, or the whole part.
 *
 * Rows go and objects are buried in one transaction, so a download under way still ends.  Jobs that
 * lose their ground are cancelled in it too, each with an event that is kept: nothing they produce
 * appears afterwards.
 */
#ifndef FA_PART_REMOVAL_H
#define FA_PART_REMOVAL_H

#include "lib/part/access.h"
#include "lib/part/announce.h"

enum fa_removal_what { FA_REMOVE_ASSET, FA_REMOVE_CAD, FA_REMOVE_PART };

struct fa_removal {
    struct fa_access access;
    enum fa_removal_what what;
    const char *request_id;
    int64_t grace_s;      /* how long what is removed stays readable for downloads under way */
    const char *basename; /* of FA_REMOVE_ASSET */
    struct fa_announcement told; /* its log is the caller's to set */
};

/* FA_REMOVE_ASSET: the asset of that name.  Where it was the part's CAD, what was derived from it
 * goes too, and the next newest CAD is processed.  FA_REMOVE_CAD: all CADs and what was derived;
 * the part's status and attributes are set back, other assets stay.  FA_REMOVE_PART: the part and
 * everything of it.  FA_E_NO_PART, FA_E_FORBIDDEN, FA_E_NO_FILE. */
int fa_removal_run(struct fa_db *db, struct fa_removal *removal, struct fa_error *err) FA_MUSTCHECK;

#endif
