#include "lib/base/json.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"

#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The scanner: a text that is being looked over, and what it counted. */
struct scan {
    const char *at;
    const char *end;
    int depth;
    int64_t members; /* of all objects together */
};

static bool scan_value(struct scan *scan);

static void
skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) != NULL && *scan->at != '\0')
        scan->at++;
}

/* Takes `c` when it is next. */
static bool
take(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool
take_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static size_t
take_digits(struct scan *scan)
{
    const char *start = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - start);
}

static bool
scan_number(struct scan *scan)
{
    take(scan, '-');
    if (!take(scan, '0') && take_digits(scan) == 0)
        return false;
    if (take(scan, '.') && take_digits(scan) == 0)
        return false;
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            take(scan, '-');
        return take_digits(scan) > 0;
    }
    return true;
}

static bool
scan_hex4(struct scan *scan, unsigned *code_r)
{
    *code_r = 0;
    for (int i = 0; i < 4; i++) {
        int digit = scan->at < scan->end ? fa_hex_digit(*scan->at) : -1;

        if (digit < 0)
            return false;
        *code_r = *code_r << 4 | (unsigned)digit;
        scan->at++;
    }
    return true;
}

/* After the backslash.  Surrogates must come in pairs. */
static bool
scan_escape(struct scan *scan, bool is_name)
{
    unsigned code;

    if (scan->at == scan->end || *scan->at == '\0')
        return false;
    if (*scan->at != 'u')
        return strchr("\"\\/bfnrt", *scan->at++) != NULL;
    scan->at++;
    if (!scan_hex4(scan, &code) || (code == 0 && is_name))
        return false;
    if (code >= 0xdc00 && code <= 0xdfff)
        return false;
    if (code < 0xd800 || code > 0xdbff)
        return true;
    return take(scan, '\\') && take(scan, 'u') && scan_hex4(scan, &code) && code >= 0xdc00 &&
           code <= 0xdfff;
}

static bool
scan_string(struct scan *scan, bool is_name)
{
    if (!take(scan, '"'))
        return false;
    while (scan->at < scan->end && *scan->at != '"') {
        size_t size = fa_utf8_next(scan->at, (size_t)(scan->end - scan->at), NULL);

        if (size == 0 || (unsigned char)*scan->at < 0x20)
            return false;
        scan->at += size;
        if (scan->at[-1] == '\\' && size == 1 && !scan_escape(scan, is_name))
            return false;
    }
    return take(scan, '"');
}

static bool
scan_members(struct scan *scan, char close, bool named)
{
    skip_blanks(scan);
    if (take(scan, close))
        return true;
    do {
        skip_blanks(scan);
        if (named) {
            scan->members++;
            if (!scan_string(scan, true))
                return false;
            skip_blanks(scan);
            if (!take(scan, ':'))
                return false;
        }
        if (!scan_value(scan))
            return false;
    } while (take(scan, ','));
    return take(scan, close);
}

static bool
scan_value(struct scan *scan)
{
    bool well = false;

    skip_blanks(scan);
    if (scan->at == scan->end || ++scan->depth > FA_JSON_DEPTH)
        return false;
    if (*scan->at == '"')
        well = scan_string(scan, false);
    else if (take(scan, '{'))
        well = scan_members(scan, '}', true);
    else if (take(scan, '['))
        well = scan_members(scan, ']', false);
    else if (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'))
        well = scan_number(scan);
    else
        well = take_word(scan, "true") || take_word(scan, "false") || take_word(scan, "null");
    scan->depth--;
    skip_blanks(scan);
    return well;
}

/* Members in the tree: fewer than in the text when a name stood twice. */
static int64_t
count_members(struct json_object *value)
{
    int64_t count = 0;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            count += 1 + count_members(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += count_members(json_object_array_get_idx(value, i));
    }
    return count;
}

int
fa_json_parse(const char *text, size_t length, struct json_object **object_r, struct fa_error *err)
{
    struct scan scan = {.at = text, .end = text + length};
    struct json_tokener *tokener;
    struct json_object *object;

    if (length > INT_MAX || !scan_value(&scan) || scan.at != scan.end)
        return fa_error_set(err, FA_E_REQUEST, "malformed JSON at byte %td", scan.at - text);
    tokener = json_tokener_new_ex(FA_JSON_DEPTH + 1);
    if (tokener == NULL)
        return fa_error_set(err, FA_E_MEMORY, "JSON");
    object = json_tokener_parse_ex(tokener, text, (int)length);
    /* A bare number ends only with the text. */
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        object = json_tokener_parse_ex(tokener, "", 1);
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        json_tokener_free(tokener);
        return fa_error_set(err, FA_E_REQUEST, "JSON that json-c does not take");
    }
    json_tokener_free(tokener);
    if (count_members(object) != scan.members) {
        json_object_put(object);
        return fa_error_set(err, FA_E_REQUEST, "a name stands twice in a JSON object");
    }
    *object_r = object;
    return 0;
}

void
fa_json_free(struct json_object **object)
{
    json_object_put(*object);
    *object = NULL;
}

struct json_object *
fa_json_member(struct json_object *object, const char *name)
{
    struct json_object *member = NULL;

    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &member);
    return member;
}

bool
fa_json_has(struct json_object *object, const char *name)
{
    return json_object_is_type(object, json_type_object) &&
           json_object_object_get_ex(object, name, NULL);
}

const char *
fa_json_string(struct json_object *value)
{
    const char *text;

    if (!json_object_is_type(value, json_type_string))
        return NULL;
    text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

const char *
fa_json_text(struct json_object *object, const char *name)
{
    return fa_json_string(fa_json_member(object, name));
}

bool
fa_json_number(struct json_object *object, const char *name, double *number_r)
{
    struct json_object *member = fa_json_member(object, name);

    if (!json_object_is_type(member, json_type_int) &&
        !json_object_is_type(member, json_type_double))
        return false;
    *number_r = json_object_get_double(member);
    return isfinite(*number_r);
}

void
fa_json_add_text(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

const char *
fa_json_print(struct json_object *value, struct fa_arena *arena)
{
    const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE);

    return text != NULL ? fa_arena_strdup(arena, text) : NULL;
}
