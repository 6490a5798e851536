#include "lib/base/urlform.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* Decodes in place and ends the text with a NUL, for which `end` is writable. */
static bool
decode(char *text, char *end)
{
    char *out = text;

    for (const char *at = text; at < end; at++) {
        if (*at != '%') {
            *out++ = *at == '+' ? ' ' : *at;
            continue;
        }
        if (end - at < 3 || fa_hex_digit(at[1]) < 0 || fa_hex_digit(at[2]) < 0)
            return false;
        *out++ = (char)(fa_hex_digit(at[1]) << 4 | fa_hex_digit(at[2]));
        at += 2;
    }
    *out = '\0';
    return strlen(text) == (size_t)(out - text) && fa_utf8_valid(text, (size_t)(out - text), NULL);
}

int
fa_urlform_find(const char *text, size_t length, const char *name, struct fa_arena *arena,
                const char **value_r, struct fa_error *err)
{
    char *copy = fa_arena_strndup(arena, text, length);
    int pairs = 0;

    *value_r = NULL;
    if (copy == NULL)
        return fa_error_set(err, FA_E_MEMORY, "urlencoded form");
    for (char *pair = copy, *end = copy + length, *next; pair < end; pair = next) {
        char *pair_end = memchr(pair, '&', (size_t)(end - pair));
        char *equals;

        pair_end = pair_end != NULL ? pair_end : end;
        next = pair_end + 1;
        if (pair == pair_end)
            continue;
        if (++pairs > FA_URLFORM_PAIRS)
            return fa_error_field(err, name, "more than %d pairs are sent", FA_URLFORM_PAIRS);
        equals = memchr(pair, '=', (size_t)(pair_end - pair));
        equals = equals != NULL ? equals : pair_end;
        if (!decode(pair, equals) || (equals < pair_end && !decode(equals + 1, pair_end)))
            return fa_error_field(err, name, "the text it comes in is not well encoded");
        if (*value_r == NULL && strcmp(pair, name) == 0)
            *value_r = equals < pair_end ? equals + 1 : "";
    }
    return 0;
}
