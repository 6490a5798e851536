/* One try of one request with libcurl. */
#include "lib/store/s3.h"

#include "lib/base/clock.h"
#include "lib/base/hex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 2000,
    EXPECT_TIMEOUT_MS = 300,
    EXPECT_SIZE = 4 << 20, /* bodies beyond this wait for a refusal before they are sent */
    UPLOAD_BUFFER = 256 * 1024,
    DOWNLOAD_BUFFER = 64 * 1024
};

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* --- callbacks ------------------------------------------------------------------ */

/* libcurl leaves its sockets open in children. */
static curl_socket_t
open_socket(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)closure;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t
read_text(struct fa_s3_exchange *exchange, char *buffer, size_t room)
{
    size_t left = (size_t)(exchange->request.size - exchange->sent);
    size_t length = left < room ? left : room;

    memcpy(buffer, exchange->request.text + exchange->sent, length);
    return length;
}

static size_t
read_body(char *buffer, size_t one, size_t room, void *closure)
{
    struct fa_s3_exchange *exchange = closure;
    const struct fa_s3_request *request = &exchange->request;
    uint64_t left = request->size - exchange->sent;
    ssize_t got;

    (void)one;
    if (request->text != NULL) {
        got = (ssize_t)read_text(exchange, buffer, room);
    } else {
        got = pread(request->fd, buffer, left < room ? (size_t)left : room,
                    (off_t)(request->offset + exchange->sent));
        if (got < 0 || (got == 0 && left > 0)) {
            exchange->file_errno = got < 0 ? errno : EIO;
            return CURL_READFUNC_ABORT;
        }
    }
    exchange->sent += (uint64_t)got;
    exchange->counted += (uint64_t)got;
    return (size_t)got;
}

/* libcurl goes back to the start when a kept connection turns out to be dead. */
static int
seek_body(void *closure, curl_off_t offset, int origin)
{
    struct fa_s3_exchange *exchange = closure;

    if (origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange->sent = 0;
    return CURL_SEEKFUNC_OK;
}

static bool
goes_to_sink(const struct fa_s3_exchange *exchange)
{
    return exchange->request.sink >= 0 &&
           (exchange->answer.status == 200 || exchange->answer.status == 206);
}

static size_t
write_body(char *data, size_t one, size_t length, void *closure)
{
    struct fa_s3_exchange *exchange = closure;
    size_t done = 0;

    (void)one;
    exchange->counted += length;
    if (!goes_to_sink(exchange)) {
        fa_buf_add(&exchange->answer.body, data, length);
        exchange->heard += length;
        return exchange->answer.body.failed ? 0 : length;
    }
    while (done < length) {
        ssize_t written = pwrite(exchange->request.sink, data + done, length - done,
                                 (off_t)(exchange->received + done));

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            exchange->file_errno = errno;
            return 0;
        }
        done += (size_t)written;
    }
    exchange->received += length;
    return length;
}

/* --- headers of the answer ------------------------------------------------------- */

/* The header's value, without blanks around, when it is the one named; else NULL. */
static const char *
match(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static void
take_etag(struct fa_s3_answer *answer, const char *value)
{
    size_t length = strlen(value);

    if (length < 2 || value[0] != '"' || value[length - 1] != '"' || length >= sizeof answer->etag)
        return;
    memcpy(answer->etag, value + 1, length - 2);
    answer->etag[length - 2] = '\0';
}

/* "bytes 7-99/100": the whole length where the part begins as asked. */
static void
take_range(struct fa_s3_exchange *exchange, const char *value)
{
    unsigned long long first;
    unsigned long long whole;

    if (sscanf(value, "bytes %llu-%*u/%llu", &first, &whole) == 2 && first == exchange->received &&
        whole <= INT64_MAX)
        exchange->answer.length = (int64_t)whole;
    else
        exchange->answer.status = 0;
}

static void
take_status(struct fa_s3_exchange *exchange, const char *line)
{
    struct fa_s3_answer *answer = &exchange->answer;
    const char *space = strchr(line, ' ');

    answer->status = space != NULL ? strtol(space, NULL, 10) : 0;
    answer->etag[0] = '\0';
    answer->length = -1;
    answer->date_us = -1;
    answer->encrypted = false;
    /* A server that does not know ranges begins anew. */
    if (answer->status == 200)
        exchange->received = 0;
}

static void
take_header(struct fa_s3_exchange *exchange, const char *line)
{
    struct fa_s3_answer *answer = &exchange->answer;
    const char *value;

    if (strncmp(line, "HTTP/", 5) == 0)
        take_status(exchange, line);
    else if ((value = match(line, "ETag")) != NULL)
        take_etag(answer, value);
    else if ((value = match(line, "Content-Length")) != NULL && answer->status != 206)
        answer->length = strtoll(value, NULL, 10);
    else if ((value = match(line, "Content-Range")) != NULL && answer->status == 206)
        take_range(exchange, value);
    else if ((value = match(line, "Date")) != NULL)
        answer->date_us = fa_clock_http_parse(value);
    else if (match(line, "x-amz-server-side-encryption") != NULL ||
             match(line, "x-amz-server-side-encryption-customer-algorithm") != NULL)
        answer->encrypted = true;
}

static size_t
on_header(char *data, size_t one, size_t length, void *closure)
{
    struct fa_s3_exchange *exchange = closure;
    char line[512];
    size_t end = length;

    (void)one;
    exchange->counted += length;
    while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r' || data[end - 1] == ' '))
        end--;
    /* None of those that count is that long. */
    if (end >= sizeof line)
        return length;
    memcpy(line, data, end);
    line[end] = '\0';
    take_header(exchange, line);
    return length;
}

/* --- the request ------------------------------------------------------------------ */

static int
add_line(struct fa_s3_exchange *exchange, const char *line, struct fa_error *err)
{
    struct curl_slist *list = line != NULL ? curl_slist_append(exchange->headers, line) : NULL;

    if (list == NULL)
        return fa_error_set(err, FA_E_MEMORY, "headers of a request");
    exchange->headers = list;
    return 0;
}

static int
add_pair(struct fa_s3_store *self, struct fa_s3_exchange *exchange, const char *name,
         const char *value, struct fa_error *err)
{
    return add_line(exchange, fa_arena_printf(&self->arena, "%s: %s", name, value), err);
}

static const char *
hash_body(const struct fa_s3_request *request, char hex[FA_SIGV4_HEX])
{
    unsigned char digest[32];

    if (request->sha256 != NULL)
        return fa_hex_text(request->sha256, 32, hex);
    if (request->text != NULL &&
        EVP_Digest(request->text, request->size, digest, NULL, EVP_sha256(), NULL))
        return fa_hex_text(digest, sizeof digest, hex);
    return request->size == 0 ? EMPTY_SHA256 : FA_SIGV4_UNSIGNED;
}

/* Signs for the server's clock; the request's URL. */
static const char *
sign(struct fa_s3_store *self, struct fa_s3_exchange *exchange, struct fa_error *err)
{
    const struct fa_s3_request *request = &exchange->request;
    struct fa_sigv4_pair headers[FA_S3_HEADERS + 2];
    struct fa_sigv4_signed signature;
    size_t count = request->header_count;
    char hex[FA_SIGV4_HEX];
    char path[FA_S3_PATH];
    const char *hash = hash_body(request, hex);

    snprintf(path, sizeof path, "/%s%s%s", self->bucket, request->key != NULL ? "/" : "",
             request->key != NULL ? request->key : "");
    memcpy(headers, request->headers, sizeof request->headers);
    headers[count++] = (struct fa_sigv4_pair){"Host", self->host};
    headers[count++] = (struct fa_sigv4_pair){"x-amz-content-sha256", hash};
    if (fa_sigv4_sign(&self->signer,
                      &(const struct fa_sigv4_request){
                          .method = request->method,
                          .path = path,
                          .query = request->query,
                          .query_count = request->query_count,
                          .headers = headers,
                          .header_count = count,
                          .payload_hash = hash,
                          .time_us = fa_clock_now_us() + self->skew_us,
                      },
                      &self->arena, &signature, err) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (add_pair(self, exchange, headers[i].name, headers[i].value, err) < 0)
            return NULL;
    if (add_pair(self, exchange, "x-amz-date", signature.date, err) < 0 ||
        add_pair(self, exchange, "Authorization", signature.authorization, err) < 0 ||
        add_line(exchange, request->size > EXPECT_SIZE ? "Expect: 100-continue" : "Expect:", err) <
            0)
        return NULL;
    return fa_arena_printf(&self->arena, "%s%s", self->origin, signature.target);
}

static void
set_connection(const struct fa_s3_store *self, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "fileapi");
    if (self->ca[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_CAINFO, self->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void
set_exchange(struct fa_s3_exchange *exchange, CURL *easy)
{
    const struct fa_s3_request *request = &exchange->request;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->why);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)DOWNLOAD_BUFFER);
    if (strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->size);
        curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)EXPECT_TIMEOUT_MS);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

int
fa_s3_transfer_begin(struct fa_s3_store *self, struct fa_s3_exchange *exchange, CURL *easy,
                     struct fa_error *err)
{
    const char *url;
    char range[40];

    exchange->sent = 0;
    exchange->heard = 0;
    exchange->counted = 0;
    exchange->file_errno = 0;
    exchange->why[0] = '\0';
    exchange->answer.status = 0;
    exchange->answer.code[0] = '\0';
    fa_buf_reset(&exchange->answer.body);
    fa_arena_reset(&self->arena);
    url = sign(self, exchange, err);
    if (url == NULL)
        return fa_error_set(err, FA_E_MEMORY, "a request to the store");
    curl_easy_reset(easy);
    set_connection(self, easy);
    set_exchange(exchange, easy);
    if (exchange->received > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)exchange->received);
        curl_easy_setopt(easy, CURLOPT_RANGE, range);
    }
    if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_multi_add_handle(self->multi, easy) != CURLM_OK)
        return fa_error_set(err, FA_E_MEMORY, "a request to the store");
    exchange->easy = easy;
    return 0;
}

void
fa_s3_transfer_end(struct fa_s3_store *self, struct fa_s3_exchange *exchange)
{
    if (exchange->easy != NULL)
        curl_multi_remove_handle(self->multi, exchange->easy);
    exchange->easy = NULL;
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
}
