/*
 * Quotas: what a user and an organization may have, in bytes of uploaded assets, parts and open
 * jobs.  A part counts for its owner and for its organization, whoever uploads to it.
 *
 * Bytes and parts are sums over a small ledger that triggers keep (sql/0003_reuse.sql).  Where a
 * quota is set, placing transactions of the same user or organization are checked one after
 * another, so exactly as many succeed as fit.
 */
#ifndef FA_QUOTA_QUOTA_H
#define FA_QUOTA_QUOTA_H

#include "lib/base/options.h"
#include "lib/db/db.h"

enum fa_quota_resource { FA_QUOTA_BYTES, FA_QUOTA_PARTS, FA_QUOTA_JOBS, FA_QUOTA_RESOURCES };
enum fa_quota_owner { FA_QUOTA_USER, FA_QUOTA_ORGANIZATION, FA_QUOTA_OWNERS };

extern const char *const fa_quota_resource_names[FA_QUOTA_RESOURCES];
extern const char *const fa_quota_owner_names[FA_QUOTA_OWNERS];

/* An amount of each resource. */
struct fa_quota_amounts {
    int64_t of[FA_QUOTA_RESOURCES];
};

/* The limits that the options set for users, for organizations; 0: none. */
struct fa_quota_amounts fa_quota_limits(const struct fa_options *options,
                                        enum fa_quota_owner owner);

/* What the account or organization uses. */
enum fa_db_outcome fa_quota_read(struct fa_db *db, const struct fa_uuid *subject,
                                 struct fa_quota_amounts *used, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction that has written all that counts: does it fit?  `added` is what it added for
 * `part`; only resources with an addition are looked at, so going below a lowered limit is always
 * allowed.  FA_E_QUOTA_…: the transaction must not commit. */
enum fa_db_outcome fa_quota_check(struct fa_db *db, const struct fa_options *options,
                                  const struct fa_uuid *part, const struct fa_quota_amounts *added,
                                  struct fa_error *err) FA_MUSTCHECK;

/* Before a file is taken in: FA_E_QUOTA_… when it alone is above the limit of bytes. */
int fa_quota_announced(const struct fa_options *options, bool organization, int64_t bytes,
                       struct fa_error *err) FA_MUSTCHECK;

/* Folds ledger rows, at most some thousands a call. */
int fa_quota_fold(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

#endif
