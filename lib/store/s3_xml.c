#include "lib/store/s3_xml.h"
#include "lib/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REFERENCE = 12 };

void
fa_s3_xml_init(struct fa_s3_xml *xml, const char *text, size_t length)
{
    xml->at = text != NULL ? text : "";
    xml->end = xml->at + length;
    xml->depth = 0;
    xml->length = 0;
    xml->closing = 0;
    xml->text[0] = '\0';
}

const char *
fa_s3_xml_name(const struct fa_s3_xml *xml)
{
    return xml->depth > 0 ? xml->names[xml->depth - 1] : "";
}

const char *
fa_s3_xml_parent(const struct fa_s3_xml *xml)
{
    return xml->depth > 1 ? xml->names[xml->depth - 2] : "";
}

void
fa_s3_xml_take(const struct fa_s3_xml *xml, const char *name, char *target, size_t size)
{
    size_t length = xml->length < size ? xml->length : size - 1;

    if (strcmp(fa_s3_xml_name(xml), name) != 0)
        return;
    memcpy(target, xml->text, length);
    target[length] = '\0';
}

/* After an error nothing follows but the error. */
static enum fa_s3_xml_event
bad(struct fa_s3_xml *xml)
{
    xml->at = NULL;
    return FA_S3_XML_BAD;
}

static bool
begins(const struct fa_s3_xml *xml, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(xml->end - xml->at) >= length && memcmp(xml->at, text, length) == 0;
}

/* Moves behind the next `text`; false when there is none. */
static bool
skip_past(struct fa_s3_xml *xml, const char *text)
{
    const char *found = memmem(xml->at, (size_t)(xml->end - xml->at), text, strlen(text));

    if (found == NULL)
        return false;
    xml->at = found + strlen(text);
    return true;
}

static bool
add_text(struct fa_s3_xml *xml, const char *text, size_t length)
{
    if (length >= sizeof xml->text - xml->length)
        return false;
    memcpy(xml->text + xml->length, text, length);
    xml->length += length;
    xml->text[xml->length] = '\0';
    return true;
}

/* A character by its number, as UTF-8; only what XML 1.0 allows (2.2), so never NUL. */
static bool
add_character(struct fa_s3_xml *xml, unsigned long number)
{
    char text[4];

    if (number > 0x10ffff || (number >= 0xd800 && number < 0xe000) || number == 0xfffe ||
        number == 0xffff || (number < 0x20 && number != '\t' && number != '\n' && number != '\r'))
        return false;
    return add_text(xml, text, fa_utf8_put((uint32_t)number, text));
}

static bool
add_reference(struct fa_s3_xml *xml)
{
    static const struct {
        const char *name;
        char value;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    const char *semicolon;
    char name[REFERENCE + 1] = "";
    char *rest = name;
    unsigned long number;
    size_t length;

    xml->at++;
    length = (size_t)(xml->end - xml->at) < REFERENCE ? (size_t)(xml->end - xml->at) : REFERENCE;
    semicolon = memchr(xml->at, ';', length);
    if (semicolon == NULL)
        return false;
    memcpy(name, xml->at, (size_t)(semicolon - xml->at));
    xml->at = semicolon + 1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0)
            return add_text(xml, &known[i].value, 1);
    if (name[0] != '#')
        return false;
    number = name[1] == 'x' ? strtoul(name + 2, &rest, 16) : strtoul(name + 1, &rest, 10);
    return rest > name + 1 && *rest == '\0' && add_character(xml, number);
}

static bool
is_name_end(char c)
{
    return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Reads a name without its prefix. */
static bool
read_name(struct fa_s3_xml *xml, char name[FA_S3_XML_NAME])
{
    size_t length = 0;

    for (; xml->at < xml->end && !is_name_end(*xml->at); xml->at++) {
        if (*xml->at == ':') {
            length = 0;
            continue;
        }
        if (*xml->at == '\0' || *xml->at == '<' || length == FA_S3_XML_NAME - 1)
            return false;
        name[length++] = *xml->at;
    }
    name[length] = '\0';
    return length > 0 && xml->at < xml->end;
}

/* Moves to the '>' of a tag, over attributes, whose values may hold one. */
static bool
skip_attributes(struct fa_s3_xml *xml)
{
    for (; xml->at < xml->end && *xml->at != '>'; xml->at++) {
        if (*xml->at == '<')
            return false;
        if (*xml->at == '"' || *xml->at == '\'') {
            xml->at = memchr(xml->at + 1, *xml->at, (size_t)(xml->end - xml->at - 1));
            if (xml->at == NULL)
                return false;
        }
    }
    return xml->at < xml->end;
}

static enum fa_s3_xml_event
open_element(struct fa_s3_xml *xml)
{
    xml->at++;
    if (xml->depth == FA_S3_XML_DEPTH || !read_name(xml, xml->names[xml->depth]) ||
        !skip_attributes(xml))
        return bad(xml);
    xml->closing = xml->at[-1] == '/';
    xml->at++;
    xml->depth++;
    xml->length = 0;
    xml->text[0] = '\0';
    return FA_S3_XML_OPEN;
}

static enum fa_s3_xml_event
close_element(struct fa_s3_xml *xml)
{
    char name[FA_S3_XML_NAME];

    xml->at += 2;
    if (xml->depth == 0 || !read_name(xml, name) || !skip_attributes(xml) ||
        strcmp(name, xml->names[xml->depth - 1]) != 0)
        return bad(xml);
    xml->at++;
    xml->closing = 2;
    return FA_S3_XML_CLOSE;
}

/* Comments, instructions and CDATA sections; false for anything else that begins with "<!". */
static bool
pass_markup(struct fa_s3_xml *xml)
{
    if (begins(xml, "<?"))
        return skip_past(xml, "?>");
    if (begins(xml, "<!--"))
        return skip_past(xml, "-->");
    if (begins(xml, "<![CDATA[") && xml->depth > 0) {
        const char *start = xml->at + 9;

        return skip_past(xml, "]]>") && memchr(start, '\0', (size_t)(xml->at - start)) == NULL &&
               add_text(xml, start, (size_t)(xml->at - start) - 3);
    }
    return false;
}

/* One character of text; outside of the document only blanks may stand. */
static bool
pass_text(struct fa_s3_xml *xml)
{
    char c = *xml->at;

    if (xml->depth == 0) {
        xml->at++;
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
    if (c == '&')
        return add_reference(xml);
    xml->at++;
    return c != '\0' && add_text(xml, &c, 1);
}

enum fa_s3_xml_event
fa_s3_xml_next(struct fa_s3_xml *xml)
{
    bool closed = xml->closing == 2;

    if (xml->at == NULL)
        return FA_S3_XML_BAD;
    if (xml->closing == 1) {
        xml->closing = 2;
        return FA_S3_XML_CLOSE;
    }
    if (closed) {
        xml->depth--;
        xml->closing = 0;
        /* Text after a child is none that anyone asks for. */
        xml->length = 0;
        xml->text[0] = '\0';
        if (xml->depth == 0)
            xml->end = xml->at;
    }
    while (xml->at < xml->end) {
        if (*xml->at != '<') {
            if (!pass_text(xml))
                return bad(xml);
        } else if (begins(xml, "</")) {
            return close_element(xml);
        } else if (!begins(xml, "<!") && !begins(xml, "<?")) {
            return open_element(xml);
        } else if (!pass_markup(xml)) {
            return bad(xml);
        }
    }
    return closed && xml->depth == 0 ? FA_S3_XML_END : bad(xml);
}
