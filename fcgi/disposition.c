#include "fcgi/disposition.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* A piece of the header: [at, end). */
struct span {
    char *at;
    char *end;
};

static void
skip(struct span *text, const char *set)
{
    while (text->at < text->end && *text->at != '\0' && strchr(set, *text->at) != NULL)
        text->at++;
}

static bool
take(struct span *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

/* The value of the header line of that name; an empty span when there is none. */
static struct span
find_line(char *header, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    struct span line = {header, header};
    char *end = header + length;

    while (line.at < end) {
        line.end = memchr(line.at, '\r', (size_t)(end - line.at));
        if (line.end == NULL)
            break;
        if ((size_t)(line.end - line.at) > name_length && line.at[name_length] == ':' &&
            strncasecmp(line.at, name, name_length) == 0) {
            line.at += name_length + 1;
            return line;
        }
        line.at = line.end + 2;
    }
    return (struct span){header, header};
}

static struct span
take_token(struct span *text)
{
    struct span token = {text->at, text->at};

    while (text->at < text->end && *text->at != '\0' && strchr(" \t;=\"", *text->at) == NULL)
        text->at++;
    token.end = text->at;
    return token;
}

/* After the opening quote; decodes in place.  False when the closing quote is missing. */
static bool
take_quoted(struct span *text, struct span *value)
{
    char *out = text->at;

    value->at = text->at;
    while (text->at < text->end && *text->at != '"') {
        if (text->end - text->at >= 3 && memcmp(text->at, "%22", 3) == 0) {
            *out++ = '"';
            text->at += 3;
        } else if (text->end - text->at >= 2 && memcmp(text->at, "\\\"", 2) == 0) {
            *out++ = '"';
            text->at += 2;
        } else {
            *out++ = *text->at++;
        }
    }
    value->end = out;
    return take(text, '"');
}

static bool
is_named(const struct span *token, const char *name)
{
    size_t length = (size_t)(token->end - token->at);

    return length == strlen(name) && strncasecmp(token->at, name, length) == 0;
}

/* One "; name=value"; false when it is malformed. */
static bool
take_parameter(struct span *text, struct span *name, struct span *value)
{
    skip(text, " \t");
    *name = take_token(text);
    skip(text, " \t");
    if (!take(text, '='))
        return false;
    skip(text, " \t");
    if (take(text, '"')) {
        if (!take_quoted(text, value))
            return false;
    } else {
        *value = take_token(text);
    }
    skip(text, " \t");
    return true;
}

int
fa_disposition_parse(char *header, size_t length, struct fa_multipart_part *part_r)
{
    struct span line = find_line(header, length, "Content-Disposition");
    struct span kind;
    struct span name = {NULL, NULL};
    struct span filename = {NULL, NULL};

    skip(&line, " \t");
    kind = take_token(&line);
    skip(&line, " \t");
    if (!is_named(&kind, "form-data"))
        return -1;
    while (take(&line, ';')) {
        struct span key;
        struct span value;
        struct span *target;

        if (!take_parameter(&line, &key, &value))
            return -1;
        target = is_named(&key, "name") ? &name : is_named(&key, "filename") ? &filename : NULL;
        if (target == NULL)
            continue;
        if (target->at != NULL)
            return -1;
        *target = value;
    }
    if (line.at != line.end || name.at == NULL ||
        memchr(name.at, '\0', (size_t)(name.end - name.at)) != NULL)
        return -1;
    /* Safe: a value is followed by a quote, a blank, a semicolon, or the line's end. */
    *name.end = '\0';
    *part_r = (struct fa_multipart_part){.name = name.at, .filename = filename.at};
    if (filename.at != NULL)
        part_r->filename_length = (size_t)(filename.end - filename.at);
    return 0;
}
