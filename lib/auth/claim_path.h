/*
 * Inside lib/auth only: where in a token's payload a claim stands, as an option says it.
 *
 *   realm_access.roles                   member "roles" of member "realm_access"
 *   resource_access.{client}.roles       {client} stands for OIDC_CLIENT
 *   [https://example.com/roles]          in brackets a name may hold anything; "]" is written "]]"
 *
 * Several paths have blanks between them.
 */
#ifndef FA_AUTH_CLAIM_PATH_H
#define FA_AUTH_CLAIM_PATH_H

#include "lib/base/error.h"

#include <stdbool.h>

struct json_object;

/* 0 when `paths` holds at least one path and all are well formed; FA_E_INTERNAL says what is wrong
 * in the option `variable`. */
int fa_claim_paths_check(const char *paths, const char *variable,
                         struct fa_error *err) FA_MUSTCHECK;

/* Follows the next path at `*paths`, which moves behind it; `*value_r` is NULL when the payload has
 * nothing there.  False at the end.  The paths must be well formed. */
bool fa_claim_next(const char **paths, const char *client, struct json_object *payload,
                   struct json_object **value_r);

#endif
