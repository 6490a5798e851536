#include "lib/auth/claims.h"
#include "lib/base/json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 255, ORGANIZATIONS_MAX = 64 };

static int
refuse(struct fa_error *err, const char *why)
{
    return fa_error_set(err, FA_E_AUTH_INVALID, "token refused: %s", why);
}

static bool
is_presentable(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return length > 0 && length <= TEXT_MAX_BYTES;
}

/* True when `value` is the string `wanted`, or an array that holds it. */
static bool
holds(struct json_object *value, const char *wanted)
{
    const char *text = fa_json_string(value);

    if (text != NULL)
        return strcmp(text, wanted) == 0;
    if (!json_object_is_type(value, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        text = fa_json_string(json_object_array_get_idx(value, i));
        if (text != NULL && strcmp(text, wanted) == 0)
            return true;
    }
    return false;
}

static bool
has_role(struct json_object *payload, const char *client, const char *role)
{
    struct json_object *realm = fa_json_member(payload, "realm_access");
    struct json_object *clients = fa_json_member(payload, "resource_access");

    return holds(fa_json_member(realm, "roles"), role) ||
           holds(fa_json_member(fa_json_member(clients, client), "roles"), role);
}

/* An optional text for display: left out rather than refused when it is odd. */
static const char *
read_optional(struct json_object *payload, const char *name, struct fa_arena *arena)
{
    const char *text = fa_json_text(payload, name);

    return text != NULL && is_presentable(text) ? fa_arena_strdup(arena, text) : NULL;
}

/* --- organizations -----------------------------------------------------------------------------
 */

struct aliases {
    const char **list;
    size_t count;
};

static void
add_alias(struct aliases *aliases, const char *alias, struct fa_arena *arena)
{
    if (alias == NULL || !is_presentable(alias) || aliases->count == ORGANIZATIONS_MAX)
        return;
    for (size_t i = 0; i < aliases->count; i++)
        if (strcmp(aliases->list[i], alias) == 0)
            return;
    aliases->list[aliases->count] = fa_arena_strdup(arena, alias);
    if (aliases->list[aliases->count] != NULL)
        aliases->count++;
}

static int
compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Keycloak writes an array of aliases, an object by alias, or a plain string. */
static int
read_organizations(struct json_object *payload, struct fa_arena *arena,
                   struct fa_identity *identity, struct fa_error *err)
{
    struct json_object *claim = fa_json_member(payload, "organization");
    struct aliases aliases = {fa_arena_array(arena, ORGANIZATIONS_MAX, sizeof(char *)), 0};

    if (aliases.list == NULL)
        return fa_error_set(err, FA_E_MEMORY, "organizations");
    if (json_object_is_type(claim, json_type_object)) {
        json_object_object_foreach(claim, alias, details)
        {
            (void)details;
            add_alias(&aliases, alias, arena);
        }
    } else if (json_object_is_type(claim, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(claim); i++)
            add_alias(&aliases, fa_json_string(json_object_array_get_idx(claim, i)), arena);
    } else {
        add_alias(&aliases, fa_json_string(claim), arena);
    }
    qsort(aliases.list, aliases.count, sizeof *aliases.list, compare);
    identity->organizations = aliases.list;
    identity->organization_count = aliases.count;
    return 0;
}

int
fa_claims_read(struct json_object *payload, const struct fa_token_rules *rules,
               struct fa_arena *arena, struct fa_identity *identity, struct fa_error *err)
{
    const char *issuer = fa_json_text(payload, "iss");
    const char *subject = fa_json_text(payload, "sub");

    if (issuer == NULL || strcmp(issuer, rules->issuer) != 0)
        return refuse(err, "another issuer");
    if (!holds(fa_json_member(payload, "aud"), rules->audience))
        return refuse(err, "another audience");
    if (fa_json_member(payload, "typ") != NULL && !holds(fa_json_member(payload, "typ"), "Bearer"))
        return refuse(err, "not an access token");
    if (subject == NULL || !is_presentable(subject))
        return refuse(err, "no subject");
    identity->subject = fa_arena_strdup(arena, subject);
    if (identity->subject == NULL)
        return fa_error_set(err, FA_E_MEMORY, "subject");
    identity->name = read_optional(payload, "name", arena);
    identity->email = read_optional(payload, "email", arena);
    identity->admin = has_role(payload, rules->client, "admin");
    identity->manager = identity->admin || has_role(payload, rules->client, "manager");
    return read_organizations(payload, arena, identity, err);
}
