/* What is left of uploads in parts that nobody has ended. */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/s3.h"
#include "lib/store/s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 100000, PAGE_UPLOADS = 64 };

/* One page of ListMultipartUploads. */
struct page {
    struct {
        char key[FA_STORE_KEY];
        char id[FA_S3_UPLOAD_ID];
    } uploads[PAGE_UPLOADS];
    size_t count;
    bool truncated;
    char next_key[FA_S3_XML_TEXT];
    char next_id[FA_S3_UPLOAD_ID];
};

/* The upload being read. */
struct pending {
    char key[FA_STORE_KEY];
    char id[FA_S3_UPLOAD_ID];
    int64_t begun_us;
};

/* Which uploads are ended. */
struct choice {
    const char *prefix; /* of their keys */
    int64_t before_us;  /* when they were begun, at the latest */
    const char *spared; /* the id of one that goes on; "": none does */
};

static void
take_upload(const struct fa_s3_xml *xml, struct pending *pending)
{
    fa_s3_xml_take(xml, "Key", pending->key, sizeof pending->key);
    fa_s3_xml_take(xml, "UploadId", pending->id, sizeof pending->id);
    if (strcmp(fa_s3_xml_name(xml), "Initiated") == 0)
        pending->begun_us = fa_s3_time(xml->text);
}

static bool
is_chosen(const struct pending *pending, const struct choice *choice)
{
    return fa_store_is_key(pending->key) && pending->id[0] != '\0' && pending->begun_us >= 0 &&
           pending->begun_us <= choice->before_us && strcmp(pending->id, choice->spared) != 0;
}

/* Keeps of a page those of our keys that are chosen. */
static int
read_page(const struct fa_buf *body, const struct choice *choice, struct page *page,
          struct fa_error *err)
{
    struct pending pending = {.begun_us = -1};
    enum fa_s3_xml_event event;
    struct fa_s3_xml xml;

    *page = (struct page){.count = 0};
    fa_s3_xml_init(&xml, body->data, body->length);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE) {
        if (event == FA_S3_XML_OPEN)
            continue;
        if (strcmp(fa_s3_xml_parent(&xml), "Upload") == 0) {
            take_upload(&xml, &pending);
        } else if (strcmp(fa_s3_xml_name(&xml), "Upload") == 0) {
            if (is_chosen(&pending, choice) && page->count < PAGE_UPLOADS) {
                memcpy(page->uploads[page->count].key, pending.key, sizeof pending.key);
                memcpy(page->uploads[page->count++].id, pending.id, sizeof pending.id);
            }
            pending = (struct pending){.begun_us = -1};
        } else if (xml.depth == 2) {
            fa_s3_xml_take(&xml, "NextKeyMarker", page->next_key, sizeof page->next_key);
            fa_s3_xml_take(&xml, "NextUploadIdMarker", page->next_id, sizeof page->next_id);
            if (strcmp(fa_s3_xml_name(&xml), "IsTruncated") == 0)
                page->truncated = strcmp(xml.text, "true") == 0;
        }
    }
    if (event != FA_S3_XML_END)
        return fa_error_set(err, FA_E_STORE, "the store lists uploads in no XML");
    return 0;
}

int
fa_s3_abort(struct fa_s3_store *self, const char *key, const char *id, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};

    fa_s3_exchange_init(&exchange, "DELETE", key);
    fa_s3_add_query(&exchange, "uploadId", id);
    if (fa_s3_ask(self, &exchange, err) < 0 && err->code != FA_E_NO_FILE)
        return -1;
    return 0;
}

/* Aborts them; *count_r becomes how many. */
static int
abort_uploads(struct fa_s3_store *self, const struct choice *choice, int64_t *count_r,
              struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    FA_AUTO_FREE struct page *page = calloc(2, sizeof *page);

    if (page == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list of uploads");
    for (int pages = 0; pages == 0 || (page->truncated && pages < PAGES); pages++) {
        /* The markers of the page before are part of the request. */
        page[1] = page[0];
        fa_s3_exchange_init(&exchange, "GET", NULL);
        fa_s3_add_query(&exchange, "uploads", "");
        fa_s3_add_query(&exchange, "max-uploads", "64");
        if (choice->prefix[0] != '\0')
            fa_s3_add_query(&exchange, "prefix", choice->prefix);
        if (page[1].next_key[0] != '\0')
            fa_s3_add_query(&exchange, "key-marker", page[1].next_key);
        if (page[1].next_key[0] != '\0' && page[1].next_id[0] != '\0')
            fa_s3_add_query(&exchange, "upload-id-marker", page[1].next_id);
        if (fa_s3_ask(self, &exchange, err) < 0)
            return strcmp(exchange.answer.code, "NotImplemented") == 0 ? 0 : -1;
        if (read_page(&exchange.answer.body, choice, page, err) < 0)
            return -1;
        for (size_t i = 0; i < page->count; i++, ++*count_r)
            if (fa_s3_abort(self, page->uploads[i].key, page->uploads[i].id, err) < 0)
                return -1;
        if (page->truncated && page->next_key[0] == '\0')
            return fa_error_set(err, FA_E_STORE, "the store's list of uploads has no end");
    }
    return 0;
}

int
fa_s3_abort_all(struct fa_s3_store *self, const char *key, const char *spared, struct fa_error *err)
{
    const struct choice choice = {.prefix = key, .before_us = INT64_MAX, .spared = spared};
    int64_t count = 0;

    return abort_uploads(self, &choice, &count, err);
}

int
fa_s3_abandon(struct fa_store *store, const char *key, struct fa_error *err)
{
    if (fa_s3_abort_all(fa_s3(store), key, "", err) < 0)
        return -1;
    return fa_s3_remove(store, key, err);
}

int
fa_s3_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r, struct fa_error *err)
{
    struct fa_s3_store *self = fa_s3(store);
    const struct choice choice = {.prefix = "",
                                  .before_us =
                                      fa_clock_now_us() + self->skew_us - age_s * FA_SECOND_US,
                                  .spared = ""};

    return abort_uploads(self, &choice, count_r, err);
}
