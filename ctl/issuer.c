/* keys and token: the embedded issuer, for a first run and for tests. */
#include "ctl/command.h"
#include "lib/auth/issue.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/words.h"

#include <getopt.h>
#include <string.h>

enum { LIST_MAX = 64, TTL_DEFAULT_S = 3600, TOKEN_LIMIT = 16 * 1024 };

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

struct lists {
    const char *organizations[LIST_MAX];
    const char *roles[LIST_MAX];
};

static int
add(const char **list, size_t *count, const char *value, struct fa_error *err)
{
    if (*count == LIST_MAX)
        return fa_error_set(err, FA_E_INTERNAL, "more than %d values", LIST_MAX);
    list[(*count)++] = value;
    return 0;
}

static int
read_claims(int argc, char **argv, struct lists *lists, struct fa_issue_claims *claims,
            struct fa_error *err)
{
    static const struct option options[] = {
        {"sub", required_argument, NULL, 's'},
        {"org", required_argument, NULL, 'o'},
        {"role", required_argument, NULL, 'r'},
        {"name", required_argument, NULL, 'n'},
        {"email", required_argument, NULL, 'e'},
        {"ttl", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int result = 0;

        switch (option) {
        case 's':
            claims->subject = optarg;
            break;
        case 'o':
            result = add(lists->organizations, &claims->organization_count, optarg, err);
            break;
        case 'r':
            result = add(lists->roles, &claims->role_count, optarg, err);
            break;
        case 'n':
            claims->name = optarg;
            break;
        case 'e':
            claims->email = optarg;
            break;
        case 't':
            claims->ttl_s = strtoll(optarg, NULL, 10);
            break;
        default:
            result = fa_error_set(err, FA_E_INTERNAL, "unknown option");
        }
        if (result < 0)
            return -1;
    }
    if (claims->subject == NULL || optind < argc)
        return fa_error_set(err, FA_E_INTERNAL, "--sub is required, nothing else is taken");
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
    struct lists lists;
    struct fa_issue_claims claims = {.issuer = ctl->options->issuer,
                                     .ttl_s = TTL_DEFAULT_S,
                                     .organizations = lists.organizations,
                                     .roles = lists.roles};

    claims.audience = first_word(ctl->options->audience, ctl->arena);
    if (claims.audience == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "OIDC_AUDIENCE is empty");
    if (need_key(ctl->options, err) < 0 || read_claims(argc, argv, &lists, &claims, err) < 0 ||
        fa_issue_token(ctl->options->signing_key, &claims, &token, err) < 0)
        return -1;
    printf("%s\n", token.data);
    return 0;
}
