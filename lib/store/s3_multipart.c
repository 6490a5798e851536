/*
 * Large objects in parts, several at a time.
 *
 * A part carries its MD5, which the server compares before it keeps the part, and the signature
 * binds; what the ETags of parts and object say is compared with it, so the object is known to be
 * the file's bytes.  SHA-256 of each part would cost a second hash of every byte.
 */
#include "lib/base/cleanup.h"
#include "lib/base/hex.h"
#include "lib/store/s3.h"
#include "lib/store/s3_xml.h"

#include <stdio.h>
#include <string.h>

enum {
    PART_MIN = 16 << 20,
    PART_COUNT = 10000,
    PART_NUMBER = 12,
    COMPLETE_LIMIT = 2 << 20,
    ABORT_PATIENCE_US = 500000
};

struct upload {
    struct fa_s3_store *self;
    const char *key;
    int fd;
    uint64_t size;
    uint64_t part_size;
    unsigned count; /* of parts */
    unsigned begun;
    char id[FA_S3_UPLOAD_ID];
    unsigned char (*md5s)[FA_S3_MD5];          /* of the parts */
    char (*etags)[FA_S3_ETAG];                 /* what the store calls them */
    char numbers[FA_S3_PARALLEL][PART_NUMBER]; /* of the parts on their way */
};

/* --- parts ------------------------------------------------------------------------------ */

/* Parts of PART_MIN, larger where 10,000 of those are too few. */
static uint64_t
choose_part_size(uint64_t size)
{
    uint64_t part_size = PART_MIN;

    while (size / part_size >= PART_COUNT)
        part_size *= 2;
    return part_size;
}

/* A part's ETag is needed to complete the upload, whatever it is. */
static int
take_part(const struct upload *upload, const struct fa_s3_exchange *exchange, struct fa_error *err)
{
    const char *etag = exchange->answer.etag;

    if (exchange->number == 0)
        return 0;
    if (etag[0] == '\0' || strpbrk(etag, "<>&\"") != NULL)
        return fa_error_set(err, FA_E_STORE, "part %u of object %s: the store names no ETag",
                            exchange->number, upload->key);
    memcpy(upload->etags[exchange->number - 1], etag, sizeof exchange->answer.etag);
    return 0;
}

static int
prepare_part(struct upload *upload, struct fa_s3_exchange *exchange, size_t slot,
             struct fa_error *err)
{
    char *number = upload->numbers[slot];
    uint64_t offset = upload->part_size * upload->begun;
    uint64_t left = upload->size - offset;
    uint64_t size = left < upload->part_size ? left : upload->part_size;

    exchange->number = upload->begun + 1;
    snprintf(number, PART_NUMBER, "%u", exchange->number);
    fa_s3_exchange_init(exchange, "PUT", upload->key);
    fa_s3_add_query(exchange, "partNumber", number);
    fa_s3_add_query(exchange, "uploadId", upload->id);
    if (fa_s3_add_body(exchange, upload->fd, offset, size, err) < 0)
        return -1;
    memcpy(upload->md5s[upload->begun++], exchange->request.md5, FA_S3_MD5);
    return 0;
}

struct part_run {
    struct upload *upload;
    struct fa_s3_exchange *exchanges;
};

static bool
next_part(void *closure, struct fa_s3_exchange *exchange, struct fa_error *err)
{
    struct part_run *run = closure;
    struct upload *upload = run->upload;

    if (take_part(upload, exchange, err) < 0 || upload->begun == upload->count)
        return false;
    return prepare_part(upload, exchange, (size_t)(exchange - run->exchanges), err) == 0;
}

static int
put_parts(struct upload *upload, struct fa_error *err)
{
    struct fa_s3_exchange exchanges[FA_S3_PARALLEL] = {{.number = 0}};
    struct part_run run = {upload, exchanges};
    int result = fa_s3_run(upload->self, exchanges, FA_S3_PARALLEL, next_part, &run, err);

    for (size_t i = 0; i < FA_S3_PARALLEL; i++)
        fa_s3_exchange_free(&exchanges[i]);
    return result;
}

/* --- the upload --------------------------------------------------------------------------- */

static int
begin_upload(struct upload *upload, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    enum fa_s3_xml_event event;
    struct fa_s3_xml xml;

    fa_s3_exchange_init(&exchange, "POST", upload->key);
    fa_s3_add_query(&exchange, "uploads", "");
    if (fa_s3_ask(upload->self, &exchange, err) < 0)
        return -1;
    fa_s3_xml_init(&xml, exchange.answer.body.data, exchange.answer.body.length);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE)
        if (event == FA_S3_XML_CLOSE && strcmp(fa_s3_xml_name(&xml), "UploadId") == 0 &&
            xml.length < sizeof upload->id)
            memcpy(upload->id, xml.text, xml.length + 1);
    if (event != FA_S3_XML_END || upload->id[0] == '\0')
        return fa_error_set(err, FA_E_STORE, "object %s: the store names no upload", upload->key);
    /* When an answer was lost another try has begun a second upload, also one that libcurl makes
     * untold.  The first is ended while the object's intent lets the collector do it otherwise. */
    return fa_s3_abort_all(upload->self, upload->key, upload->id, err);
}

/* "md5 of the parts' md5s"-count, as S3 makes it; false when OpenSSL fails. */
static bool
make_etag(const struct upload *upload, char etag[FA_S3_ETAG])
{
    unsigned char md5[FA_S3_MD5];
    char hex[FA_S3_MD5_HEX];

    if (!EVP_Digest(upload->md5s, (size_t)upload->count * FA_S3_MD5, md5, NULL, EVP_md5(), NULL))
        return false;
    snprintf(etag, FA_S3_ETAG, "%s-%u", fa_hex_text(md5, sizeof md5, hex), upload->count);
    return true;
}

static int
complete_upload(struct upload *upload, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    FA_AUTO_BUF(body, COMPLETE_LIMIT);

    fa_buf_add_text(&body, "<CompleteMultipartUpload>");
    for (unsigned i = 0; i < upload->count; i++)
        fa_buf_printf(&body, "<Part><PartNumber>%u</PartNumber><ETag>\"%s\"</ETag></Part>", i + 1,
                      upload->etags[i]);
    fa_buf_add_text(&body, "</CompleteMultipartUpload>");
    if (fa_buf_check(&body, "list of parts", err) < 0)
        return -1;
    fa_s3_exchange_init(&exchange, "POST", upload->key);
    fa_s3_add_query(&exchange, "uploadId", upload->id);
    exchange.request.text = body.data;
    exchange.request.size = body.length;
    /* When the answer to a first try was lost, the second says that there is no such upload. */
    if (fa_s3_ask(upload->self, &exchange, err) < 0 &&
        (exchange.tries < 2 || strcmp(exchange.answer.code, "NoSuchUpload") != 0))
        return -1;
    return 0;
}

/* Size and, where the store makes it as S3 does, ETag of what is there now. */
static int
confirm(const struct upload *upload, struct fa_error *err)
{
    char etag[FA_S3_ETAG];

    if (!make_etag(upload, etag))
        return fa_error_set(err, FA_E_MEMORY, "digest");
    return fa_s3_confirm(upload->self, upload->key, upload->size, etag, err);
}

/* Best effort and short: who waits has waited, and the sweep aborts what this does not. */
static void
give_up(const struct upload *upload)
{
    struct fa_s3_store *self = upload->self;
    int64_t patience_us = self->patience_us;
    struct fa_error ignored;

    if (self->patience_us > ABORT_PATIENCE_US)
        self->patience_us = ABORT_PATIENCE_US;
    self->silent_us = 0;
    (void)!fa_s3_abort(self, upload->key, upload->id, &ignored);
    self->patience_us = patience_us;
}

int
fa_s3_put_parts(struct fa_s3_store *self, const char *key, int fd, uint64_t size,
                struct fa_error *err)
{
    FA_AUTO_FREE unsigned char *md5s = NULL;
    FA_AUTO_FREE char *etags = NULL;
    struct upload upload = {
        .self = self, .key = key, .fd = fd, .size = size, .part_size = choose_part_size(size)};

    upload.count = (unsigned)((size + upload.part_size - 1) / upload.part_size);
    md5s = calloc(upload.count, FA_S3_MD5);
    etags = calloc(upload.count, FA_S3_ETAG);
    if (md5s == NULL || etags == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list of parts");
    upload.md5s = (unsigned char(*)[FA_S3_MD5])md5s;
    upload.etags = (char(*)[FA_S3_ETAG])etags;
    if (begin_upload(&upload, err) < 0)
        return -1;
    if (put_parts(&upload, err) == 0 && complete_upload(&upload, err) == 0)
        return confirm(&upload, err);
    give_up(&upload);
    return -1;
}
