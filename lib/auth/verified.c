#include "lib/auth/verified.h"
#include "lib/base/clock.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, DIGEST_BYTES = 32, ENTRY_BYTES = 64 * 1024 };

struct entry {
    bool used;
    unsigned char digest[DIGEST_BYTES]; /* of the token */
    struct fa_identity identity;
    struct fa_arena arena; /* its texts */
};

/* Direct-mapped: a newcomer takes the place of whoever has the same slot. */
struct fa_verified {
    const struct fa_token_rules *rules;
    unsigned generation; /* of the keys that verified them */
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    struct entry slots[SLOTS];
};

struct fa_verified *
fa_verified_new(const struct fa_token_rules *rules)
{
    struct fa_verified *verified = calloc(1, sizeof *verified);

    if (verified == NULL)
        return NULL;
    verified->rules = rules;
    for (size_t i = 0; i < SLOTS; i++)
        fa_arena_init(&verified->slots[i].arena, ENTRY_BYTES);
    verified->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    verified->hash = EVP_MD_CTX_new();
    if (verified->sha256 == NULL || verified->hash == NULL)
        fa_verified_free(&verified);
    return verified;
}

void
fa_verified_free(struct fa_verified **verified)
{
    if (*verified == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        fa_arena_free(&(*verified)->slots[i].arena);
    EVP_MD_CTX_free((*verified)->hash);
    EVP_MD_free((*verified)->sha256);
    free(*verified);
    *verified = NULL;
}

static void
forget(struct entry *entry)
{
    entry->used = false;
    fa_arena_reset(&entry->arena);
}

static bool
keep_text(struct fa_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = fa_arena_strdup(arena, *text);
    return *text != NULL;
}

/* Copies the identity into the entry; one too large for it is not remembered. */
static void
remember(struct entry *entry, const unsigned char *digest, const struct fa_identity *identity)
{
    size_t count = identity->organization_count;
    const char **organizations;
    bool well;

    forget(entry);
    entry->identity = *identity;
    organizations = fa_arena_array(&entry->arena, count, sizeof *organizations);
    well = organizations != NULL && keep_text(&entry->arena, &entry->identity.issuer) &&
           keep_text(&entry->arena, &entry->identity.subject) &&
           keep_text(&entry->arena, &entry->identity.name) &&
           keep_text(&entry->arena, &entry->identity.email);
    for (size_t i = 0; well && i < count; i++) {
        organizations[i] = identity->organizations[i];
        well = keep_text(&entry->arena, &organizations[i]);
    }
    entry->identity.organizations = organizations;
    memcpy(entry->digest, digest, DIGEST_BYTES);
    entry->used = well;
}

int
fa_verified_token(struct fa_verified *verified, const char *token, size_t length,
                  struct fa_arena *arena, struct fa_identity *identity_r, struct fa_error *err)
{
    const struct fa_token_rules *rules = verified->rules;
    const struct fa_keys *keys = rules->keys;
    int64_t now_us = rules->now_us != 0 ? rules->now_us : fa_clock_now_us();
    unsigned char digest[DIGEST_BYTES];
    struct entry *entry;

    if (EVP_DigestInit_ex(verified->hash, verified->sha256, NULL) != 1 ||
        EVP_DigestUpdate(verified->hash, token, length) != 1 ||
        EVP_DigestFinal_ex(verified->hash, digest, NULL) != 1)
        return fa_error_set(err, FA_E_MEMORY, "digest of a token");
    if (verified->generation != fa_keys_generation(keys))
        for (size_t i = 0; i < SLOTS; i++)
            forget(&verified->slots[i]);
    verified->generation = fa_keys_generation(keys);
    entry = &verified->slots[digest[0] % SLOTS];
    if (entry->used && CRYPTO_memcmp(entry->digest, digest, DIGEST_BYTES) == 0 &&
        now_us < entry->identity.expires_us + rules->leeway_s * FA_SECOND_US &&
        fa_keys_usable(keys, rules->issuer, now_us, err) == 0) {
        *identity_r = entry->identity;
        return 0;
    }
    if (fa_token_verify(rules, token, length, arena, identity_r, err) < 0)
        return -1;
    remember(entry, digest, identity_r);
    return 0;
}
