#include "lib/auth/token.h"
#include "lib/auth/claim_path.h"
#include "lib/auth/claims.h"
#include "lib/auth/jwk.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/words.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX_BYTES = 16 * 1024, LEEWAY_MAX_S = 300 };

static const double TIME_MAX_S = 1e11;

struct part {
    unsigned char *bytes;
    size_t length;
};

/* The three parts of a compact JWS (RFC 7515, 7.1). */
struct jws {
    const char *signed_text; /* header and payload as they were signed */
    size_t signed_length;
    struct part header;
    struct part payload;
    struct part signature;
};

static int
refuse(struct fa_error *err, const char *why)
{
    return fa_error_set(err, FA_E_AUTH_INVALID, "token refused: %s", why);
}

/* Decodes the part that ends at `end`. */
static int
decode(const char *part, const char *end, struct fa_arena *arena, struct part *part_r,
       struct fa_error *err)
{
    part_r->bytes = fa_base64_decode(arena, part, (size_t)(end - part), &part_r->length);
    if (part_r->bytes != NULL)
        return 0;
    return errno == ENOMEM ? fa_error_set(err, FA_E_MEMORY, "token")
                           : refuse(err, "a part is not base64url");
}

static int
split(const char *token, size_t length, struct fa_arena *arena, struct jws *jws,
      struct fa_error *err)
{
    const char *end = token + length;
    const char *first;
    const char *second;

    if (length > TOKEN_MAX_BYTES)
        return refuse(err, "too long");
    first = memchr(token, '.', length);
    second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return refuse(err, "not three parts");
    jws->signed_text = token;
    jws->signed_length = (size_t)(second - token);
    if (decode(token, first, arena, &jws->header, err) < 0 ||
        decode(first + 1, second, arena, &jws->payload, err) < 0)
        return -1;
    return decode(second + 1, end, arena, &jws->signature, err);
}

/* A part that must be a JSON object. */
static int
parse(const struct part *part, const char *otherwise, struct json_object **object_r,
      struct fa_error *err)
{
    struct fa_error why;

    if (fa_json_parse((const char *)part->bytes, part->length, object_r, &why) == 0)
        return json_object_is_type(*object_r, json_type_object) ? 0 : refuse(err, otherwise);
    return why.code == FA_E_MEMORY ? fa_error_set(err, FA_E_MEMORY, "token")
                                   : refuse(err, otherwise);
}

static bool
is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(text, *list) == 0)
            return true;
    return false;
}

static int64_t
now_of(const struct fa_token_rules *rules)
{
    return rules->now_us != 0 ? rules->now_us : fa_clock_now_us();
}

/* What the header says of the key.  Both texts live as long as the header's tree. */
struct header {
    const char *algorithm;
    const char *kid; /* NULL: not told */
};

static int
check_header(struct json_object *header, const struct fa_token_rules *rules,
             struct header *header_r, struct fa_error *err)
{
    static const char *const forbidden[] = {"crit", "b64", "zip", "jku", "jwk", "x5u", "x5c"};
    static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt", NULL};
    const char *type = fa_json_text(header, "typ");

    for (size_t i = 0; i < FA_COUNT(forbidden); i++)
        if (fa_json_has(header, forbidden[i]))
            return refuse(err, "its header holds a forbidden member");
    if (fa_json_has(header, "typ") && (type == NULL || !is_one_of(type, types)))
        return refuse(err, "its header's typ is none of an access token");
    header_r->algorithm = fa_json_text(header, "alg");
    header_r->kid = fa_json_text(header, "kid");
    if (header_r->algorithm == NULL || !fa_words_has(rules->algorithms, header_r->algorithm))
        return refuse(err, "not by one of our algorithms");
    if (fa_json_has(header, "kid") && header_r->kid == NULL)
        return refuse(err, "malformed kid");
    return 0;
}

/* The header decides nothing but which of our keys to try. */
static int
check_signature(const struct fa_token_rules *rules, const struct jws *jws, struct fa_error *err)
{
    const struct fa_signed content = {(const unsigned char *)jws->signed_text, jws->signed_length,
                                      jws->signature.bytes, jws->signature.length};
    FA_CLEANUP(fa_json_free) struct json_object *tree = NULL;
    struct header header;

    if (parse(&jws->header, "its header is no JSON object", &tree, err) < 0 ||
        check_header(tree, rules, &header, err) < 0 ||
        fa_keys_usable(rules->keys, rules->issuer, now_of(rules), err) < 0)
        return -1;
    if (!fa_keys_verify(rules->keys, header.algorithm, header.kid, &content))
        return refuse(err, "no key of ours has signed it so");
    return 0;
}

/* A time claim in seconds; false when it is there and no number. */
static bool
read_time(struct json_object *payload, const char *name, double *seconds_r)
{
    return !fa_json_has(payload, name) || fa_json_number(payload, name, seconds_r);
}

static int
check_times(struct json_object *payload, const struct fa_token_rules *rules, int64_t *expires_us_r,
            struct fa_error *err)
{
    double now = (double)now_of(rules) / FA_SECOND_US;
    double leeway = (double)rules->leeway_s;
    double expires = 0;
    double not_before = 0;
    double issued = 0;

    if (!read_time(payload, "exp", &expires) || !read_time(payload, "nbf", &not_before) ||
        !read_time(payload, "iat", &issued))
        return refuse(err, "exp, nbf or iat is no number");
    if (!fa_json_has(payload, "exp"))
        return refuse(err, "no exp");
    /* Beyond the year 5000 somebody counts milliseconds. */
    if (expires < 0 || expires > TIME_MAX_S)
        return refuse(err, "exp is no time");
    if (now >= expires + leeway)
        return refuse(err, "expired");
    if (now < not_before - leeway)
        return refuse(err, "not yet valid");
    if (now < issued - leeway)
        return refuse(err, "issued in the future");
    *expires_us_r = (int64_t)(expires * FA_SECOND_US);
    return 0;
}

/* What stands in the payload, whoever signed it. */
static int
read_payload(const struct jws *jws, const struct fa_token_rules *rules, struct fa_arena *arena,
             struct fa_identity *identity_r, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *payload = NULL;

    *identity_r = (struct fa_identity){.issuer = rules->issuer};
    if (parse(&jws->payload, "its payload is no JSON object", &payload, err) < 0 ||
        check_times(payload, rules, &identity_r->expires_us, err) < 0)
        return -1;
    return fa_claims_read(payload, rules, arena, identity_r, err);
}

int
fa_token_verify(const struct fa_token_rules *rules, const char *token, size_t length,
                struct fa_arena *arena, struct fa_identity *identity_r, struct fa_error *err)
{
    struct jws jws;

    if (split(token, length, arena, &jws, err) < 0 || check_signature(rules, &jws, err) < 0)
        return -1;
    return read_payload(&jws, rules, arena, identity_r, err);
}

bool
fa_token_lacks_key(const struct fa_token_rules *rules, const char *token, size_t length,
                   struct fa_arena *arena)
{
    FA_CLEANUP(fa_json_free) struct json_object *tree = NULL;
    struct fa_identity unverified;
    struct fa_error ignored;
    struct header header;
    struct jws jws;

    if (split(token, length, arena, &jws, &ignored) < 0 ||
        parse(&jws.header, "", &tree, &ignored) < 0 ||
        check_header(tree, rules, &header, &ignored) < 0)
        return false;
    /* Where tokens do not name their key, any signature that fails may be by a new one. */
    if (header.kid != NULL && fa_keys_has(rules->keys, header.algorithm, header.kid))
        return false;
    return read_payload(&jws, rules, arena, &unverified, &ignored) == 0;
}

/* --- options -----------------------------------------------------------------------------------
 */

static bool
is_algorithm(const char *name, size_t length)
{
    for (const struct fa_algorithm *each = fa_algorithms; each->name != NULL; each++)
        if (strlen(each->name) == length && memcmp(each->name, name, length) == 0)
            return true;
    return false;
}

static int
check_algorithms(const char *words, struct fa_error *err)
{
    const char *word;
    size_t length;
    size_t count = 0;

    for (; (word = fa_words_next(&words, &length)) != NULL; count++)
        if (!is_algorithm(word, length))
            return fa_error_set(err, FA_E_INTERNAL, "OIDC_ALGORITHMS: \"%.*s\" is none of ours",
                                (int)length, word);
    return count > 0 ? 0 : fa_error_set(err, FA_E_INTERNAL, "OIDC_ALGORITHMS is empty");
}

int
fa_token_rules_read(const struct fa_options *options, struct fa_token_rules *rules_r,
                    struct fa_error *err)
{
    const char *audiences = options->audience;
    size_t length;

    *rules_r = (struct fa_token_rules){.issuer = options->issuer,
                                       .audiences = options->audience,
                                       .algorithms = options->algorithms,
                                       .client = options->client,
                                       .role_paths = options->role_claims,
                                       .manager_roles = options->manager_roles,
                                       .admin_roles = options->admin_roles,
                                       .organization_path = options->organization_claim,
                                       .leeway_s = options->leeway};
    if (fa_words_next(&audiences, &length) == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "OIDC_AUDIENCE is empty");
    if (options->leeway > LEEWAY_MAX_S)
        return fa_error_set(err, FA_E_INTERNAL, "FILEAPI_TOKEN_LEEWAY is above %d s", LEEWAY_MAX_S);
    if (check_algorithms(options->algorithms, err) < 0 ||
        fa_claim_paths_check(options->role_claims, "OIDC_ROLE_CLAIMS", err) < 0)
        return -1;
    return fa_claim_paths_check(options->organization_claim, "OIDC_ORGANIZATION_CLAIM", err);
}
