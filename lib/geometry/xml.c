#include "lib/geometry/xml.h"

#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the tag that begins at `at`: behind its '>', which may also stand in quotes. */
static const char *
tag_end(const char *at, const char *end)
{
    char quote = '\0';

    for (; at < end; at++) {
        if (quote != '\0')
            quote = *at == quote ? '\0' : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '>')
            return at;
    }
    return end;
}

bool
fa_xml_next(struct fa_xml *xml)
{
    static const char comment[] = "<!--";

    while ((xml->at = memchr(xml->at, '<', (size_t)(xml->end - xml->at))) != NULL) {
        const char *start = xml->at + 1;
        const char *stop;

        if ((size_t)(xml->end - xml->at) >= sizeof comment - 1 &&
            memcmp(xml->at, comment, sizeof comment - 1) == 0) {
            stop = memmem(start, (size_t)(xml->end - start), "-->", 3);
            xml->at = stop != NULL ? stop + 3 : xml->end;
            continue;
        }
        stop = tag_end(start, xml->end);
        xml->at = stop;
        if (start < stop && (*start == '?' || *start == '!'))
            continue;
        xml->closes = start < stop && *start == '/';
        start += xml->closes;
        xml->name = start;
        for (; start < stop && !is_space(*start) && *start != '/'; start++)
            if (*start == ':')
                xml->name = start + 1;
        xml->name_length = (size_t)(start - xml->name);
        xml->attributes = start;
        xml->attributes_length = (size_t)(stop - start);
        return true;
    }
    xml->at = xml->end;
    return false;
}

bool
fa_xml_is(const struct fa_xml *xml, const char *name)
{
    return xml->name_length == strlen(name) && memcmp(xml->name, name, xml->name_length) == 0;
}

const char *
fa_xml_attribute(const struct fa_xml *xml, const char *name, size_t *length_r)
{
    const char *at = xml->attributes;
    const char *end = at + xml->attributes_length;

    while (at < end) {
        const char *start, *value, *stop;

        while (at < end && (is_space(*at) || *at == '/'))
            at++;
        start = at;
        while (at < end && *at != '=' && !is_space(*at))
            at++;
        stop = at;
        while (at < end && *at != '"' && *at != '\'')
            at++;
        if (at == end)
            return NULL;
        value = at + 1;
        at = memchr(value, *at, (size_t)(end - value));
        if (at == NULL)
            return NULL;
        if ((size_t)(stop - start) == strlen(name) &&
            memcmp(start, name, (size_t)(stop - start)) == 0) {
            *length_r = (size_t)(at - value);
            return value;
        }
        at++;
    }
    return NULL;
}
