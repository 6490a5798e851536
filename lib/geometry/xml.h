/*
 * Inside lib/geometry only: tags of an XML text, one after another.
 *
 * No parser: text between tags, entities, namespaces and well-formedness are not looked at.  That
 * is enough for numbers in attributes, and leaves nothing to attack.
 */
#ifndef FA_GEOMETRY_XML_H
#define FA_GEOMETRY_XML_H

#include <stdbool.h>
#include <stddef.h>

struct fa_xml {
    const char *at;
    const char *end;
    const char *name; /* of the tag at hand, without its prefix */
    size_t name_length;
    const char *attributes; /* from behind the name to the tag's end */
    size_t attributes_length;
    bool closes; /* </name> */
};

/* The next tag; false at the end.  Comments, declarations and processing instructions are passed.
 */
bool fa_xml_next(struct fa_xml *xml);

bool fa_xml_is(const struct fa_xml *xml, const char *name);

/* The value of an attribute of the tag at hand, as it stands there; NULL when it has none. */
const char *fa_xml_attribute(const struct fa_xml *xml, const char *name, size_t *length_r);

#endif
