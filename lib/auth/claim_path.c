#include "lib/auth/claim_path.h"
#include "lib/base/json.h"

#include <string.h>

enum { NAME_MAX_BYTES = 256 };

static const char client_mark[] = "{client}";

/* Takes a name in brackets; false when it has no end or is too long. */
static bool
take_bracketed(const char **at, char name[NAME_MAX_BYTES])
{
    size_t length = 0;

    for (const char *next = *at + 1; *next != '\0' && length < NAME_MAX_BYTES; next++) {
        if (*next == ']' && *++next != ']') {
            *at = next;
            name[length] = '\0';
            return length > 0;
        }
        name[length++] = *next;
    }
    return false;
}

/* Takes one name of a path. */
static bool
take_name(const char **at, const char *client, char name[NAME_MAX_BYTES])
{
    size_t length;
    const char *text = *at;

    if (*text == '[')
        return take_bracketed(at, name);
    if (strncmp(text, client_mark, sizeof client_mark - 1) == 0) {
        *at += sizeof client_mark - 1;
        length = strlen(client);
        text = client;
    } else {
        length = strcspn(text, " \t.[]{}");
        *at += length;
    }
    if (length == 0 || length >= NAME_MAX_BYTES)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

/* Takes one path; follows it from `value`, which may be NULL. */
static bool
take_path(const char **at, const char *client, struct json_object **value)
{
    char name[NAME_MAX_BYTES];

    for (;;) {
        if (!take_name(at, client, name))
            return false;
        *value = fa_json_member(*value, name);
        if (**at != '.')
            return **at == '\0' || **at == ' ' || **at == '\t';
        ++*at;
    }
}

bool
fa_claim_next(const char **paths, const char *client, struct json_object *payload,
              struct json_object **value_r)
{
    *paths += strspn(*paths, " \t");
    *value_r = payload;
    return **paths != '\0' && take_path(paths, client, value_r);
}

int
fa_claim_paths_check(const char *paths, const char *variable, struct fa_error *err)
{
    const char *at = paths + strspn(paths, " \t");
    struct json_object *nothing = NULL;

    do {
        if (!take_path(&at, "c", &nothing)) {
            fa_error_set(err, FA_E_INTERNAL, "%s: \"%s\" is no claim path", variable, paths);
            return fa_error_action(err, "write it as in a.b.c or [https://example.com/roles]");
        }
        at += strspn(at, " \t");
    } while (*at != '\0');
    return 0;
}
