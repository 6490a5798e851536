#include "keys/fetch.h"
#include "lib/base/cleanup.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

enum { CONNECT_TIMEOUT_S = 5 };

FA_CLEANUP_BY(free_url, CURLU *, curl_url_cleanup)
FA_CLEANUP_BY(free_text, char *, curl_free)
FA_CLEANUP_BY(free_handle, CURL *, curl_easy_cleanup)

/* Names that never leave the machine. */
static bool
is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* Keys that came in the clear would be whoever's stands on the way. */
static int
check_url(const char *text, struct fa_error *err)
{
    FA_CLEANUP(free_url) CURLU *url = curl_url();
    FA_CLEANUP(free_text) char *scheme = NULL;
    FA_CLEANUP(free_text) char *host = NULL;
    FA_CLEANUP(free_text) char *user = NULL;

    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return fa_error_set(err, FA_E_INTERNAL, "%s is no address", text);
    if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        return fa_error_set(err, FA_E_INTERNAL, "an address with a user name is not fetched");
    if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host)))
        return 0;
    return fa_error_set(err, FA_E_INTERNAL, "%s is neither https nor on this machine", text);
}

static size_t
on_data(char *data, size_t one, size_t length, void *closure)
{
    struct fa_buf *out = closure;

    (void)one;
    fa_buf_add(out, data, length);
    return out->failed ? 0 : length;
}

static int
on_progress(void *closure, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct fa_fetcher *fetcher = closure;
    struct pollfd stop = {.fd = fetcher->stop, .events = POLLIN};

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return poll(&stop, 1, 0) > 0;
}

static void
set_options(CURL *handle, const struct fa_fetcher *fetcher, const char *url, char *why)
{
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long)FA_FETCH_TIMEOUT_S);
    curl_easy_setopt(handle, CURLOPT_MAXFILESIZE, (long)FA_FETCH_BYTES);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "fileapi-keys");
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, fetcher);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
    if (fetcher->ca[0] != '\0') {
        curl_easy_setopt(handle, CURLOPT_CAINFO, fetcher->ca);
        curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    }
}

int
fa_fetch(const struct fa_fetcher *fetcher, const char *url, struct fa_buf *out,
         struct fa_error *err)
{
    FA_CLEANUP(free_handle) CURL *handle = curl_easy_init();
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;

    if (handle == NULL)
        return fa_error_set(err, FA_E_MEMORY, "fetch");
    if (check_url(url, err) < 0)
        return -1;
    set_options(handle, fetcher, url, why);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, out);
    code = curl_easy_perform(handle);
    if (fa_buf_check(out, url, err) < 0)
        return -1;
    if (code != CURLE_OK)
        return fa_error_set(err, FA_E_INTERNAL, "%s: %s", url,
                            why[0] != '\0' ? why : curl_easy_strerror(code));
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return fa_error_set(err, FA_E_INTERNAL, "%s answers %ld", url, status);
    return 0;
}
