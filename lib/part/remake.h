/* A derived file whose object is lost: the job that makes it anew, where the CAD is there. */
#ifndef FA_PART_REMAKE_H
#define FA_PART_REMAKE_H

#include "lib/object/object.h"

enum fa_remake_result {
    FA_REMAKE_QUEUED,  /* the job is queued, or was already */
    FA_REMAKE_SETTLED, /* the part does not have the file any more */
    FA_REMAKE_NO_CAD,  /* what it is made from is lost too */
    FA_REMAKE_NO_TASK, /* no job makes this kind */
};

struct fa_remake {
    const struct fa_uuid *part;
    const char *kind; /* of the derived file */
    const char *key;  /* of its lost object */
    int64_t grace_s;
    const char *request_id; /* for the log of the job */
};

/* Queues the job.  The part's model and picture are made together, so both are dropped until the
 * job has ended. */
int fa_remake_derived(struct fa_db *db, struct fa_store *store, const struct fa_remake *remake,
                      enum fa_remake_result *result_r, struct fa_error *err) FA_MUSTCHECK;

#endif
