/* Listing objects, a page of at most a thousand at a time. */
#include "lib/base/cleanup.h"
#include "lib/store/s3.h"
#include "lib/store/s3_xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 1100 };

struct listing {
    fa_store_visit *visit;
    void *closure;
    char last[KEY_MAX];         /* the key shown last, or behind which to begin */
    char token[FA_S3_XML_TEXT]; /* of the next page; "" for the first */
    bool truncated;
    bool encoded; /* keys are percent-encoded */
};

/* The object being read. */
struct object {
    char key[FA_S3_XML_TEXT];
    uint64_t size;
    int64_t modified_us;
};

/* In place; what is no encoding stays. */
static void
percent_decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in != '\0'; in++) {
        unsigned char byte;

        if (*in == '%' && sscanf(in + 1, "%2hhx", &byte) == 1 && byte != 0 && in[2] != '\0') {
            *out++ = (char)byte;
            in += 2;
        } else {
            *out++ = *in == '+' ? ' ' : *in;
        }
    }
    *out = '\0';
}

static void
take_member(const struct fa_s3_xml *xml, struct object *object)
{
    const char *name = fa_s3_xml_name(xml);

    if (strcmp(name, "Key") == 0)
        memcpy(object->key, xml->text, xml->length + 1);
    else if (strcmp(name, "Size") == 0)
        object->size = strtoull(xml->text, NULL, 10);
    else if (strcmp(name, "LastModified") == 0)
        object->modified_us = fa_s3_time(xml->text);
}

static int
show(struct listing *listing, struct object *object, struct fa_error *err)
{
    if (listing->encoded)
        percent_decode(object->key);
    if (object->key[0] == '\0' || strlen(object->key) >= sizeof listing->last)
        return fa_error_set(err, FA_E_STORE, "the store lists a key of %zu bytes",
                            strlen(object->key));
    /* Some servers begin with the key they were to begin behind; a list that goes back would never
     * end. */
    if (strcmp(object->key, listing->last) <= 0)
        return 0;
    snprintf(listing->last, sizeof listing->last, "%s", object->key);
    return listing->visit(listing->closure,
                          &(struct fa_store_entry){.key = object->key,
                                                   .size = object->size,
                                                   .modified_us = object->modified_us,
                                                   .foreign = !fa_store_is_key(object->key)},
                          err);
}

/* What a page says of itself; it may say so before its objects or behind them. */
static int
read_head(const struct fa_buf *body, struct listing *listing, struct fa_error *err)
{
    enum fa_s3_xml_event event;
    struct fa_s3_xml xml;

    listing->truncated = false;
    listing->encoded = false;
    listing->token[0] = '\0';
    fa_s3_xml_init(&xml, body->data, body->length);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE) {
        const char *name = fa_s3_xml_name(&xml);

        if (event == FA_S3_XML_OPEN || xml.depth != 2)
            continue;
        if (strcmp(name, "IsTruncated") == 0)
            listing->truncated = strcmp(xml.text, "true") == 0;
        else if (strcmp(name, "NextContinuationToken") == 0)
            memcpy(listing->token, xml.text, xml.length + 1);
        else if (strcmp(name, "EncodingType") == 0)
            listing->encoded = strcmp(xml.text, "url") == 0;
    }
    if (event != FA_S3_XML_END || strcmp(xml.names[0], "ListBucketResult") != 0)
        return fa_error_set(err, FA_E_STORE, "the store's list is none");
    return 0;
}

static int
show_objects(const struct fa_buf *body, struct listing *listing, struct fa_error *err)
{
    struct object object = {.modified_us = -1};
    enum fa_s3_xml_event event;
    struct fa_s3_xml xml;

    fa_s3_xml_init(&xml, body->data, body->length);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE) {
        int result;

        if (event == FA_S3_XML_OPEN)
            continue;
        if (strcmp(fa_s3_xml_parent(&xml), "Contents") == 0) {
            take_member(&xml, &object);
        } else if (xml.depth == 2 && strcmp(fa_s3_xml_name(&xml), "Contents") == 0) {
            result = show(listing, &object, err);
            if (result != 0)
                return result;
            object = (struct object){.modified_us = -1};
        }
    }
    return 0;
}

static int
ask_page(struct fa_s3_store *self, struct fa_s3_exchange *exchange, const struct listing *listing,
         const char *after, struct fa_error *err)
{
    fa_s3_exchange_init(exchange, "GET", NULL);
    fa_s3_add_query(exchange, "list-type", "2");
    fa_s3_add_query(exchange, "max-keys", "1000");
    fa_s3_add_query(exchange, "encoding-type", "url");
    if (listing->token[0] != '\0')
        fa_s3_add_query(exchange, "continuation-token", listing->token);
    else if (after[0] != '\0')
        fa_s3_add_query(exchange, "start-after", after);
    return fa_s3_ask(self, exchange, err);
}

int
fa_s3_list(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
           struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    FA_AUTO_FREE struct listing *listing = calloc(1, sizeof *listing);
    int result = 0;

    if (listing == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list of objects");
    listing->visit = visit;
    listing->closure = closure;
    snprintf(listing->last, sizeof listing->last, "%s", after);
    do {
        char before[KEY_MAX];

        memcpy(before, listing->last, sizeof before);
        if (ask_page(fa_s3(store), &exchange, listing, before, err) < 0 ||
            read_head(&exchange.answer.body, listing, err) < 0)
            return -1;
        result = show_objects(&exchange.answer.body, listing, err);
        if (result == 0 && listing->truncated && strcmp(before, listing->last) == 0)
            return fa_error_set(err, FA_E_STORE, "the store's list does not go on");
    } while (result == 0 && listing->truncated);
    return result;
}
