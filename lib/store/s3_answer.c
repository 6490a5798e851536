/* What an answer means. */
#include "lib/store/s3.h"
#include "lib/store/s3_xml.h"

#include "lib/base/clock.h"
#include "lib/base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLOCK_TOLERANCE_US = 30 * FA_SECOND_US };

#define ACTION_KEYS                                                                                \
    "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and what the key may do"
#define ACTION_BUCKET "create the bucket, or set FILEAPI_S3_BUCKET"
#define ACTION_SPACE  "give the store more space, or raise its quota"
#define ACTION_CLOCK  "set this machine's clock and the store's"
#define ACTION_TLS    "set FILEAPI_S3_CA to what vouches for the store's certificate"
#define ACTION_URL    "set AWS_ENDPOINT_URL_S3 to the server that answers itself"

/* What a cause is for us, and what an operator can do about it (NULL: nothing). */
struct meaning {
    enum fa_s3_verdict verdict;
    enum fa_error_code code;
    const char *action;
};

static const struct {
    const char *code;
    struct meaning meaning;
} codes[] = {
    {"NoSuchKey", {FA_S3_FAILED, FA_E_NO_FILE, NULL}},
    {"NoSuchUpload", {FA_S3_FAILED, FA_E_NO_FILE, NULL}},
    {"NoSuchBucket", {FA_S3_FAILED, FA_E_STORE, ACTION_BUCKET}},
    {"AccessDenied", {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {"InvalidAccessKeyId", {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {"SignatureDoesNotMatch", {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {"AuthorizationHeaderMalformed", {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {"EntityTooLarge", {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {"QuotaExceeded", {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {"ServiceQuotaExceeded", {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {"XMinioStorageFull", {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {"XMinioAdminBucketQuotaExceeded", {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    /* The clock has been learned from the answer that says so. */
    {"RequestTimeTooSkewed", {FA_S3_AGAIN, FA_E_STORE, ACTION_CLOCK}},
    {"RequestTimeout", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"SlowDown", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"InternalError", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"ServiceUnavailable", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"OperationAborted", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    /* The body was damaged on its way. */
    {"BadDigest", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"IncompleteBody", {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {"XAmzContentSHA256Mismatch", {FA_S3_AGAIN, FA_E_STORE, NULL}},
};

/* By status, where the answer names no code that is known; the first row that holds it. */
static const struct {
    long from;
    long to;
    struct meaning meaning;
} statuses[] = {
    {300, 399, {FA_S3_FAILED, FA_E_STORE, ACTION_URL}},
    {401, 401, {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {403, 403, {FA_S3_FAILED, FA_E_STORE, ACTION_KEYS}},
    {404, 404, {FA_S3_FAILED, FA_E_NO_FILE, NULL}},
    {408, 408, {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {413, 413, {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {429, 429, {FA_S3_AGAIN, FA_E_STORE, NULL}},
    {501, 501, {FA_S3_FAILED, FA_E_STORE, NULL}},
    {507, 507, {FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE}},
    {500, 599, {FA_S3_AGAIN, FA_E_STORE, NULL}},
};

/* Trouble of libcurl that no other try cures. */
static const struct {
    CURLcode code;
    const char *action;
} final_codes[] = {
    {CURLE_PEER_FAILED_VERIFICATION, ACTION_TLS},
    {CURLE_SSL_CACERT_BADFILE, ACTION_TLS},
    {CURLE_URL_MALFORMAT, ACTION_URL},

    {CURLE_OUT_OF_MEMORY, NULL},
};

/* --- reading --------------------------------------------------------------------------- */

/* The code and message when the body is an error's; whatever the status is. */
static void
read_error(struct fa_s3_answer *answer)
{
    struct fa_s3_xml xml;
    enum fa_s3_xml_event event;

    fa_s3_xml_init(&xml, answer->body.data, answer->body.length);
    while ((event = fa_s3_xml_next(&xml)) == FA_S3_XML_OPEN || event == FA_S3_XML_CLOSE) {
        if (strcmp(xml.names[0], "Error") != 0)
            return;
        if (event == FA_S3_XML_CLOSE && xml.depth == 2) {
            fa_s3_xml_take(&xml, "Code", answer->code, sizeof answer->code);
            fa_s3_xml_take(&xml, "Message", answer->message, sizeof answer->message);
        }
    }
}

/* The server judges signatures by its own clock, so that is the one to sign for. */
static void
learn_clock(struct fa_s3_store *self, const struct fa_s3_answer *answer)
{
    int64_t skew_us = answer->date_us - fa_clock_now_us();

    if (answer->date_us >= 0)
        self->skew_us = llabs(skew_us) > CLOCK_TOLERANCE_US ? skew_us : 0;
}

int64_t
fa_s3_time(const char *text)
{
    struct tm utc = {0};
    int end = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &end) != 6)
        return -1;
    if (text[end] == '.')
        end += 1 + (int)strspn(text + end + 1, "0123456789");
    if (strcmp(text + end, "Z") != 0)
        return -1;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return (int64_t)timegm(&utc) * FA_SECOND_US;
}

/* --- judging ---------------------------------------------------------------------------- */

static struct meaning
find_meaning(const struct fa_s3_answer *answer)
{
    /* A disk that fills up within a PUT has no code of its own; servers pass on errno's text. */
    if (answer->status == 500 && strcasestr(answer->message, "no space left on device") != NULL)
        return (struct meaning){FA_S3_FAILED, FA_E_SPACE, ACTION_SPACE};
    for (size_t i = 0; i < FA_COUNT(codes); i++)
        if (strcmp(codes[i].code, answer->code) == 0)
            return codes[i].meaning;
    for (size_t i = 0; i < FA_COUNT(statuses); i++)
        if (answer->status >= statuses[i].from && answer->status <= statuses[i].to)
            return statuses[i].meaning;
    return (struct meaning){FA_S3_FAILED, FA_E_STORE, NULL};
}

static enum fa_s3_verdict
refuse(const struct fa_s3_exchange *exchange, struct meaning meaning, struct fa_error *err)
{
    const struct fa_s3_answer *answer = &exchange->answer;
    const struct fa_s3_request *request = &exchange->request;

    fa_error_set(err, meaning.code, "%s %s: the store answers %ld %s%s%s", request->method,
                 request->key != NULL ? request->key : "the bucket", answer->status, answer->code,
                 answer->message[0] != '\0' ? ", " : "", answer->message);
    if (meaning.action != NULL)
        fa_error_action(err, "%s", meaning.action);
    return meaning.verdict;
}

/* No answer, or half of one. */
static enum fa_s3_verdict
explain_failure(const struct fa_s3_exchange *exchange, CURLcode code, struct fa_error *err)
{
    const struct fa_s3_request *request = &exchange->request;
    const char *key = request->key != NULL ? request->key : "the bucket";

    if (fa_buf_check(&exchange->answer.body, "the store's answer", err) < 0) {
        err->code = FA_E_STORE;
        fa_error_wrap(err, "%s %s", request->method, key);
        return FA_S3_FAILED;
    }
    if (exchange->file_errno != 0) {
        fa_error_errno(err, FA_E_STORE, exchange->file_errno, "%s %s: spool file", request->method,
                       key);
        return FA_S3_FAILED;
    }
    fa_error_set(err, FA_E_STORE, "%s %s: %s", request->method, key,
                 exchange->why[0] != '\0' ? exchange->why : curl_easy_strerror(code));
    for (size_t i = 0; i < FA_COUNT(final_codes); i++) {
        if (final_codes[i].code != code)
            continue;
        if (final_codes[i].action != NULL)
            fa_error_action(err, "%s", final_codes[i].action);
        return FA_S3_FAILED;
    }
    return FA_S3_AGAIN;
}

/* A download must be as long as was said, however many tries it took. */
static enum fa_s3_verdict
check_download(const struct fa_s3_exchange *exchange, struct fa_error *err)
{
    const struct fa_s3_answer *answer = &exchange->answer;

    if (answer->length >= 0 && (uint64_t)answer->length == exchange->received)
        return FA_S3_GOOD;
    fa_error_set(err, FA_E_STORE, "GET %s: the store sends %llu bytes and says %lld",
                 exchange->request.key, (unsigned long long)exchange->received,
                 (long long)answer->length);
    return FA_S3_AGAIN;
}

/* What the store calls the body must be its MD5, where it is one at all: then it tells what is
 * stored, size included. */
static enum fa_s3_verdict
check_etag(struct fa_s3_exchange *exchange, struct fa_error *err)
{
    const struct fa_s3_request *request = &exchange->request;
    struct fa_s3_answer *answer = &exchange->answer;
    const char *expected = request->etag;

    if (expected == NULL)
        return FA_S3_GOOD;
    answer->confirmed = strcmp(answer->etag, expected) == 0;
    if (answer->confirmed || answer->encrypted || strlen(answer->etag) != FA_S3_MD5_HEX - 1 ||
        strspn(answer->etag, "0123456789abcdef") != FA_S3_MD5_HEX - 1)
        return FA_S3_GOOD;
    fa_error_set(err, FA_E_STORE, "object %s: the store holds other bytes (MD5 %s, not %s)",
                 request->key, answer->etag, expected);
    return FA_S3_AGAIN;
}

enum fa_s3_verdict
fa_s3_judge(struct fa_s3_store *self, struct fa_s3_exchange *exchange, CURLcode code, bool *away_r,
            struct fa_error *err)
{
    struct fa_s3_answer *answer = &exchange->answer;
    enum fa_s3_verdict verdict;

    *away_r = false;
    answer->code[0] = '\0';
    answer->message[0] = '\0';
    if (code != CURLE_OK || answer->status == 0) {
        verdict = explain_failure(exchange, code, err);
        *away_r = verdict == FA_S3_AGAIN;
        return verdict;
    }
    learn_clock(self, answer);
    read_error(answer);
    if (answer->status / 100 != 2 || answer->code[0] != '\0') {
        struct meaning meaning = find_meaning(answer);

        *away_r = meaning.verdict == FA_S3_AGAIN && answer->status >= 500;
        return refuse(exchange, meaning, err);
    }
    return exchange->request.sink >= 0 ? check_download(exchange, err) : check_etag(exchange, err);
}
