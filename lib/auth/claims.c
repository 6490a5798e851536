#include "lib/auth/claims.h"
#include "lib/auth/claim_path.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"
#include "lib/base/words.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 255 };

static int
refuse(struct fa_error *err, const char *why)
{
    return fa_error_set(err, FA_E_AUTH_INVALID, "token refused: %s", why);
}

static int
no_memory(struct fa_error *err)
{
    return fa_error_set(err, FA_E_MEMORY, "claims");
}

/* Short, and without control characters; that it is UTF-8 the JSON parser has seen. */
static bool
is_presentable(const char *text)
{
    size_t length = strlen(text);
    uint32_t code;

    if (length == 0 || length > TEXT_MAX_BYTES)
        return false;
    for (size_t i = 0; i < length;) {
        size_t size = fa_utf8_next(text + i, length - i, &code);

        if (size == 0 || fa_utf8_is_control(code))
            return false;
        i += size;
    }
    return true;
}

static bool
is_text(struct json_object *value, const char *wanted)
{
    const char *text = fa_json_string(value);

    return text != NULL && strcmp(text, wanted) == 0;
}

/* True when `list` is an array that holds one of `words`. */
static bool
holds(struct json_object *list, const char *words)
{
    if (!json_object_is_type(list, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *text = fa_json_string(json_object_array_get_idx(list, i));

        if (text != NULL && fa_words_has(words, text))
            return true;
    }
    return false;
}

static bool
has_role(struct json_object *payload, const struct fa_token_rules *rules, const char *roles)
{
    const char *paths = rules->role_paths;
    struct json_object *list;

    while (fa_claim_next(&paths, rules->client, payload, &list))
        if (holds(list, roles))
            return true;
    return false;
}

/* An optional text for display: left out rather than refused when it is odd. */
static int
read_optional(struct json_object *payload, const char *name, struct fa_arena *arena,
              const char **text_r, struct fa_error *err)
{
    const char *text = fa_json_text(payload, name);

    *text_r = NULL;
    if (text == NULL || !is_presentable(text))
        return 0;
    *text_r = fa_arena_strdup(arena, text);
    return *text_r != NULL ? 0 : no_memory(err);
}

/* --- organizations ---------------------------------------------------------------------------- */

struct aliases {
    const char **list; /* point into the payload's tree */
    size_t count;
};

static void
add_alias(struct aliases *aliases, const char *alias)
{
    if (alias != NULL && is_presentable(alias))
        aliases->list[aliases->count++] = alias;
}

/* Keycloak writes an array of aliases, an object by alias, or a plain string. */
static int
collect(struct json_object *claim, struct fa_arena *arena, struct aliases *aliases)
{
    bool is_object = json_object_is_type(claim, json_type_object);
    bool is_array = json_object_is_type(claim, json_type_array);
    size_t room = is_object  ? (size_t)json_object_object_length(claim)
                  : is_array ? json_object_array_length(claim)
                             : 1;

    *aliases = (struct aliases){.list = fa_arena_array(arena, room, sizeof(char *))};
    if (aliases->list == NULL)
        return -1;
    if (is_object) {
        json_object_object_foreach(claim, alias, details)
        {
            (void)details;
            add_alias(aliases, alias);
        }
    } else if (is_array) {
        for (size_t i = 0; i < room; i++)
            add_alias(aliases, fa_json_string(json_object_array_get_idx(claim, i)));
    } else {
        add_alias(aliases, fa_json_string(claim));
    }
    return 0;
}

static int
compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorted first, cut at the limit last: which ones count must not hang on the claim's order. */
static int
read_organizations(struct json_object *payload, const struct fa_token_rules *rules,
                   struct fa_arena *arena, struct fa_identity *identity, struct fa_error *err)
{
    const char *path = rules->organization_path;
    struct json_object *claim;
    struct aliases aliases;
    size_t count = 0;

    (void)fa_claim_next(&path, rules->client, payload, &claim);
    if (collect(claim, arena, &aliases) < 0)
        return no_memory(err);
    qsort(aliases.list, aliases.count, sizeof *aliases.list, compare);
    for (size_t i = 0; i < aliases.count && count < FA_IDENTITY_ORGANIZATIONS; i++) {
        if (count > 0 && strcmp(aliases.list[count - 1], aliases.list[i]) == 0)
            continue;
        aliases.list[count] = fa_arena_strdup(arena, aliases.list[i]);
        if (aliases.list[count++] == NULL)
            return no_memory(err);
    }
    identity->organizations = aliases.list;
    identity->organization_count = count;
    return 0;
}

/* Refuses what is signed by the issuer for us and still is no access token of a bearer (RFC 8725,
 * 3.11 and 3.12): Keycloak tells the kind in `typ`; an ID token has the hash of what it came with
 * (OpenID Connect Core, 3.1.3.6), a logout token has `events`, and one with `cnf` is good only
 * with a proof of possession (RFC 7800), which a bearer does not bring. */
static int
check_kind(struct json_object *payload, struct fa_error *err)
{
    static const char *const foreign[] = {"at_hash", "c_hash", "s_hash", "events", "cnf"};

    if (fa_json_has(payload, "typ") && !is_text(fa_json_member(payload, "typ"), "Bearer"))
        return refuse(err, "not an access token");
    for (size_t i = 0; i < FA_COUNT(foreign); i++)
        if (fa_json_has(payload, foreign[i]))
            return refuse(err, "it has a claim of another kind of token");
    return 0;
}

static int
check_parties(struct json_object *payload, const struct fa_token_rules *rules, struct fa_error *err)
{
    struct json_object *audience = fa_json_member(payload, "aud");
    const char *single = fa_json_string(audience);

    if (!is_text(fa_json_member(payload, "iss"), rules->issuer))
        return refuse(err, "another issuer");
    if (!(single != NULL && fa_words_has(rules->audiences, single)) &&
        !holds(audience, rules->audiences))
        return refuse(err, "another audience");
    return 0;
}

int
fa_claims_read(struct json_object *payload, const struct fa_token_rules *rules,
               struct fa_arena *arena, struct fa_identity *identity, struct fa_error *err)
{
    const char *subject = fa_json_text(payload, "sub");

    if (check_parties(payload, rules, err) < 0 || check_kind(payload, err) < 0)
        return -1;
    if (subject == NULL || !is_presentable(subject))
        return refuse(err, "no proper subject");
    identity->subject = fa_arena_strdup(arena, subject);
    if (identity->subject == NULL)
        return no_memory(err);
    if (read_optional(payload, "name", arena, &identity->name, err) < 0 ||
        read_optional(payload, "email", arena, &identity->email, err) < 0)
        return -1;
    identity->admin = has_role(payload, rules, rules->admin_roles);
    identity->manager = identity->admin || has_role(payload, rules, rules->manager_roles);
    return read_organizations(payload, rules, arena, identity, err);
}
