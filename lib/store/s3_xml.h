/*
 * Inside lib/store only: the XML that S3 servers answer with, read as hostile input.
 *
 * A pull reader over a whole answer in memory: elements open and close, and what closes brings the
 * text directly in it.  Prefixes are dropped, attributes skipped.  No document type, so no entities
 * but the five of XML and character references; depth and lengths are bounded.
 */
#ifndef FA_STORE_S3_XML_H
#define FA_STORE_S3_XML_H

#include <stddef.h>

enum { FA_S3_XML_DEPTH = 16, FA_S3_XML_NAME = 48, FA_S3_XML_TEXT = 4096 };

struct fa_s3_xml {
    const char *at;
    const char *end;
    char names[FA_S3_XML_DEPTH][FA_S3_XML_NAME]; /* of the open elements */
    size_t depth;
    char text[FA_S3_XML_TEXT]; /* directly in the innermost, so far */
    size_t length;
    int closing; /* 1: an empty element has been opened; 2: the innermost has been closed */
};

enum fa_s3_xml_event { FA_S3_XML_END, FA_S3_XML_OPEN, FA_S3_XML_CLOSE, FA_S3_XML_BAD };

/* `text` may be NULL where `length` is 0. */
void fa_s3_xml_init(struct fa_s3_xml *xml, const char *text, size_t length);

/* The next event.  OPEN and CLOSE: names[depth - 1] is the element, `text` what CLOSE brings (the
 * element leaves at the next call). END comes after one whole document; BAD stays. */
enum fa_s3_xml_event fa_s3_xml_next(struct fa_s3_xml *xml);

/* The innermost element's name, and the name of the one around it; "" where there is none. */
const char *fa_s3_xml_name(const struct fa_s3_xml *xml);
const char *fa_s3_xml_parent(const struct fa_s3_xml *xml);

/* At CLOSE: copies the text, cut to `size` with its NUL, when the element is `name`. */
void fa_s3_xml_take(const struct fa_s3_xml *xml, const char *name, char *target, size_t size);

#endif
