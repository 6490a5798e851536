/* Who may come in: by a token, or by a ticket that stands for one. */
#ifndef FA_WS_ADMISSION_H
#define FA_WS_ADMISSION_H

#include "lib/account/seen.h"
#include "lib/auth/bearer.h"
#include "ws/head.h"
#include "ws/hub.h"

struct fa_admission {
    struct fa_bearer *bearer;
    struct fa_seen *seen;
    struct fa_hub *hub;
    bool token_in_query; /* where the contract has it */
};

/*
 * Looks for credentials in the query (`ticket`, and `Bearer` where a token may stand there) and the
 * Authorization header, and sets the session's account and end.  (A token among the subprotocols is
 * made a header by nginx.)  FA_E_AUTH_MISSING, FA_E_AUTH_INVALID, FA_E_KEYS, FA_E_DATABASE,
 * FA_E_INPUT for a malformed query.
 */
int fa_admission_check(const struct fa_admission *admission, const struct fa_head *head,
                       struct fa_arena *arena, struct fa_session *session,
                       struct fa_error *err) FA_MUSTCHECK;

/* FA_E_FORBIDDEN for a page of another site, which must not use a visitor's credentials; without
 * Origin it is no page. */
int fa_admission_origin(const struct fa_options *options, const struct fa_head *head,
                        struct fa_error *err) FA_MUSTCHECK;

#endif
