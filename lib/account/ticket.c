#include "lib/account/ticket.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { TICKET_BYTES = 32 };

enum fa_db_outcome
fa_ticket_make(struct fa_db *db, const struct fa_uuid *account, int64_t expires_us,
               char text[FA_TICKET_TEXT], struct fa_error *err)
{
    /* Each sweeps up more than itself, so the table stays as small as the tickets that are good. */
    static const struct fa_statement make = {
        "ticket_make",
        "WITH swept AS (DELETE FROM ticket WHERE digest IN (SELECT digest FROM ticket"
        "  WHERE good_until < now() ORDER BY good_until LIMIT 10 FOR UPDATE SKIP LOCKED))"
        " INSERT INTO ticket (digest, account_id, token_expires, good_until)"
        " VALUES ($1, $2, to_timestamp($3::bigint / 1e6),"
        "  now() + make_interval(secs => $4::bigint))"};
    unsigned char secret[TICKET_BYTES];
    unsigned char digest[SHA256_DIGEST_LENGTH];
    FA_AUTO_BUF(out, FA_TICKET_TEXT - 1);

    if (RAND_bytes(secret, sizeof secret) != 1)
        return fa_db_fail(err, FA_E_INTERNAL, "random bytes");
    fa_base64_encode(&out, secret, sizeof secret);
    if (fa_buf_check(&out, "ticket", err) < 0)
        return FA_DB_FAILED;
    snprintf(text, FA_TICKET_TEXT, "%s", out.data);
    SHA256((const unsigned char *)out.data, out.length, digest);
    return fa_db_run(db, &make,
                     FA_PARAMS(FA_BYTES(digest, sizeof digest), FA_UUID(account),
                               FA_INT(expires_us), FA_INT(FA_TICKET_S)),
                     err);
}

enum fa_db_outcome
fa_ticket_use(struct fa_db *db, const char *text, struct fa_uuid *account_r, int64_t *expires_us_r,
              struct fa_error *err)
{
    static const struct fa_statement use = {
        "ticket_use", "DELETE FROM ticket WHERE digest = $1 RETURNING account_id,"
                      " good_until > now() AND token_expires > now() AS good,"
                      " (EXTRACT(EPOCH FROM token_expires) * 1000000)::bigint AS expires_us"};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    bool good = false;
    enum fa_db_outcome outcome;

    SHA256((const unsigned char *)text, strlen(text), digest);
    outcome =
        fa_db_row(db, &use, FA_PARAMS(FA_BYTES(digest, sizeof digest)),
                  FA_COLUMNS(FA_COLUMN_UUID("account_id", account_r), FA_COLUMN_BOOL("good", &good),
                             FA_COLUMN_INT("expires_us", expires_us_r)),
                  NULL, err);
    if (outcome < 0 || (outcome == FA_DB_ROW && good))
        return outcome;
    return fa_db_fail(err, FA_E_AUTH_INVALID, "%s",
                      outcome == FA_DB_ROW ? "the ticket is too old" : "no such ticket, or used");
}
