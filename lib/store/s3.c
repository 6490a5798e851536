/* Opening the S3 backend. */
#include "lib/store/s3.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_LIMIT = 1 << 20 };

/* The largest object that S3 takes in one request. */
static const int64_t WHOLE_MAX = 5LL << 30;

FA_CLEANUP_BY(free_url, CURLU *, curl_url_cleanup)
FA_CLEANUP_BY(free_text, char *, curl_free)

static void
close_store(struct fa_store *store)
{
    struct fa_s3_store *self = fa_s3(store);

    for (size_t i = 0; i < FA_S3_PARALLEL; i++)
        curl_easy_cleanup(self->easies[i]);
    curl_multi_cleanup(self->multi);
    for (size_t i = 0; i < FA_S3_ACCELS; i++)
        free(self->accels[i].target);
    fa_arena_free(&self->arena);
    free(self->origin);
    close(store->spool);
    free(self);
}

static void
set_patience(struct fa_store *store, int64_t seconds)
{
    fa_s3(store)->patience_us = seconds * FA_SECOND_US;
}

static void
begin(struct fa_store *store)
{
    fa_s3(store)->sharing = true;
    fa_s3(store)->silent_us = 0;
}

static void
share(struct fa_store *store, struct fa_store_shared *shared)
{
    fa_s3(store)->breaker = &shared->breaker;
}

static int
refuse_endpoint(const char *text, struct fa_error *err)
{
    fa_error_set(err, FA_E_STORE, "AWS_ENDPOINT_URL_S3: %.120s is no http[s]://host[:port]", text);
    return fa_error_action(err, "give the server alone; FILEAPI_S3_BUCKET names the bucket");
}

/* Takes the endpoint apart; a port that is the scheme's own is not part of the Host header. */
static int
read_endpoint(struct fa_s3_store *self, const char *text, struct fa_error *err)
{
    FA_CLEANUP(free_url) CURLU *url = curl_url();
    FA_CLEANUP(free_text) char *scheme = NULL;
    FA_CLEANUP(free_text) char *host = NULL;
    FA_CLEANUP(free_text) char *port = NULL;
    FA_CLEANUP(free_text) char *path = NULL;
    FA_CLEANUP(free_text) char *more = NULL;

    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK || strcmp(path, "/") != 0 ||
        curl_url_get(url, CURLUPART_USER, &more, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_QUERY, &more, 0) == CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return refuse_endpoint(text, err);
    (void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    if (snprintf(self->host, sizeof self->host, "%s%s%s", host, port != NULL ? ":" : "",
                 port != NULL ? port : "") >= (int)sizeof self->host)
        return refuse_endpoint(text, err);
    if (asprintf(&self->origin, "%s://%s", scheme, self->host) < 0) {
        self->origin = NULL;
        return fa_error_set(err, FA_E_MEMORY, "open the store");
    }
    return 0;
}

/* S3's rule for names of buckets, which also keeps them out of need of encoding. */
static bool
is_bucket(const char *name)
{
    size_t length = strlen(name);

    return length >= 3 && length <= 63 && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length &&
           strstr(name, "..") == NULL;
}

static int
read_options(struct fa_s3_store *self, const struct fa_options *options, struct fa_error *err)
{
    if (read_endpoint(self, options->s3_endpoint, err) < 0)
        return -1;
    if (options->s3_access_key[0] == '\0' || options->s3_secret_key[0] == '\0') {
        fa_error_set(err, FA_E_STORE, "the S3 store has no access key");
        return fa_error_action(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY_FILE");
    }
    if (!is_bucket(options->s3_bucket)) {
        fa_error_set(err, FA_E_STORE, "FILEAPI_S3_BUCKET: %.80s is no bucket's name",
                     options->s3_bucket);
        return fa_error_action(err, "use 3 to 63 of a-z, 0-9, \".\" and \"-\"");
    }
    if (options->s3_multipart > WHOLE_MAX) {
        fa_error_set(err, FA_E_STORE,
                     "FILEAPI_S3_MULTIPART: S3 takes 5 GiB at most in one request");
        return fa_error_action(err, "set 5G or less");
    }
    self->multipart = (uint64_t)options->s3_multipart;
    self->bucket = options->s3_bucket;
    self->ca = options->s3_ca;
    self->signer = (struct fa_sigv4){.access_key = options->s3_access_key,
                                     .secret_key = options->s3_secret_key,
                                     .region = options->s3_region,
                                     .service = "s3"};
    return 0;
}

int
fa_s3_store_open(const struct fa_options *options, struct fa_store **store_r, struct fa_error *err)
{
    static const struct fa_store_backend backend = {
        .close = close_store,
        .put = fa_s3_put,
        .copy = fa_s3_copy,
        .get = fa_s3_get,
        .remove = fa_s3_remove,
        .abandon = fa_s3_abandon,
        .list = fa_s3_list,
        .sweep = fa_s3_sweep,
        .accel = fa_s3_accel,
        .check = fa_s3_check,
        .set_patience = set_patience,
        .begin = begin,
        .share = share,
    };
    struct fa_s3_store *self = calloc(1, sizeof *self);

    if (self == NULL)
        return fa_error_set(err, FA_E_MEMORY, "open the store");
    self->base.backend = &backend;
    self->breaker = &self->own_breaker;
    self->patience_us = FA_STORE_PATIENCE_S * FA_SECOND_US;
    fa_arena_init(&self->arena, ARENA_LIMIT);
    self->base.spool = fa_spool_folder(fa_options_spool(options), err);
    if (self->base.spool < 0 || read_options(self, options, err) < 0) {
        close_store(&self->base);
        return -1;
    }
    *store_r = &self->base;
    return 0;
}
