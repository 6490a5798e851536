/* keys and token: the embedded issuer, for a first run and for tests. */
#include "ctl/arguments.h"
#include "ctl/command.h"
#include "lib/auth/issue.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/words.h"

enum { TTL_DEFAULT_S = 3600, TOKEN_LIMIT = 16 * 1024 };

static int
need_key(const struct fa_options *options, struct fa_error *err)
{
    if (options->signing_key[0] != '\0')
        return 0;
    fa_error_set(err, FA_E_INTERNAL, "there is no embedded issuer");
    return fa_error_action(err, "set FILEAPI_SIGNING_KEY to the file that holds its private key, "
                                "or take tokens from OIDC_ISSUER");
}

int
fa_command_keys(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    const struct fa_options *options = ctl->options;

    (void)argc;
    (void)argv;
    if (need_key(options, err) < 0 || fa_issue_key_create(options->signing_key, err) < 0 ||
        fa_issue_jwks_write(options->signing_key, options->keys, err) < 0)
        return -1;
    printf("%s\n", options->keys);
    return 0;
}

static const char *
first_word(const char *words, struct fa_arena *arena)
{
    size_t length;
    const char *word = fa_words_next(&words, &length);

    return word != NULL ? fa_arena_strndup(arena, word, length) : NULL;
}

int
fa_command_token(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err)
{
    FA_AUTO_BUF(token, TOKEN_LIMIT);
    struct fa_argument_list organizations = {.count = 0};
    struct fa_argument_list roles = {.count = 0};
    struct fa_issue_claims claims = {.issuer = ctl->options->issuer,
                                     .ttl_s = TTL_DEFAULT_S,
                                     .organizations = organizations.values,
                                     .roles = roles.values};
    const struct fa_argument options[] = {
        FA_ARGUMENT_TEXT("sub", &claims.subject), FA_ARGUMENT_TEXTS("org", &organizations),
        FA_ARGUMENT_TEXTS("role", &roles),        FA_ARGUMENT_TEXT("name", &claims.name),
        FA_ARGUMENT_TEXT("email", &claims.email), FA_ARGUMENT_NUMBER("ttl", &claims.ttl_s),
    };

    claims.audience = first_word(ctl->options->audience, ctl->arena);
    if (claims.audience == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "OIDC_AUDIENCE is empty");
    if (need_key(ctl->options, err) < 0 ||
        fa_arguments_read(argc, argv, options, FA_COUNT(options), err) < 0)
        return -1;
    if (claims.subject == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "--sub is required");
    claims.organization_count = organizations.count;
    claims.role_count = roles.count;
    if (fa_issue_token(ctl->options->signing_key, &claims, &token, err) < 0)
        return -1;
    printf("%s\n", token.data);
    return 0;
}
