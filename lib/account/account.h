/* Accounts: users and organizations of the identity provider, made at first sight. */
#ifndef FA_ACCOUNT_ACCOUNT_H
#define FA_ACCOUNT_ACCOUNT_H

#include "lib/auth/token.h"
#include "lib/db/db.h"

/* Whom an identity is in the database: rows that are made at first sight and never again. */
struct fa_account {
    struct fa_uuid id;
    size_t organization_count;
    struct fa_uuid organizations[FA_IDENTITY_ORGANIZATIONS]; /* in the order of the identity */
};

/* Finds or makes the account of (issuer, subject) and the organizations of the token, and brings
 * name and e-mail up to date. */
enum fa_db_outcome fa_account_seen(struct fa_db *db, const struct fa_identity *identity,
                                   struct fa_account *account_r, struct fa_error *err) FA_MUSTCHECK;

#endif
