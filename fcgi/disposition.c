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

/* The value of the first header line of that name in [at, end); `at` is NULL when there is none. */
static struct span
find_line(char *at, char *end, const char *name)
{
    size_t name_length = strlen(name);

    while (at < end) {
        char *line_end = memchr(at, '\r', (size_t)(end - at));

        if (line_end == NULL)
            break;
        if ((size_t)(line_end - at) > name_length && at[name_length] == ':' &&
            strncasecmp(at, name, name_length) == 0)
            return (struct span){at + name_length + 1, line_end};
        at = line_end + 2;
    }
    return (struct span){NULL, NULL};
}

/* Everything up to one of the `delimiters`. */
static struct span
take_until(struct span *text, const char *delimiters)
{
    struct span token = {text->at, text->at};

    while (text->at < text->end && *text->at != '\0' && strchr(delimiters, *text->at) == NULL)
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

/* One "name=value"; false when it is malformed. */
static bool
take_parameter(struct span *text, struct span *name, struct span *value)
{
    *name = take_until(text, " \t;=\"");
    skip(text, " \t");
    if (!take(text, '='))
        return false;
    skip(text, " \t");
    if (!take(text, '"'))
        *value = take_until(text, " \t;\"");
    else if (!take_quoted(text, value))
        return false;
    skip(text, " \t");
    return true;
}

/* A parameter that is asked for, and where its value goes; `at` stays NULL when it does not come.
 */
struct wanted {
    const char *name;
    struct span value;
};

/*
 * Reads "kind; name=value; ..." to its end.  False when it is malformed, of another kind, or names
 * a wanted parameter twice: two readers might then take different ones.
 */
static bool
read_parameters(struct span text, const char *kind, struct wanted *wanted, size_t count)
{
    struct span name;
    struct span value;

    skip(&text, " \t");
    name = take_until(&text, " \t;=\"");
    skip(&text, " \t");
    if (!is_named(&name, kind))
        return false;
    while (take(&text, ';')) {
        skip(&text, " \t");
        if (text.at == text.end || *text.at == ';')
            continue;
        if (!take_parameter(&text, &name, &value))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (!is_named(&name, wanted[i].name))
                continue;
            if (wanted[i].value.at != NULL)
                return false;
            wanted[i].value = value;
        }
    }
    return text.at == text.end;
}

int
fa_disposition_parse(char *header, size_t length, struct fa_multipart_part *part_r)
{
    static const char field[] = "Content-Disposition";
    char *end = header + length;
    struct span line = find_line(header, end, field);
    struct wanted wanted[] = {{.name = "name"}, {.name = "filename"}};
    const struct span *name = &wanted[0].value;
    const struct span *filename = &wanted[1].value;

    if (line.at == NULL || find_line(line.end + 2, end, field).at != NULL)
        return -1;
    if (!read_parameters(line, "form-data", wanted, FA_COUNT(wanted)) || name->at == NULL ||
        memchr(name->at, '\0', (size_t)(name->end - name->at)) != NULL)
        return -1;
    /* Safe: a value is followed by a quote, a blank, a semicolon, or the line's end. */
    *name->end = '\0';
    *part_r = (struct fa_multipart_part){.name = name->at, .filename = filename->at};
    if (filename->at != NULL)
        part_r->filename_length = (size_t)(filename->end - filename->at);
    return 0;
}

int
fa_disposition_boundary(char *content_type, const char **boundary_r, size_t *length_r)
{
    struct span text = {content_type, content_type + strlen(content_type)};
    struct wanted wanted[] = {{.name = "boundary"}};
    const struct span *boundary = &wanted[0].value;

    if (!read_parameters(text, "multipart/form-data", wanted, FA_COUNT(wanted)) ||
        boundary->at == NULL)
        return -1;
    *boundary_r = boundary->at;
    *length_r = (size_t)(boundary->end - boundary->at);
    return 0;
}
