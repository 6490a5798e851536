#include "lib/store/sigv4.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/hex.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TEXT_LIMIT = 64 * 1024, DIGEST = 32, SCOPE = 160 };

/* A request on its way to a signature. */
struct canon {
    struct fa_sigv4_pair query[FA_SIGV4_PAIRS + 6];   /* encoded */
    struct fa_sigv4_pair headers[FA_SIGV4_PAIRS + 2]; /* lower-case names, trimmed values */
    size_t query_count;
    size_t header_count;
    struct fa_arena *arena;
    const char *names; /* of the headers: "a;b" */
    char scope[SCOPE];
    bool failed; /* out of memory */
};

/* --- texts ----------------------------------------------------------------------- */

/* RFC 3986, 2.3; not isalnum, which follows the locale. */
static bool
is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static const char *
encode(struct canon *canon, const char *text, bool is_path)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = fa_arena_alloc(canon->arena, 3 * strlen(text) + 1);
    char *out = encoded;

    if (encoded == NULL) {
        canon->failed = true;
        return "";
    }
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (is_unreserved(c) || (is_path && c == '/')) {
            *out++ = (char)c;
            continue;
        }
        *out++ = '%';
        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
    *out = '\0';
    return encoded;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks around, and with one in place of many within. */
static const char *
trim(struct canon *canon, const char *text)
{
    char *trimmed = fa_arena_alloc(canon->arena, strlen(text) + 1);
    char *out = trimmed;

    if (trimmed == NULL) {
        canon->failed = true;
        return "";
    }
    for (; *text != '\0'; text++) {
        if (!is_blank(*text))
            *out++ = *text;
        else if (out > trimmed && out[-1] != ' ')
            *out++ = ' ';
    }
    while (out > trimmed && out[-1] == ' ')
        out--;
    *out = '\0';
    return trimmed;
}

static const char *
lower(struct canon *canon, const char *text)
{
    char *lowered = fa_arena_strdup(canon->arena, text);

    if (lowered == NULL) {
        canon->failed = true;
        return "";
    }
    for (char *c = lowered; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return lowered;
}

/* A copy of the buffer's text in the arena. */
static const char *
keep(struct canon *canon, const struct fa_buf *text)
{
    const char *kept = NULL;

    if (!text->failed)
        kept = fa_arena_strndup(canon->arena, text->length > 0 ? text->data : "", text->length);
    if (kept == NULL)
        canon->failed = true;
    return kept != NULL ? kept : "";
}

/* --- the canonical request -------------------------------------------------------- */

static void
add_query(struct canon *canon, const char *name, const char *value)
{
    canon->query[canon->query_count++] =
        (struct fa_sigv4_pair){encode(canon, name, false), encode(canon, value, false)};
}

static void
add_header(struct canon *canon, const char *name, const char *value)
{
    canon->headers[canon->header_count++] =
        (struct fa_sigv4_pair){lower(canon, name), trim(canon, value)};
}

/* Sorts by name, then by value where `by_value`; equal ones keep their order.  There are few. */
static void
sort(struct fa_sigv4_pair *pairs, size_t count, bool by_value)
{
    for (size_t i = 1; i < count; i++) {
        struct fa_sigv4_pair moved = pairs[i];
        size_t at = i;

        for (; at > 0; at--) {
            int order = strcmp(pairs[at - 1].name, moved.name);

            if (order == 0 && by_value)
                order = strcmp(pairs[at - 1].value, moved.value);
            if (order <= 0)
                break;
            pairs[at] = pairs[at - 1];
        }
        pairs[at] = moved;
    }
}

static void
name_headers(struct canon *canon)
{
    FA_AUTO_BUF(names, TEXT_LIMIT);

    for (size_t i = 0; i < canon->header_count; i++)
        if (i == 0 || strcmp(canon->headers[i].name, canon->headers[i - 1].name) != 0)
            fa_buf_printf(&names, "%s%s", i == 0 ? "" : ";", canon->headers[i].name);
    canon->names = keep(canon, &names);
}

static const char *
join_query(struct canon *canon)
{
    FA_AUTO_BUF(query, TEXT_LIMIT);

    for (size_t i = 0; i < canon->query_count; i++)
        fa_buf_printf(&query, "%s%s=%s", i == 0 ? "" : "&", canon->query[i].name,
                      canon->query[i].value);
    return keep(canon, &query);
}

/* "name:value\n" for each, the values of one name joined by commas. */
static void
write_headers(const struct canon *canon, struct fa_buf *out)
{
    for (size_t i = 0; i < canon->header_count; i++) {
        const struct fa_sigv4_pair *header = &canon->headers[i];

        if (i > 0 && strcmp(header->name, header[-1].name) == 0)
            fa_buf_printf(out, ",%s", header->value);
        else
            fa_buf_printf(out, "%s%s:%s", i == 0 ? "" : "\n", header->name, header->value);
    }
    fa_buf_add_text(out, "\n");
}

/* --- the signature ----------------------------------------------------------------- */

static bool
hmac(const unsigned char *key, size_t key_length, const char *text, unsigned char digest[DIGEST])
{
    unsigned length = 0;

    return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text),
                digest, &length) != NULL &&
           length == DIGEST;
}

/* The key of a day is good for all its requests. */
static int
prepare_key(struct fa_sigv4 *self, const char *day, struct fa_arena *arena, struct fa_error *err)
{
    const char *secret;
    unsigned char a[DIGEST];
    unsigned char b[DIGEST];

    if (strcmp(self->day, day) == 0)
        return 0;
    secret = fa_arena_printf(arena, "AWS4%s", self->secret_key);
    if (secret == NULL || !hmac((const unsigned char *)secret, strlen(secret), day, a) ||
        !hmac(a, DIGEST, self->region, b) || !hmac(b, DIGEST, self->service, a) ||
        !hmac(a, DIGEST, "aws4_request", self->key))
        return fa_error_set(err, FA_E_MEMORY, "signing key");
    memcpy(self->day, day, sizeof self->day);
    return 0;
}

static int
begin(struct fa_sigv4 *self, const struct fa_sigv4_request *request, struct canon *canon,
      struct fa_sigv4_signed *signed_r, struct fa_error *err)
{
    time_t seconds = (time_t)(request->time_us / FA_SECOND_US);
    char day[sizeof self->day];
    struct tm utc;

    if (request->query_count > FA_SIGV4_PAIRS || request->header_count > FA_SIGV4_PAIRS)
        return fa_error_set(err, FA_E_INTERNAL, "too many headers or parameters to sign");
    gmtime_r(&seconds, &utc);
    strftime(signed_r->date, sizeof signed_r->date, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(day, sizeof day, "%.8s", signed_r->date);
    if (snprintf(canon->scope, sizeof canon->scope, "%s/%s/%s/aws4_request", day, self->region,
                 self->service) >= (int)sizeof canon->scope)
        return fa_error_set(err, FA_E_INTERNAL, "the region's name is too long");
    for (size_t i = 0; i < request->query_count; i++)
        add_query(canon, request->query[i].name, request->query[i].value);
    for (size_t i = 0; i < request->header_count; i++)
        add_header(canon, request->headers[i].name, request->headers[i].value);
    return prepare_key(self, day, canon->arena, err);
}

/* Everything from the parts to the signature; leaves the target without one. */
static int
finish(struct fa_sigv4 *self, const struct fa_sigv4_request *request, struct canon *canon,
       struct fa_sigv4_signed *signed_r, struct fa_error *err)
{
    FA_AUTO_BUF(text, TEXT_LIMIT);
    const char *path = encode(canon, request->path, true);
    const char *query;
    unsigned char digest[DIGEST];
    char hex[FA_SIGV4_HEX];

    sort(canon->query, canon->query_count, true);
    query = join_query(canon);
    fa_buf_printf(&text, "%s\n%s\n%s\n", request->method, path, query);
    write_headers(canon, &text);
    fa_buf_printf(&text, "\n%s\n%s", canon->names, request->payload_hash);
    signed_r->canonical = keep(canon, &text);
    signed_r->target =
        fa_arena_printf(canon->arena, "%s%s%s", path, query[0] != '\0' ? "?" : "", query);
    if (canon->failed || signed_r->target == NULL ||
        !EVP_Digest(signed_r->canonical, strlen(signed_r->canonical), digest, NULL, EVP_sha256(),
                    NULL))
        return fa_error_set(err, FA_E_MEMORY, "sign a request");
    signed_r->to_sign =
        fa_arena_printf(canon->arena, "AWS4-HMAC-SHA256\n%s\n%s\n%s", signed_r->date, canon->scope,
                        fa_hex_text(digest, sizeof digest, hex));
    if (signed_r->to_sign == NULL || !hmac(self->key, sizeof self->key, signed_r->to_sign, digest))
        return fa_error_set(err, FA_E_MEMORY, "sign a request");
    fa_hex_text(digest, sizeof digest, signed_r->signature);
    return 0;
}

int
fa_sigv4_sign(struct fa_sigv4 *self, const struct fa_sigv4_request *request, struct fa_arena *arena,
              struct fa_sigv4_signed *signed_r, struct fa_error *err)
{
    struct canon canon = {.arena = arena};

    if (begin(self, request, &canon, signed_r, err) < 0)
        return -1;
    add_header(&canon, "x-amz-date", signed_r->date);
    sort(canon.headers, canon.header_count, false);
    name_headers(&canon);
    if (finish(self, request, &canon, signed_r, err) < 0)
        return -1;
    signed_r->authorization =
        fa_arena_printf(arena, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        self->access_key, canon.scope, canon.names, signed_r->signature);
    return signed_r->authorization != NULL ? 0 : fa_error_set(err, FA_E_MEMORY, "sign a request");
}

int
fa_sigv4_presign(struct fa_sigv4 *self, const struct fa_sigv4_request *request,
                 struct fa_arena *arena, struct fa_sigv4_signed *signed_r, struct fa_error *err)
{
    struct canon canon = {.arena = arena};
    const char *credential;
    char expires[24];

    if (begin(self, request, &canon, signed_r, err) < 0)
        return -1;
    credential = fa_arena_printf(arena, "%s/%s", self->access_key, canon.scope);
    if (credential == NULL)
        return fa_error_set(err, FA_E_MEMORY, "sign a request");
    snprintf(expires, sizeof expires, "%lld", (long long)request->expires_s);
    sort(canon.headers, canon.header_count, false);
    name_headers(&canon);
    add_query(&canon, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add_query(&canon, "X-Amz-Credential", credential);
    add_query(&canon, "X-Amz-Date", signed_r->date);
    add_query(&canon, "X-Amz-Expires", expires);
    add_query(&canon, "X-Amz-SignedHeaders", canon.names);
    if (finish(self, request, &canon, signed_r, err) < 0)
        return -1;
    signed_r->authorization = NULL;
    signed_r->target =
        fa_arena_printf(arena, "%s&X-Amz-Signature=%s", signed_r->target, signed_r->signature);
    return signed_r->target != NULL ? 0 : fa_error_set(err, FA_E_MEMORY, "sign a request");
}
