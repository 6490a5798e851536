/*
 * The tokens a process has verified lately.
 *
 * A browser sends the same token with every request for minutes; its signature and claims need
 * looking at once.  A token is remembered by its SHA-256 and never longer than it is valid: its
 * exp and the keys' own end count at every use, and new keys forget all of them.
 */
#ifndef FA_AUTH_VERIFIED_H
#define FA_AUTH_VERIFIED_H

#include "lib/auth/token.h"

struct fa_verified;

/* An empty memory of tokens by these rules, which must live as long and stay the same but for the
 * time and what keys there are; NULL when there is no memory. */
struct fa_verified *fa_verified_new(const struct fa_token_rules *rules) FA_MUSTCHECK;
void fa_verified_free(struct fa_verified **verified);

/* As fa_token_verify.  The identity's texts are the memory's when it knew the token: good until the
 * next call. */
int fa_verified_token(struct fa_verified *verified, const char *token, size_t length,
                      struct fa_arena *arena, struct fa_identity *identity_r,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
