/* Answers of S3 servers of any kind: nothing crashes, every element that opens closes under its
 * name, texts keep their bounds, and the reader comes to an end. */
#include "lib/store/s3_xml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the reader has said is open. */
struct stack {
    char names[FA_S3_XML_DEPTH][FA_S3_XML_NAME];
    size_t depth;
};

static void
check(const struct fa_s3_xml *xml, enum fa_s3_xml_event event, struct stack *stack)
{
    const char *name = fa_s3_xml_name(xml);

    if (xml->length >= sizeof xml->text || strlen(xml->text) != xml->length || name[0] == '\0')
        abort();
    if (event == FA_S3_XML_OPEN) {
        if (stack->depth == FA_S3_XML_DEPTH || xml->depth != stack->depth + 1)
            abort();
        memcpy(stack->names[stack->depth++], name, strlen(name) + 1);
        return;
    }
    if (stack->depth == 0 || xml->depth != stack->depth ||
        strcmp(stack->names[--stack->depth], name) != 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_s3_xml xml;
    struct stack stack = {.depth = 0};
    enum fa_s3_xml_event event;
    size_t events = 0;

    fa_s3_xml_init(&xml, (const char *)data, size);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE) {
        check(&xml, event, &stack);
        if (++events > 2 * size)
            abort();
    }
    if (event == FA_S3_XML_END && (stack.depth != 0 || events == 0))
        abort();
    if (event == FA_S3_XML_BAD && fa_s3_xml_next(&xml) != FA_S3_XML_BAD)
        abort();
    return 0;
}
