#include "lib/account/seen.h"
#include "lib/base/digest.h"

#include <openssl/evp.h>
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
    EVP_MD_CTX *hash;
    struct entry slots[SLOTS];
};

struct fa_seen *
fa_seen_new(void)
{
    struct fa_seen *seen = calloc(1, sizeof *seen);

    if (seen != NULL)
        seen->hash = EVP_MD_CTX_new();
    if (seen != NULL && seen->hash == NULL)
        fa_seen_free(&seen);
    return seen;
}

void
fa_seen_free(struct fa_seen **seen)
{
    if (*seen != NULL)
        fa_digest_free(&(*seen)->hash);
    free(*seen);
    *seen = NULL;
}

static bool
make_digest(EVP_MD_CTX *hash, const struct fa_identity *identity, unsigned char digest[FA_DIGEST])
{
    bool well = EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
                fa_digest_text(hash, identity->issuer) && fa_digest_text(hash, identity->subject) &&
                fa_digest_text(hash, identity->name) && fa_digest_text(hash, identity->email);

    for (size_t i = 0; well && i < identity->organization_count; i++)
        well = fa_digest_text(hash, identity->organizations[i]);
    return well && EVP_DigestFinal_ex(hash, digest, NULL) == 1;
}

int
fa_seen_account(struct fa_seen *seen, struct fa_db *db, const struct fa_identity *identity,
                const struct fa_account **account_r, struct fa_error *err)
{
    unsigned char digest[FA_DIGEST];
    struct entry *entry;

    if (!make_digest(seen->hash, identity, digest))
        return fa_error_set(err, FA_E_MEMORY, "digest of an identity");
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
