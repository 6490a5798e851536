#include "lib/auth/bearer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/unix_socket.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ANSWER_BYTES = 16, WAIT_MAX_S = 3600 };

int
fa_bearer_open(const struct fa_options *options, int64_t patience_us, struct fa_bearer *bearer_r,
               struct fa_error *err)
{
    *bearer_r = (struct fa_bearer){.socket = options->keys_socket, .patience_us = patience_us};
    if (fa_token_rules_read(options, &bearer_r->rules, err) < 0)
        return -1;
    bearer_r->verified = fa_verified_new(&bearer_r->rules);
    if (bearer_r->verified == NULL)
        return fa_error_set(err, FA_E_MEMORY, "verified tokens");
    if (fa_keys_follow(options->keys, &bearer_r->keys, err) < 0)
        return -1;
    bearer_r->rules.keys = bearer_r->keys;
    return 0;
}

void
fa_bearer_close(struct fa_bearer *bearer)
{
    fa_keys_close(&bearer->keys);
    fa_verified_free(&bearer->verified);
}

/* New keys that cannot be read leave the old ones in force. */
static void
refresh(struct fa_bearer *bearer, const struct fa_log *log)
{
    struct fa_error err;

    if (fa_keys_refresh(bearer->keys, &err) < 0)
        fa_log_error(log, "keys_refresh", &err);
}

/* Asks for new keys and waits; false when nobody is there to ask. */
static bool
ask(struct fa_bearer *bearer)
{
    FA_AUTO_FD fd = fa_socket_connect(bearer->socket);
    struct pollfd answered = {.fd = fd, .events = POLLIN};
    char answer[ANSWER_BYTES] = "";
    /* Without an answer the issuer is slow: not every request shall wait for it. */
    long wait_s = 1;

    if (fd < 0)
        return false;
    /* One line is sent at once and fits: it comes whole or not at all. */
    if (poll(&answered, 1, (int)(bearer->patience_us / 1000)) > 0 &&
        read(fd, answer, sizeof answer - 1) > 0)
        wait_s = strtol(answer, NULL, 10);
    wait_s = wait_s < 0 ? 0 : wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s;
    bearer->ask_after_us = fa_clock_monotonic_us() + wait_s * FA_SECOND_US;
    return true;
}

int
fa_bearer_read(const char *header, const char **token_r, struct fa_error *err)
{
    static const char scheme[] = "Bearer ";

    if (header == NULL || *header == '\0')
        return fa_error_set(err, FA_E_AUTH_MISSING, "no Authorization header");
    if (strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return fa_error_set(err, FA_E_AUTH_INVALID, "Authorization is not of scheme Bearer");
    header += sizeof scheme - 1;
    *token_r = header + strspn(header, " ");
    return 0;
}

int
fa_bearer_check(struct fa_bearer *bearer, const char *token, struct fa_arena *arena,
                const struct fa_log *log, struct fa_identity *identity_r, struct fa_error *err)
{
    size_t length = strlen(token);

    refresh(bearer, log);
    if (fa_verified_token(bearer->verified, token, length, arena, identity_r, err) == 0)
        return 0;
    if (err->code != FA_E_AUTH_INVALID || bearer->socket[0] == '\0' ||
        fa_clock_monotonic_us() < bearer->ask_after_us ||
        !fa_token_lacks_key(&bearer->rules, token, length, arena))
        return -1;
    if (!ask(bearer)) {
        fa_log(log, FA_LOG_WARNING, "keys_ask", FA_LOG_TEXT("socket", bearer->socket),
               FA_LOG_TEXT("detail", "fileapi-keys does not answer"));
        return -1;
    }
    refresh(bearer, log);
    if (fa_verified_token(bearer->verified, token, length, arena, identity_r, err) < 0)
        return -1;
    /* Only questions in vain are to be rare: the next rotation may come at once. */
    bearer->ask_after_us = 0;
    return 0;
}

int
fa_bearer_ready(struct fa_bearer *bearer, const struct fa_log *log, struct fa_error *err)
{
    refresh(bearer, log);
    return fa_keys_usable(bearer->keys, bearer->rules.issuer, fa_clock_now_us(), err);
}
