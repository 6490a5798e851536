/* Asking for a part's analysis report. */
#ifndef FA_PART_REPORT_REQUEST_H
#define FA_PART_REPORT_REQUEST_H

#include "lib/base/options.h"
#include "lib/part/access.h"

struct fa_report_request {
    struct fa_access access;
    const char *request_id;
    const struct fa_options *options; /* quotas */
    bool current; /* set: the report is current, as an event says; else a job is open */
};

/* Queues the report job, joins the one that is open, or, when the report is current, keeps its
 * success event. FA_E_NO_PART, FA_E_FORBIDDEN, FA_E_QUOTA_…. */
int fa_report_request(struct fa_db *db, struct fa_report_request *request,
                      struct fa_error *err) FA_MUSTCHECK;

/* After it: tells listeners. */
int fa_report_announce(struct fa_db *db, const struct fa_report_request *request,
                       struct fa_error *err);

#endif
