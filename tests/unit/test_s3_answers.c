/* The S3 store and a server whose answers are odd, cut or of something else. */
#include "tests/unit/scripted_rig.h"

/* --- downloads --------------------------------------------------------------------------- */

static void
expect_file(struct rig *rig, const char *text)
{
    char buffer[64] = "";
    FA_AUTO_FD fd = fa_store_get(rig->store, KEY, &rig->err);

    if (fd < 0)
        fail_msg("%s", rig->err.detail);
    assert_int_equal(pread(fd, buffer, sizeof buffer - 1, 0), strlen(text));
    assert_string_equal(buffer, text);
}

/* A cut download goes on where it was cut. */
static void
cut_downloads_go_on(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = OK("Content-Length: 10\r\n", "0123"), .end = CLOSE},
                             {.answer = "HTTP/1.1 206 Partial\r\nContent-Length: 6\r\n"
                                        "Content-Range: bytes 4-9/10\r\n\r\n45",
                              .end = CLOSE},
                             {.answer = "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\n"
                                        "Content-Range: bytes 6-9/10\r\n\r\n6789",
                              .end = KEEP});

    expect_file(rig, "0123456789");
    assert_null(strstr(head_of(state, 0), "Range:"));
    assert_non_null(strstr(head_of(state, 1), "Range: bytes=4-\r\n"));
    assert_non_null(strstr(head_of(state, 2), "Range: bytes=6-\r\n"));
}

/* Or begins anew, where the server knows no ranges. */
static void
cut_downloads_begin_anew(void **state)
{
    struct rig *rig =
        SCRIPT(state, {.answer = OK("Content-Length: 10\r\n", "01234567"), .end = CLOSE},
               {.answer = OK("Content-Length: 6\r\n", "abcdef"), .end = KEEP});

    expect_file(rig, "abcdef");
}

/* A file is never shorter, longer or other than the server says it is. */
static void
odd_downloads_are_refused(void **state)
{
    static const struct scripted_step odd[] = {
        {.answer = OK("Content-Length: 10\r\n", "0123"), .end = CLOSE},
        {.answer = OK("", "0123"), .end = CLOSE},
        {.answer =
             "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\nContent-Range: bytes 4-7/8\r\n\r\n4567",
         .end = CLOSE},
        {.answer = OK("Content-Length: -1\r\n", "0123"), .end = CLOSE},
        {.answer = "HTTP/1.1 204 No Content\r\n\r\n", .end = CLOSE},
        {.answer = "nonsense\r\n\r\n", .end = CLOSE},
    };

    for (size_t i = 0; i < FA_COUNT(odd); i++) {
        struct rig *rig = open_script(state, &odd[i], 1);

        FAILS(rig, fa_store_get(rig->store, KEY, &rig->err), FA_E_STORE, 3 * FA_SECOND_US);
        tear_down(state);
        set_up(state);
    }
}

/* --- what is stored --------------------------------------------------------------------- */

/* Other bytes under the key are noticed by their MD5, and sent again. */
static void
other_bytes_are_noticed(void **state)
{
    struct rig *rig =
        SCRIPT(state, {.answer = OK(EMPTY "ETag: \"0123456789abcdef0123456789abcdef\"\r\n", ""),
                       .end = KEEP});

    FAILS(rig, rig_put(rig, KEY, 10, 1), FA_E_STORE, 2 * FA_SECOND_US);
    assert_int_equal(requests(state), FA_S3_TRIES);
    assert_non_null(strstr(rig->err.detail, "other bytes"));
}

/* An encrypted object's ETag is no MD5, though it looks like one: its size is asked. */
static void
other_sizes_are_noticed(void **state)
{
    struct rig *rig = SCRIPT(state,
                             {.answer = OK(EMPTY "ETag: \"0123456789abcdef0123456789abcdef\"\r\n"
                                                 "x-amz-server-side-encryption: aws:kms\r\n",
                                           ""),
                              .end = KEEP},
                             {.answer = OK("Content-Length: 9\r\n", ""), .end = KEEP});

    FAILS(rig, rig_put(rig, KEY, 10, 1), FA_E_STORE, FA_SECOND_US);
    assert_non_null(strstr(rig->err.detail, "9 bytes, not 10"));
}

#define COPIED OK("Connection: close\r\n", "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")

/* An error may come with a 200; that of CopyObject is tried again like any. */
static void
errors_in_success_are_errors(void **state)
{
    struct rig *rig = SCRIPT(
        state,
        {.answer = OK("Connection: close\r\n", "\n <Error><Code>InternalError</Code></Error>"),
         .end = CLOSE},
        {.answer = COPIED, .end = CLOSE}, {.answer = OK("Content-Length: 5\r\n", ""), .end = KEEP});

    if (rig_copy(rig, KEY, TO, 5, 1) < 0)
        fail_msg("%s", rig->err.detail);
    assert_int_equal(requests(state), 3);
    assert_non_null(strstr(head_of(state, 1), "x-amz-copy-source: /bucket/" KEY "\r\n"));
}

/* A copy that is shorter than its source is none. */
static void
short_copies_are_noticed(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = COPIED, .end = CLOSE},
                             {.answer = OK("Content-Length: 4\r\n", ""), .end = KEEP});

    FAILS(rig, rig_copy(rig, KEY, TO, 5, 1), FA_E_STORE, FA_SECOND_US);
}

/* Where a server does not copy, the bytes go through this machine. */
static void
copies_are_made_by_hand(void **state)
{
    /* The MD5 of "hello". */
    struct rig *rig = SCRIPT(
        state, {.answer = ERROR("501 Not Implemented", "NotImplemented"), .end = CLOSE},
        {.answer = OK("Content-Length: 5\r\n", "hello"), .end = KEEP},
        {.answer = OK(EMPTY "ETag: \"5d41402abc4b2a76b9719d911017c592\"\r\n", ""), .end = KEEP});

    if (rig_copy(rig, KEY, TO, 5, 1) < 0)
        fail_msg("%s", rig->err.detail);
    assert_int_equal(requests(state), 3);
    assert_int_equal(strncmp(head_of(state, 2), "PUT /bucket/" TO, strlen("PUT /bucket/" TO)), 0);
    assert_non_null(strstr(head_of(state, 2), "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n"));
}

#define BEGUN                                                                                      \
    OK("Connection: close\r\n", "<InitiateMultipartUploadResult><UploadId>up-7</UploadId>"         \
                                "</InitiateMultipartUploadResult>")
#define UPLOADS(list)                                                                              \
    OK("Connection: close\r\n", "<ListMultipartUploadsResult>" list "</"                           \
                                "ListMultipartUploadsResult>")
#define UPLOAD(id)                                                                                 \
    "<Upload><Key>" KEY "</Key><UploadId>" id "</UploadId>"                                        \
    "<Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>"

/* When the answer to an upload's beginning is lost, what that may have begun is ended; what the
 * next try has begun goes on. */
static void
lost_beginnings_are_ended(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = ERROR("500 Oops", "InternalError"), .end = CLOSE},
                             {.answer = BEGUN, .end = CLOSE},
                             {.answer = UPLOADS(UPLOAD("up-6") UPLOAD("up-7")), .end = CLOSE},
                             {.answer = OK(EMPTY, ""), .end = KEEP},
                             {.answer = ERROR("400 Bad", "Any"), .end = CLOSE});

    ((struct fa_s3_store *)rig->store)->multipart = 1 << 20;
    FAILS(rig, rig_put(rig, KEY, 2 << 20, 1), FA_E_STORE, 5 * FA_SECOND_US);
    assert_non_null(strstr(head_of(state, 2), "prefix=ab%2F0123"));
    assert_int_equal(strncmp(head_of(state, 3), "DELETE /bucket/" KEY "?uploadId=up-6 ",
                             strlen("DELETE /bucket/" KEY "?uploadId=up-6 ")),
                     0);
    assert_int_equal(strncmp(head_of(state, 4), "PUT ", 4), 0);
}

/* An upload whose part is refused is aborted at once. */
static void
failed_uploads_are_aborted(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = BEGUN, .end = CLOSE},
                             {.answer = UPLOADS(UPLOAD("up-7")), .end = CLOSE},
                             {.answer = ERROR("400 Bad", "InvalidPart"), .end = CLOSE});
    bool aborted = false;

    ((struct fa_s3_store *)rig->store)->multipart = 1 << 20;
    FAILS(rig, rig_put(rig, KEY, 2 << 20, 1), FA_E_STORE, 5 * FA_SECOND_US);
    for (int i = 0; i < requests(state); i++)
        aborted = aborted || strncmp(head_of(state, i), "DELETE /bucket/" KEY "?uploadId=up-7 ",
                                     strlen("DELETE /bucket/" KEY "?uploadId=up-7 ")) == 0;
    assert_true(aborted);
}

/* --- lists -------------------------------------------------------------------------------- */

static int
count(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    (void)entry;
    (void)err;
    ++*(int *)closure;
    return 0;
}

#define LIST(members)                                                                              \
    OK("Connection: close\r\n", "<ListBucketResult>" members "</ListBucketResult>")
#define OBJECT(key)                                                                                \
    "<Contents><Key>" key "</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"            \
    "<Size>7</Size></Contents>"

/* Pages follow each other by token, or by their last key where there is none. */
static void
lists_go_on(void **state)
{
    int seen = 0;
    struct rig *rig = SCRIPT(
        state,
        {.answer = LIST(OBJECT("a")
                            OBJECT("b") "<IsTruncated>true</IsTruncated>"
                                        "<NextContinuationToken>t/1=&amp;</NextContinuationToken>"),
         .end = CLOSE},
        {.answer = LIST(OBJECT("c") "<IsTruncated>true</IsTruncated>"), .end = CLOSE},
        {.answer = LIST(OBJECT("d")), .end = CLOSE});

    assert_int_equal(fa_store_list(rig->store, NULL, count, &seen, &rig->err), 0);
    assert_int_equal(seen, 4);
    assert_non_null(strstr(head_of(state, 1), "?continuation-token=t%2F1%3D%26&"));
    assert_non_null(strstr(head_of(state, 2), "&start-after=c "));
}

/* A list that is none, goes back or never ends is refused, not followed. */
static void
odd_lists_are_refused(void **state)
{
    static const struct scripted_step odd[] = {
        {.answer = LIST(OBJECT("a") "<IsTruncated>true</IsTruncated>"
                                    "<NextContinuationToken>t</NextContinuationToken>"),
         .end = CLOSE},
        {.answer = LIST("<IsTruncated>true</IsTruncated>"), .end = CLOSE},
        {.answer = OK("Connection: close\r\n", "<ListBucketResult><Contents>"), .end = CLOSE},
        {.answer = OK("Connection: close\r\n", "<html>welcome</html>"), .end = CLOSE},
        {.answer = OK(EMPTY, ""), .end = CLOSE},
        {.answer = OK("Connection: close\r\n", "<ListBucketResult>"),
         .end = CLOSE,
         .filler = FA_S3_ANSWER_LIMIT + 1},
    };

    for (size_t i = 0; i < FA_COUNT(odd); i++) {
        struct rig *rig = open_script(state, &odd[i], 1);
        int seen = 0;

        FAILS(rig, fa_store_list(rig->store, NULL, count, &seen, &rig->err), FA_E_STORE,
              3 * FA_SECOND_US);
        tear_down(state);
        set_up(state);
    }
}

FA_RUN(TEST(cut_downloads_go_on), TEST(cut_downloads_begin_anew), TEST(odd_downloads_are_refused),
       TEST(other_bytes_are_noticed), TEST(other_sizes_are_noticed),
       TEST(errors_in_success_are_errors), TEST(short_copies_are_noticed),
       TEST(copies_are_made_by_hand), TEST(failed_uploads_are_aborted),
       TEST(lost_beginnings_are_ended), TEST(lists_go_on), TEST(odd_lists_are_refused))
