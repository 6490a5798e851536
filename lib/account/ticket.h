/*
 * Tickets: for where a token would stand in a URL.
 *
 * A ticket is 256 random bits, good once and for half a minute; it stands for the account that
 * asked for it until that account's token ends.  The database holds its SHA-256 only.
 */
#ifndef FA_ACCOUNT_TICKET_H
#define FA_ACCOUNT_TICKET_H

#include "lib/db/db.h"

enum { FA_TICKET_S = 30, FA_TICKET_TEXT = 44 };

/* Makes a ticket of the account, whose token ends at `expires_us`; fills `text`.  FA_E_DATABASE,
 * FA_E_INTERNAL without randomness. */
enum fa_db_outcome fa_ticket_make(struct fa_db *db, const struct fa_uuid *account,
                                  int64_t expires_us, char text[FA_TICKET_TEXT],
                                  struct fa_error *err) FA_MUSTCHECK;

/* Uses a ticket up and tells whom it stands for and until when.  FA_E_AUTH_INVALID when there is no
 * such ticket, it is too old, or it was used before. */
enum fa_db_outcome fa_ticket_use(struct fa_db *db, const char *text, struct fa_uuid *account_r,
                                 int64_t *expires_us_r, struct fa_error *err) FA_MUSTCHECK;

#endif
