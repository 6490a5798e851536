/* The S3 store on a real server: what only S3 has. */
#include "lib/base/clock.h"
#include "tests/unit/minio.h"

enum { PAGE = 1000, PART_ODD = 12345, THRESHOLD = 32 << 20 };

#define KEY "ab/0123456789abcdef0123456789abcdef"

/* --- parts --------------------------------------------------------------------------- */

/* Begins an upload in parts and leaves it; as a process that dies does. */
static void
leave_upload(struct rig *rig, const char *key)
{
    struct fa_s3_exchange exchange = {.number = 0};

    fa_s3_exchange_init(&exchange, "POST", key);
    fa_s3_add_query(&exchange, "uploads", "");
    assert_int_equal(fa_s3_ask((struct fa_s3_store *)rig->store, &exchange, &rig->err), 0);
    fa_s3_exchange_free(&exchange);
}

/* How many uploads are unfinished. */
static size_t
unfinished(struct rig *rig)
{
    struct fa_s3_exchange exchange = {.number = 0};
    size_t count = 0;

    fa_s3_exchange_init(&exchange, "GET", NULL);
    fa_s3_add_query(&exchange, "uploads", "");
    assert_int_equal(fa_s3_ask((struct fa_s3_store *)rig->store, &exchange, &rig->err), 0);
    for (const char *at = exchange.answer.body.data; (at = strstr(at, "<UploadId>")) != NULL; at++)
        count++;
    fa_s3_exchange_free(&exchange);
    return count;
}

/* Beyond the threshold an object comes in parts, and back as one; sizes around it too. */
static void
large_objects_come_in_parts(void **state)
{
    static const uint64_t sizes[] = {THRESHOLD, THRESHOLD + 1, 2 * THRESHOLD + PART_ODD};
    struct rig *rig = *state;

    MINIO_NEEDED();
    ((struct fa_s3_store *)rig->store)->multipart = THRESHOLD;
    for (size_t i = 0; i < FA_COUNT(sizes); i++) {
        char key[FA_STORE_KEY];
        struct fa_s3_exchange exchange = {.number = 0};

        if (rig_put(rig, fa_store_key(key), sizes[i], (unsigned)i) < 0)
            fail_msg("%s", rig->err.detail);
        rig_expect(rig, key, sizes[i], (unsigned)i);
        fa_s3_exchange_init(&exchange, "HEAD", key);
        assert_int_equal(fa_s3_ask((struct fa_s3_store *)rig->store, &exchange, &rig->err), 0);
        assert_int_equal(strchr(exchange.answer.etag, '-') != NULL, sizes[i] > THRESHOLD);
        fa_s3_exchange_free(&exchange);
    }
    assert_int_equal(unfinished(rig), 0);
}

/* Sweeping ends the unfinished uploads of a certain age under keys of ours, all of them. */
static void
old_uploads_are_swept(void **state)
{
    struct rig *rig = *state;
    char keys[3][FA_STORE_KEY];
    int64_t count = -1;

    MINIO_NEEDED();
    for (size_t i = 0; i < FA_COUNT(keys); i++)
        leave_upload(rig, fa_store_key(keys[i]));
    leave_upload(rig, keys[0]);
    leave_upload(rig, "somebody/else");
    assert_int_equal(unfinished(rig), 5);
    assert_int_equal(fa_store_sweep(rig->store, 3600, &count, &rig->err), 0);
    assert_int_equal(count, 0);
    assert_int_equal(fa_store_sweep(rig->store, -1, &count, &rig->err), 0);
    assert_int_equal(count, 4);
    assert_int_equal(unfinished(rig), 1);
}

/* Abandoning a key ends its uploads and removes its object; others stay. */
static void
abandoned_uploads_are_gone(void **state)
{
    struct rig *rig = *state;
    char keys[2][FA_STORE_KEY];

    MINIO_NEEDED();
    for (size_t i = 0; i < FA_COUNT(keys); i++) {
        assert_int_equal(rig_put(rig, fa_store_key(keys[i]), 10, 1), 0);
        leave_upload(rig, keys[i]);
        leave_upload(rig, keys[i]);
    }
    assert_int_equal(fa_store_abandon(rig->store, keys[0], &rig->err), 0);
    assert_int_equal(unfinished(rig), 2);
    rig_expect_none(rig, keys[0]);
    rig_expect(rig, keys[1], 10, 1);
}

/* --- what the server refuses ------------------------------------------------------------ */

/* Bytes that are not those the hash is of do not become an object. */
static void
other_bytes_are_refused(void **state)
{
    struct rig *rig = *state;
    unsigned char sha256[32];
    FA_AUTO_FD fd = -1;

    MINIO_NEEDED();
    fd = rig_spool(rig, 1000, 1, sha256);
    sha256[7] ^= 1;
    assert_int_equal(fa_store_put(rig->store, KEY, fd, 1000, sha256, &rig->err), -1);
    assert_int_equal(rig->err.code, FA_E_STORE);
    rig_expect_none(rig, KEY);
}

/* A byte that changes after its MD5 was made is refused by the server, though no hash signs it. */
static void
changed_bytes_are_refused(void **state)
{
    struct rig *rig = *state;
    struct fa_s3_exchange exchange = {.number = 0};
    unsigned char sha256[32];
    FA_AUTO_FD fd = -1;
    char byte;

    MINIO_NEEDED();
    fd = rig_spool(rig, 1000, 1, sha256);
    fa_s3_exchange_init(&exchange, "PUT", KEY);
    assert_int_equal(fa_s3_add_body(&exchange, fd, 0, 1000, &rig->err), 0);
    assert_int_equal(pread(fd, &byte, 1, 500), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 500), 1);
    assert_int_equal(fa_s3_ask((struct fa_s3_store *)rig->store, &exchange, &rig->err), -1);
    assert_string_equal(exchange.answer.code, "BadDigest");
    fa_s3_exchange_free(&exchange);
    rig_expect_none(rig, KEY);
}

static void
expect_refusal(struct rig *rig, const char *action)
{
    int calls[] = {
        rig_put(rig, KEY, 10, 1),
        fa_store_get(rig->store, KEY, &rig->err),
        fa_store_remove(rig->store, KEY, &rig->err),
        fa_store_check(rig->store, &rig->err),
    };

    for (size_t i = 0; i < FA_COUNT(calls); i++)
        assert_int_equal(calls[i], -1);
    assert_int_equal(rig->err.code, FA_E_STORE);
    if (strstr(rig->err.action, action) == NULL)
        fail_msg("%s: %s", rig->err.detail, rig->err.action);
    assert_null(strstr(rig->err.detail, MINIO_SECRET));
}

static void
reopen(struct rig *rig)
{
    fa_store_close(&rig->store);
    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
}

/* Wrong keys and buckets are the operator's to mend, and said to be. */
static void
wrong_options_are_told(void **state)
{
    struct rig *rig = *state;
    const char *bucket = rig->options.s3_bucket;

    MINIO_NEEDED();
    assert_int_equal(fa_store_check(rig->store, &rig->err), 0);
    rig->options.s3_secret_key = "another-secret";
    reopen(rig);
    expect_refusal(rig, "AWS_SECRET_ACCESS_KEY");
    rig->options.s3_access_key = "nobody";
    reopen(rig);
    expect_refusal(rig, "AWS_ACCESS_KEY_ID");
    rig->options.s3_access_key = MINIO_USER;
    rig->options.s3_secret_key = MINIO_SECRET;
    rig->options.s3_bucket = "no-such-bucket";
    fa_store_close(&rig->store);
    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
    assert_int_equal(rig_put(rig, KEY, 10, 1), -1);
    assert_non_null(strstr(rig->err.action, "FILEAPI_S3_BUCKET"));
    assert_int_equal(fa_store_check(rig->store, &rig->err), -1);
    assert_non_null(strstr(rig->err.action, "FILEAPI_S3_BUCKET"));
    rig->options.s3_bucket = bucket;
    reopen(rig);
    assert_int_equal(rig_put(rig, KEY, 10, 1), 0);
}

/* --- lists -------------------------------------------------------------------------------- */

struct seen {
    size_t ours;
    size_t foreign;
    char last[64];
};

static int
see(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    struct seen *seen = closure;

    (void)err;
    assert_true(strcmp(seen->last, entry->key) < 0);
    snprintf(seen->last, sizeof seen->last, "%s", entry->key);
    seen->ours += entry->foreign ? 0 : 1;
    seen->foreign += entry->foreign ? 1 : 0;
    return 0;
}

/* More objects than a page holds, and names that are none of ours, spaces and all. */
static void
long_lists_are_whole(void **state)
{
    struct rig *rig = *state;
    struct seen seen = {.ours = 0};

    MINIO_NEEDED();
    for (int i = 0; i < PAGE + 5; i++) {
        char key[FA_STORE_KEY];

        assert_int_equal(rig_put(rig, fa_store_key(key), 0, 1), 0);
    }
    assert_int_equal(rig_put(rig, "a + b/\xc3\xa4&<>%41", 3, 1), 0);
    assert_int_equal(rig_put(rig, "zz", 3, 1), 0);
    assert_int_equal(fa_store_list(rig->store, NULL, see, &seen, &rig->err), 0);
    assert_int_equal(seen.ours, PAGE + 5);
    assert_int_equal(seen.foreign, 2);
    seen = (struct seen){.ours = 0};
    assert_int_equal(fa_store_list(rig->store, "a + b/", see, &seen, &rig->err), 0);
    assert_string_equal(seen.last, "zz");
    seen = (struct seen){.ours = 0};
    assert_int_equal(fa_store_list(rig->store, "z", see, &seen, &rig->err), 0);
    assert_int_equal(seen.ours, 0);
    assert_int_equal(seen.foreign, 1);
}

/* --- presigned downloads -------------------------------------------------------------------- */

static size_t
ignore(char *data, size_t one, size_t length, void *closure)
{
    (void)data;
    (void)one;
    *(size_t *)closure += length;
    return length;
}

/* As nginx asks: the path and query as they are, Host the endpoint's. */
static long
fetch(const char *target, const char *method, size_t *size_r)
{
    char url[1024];
    CURL *easy = curl_easy_init();
    long status = 0;

    *size_r = 0;
    snprintf(url, sizeof url, "%s%s", minio.endpoint, target);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, size_r);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    return status;
}

/* The target fetches this object, by GET alone, and is the same the next time. */
static void
presigned_downloads_work(void **state)
{
    struct rig *rig = *state;
    const char *target;
    size_t size;

    MINIO_NEEDED();
    assert_int_equal(rig_put(rig, KEY, 70000, 1), 0);
    target = fa_store_accel(rig->store, KEY, false, &rig->arena, &rig->err);
    assert_int_equal(strncmp(target, "/_s3/test-", 10), 0);
    assert_non_null(strstr(target, "/" KEY "?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
    assert_non_null(strstr(target, "&X-Amz-SignedHeaders=host&"));
    assert_null(strstr(target, MINIO_SECRET));
    assert_int_equal(fetch(target + 4, "GET", &size), 200);
    assert_int_equal(size, 70000);
    assert_int_equal(fetch(target + 4, "DELETE", &size), 403);
    usleep(1100000);
    assert_string_equal(fa_store_accel(rig->store, KEY, true, &rig->arena, &rig->err) + 11,
                        target + 4);
    assert_int_equal(strncmp(fa_store_accel(rig->store, KEY, true, &rig->arena, &rig->err),
                             "/_s3_cached/test-", 17),
                     0);
    rig->options.s3_secret_key = "another-secret";
    reopen(rig);
    target = fa_store_accel(rig->store, KEY, false, &rig->arena, &rig->err);
    assert_int_equal(fetch(target + 4, "GET", &size), 403);
}

/* Each of many keys has its own URL, also when it has taken another's place in the memory. */
static void
presigned_urls_do_not_mix(void **state)
{
    struct rig *rig = *state;

    MINIO_NEEDED();
    for (int i = 0; i < 20 * FA_S3_ACCELS; i++) {
        char key[FA_STORE_KEY];
        const char *target =
            fa_store_accel(rig->store, fa_store_key(key), false, &rig->arena, &rig->err);
        char part[FA_STORE_KEY + 2];

        snprintf(part, sizeof part, "/%s?", key);
        assert_non_null(target);
        assert_non_null(strstr(target, part));
        assert_string_equal(target, fa_store_accel(rig->store, key, false, &rig->arena, &rig->err));
        fa_arena_reset(&rig->arena);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open_minio, rig_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(large_objects_come_in_parts), TEST(old_uploads_are_swept),
        TEST(abandoned_uploads_are_gone),  TEST(other_bytes_are_refused),
        TEST(changed_bytes_are_refused),   TEST(wrong_options_are_told),
        TEST(long_lists_are_whole),        TEST(presigned_downloads_work),
        TEST(presigned_urls_do_not_mix),
    };

    return cmocka_run_group_tests(tests, minio_start, minio_stop);
}
