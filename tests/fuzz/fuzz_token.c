/* Tokens of any kind: nothing crashes, a refusal is a 401, and what is accepted is well formed. */
#include "lib/auth/claims.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fa_token_rules rules = {.issuer = "i",
                                      .audiences = "a",
                                      .algorithms = "RS256 PS256 ES256 EdDSA",
                                      .client = "c",
                                      .role_paths = "realm_access.roles [x]",
                                      .manager_roles = "manager",
                                      .admin_roles = "admin",
                                      .organization_path = "organization",
                                      .leeway_s = 30,
                                      .now_us = 1700000000000000};

/* The example key of RFC 7515, A.3: P-256 verifies nothing by chance. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                           "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                           "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

/* Opened once; the one thing a fuzz target keeps. */
static struct fa_keys *keys;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char path[] = "/tmp/fileapi-fuzz-XXXXXX";
    struct fa_error err;
    int fd = mkstemp(path);

    (void)argc;
    (void)argv;
    if (fd < 0 || write(fd, jwks, sizeof jwks - 1) != (ssize_t)sizeof jwks - 1 ||
        fa_keys_open(path, &keys, &err) < 0)
        abort();
    rules.keys = keys;
    close(fd);
    unlink(path);
    return 0;
}

static void
check_text(const char *text)
{
    if (text != NULL && (*text == '\0' || strlen(text) > 255 ||
                         !fa_utf8_valid(text, strlen(text), NULL) || strchr(text, '\n') != NULL))
        abort();
}

static void
check_identity(const struct fa_identity *identity)
{
    if (identity->subject == NULL || (identity->admin && !identity->manager) ||
        identity->organization_count > 64)
        abort();
    check_text(identity->subject);
    check_text(identity->name);
    check_text(identity->email);
    for (size_t i = 0; i < identity->organization_count; i++) {
        check_text(identity->organizations[i]);
        if (i > 0 && strcmp(identity->organizations[i - 1], identity->organizations[i]) >= 0)
            abort();
    }
}

/* The input once as a whole token, and once as a payload whose signature was good. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_json_free) struct json_object *payload = NULL;
    struct fa_identity identity = {0};
    struct fa_error err = {0};

    fa_arena_init(&arena, 1 << 20);
    if (fa_token_verify(&rules, (const char *)data, size, &arena, &identity, &err) == 0 ||
        err.code != FA_E_AUTH_INVALID)
        abort();
    (void)!fa_token_lacks_key(&rules, (const char *)data, size, &arena);
    if (fa_json_parse((const char *)data, size, &payload, &err) < 0)
        return 0;
    identity = (struct fa_identity){0};
    if (fa_claims_read(payload, &rules, &arena, &identity, &err) == 0)
        check_identity(&identity);
    else if (err.code != FA_E_AUTH_INVALID)
        abort();
    return 0;
}
