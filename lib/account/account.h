/* Accounts: users and organizations of the identity provider, made at first sight. */
#ifndef FA_ACCOUNT_ACCOUNT_H
#define FA_ACCOUNT_ACCOUNT_H

#include "lib/auth/token.h"
#include "lib/db/db.h"

/* Finds or makes the account of (issuer, subject) and the organizations of the token, and brings
 * name and e-mail up to date. */
enum fa_db_outcome fa_account_seen(struct fa_db *db, const struct fa_identity *identity,
                                   struct fa_uuid *account_r, struct fa_error *err) FA_MUSTCHECK;

/* Finds or makes an organization by its alias. */
enum fa_db_outcome fa_organization_seen(struct fa_db *db, const char *alias,
                                        struct fa_uuid *organization_r,
                                        struct fa_error *err) FA_MUSTCHECK;

#endif
