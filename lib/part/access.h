/*
 * Access: may this identity read or write this part?  Decided in SQL, in the same statement that
 * finds what is asked for; this header holds the piece of SQL and what follows from its answer.
 */
#ifndef FA_PART_ACCESS_H
#define FA_PART_ACCESS_H

#include "lib/account/account.h"

/* Who asks for which part. */
struct fa_access {
    const struct fa_identity *identity;
    const struct fa_account *account; /* of the identity */
    struct fa_uuid part;
};

enum fa_right { FA_READ, FA_WRITE };

struct fa_rights {
    bool may_read;
    bool may_write;
};

/*
 * For a statement's SELECT and FROM: part `p`, and the caller's rights to it.
 * Parameters $1 part, $2 account, $3 organizations, $4 manager; more start at $5.
 *   read   the owner, or anyone of the part's organization
 *   write  the owner, or a manager or admin of the part's organization
 */
#define FA_ACCESS_COLUMNS                                                                          \
    " p.owner_id = $2 OR shared AS may_read, p.owner_id = $2 OR (shared AND $4) AS may_write "
#define FA_ACCESS_FROM                                                                             \
    " part p CROSS JOIN LATERAL"                                                                   \
    " (SELECT COALESCE(p.organization_id = ANY ($3::uuid[]), false) AS shared) access "
#define FA_ACCESS_PARAMS(access)                                                                   \
    FA_UUID(&(access)->part), FA_UUID(&(access)->account->id),                                     \
        FA_UUIDS((access)->account->organizations, (access)->account->organization_count),         \
        FA_BOOL((access)->identity->manager)
#define FA_ACCESS_TARGETS(rights)                                                                  \
    FA_COLUMN_BOOL("may_read", &(rights)->may_read),                                               \
        FA_COLUMN_BOOL("may_write", &(rights)->may_write)

/* Turns a statement's outcome and its rights into the contract's order of checks: FA_E_NO_PART
 * without a row, FA_E_FORBIDDEN without the right; FA_DB_ROW when all is well. */
enum fa_db_outcome fa_access_decide(enum fa_db_outcome outcome, const struct fa_rights *rights,
                                    enum fa_right right, struct fa_error *err) FA_MUSTCHECK;

/* Checks the right to a part. */
int fa_access_check(struct fa_db *db, const struct fa_access *access, enum fa_right right,
                    struct fa_error *err) FA_MUSTCHECK;

/* Checks the right to a part and locks its row until the transaction ends. */
enum fa_db_outcome fa_access_lock(struct fa_db *db, const struct fa_access *access,
                                  enum fa_right right, struct fa_error *err) FA_MUSTCHECK;

#endif
