#include "lib/auth/keys.h"
#include "lib/auth/jwk.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 20, KEYS_MAX = 64, RETRY_US = 10 * FA_SECOND_US };

/* Where somebody counts milliseconds. */
static const double TIME_MAX_S = 1e11;

struct key {
    const struct fa_algorithm *algorithm;
    char *kid; /* NULL: it has none */
    EVP_PKEY *pkey;
};

struct fa_keys {
    char *path;
    struct stat seen;    /* the file as it was when last read; zeroes: it was gone */
    unsigned generation; /* counts the times that other keys came in force */
    int64_t retry_us;    /* monotonic time of the next attempt after a failed one; 0: none failed */
    char *issuer;        /* whose keys the file says they are; NULL: it does not say */
    int64_t valid_until_us; /* 0: for ever */
    size_t count;
    struct key list[KEYS_MAX];
};

/* --- using them ------------------------------------------------------------------------------- */

static bool
is_named(const struct key *key, const char *algorithm, const char *kid)
{
    return strcmp(key->algorithm->name, algorithm) == 0 &&
           (kid == NULL || (key->kid != NULL && strcmp(key->kid, kid) == 0));
}

bool
fa_keys_has(const struct fa_keys *keys, const char *algorithm, const char *kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (is_named(&keys->list[i], algorithm, kid))
            return true;
    return false;
}

bool
fa_keys_verify(const struct fa_keys *keys, const char *algorithm, const char *kid,
               const struct fa_signed *content)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->list[i];

        if (is_named(key, algorithm, kid) && key->algorithm->verify(key->pkey, content))
            return true;
    }
    return false;
}

int
fa_keys_usable(const struct fa_keys *keys, const char *issuer, int64_t now_us, struct fa_error *err)
{
    if (keys->count == 0)
        return fa_error_set(err, FA_E_KEYS, "there are no keys in %s yet", keys->path);
    if (keys->issuer != NULL && strcmp(keys->issuer, issuer) != 0)
        return fa_error_set(err, FA_E_KEYS, "the keys in %s are of another issuer", keys->path);
    if (keys->valid_until_us != 0 && now_us >= keys->valid_until_us)
        return fa_error_set(err, FA_E_KEYS, "the keys in %s are stale since %lld s", keys->path,
                            (long long)((now_us - keys->valid_until_us) / FA_SECOND_US));
    return 0;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Takes a key that fits; all others are none of our business (RFC 7517, 5).  -1: no memory. */
static int
add_key(struct fa_keys *keys, struct json_object *jwk, struct fa_arena *arena)
{
    const char *kid = fa_json_text(jwk, "kid");

    for (const struct fa_algorithm *each = fa_algorithms; each->name != NULL; each++) {
        struct key key = {.algorithm = each};

        if (keys->count == KEYS_MAX || !fa_jwk_serves(jwk, each))
            continue;
        key.pkey = each->read(jwk, arena);
        if (key.pkey == NULL)
            continue;
        key.kid = kid != NULL ? strdup(kid) : NULL;
        keys->list[keys->count++] = key;
        if (kid != NULL && key.kid == NULL)
            return -1;
    }
    return 0;
}

/* What fileapi-keys adds to the issuer's JWKS. */
static int
read_frame(struct fa_keys *keys, struct json_object *jwks, struct fa_error *err)
{
    const char *issuer = fa_json_text(jwks, "issuer");
    double until = 0;

    if (fa_json_has(jwks, "issuer") && issuer == NULL)
        return fa_error_set(err, FA_E_REQUEST, "its issuer is no text");
    if (fa_json_has(jwks, "valid_until") &&
        (!fa_json_number(jwks, "valid_until", &until) || until < 1 || until > TIME_MAX_S))
        return fa_error_set(err, FA_E_REQUEST, "its valid_until is no time");
    keys->valid_until_us = (int64_t)(until * FA_SECOND_US);
    keys->issuer = issuer != NULL ? strdup(issuer) : NULL;
    if (issuer != NULL && keys->issuer == NULL)
        return fa_error_set(err, FA_E_MEMORY, "keys");
    return 0;
}

static int
parse_keys(struct fa_keys *keys, const char *text, size_t length, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *jwks = NULL;
    FA_AUTO_ARENA(arena, 4 * FILE_MAX_BYTES);
    struct json_object *list;

    if (fa_json_parse(text, length, &jwks, err) < 0)
        return -1;
    list = fa_json_member(jwks, "keys");
    if (!json_object_is_type(list, json_type_array))
        return fa_error_set(err, FA_E_REQUEST, "no \"keys\" in the JWKS");
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (add_key(keys, json_object_array_get_idx(list, i), &arena) < 0)
            return fa_error_set(err, FA_E_MEMORY, "keys");
    if (keys->count == 0)
        return fa_error_set(err, FA_E_REQUEST, "no usable key in the JWKS");
    return read_frame(keys, jwks, err);
}

static int
load(struct fa_keys *keys, struct fa_error *err)
{
    /* Not to wait for a writer, should it be a pipe. */
    FA_AUTO_FD fd = open(keys->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FA_AUTO_FREE char *text = NULL;
    struct fa_error why;
    ssize_t length;

    if (fd < 0 || fstat(fd, &keys->seen) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "open %s", keys->path);
    if (!S_ISREG(keys->seen.st_mode) || keys->seen.st_size > FILE_MAX_BYTES)
        return fa_error_set(err, FA_E_INTERNAL, "%s is no file of at most %d bytes", keys->path,
                            FILE_MAX_BYTES);
    text = malloc((size_t)keys->seen.st_size + 1);
    length = text != NULL ? read(fd, text, (size_t)keys->seen.st_size) : -1;
    if (length < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "read %s", keys->path);
    if (parse_keys(keys, text, (size_t)length, &why) == 0)
        return 0;
    return fa_error_set(err, FA_E_INTERNAL, "%s: %s", keys->path, why.detail);
}

static void
drop_keys(struct fa_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        EVP_PKEY_free(keys->list[i].pkey);
        free(keys->list[i].kid);
    }
    keys->count = 0;
    free(keys->issuer);
    keys->issuer = NULL;
}

int
fa_keys_pack(const char *jwks, size_t length, const char *issuer, int64_t valid_until_s,
             struct fa_buf *out, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *set = NULL;
    struct fa_keys keys = {.path = NULL};
    int result = parse_keys(&keys, jwks, length, err);
    const char *list;

    drop_keys(&keys);
    if (result < 0 || fa_json_parse(jwks, length, &set, err) < 0)
        return -1;
    list = json_object_to_json_string_ext(fa_json_member(set, "keys"),
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (list == NULL)
        return fa_error_set(err, FA_E_MEMORY, "keys");
    fa_buf_add_text(out, "{\"issuer\":");
    fa_buf_add_json(out, issuer, strlen(issuer));
    fa_buf_printf(out, ",\"valid_until\":%lld,\"keys\":", (long long)valid_until_s);
    fa_buf_add_text(out, list);
    fa_buf_add_text(out, "}\n");
    return fa_buf_check(out, "keys", err);
}

int
fa_keys_follow(const char *path, struct fa_keys **keys_r, struct fa_error *err)
{
    struct fa_keys *keys = calloc(1, sizeof *keys);

    if (keys == NULL || (keys->path = strdup(path)) == NULL) {
        fa_keys_close(&keys);
        return fa_error_set(err, FA_E_MEMORY, "keys");
    }
    keys->retry_us = 1; /* the first refresh reads, and tells when there is nothing to read */
    *keys_r = keys;
    return 0;
}

int
fa_keys_open(const char *path, struct fa_keys **keys_r, struct fa_error *err)
{
    struct fa_keys *keys = NULL;

    if (fa_keys_follow(path, &keys, err) < 0)
        return -1;
    keys->retry_us = 0;
    if (load(keys, err) < 0) {
        fa_keys_close(&keys);
        return fa_error_action(err, "fileapictl keys makes the file of the embedded issuer");
    }
    *keys_r = keys;
    return 0;
}

static bool
is_same_time(struct timespec left, struct timespec right)
{
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

/* st_ctim too: it also tells when permissions have been set right. */
static bool
is_same_file(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
           left->st_size == right->st_size && is_same_time(left->st_mtim, right->st_mtim) &&
           is_same_time(left->st_ctim, right->st_ctim);
}

static int
reload(struct fa_keys *keys, const struct stat *now, struct fa_error *err)
{
    struct fa_keys fresh = {.path = keys->path, .generation = keys->generation + 1};

    if (load(&fresh, err) < 0) {
        drop_keys(&fresh);
        keys->seen = *now;
        keys->retry_us = fa_clock_monotonic_us() + RETRY_US;
        return -1;
    }
    drop_keys(keys);
    *keys = fresh;
    return 0;
}

int
fa_keys_refresh(struct fa_keys *keys, struct fa_error *err)
{
    struct stat now;

    if (stat(keys->path, &now) < 0)
        now = (struct stat){0};
    if (is_same_file(&now, &keys->seen) &&
        (keys->retry_us == 0 || fa_clock_monotonic_us() < keys->retry_us))
        return 0;
    return reload(keys, &now, err);
}

unsigned
fa_keys_generation(const struct fa_keys *keys)
{
    return keys->generation;
}

void
fa_keys_close(struct fa_keys **keys)
{
    if (*keys == NULL)
        return;
    drop_keys(*keys);
    free((*keys)->path);
    free(*keys);
    *keys = NULL;
}
