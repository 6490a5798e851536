#include "lib/auth/token.h"
#include "lib/auth/claims.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>
#include <strings.h>

enum { TOKEN_MAX_BYTES = 16 * 1024, SECOND_US = 1000000 };

/* The three parts of a compact JWS (RFC 7515, 7.1). */
struct jws {
    const char *signed_text; /* header and payload as they were signed */
    size_t signed_length;
    unsigned char *header;
    size_t header_length;
    unsigned char *payload;
    size_t payload_length;
    unsigned char *signature;
    size_t signature_length;
};

static int
refuse(struct fa_error *err, const char *why)
{
    return fa_error_set(err, FA_E_AUTH_INVALID, "token refused: %s", why);
}

static int
split(const char *token, size_t length, struct fa_arena *arena, struct jws *jws,
      struct fa_error *err)
{
    const char *first = memchr(token, '.', length);
    const char *second =
        first != NULL ? memchr(first + 1, '.', length - (size_t)(first + 1 - token)) : NULL;

    if (length > TOKEN_MAX_BYTES)
        return refuse(err, "too long");
    if (second == NULL)
        return refuse(err, "not three parts");
    jws->signed_text = token;
    jws->signed_length = (size_t)(second - token);
    jws->header = fa_base64_decode(arena, token, (size_t)(first - token), &jws->header_length);
    jws->payload =
        fa_base64_decode(arena, first + 1, (size_t)(second - first - 1), &jws->payload_length);
    jws->signature = fa_base64_decode(arena, second + 1, length - jws->signed_length - 1,
                                      &jws->signature_length);
    if (jws->header == NULL || jws->payload == NULL || jws->signature == NULL)
        return refuse(err, "a part is not base64url");
    return 0;
}

static bool
is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(text, *list) == 0)
            return true;
    return false;
}

/* The header decides nothing but which of our keys to try. */
static int
check_header(const struct fa_keys *keys, const struct jws *jws, struct fa_error *err)
{
    static const char *const forbidden[] = {"crit", "b64", "zip", "jku", "jwk", "x5u", "x5c"};
    static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt", NULL};
    FA_CLEANUP(fa_json_free) struct json_object *header = NULL;
    const char *algorithm;
    const char *type;

    if (fa_json_parse((const char *)jws->header, jws->header_length, &header, err) < 0)
        return refuse(err, "its header is no JSON");
    for (size_t i = 0; i < FA_COUNT(forbidden); i++)
        if (fa_json_member(header, forbidden[i]) != NULL)
            return refuse(err, "its header holds a forbidden member");
    algorithm = fa_json_text(header, "alg");
    type = fa_json_text(header, "typ");
    if (algorithm == NULL)
        return refuse(err, "no algorithm");
    if (fa_json_member(header, "typ") != NULL && (type == NULL || !is_one_of(type, types)))
        return refuse(err, "its header's typ is none of an access token");
    if (fa_json_member(header, "kid") != NULL && fa_json_text(header, "kid") == NULL)
        return refuse(err, "malformed kid");
    if (!fa_keys_verify(keys, algorithm, fa_json_text(header, "kid"), jws->signed_text,
                        jws->signed_length, jws->signature, jws->signature_length))
        return refuse(err, "no key of ours has signed it so");
    return 0;
}

/* A time claim in seconds; false when it is there and no number. */
static bool
read_time(struct json_object *payload, const char *name, double *seconds_r)
{
    return fa_json_member(payload, name) == NULL || fa_json_number(payload, name, seconds_r);
}

static int
check_times(struct json_object *payload, const struct fa_token_rules *rules, int64_t *expires_us_r,
            struct fa_error *err)
{
    double now = (double)(rules->now_us != 0 ? rules->now_us : fa_clock_now_us()) / SECOND_US;
    double leeway = (double)rules->leeway_s;
    double expires = -1;
    double not_before = 0;
    double issued = 0;

    if (!read_time(payload, "exp", &expires) || !read_time(payload, "nbf", &not_before) ||
        !read_time(payload, "iat", &issued))
        return refuse(err, "exp, nbf or iat is no number");
    if (expires < 0 || expires > 1e11)
        return refuse(err, "no exp");
    if (now >= expires + leeway)
        return refuse(err, "expired");
    if (now < not_before - leeway)
        return refuse(err, "not yet valid");
    if (now < issued - leeway)
        return refuse(err, "issued in the future");
    *expires_us_r = (int64_t)(expires * SECOND_US);
    return 0;
}

int
fa_token_verify(const struct fa_keys *keys, const struct fa_token_rules *rules, const char *token,
                size_t length, struct fa_arena *arena, struct fa_identity *identity_r,
                struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *payload = NULL;
    struct jws jws;

    *identity_r = (struct fa_identity){.issuer = rules->issuer};
    if (split(token, length, arena, &jws, err) < 0 || check_header(keys, &jws, err) < 0)
        return -1;
    if (fa_json_parse((const char *)jws.payload, jws.payload_length, &payload, err) < 0)
        return refuse(err, "its payload is no JSON");
    if (check_times(payload, rules, &identity_r->expires_us, err) < 0)
        return -1;
    return fa_claims_read(payload, rules, arena, identity_r, err);
}
