/* Inside lib/auth only: from a verified payload to an identity. */
#ifndef FA_AUTH_CLAIMS_H
#define FA_AUTH_CLAIMS_H

#include "lib/auth/token.h"

struct json_object;

/* Checks iss, aud, typ and sub, and reads who it is, with roles and organizations as Keycloak
 * writes them.  FA_E_AUTH_INVALID, FA_E_MEMORY. */
int fa_claims_read(struct json_object *payload, const struct fa_token_rules *rules,
                   struct fa_arena *arena, struct fa_identity *identity,
                   struct fa_error *err) FA_MUSTCHECK;

#endif
