#include "lib/account/seen.h"
#include "lib/base/cleanup.h"
#include "lib/base/digest.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1024 };

struct entry {
    bool used;
    unsigned char digest[FA_DIGEST]; /* of all the identity says */
    struct fa_account account;
};

/* Direct-mapped: a newcomer takes the place of whoever has the same slot. */
struct fa_seen {
    unsigned generation; /* of the connection over which they were seen */
    struct entry slots[SLOTS];
};

struct fa_seen *
fa_seen_new(void)
{
    return calloc(1, sizeof(struct fa_seen));
}

void
fa_seen_free(struct fa_seen **seen)
{
    free(*seen);
    *seen = NULL;
}

static int
make_digest(const struct fa_identity *identity, unsigned char bytes[FA_DIGEST],
            struct fa_error *err)
{
    FA_CLEANUP(fa_digest_free) EVP_MD_CTX *digest = fa_digest_new(EVP_sha256());

    fa_digest_text(&digest, identity->issuer);
    fa_digest_text(&digest, identity->subject);
    fa_digest_text(&digest, identity->name);
    fa_digest_text(&digest, identity->email);
    for (size_t i = 0; i < identity->organization_count; i++)
        fa_digest_text(&digest, identity->organizations[i]);
    return fa_digest_end(&digest, bytes, err);
}

int
fa_seen_account(struct fa_seen *seen, struct fa_db *db, const struct fa_identity *identity,
                const struct fa_account **account_r, struct fa_error *err)
{
    unsigned char digest[FA_DIGEST];
    struct entry *entry;

    if (make_digest(identity, digest, err) < 0)
        return -1;
    entry = &seen->slots[(digest[0] << 8 | digest[1]) % SLOTS];
    *account_r = &entry->account;
    if (seen->generation == fa_db_generation(db) && entry->used &&
        memcmp(entry->digest, digest, sizeof digest) == 0)
        return 0;
    entry->used = false;
    if (fa_account_seen(db, identity, &entry->account, err) < 0)
        return -1;
    for (size_t i = 0; seen->generation != fa_db_generation(db) && i < SLOTS; i++)
        seen->slots[i].used = false;
    seen->generation = fa_db_generation(db);
    memcpy(entry->digest, digest, sizeof digest);
    entry->used = true;
    return 0;
}
