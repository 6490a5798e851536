#include "ws/admission.h"
#include "lib/account/ticket.h"
#include "lib/base/clock.h"
#include "lib/base/urlform.h"
#include "lib/base/words.h"

#include <string.h>

/* What came with a request; NULL: not. */
struct credentials {
    const char *ticket;
    const char *token;
};

static int
find_credentials(const struct fa_admission *admission, const struct fa_head *head,
                 struct fa_arena *arena, struct credentials *found, struct fa_error *err)
{
    size_t length = strlen(head->query);

    if (fa_urlform_find(head->query, length, "ticket", arena, &found->ticket, err) < 0)
        return -1;
    if (found->ticket != NULL && *found->ticket != '\0')
        return 0;
    found->ticket = NULL;
    if (admission->token_in_query &&
        fa_urlform_find(head->query, length, "Bearer", arena, &found->token, err) < 0)
        return -1;
    if (found->token != NULL && *found->token != '\0')
        return 0;
    return fa_bearer_read(fa_head_value(head, "Authorization"), &found->token, err);
}

int
fa_admission_check(const struct fa_admission *admission, const struct fa_head *head,
                   struct fa_arena *arena, struct fa_session *session, struct fa_error *err)
{
    struct fa_hub *hub = admission->hub;
    struct credentials found = {NULL, NULL};
    const struct fa_account *account = NULL;
    struct fa_identity identity;
    int64_t expires_us = 0;
    int result;

    if (find_credentials(admission, head, arena, &found, err) < 0)
        return -1;
    if (found.ticket == NULL &&
        fa_bearer_check(admission->bearer, found.token, arena, hub->log, &identity, err) < 0)
        return -1;
    /* An attempt to connect may take seconds, in which nobody is served. */
    if (hub->away)
        return fa_error_set(err, FA_E_DATABASE, "the database is away");
    if (found.ticket != NULL) {
        result = fa_ticket_use(hub->db, found.ticket, &session->account, &expires_us, err);
    } else {
        expires_us = identity.expires_us;
        result = fa_seen_account(admission->seen, hub->db, &identity, &account, err);
        if (result == 0)
            session->account = account->id;
    }
    session->expires_us = fa_clock_monotonic_us() + (expires_us - fa_clock_now_us());
    return result < 0 ? -1 : 0;
}

int
fa_admission_origin(const struct fa_options *options, const struct fa_head *head,
                    struct fa_error *err)
{
    const char *origin = fa_head_value(head, "Origin");

    if (origin == NULL || strcmp(options->ws_origins, "*") == 0 ||
        fa_words_has(options->ws_origins, origin))
        return 0;
    return fa_error_set(err, FA_E_FORBIDDEN, "its origin is not among FILEAPI_WS_ORIGINS");
}
