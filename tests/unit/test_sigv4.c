/* Signature Version 4 against AWS's vectors: canonical request, text to sign and signature. */
#include "lib/base/clock.h"
#include "lib/base/hex.h"
#include "lib/store/sigv4.h"
#include "tests/unit/sigv4_vectors.h"
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* 2015-08-30T12:36:00Z */
static const int64_t vector_time_us = 1440938160000000;

/* Cases whose service has the path normalised.  S3 does not: a key may be "a//b" or "..".  For
 * each the path must come out as it went in, and so another signature. */
static const char *const normalised[] = {
    "get-relative-normalized",
    "get-relative-relative-normalized",
    "get-slash-dot-slash-normalized",
    "get-slash-normalized",
    "get-slash-pointless-dot-normalized",
    "get-slashes-normalized",
};

static bool
is_normalised(const char *name)
{
    for (size_t i = 0; i < FA_COUNT(normalised); i++)
        if (strcmp(normalised[i], name) == 0)
            return true;
    return false;
}

struct fixture {
    struct fa_arena arena;
    struct fa_error err;
    struct fa_sigv4 signer;
    struct fa_sigv4_pair query[FA_SIGV4_PAIRS];
    struct fa_sigv4_pair headers[FA_SIGV4_PAIRS];
    struct fa_sigv4_request request;
    char body_hash[FA_SIGV4_HEX];
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fa_arena_init(&fixture->arena, 1 << 20);
    fixture->signer = (struct fa_sigv4){.access_key = "AKIDEXAMPLE",
                                        .secret_key = VECTOR_SECRET,
                                        .region = "us-east-1",
                                        .service = "service"};
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    fa_arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static char *
percent_decode(char *text)
{
    char *out = text;

    for (char *in = text; *in != '\0'; in++) {
        unsigned value;

        if (*in == '%' && sscanf(in + 1, "%2x", &value) == 1) {
            *out++ = (char)value;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return text;
}

/* "a=b&c=d" into pairs. */
static void
read_query(struct fixture *fixture, char *text)
{
    char *field;

    while ((field = strsep(&text, "&")) != NULL) {
        char *name = strsep(&field, "=");

        fixture->query[fixture->request.query_count++] = (struct fa_sigv4_pair){
            percent_decode(name), field != NULL ? percent_decode(field) : ""};
    }
}

/* Header lines up to the empty one; a line that begins with a blank goes on with the last. */
static char *
read_headers(struct fixture *fixture, char *text)
{
    char *line;

    while ((line = strsep(&text, "\n")) != NULL && *line != '\0') {
        struct fa_sigv4_pair *last = &fixture->headers[fixture->request.header_count];

        if (*line == ' ') {
            last[-1].value = fa_arena_printf(&fixture->arena, "%s\n%s", last[-1].value, line);
            continue;
        }
        last->name = strsep(&line, ":");
        last->value = line;
        fixture->request.header_count++;
    }
    return text != NULL ? text : "";
}

static void
read_request(struct fixture *fixture, const struct vector *vector)
{
    char *text = fa_arena_strdup(&fixture->arena, vector->request);
    char *line = strsep(&text, "\n");
    char *end = strstr(line, " HTTP/1.1");
    char *path;
    const char *body;
    unsigned char digest[32];

    assert_non_null(end);
    *end = '\0';
    fixture->request = (struct fa_sigv4_request){.query = fixture->query,
                                                 .headers = fixture->headers,
                                                 .payload_hash = fixture->body_hash,
                                                 .time_us = vector_time_us,
                                                 .expires_s = 3600};
    fixture->request.method = strsep(&line, " ");
    path = strsep(&line, "?");
    if (line != NULL)
        read_query(fixture, line);
    fixture->request.path = percent_decode(path);
    body = read_headers(fixture, text);
    EVP_Digest(body, vector->sign_body ? strlen(body) : 0, digest, NULL, EVP_sha256(), NULL);
    fa_hex_text(digest, sizeof digest, fixture->body_hash);
}

static void
add_header(struct fixture *fixture, const char *name, const char *value)
{
    fixture->headers[fixture->request.header_count++] = (struct fa_sigv4_pair){name, value};
}

static void
compare(const struct vector *vector, const struct vector_steps *steps,
        const struct fa_sigv4_signed *ours)
{
    if (strcmp(steps->canonical, ours->canonical) != 0)
        fail_msg("%s:\n%s\nis not\n%s", vector->name, ours->canonical, steps->canonical);
    if (strcmp(steps->to_sign, ours->to_sign) != 0)
        fail_msg("%s:\n%s\nis not\n%s", vector->name, ours->to_sign, steps->to_sign);
    if (strcmp(steps->signature, ours->signature) != 0)
        fail_msg("%s: %s is not %s", vector->name, ours->signature, steps->signature);
}

/* The path as S3 has it: every line but the second as the vector says, and another signature. */
static void
differ_in_path(struct fixture *fixture, const struct vector *vector,
               const struct vector_steps *steps, const struct fa_sigv4_signed *ours)
{
    const char *theirs = strchr(steps->canonical, '\n') + 1;
    const char *path = strchr(ours->canonical, '\n') + 1;
    size_t length = strcspn(path, "\n");

    if (strlen(fixture->request.path) != length ||
        strncmp(fixture->request.path, path, length) != 0)
        fail_msg("%s: the path became %.*s", vector->name, (int)length, path);
    assert_string_equal(path + length, strchr(theirs, '\n'));
    assert_string_not_equal(steps->signature, ours->signature);
}

static void
headers_sign_as_published(void **state)
{
    size_t equal = 0;
    size_t by_other_rules = 0;

    for (size_t i = 0; i < FA_COUNT(vectors); i++) {
        const struct vector *vector = &vectors[i];
        struct fixture *fixture = *state;
        struct fa_sigv4_signed ours;

        read_request(fixture, vector);
        if (vector->token != NULL)
            add_header(fixture, "X-Amz-Security-Token", vector->token);
        if (vector->sign_body)
            add_header(fixture, "X-Amz-Content-Sha256", fixture->body_hash);
        assert_int_equal(fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &ours,
                                       &fixture->err),
                         0);
        if (is_normalised(vector->name)) {
            differ_in_path(fixture, vector, &vector->header, &ours);
            by_other_rules++;
        } else {
            compare(vector, &vector->header, &ours);
            equal++;
        }
        assert_non_null(strstr(ours.authorization, ours.signature));
    }
    assert_int_equal(equal, 32);
    assert_int_equal(by_other_rules, FA_COUNT(normalised));
}

static void
queries_sign_as_published(void **state)
{
    size_t equal = 0;

    for (size_t i = 0; i < FA_COUNT(vectors); i++) {
        const struct vector *vector = &vectors[i];
        struct fixture *fixture = *state;
        struct fa_sigv4_signed ours;

        read_request(fixture, vector);
        if (vector->token != NULL)
            fixture->query[fixture->request.query_count++] =
                (struct fa_sigv4_pair){"X-Amz-Security-Token", vector->token};
        assert_int_equal(fa_sigv4_presign(&fixture->signer, &fixture->request, &fixture->arena,
                                          &ours, &fixture->err),
                         0);
        if (is_normalised(vector->name)) {
            differ_in_path(fixture, vector, &vector->query, &ours);
        } else {
            compare(vector, &vector->query, &ours);
            equal++;
        }
        assert_string_equal(strstr(ours.target, "&X-Amz-Signature=") + 17, ours.signature);
    }
    assert_int_equal(equal, 32);
}

/* S3's own example (AWS documentation, "Authenticating Requests: Using Query Parameters"). */
static void
presigns_as_documented(void **state)
{
    struct fixture *fixture = *state;
    struct fa_sigv4_pair host = {"host", "examplebucket.s3.amazonaws.com"};
    struct fa_sigv4_request request = {.method = "GET",
                                       .path = "/test.txt",
                                       .headers = &host,
                                       .header_count = 1,
                                       .payload_hash = FA_SIGV4_UNSIGNED,
                                       .time_us = 1369353600000000,
                                       .expires_s = 86400};
    struct fa_sigv4_signed ours;

    fixture->signer = (struct fa_sigv4){.access_key = "AKIAIOSFODNN7EXAMPLE",
                                        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                        .region = "us-east-1",
                                        .service = "s3"};
    assert_int_equal(
        fa_sigv4_presign(&fixture->signer, &request, &fixture->arena, &ours, &fixture->err), 0);
    assert_string_equal(ours.signature,
                        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/* A key is made once a day, and anew on the next, in both directions of the clock. */
static void
keys_are_of_their_day(void **state)
{
    static const int64_t day_us = 86400LL * 1000000;
    struct fixture *fixture = *state;
    struct fa_sigv4_signed first;
    struct fa_sigv4_signed other;

    read_request(fixture, &vectors[0]);
    assert_int_equal(
        fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &first, &fixture->err),
        0);
    assert_string_equal(fixture->signer.day, "20150830");
    fixture->request.time_us += day_us;
    assert_int_equal(
        fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &other, &fixture->err),
        0);
    assert_string_equal(fixture->signer.day, "20150831");
    assert_string_not_equal(first.signature, other.signature);
    fixture->request.time_us -= day_us;
    assert_int_equal(
        fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &other, &fixture->err),
        0);
    assert_string_equal(first.signature, other.signature);
}

/* Parameters sort by their encoded names and then values, the valueless too. */
static void
parameters_are_sorted(void **state)
{
    static const struct fa_sigv4_pair query[] = {
        {"prefix", "a/b c"}, {"uploads", ""}, {"a", "~"}, {"a", "+"}, {"A", "&="}, {"a-", "x"},
    };
    struct fixture *fixture = *state;
    struct fa_sigv4_signed ours;

    read_request(fixture, &vectors[0]);
    fixture->request.query = query;
    fixture->request.query_count = FA_COUNT(query);
    fixture->request.path = "/b/k\xc3\xa9y (1)";
    assert_int_equal(
        fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &ours, &fixture->err),
        0);
    assert_string_equal(ours.target, "/b/k%C3%A9y%20%281%29?A=%26%3D&a=%2B&a=~&a-=x&"
                                     "prefix=a%2Fb%20c&uploads=");
    fixture->request.query_count = FA_SIGV4_PAIRS + 1;
    assert_int_equal(
        fa_sigv4_sign(&fixture->signer, &fixture->request, &fixture->arena, &ours, &fixture->err),
        -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

FA_RUN(TEST(headers_sign_as_published), TEST(queries_sign_as_published),
       TEST(presigns_as_documented), TEST(keys_are_of_their_day), TEST(parameters_are_sorted))
