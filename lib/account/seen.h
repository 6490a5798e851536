/*
 * The identities a process has seen lately.
 *
 * Accounts and organizations are written at first sight and when a token tells something new; in
 * between, who is asking is known without a question to the database.
 */
#ifndef FA_ACCOUNT_SEEN_H
#define FA_ACCOUNT_SEEN_H

#include "lib/account/account.h"

struct fa_seen;

/* An empty memory; NULL when there is no memory. */
struct fa_seen *fa_seen_new(void) FA_MUSTCHECK;
void fa_seen_free(struct fa_seen **seen);

/* The account of the identity, as fa_account_seen finds or makes it; `account_r` is good until the
 * next call.  What was seen over an earlier connection counts no more: the database may be another
 * one since.  FA_E_DATABASE. */
int fa_seen_account(struct fa_seen *seen, struct fa_db *db, const struct fa_identity *identity,
                    const struct fa_account **account_r, struct fa_error *err) FA_MUSTCHECK;

#endif
