/* Asking for a part's analysis report. */
#ifndef FA_PART_REPORT_REQUEST_H
#define FA_PART_REPORT_REQUEST_H

#include "lib/base/options.h"
#include "lib/part/access.h"
#include "lib/part/announce.h"

struct fa_report_request {
    struct fa_access access;
    const char *request_id;
    const struct fa_options *options; /* quotas */
    struct fa_announcement told;      /* its log is the caller's to set */
};

/* Queues the report job, joins the one that is open, or, when the report is current, keeps its
 * success event. FA_E_NO_PART, FA_E_FORBIDDEN, FA_E_QUOTA_…. */
int fa_report_request(struct fa_db *db, struct fa_report_request *request,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
