#include "keys/provider.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

enum { ADDRESS_BYTES = 2048 };

static const char well_known[] = "/.well-known/openid-configuration";

/* The address of the discovery document. */
static int
add_address(struct fa_buf *out, const char *issuer, struct fa_error *err)
{
    size_t length = strlen(issuer);

    /* "any terminating / MUST be removed before appending" */
    fa_buf_add(out, issuer, length > 0 && issuer[length - 1] == '/' ? length - 1 : length);
    fa_buf_add_text(out, well_known);
    return fa_buf_check(out, "OIDC_ISSUER", err);
}

/* Finds the JWKS's address in a discovery document, whose issuer must be `issuer` to the letter. */
static int
read_document(const struct fa_buf *text, const char *issuer, struct fa_buf *jwks_uri,
              struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *document = NULL;
    struct fa_error why;
    const char *told;
    const char *uri;

    if (fa_json_parse(text->data != NULL ? text->data : "", text->length, &document, &why) < 0)
        return fa_error_set(err, FA_E_INTERNAL, "the discovery document is no JSON");
    told = fa_json_text(document, "issuer");
    if (told == NULL || strcmp(told, issuer) != 0)
        return fa_error_set(err, FA_E_INTERNAL, "the discovery document is of another issuer");
    uri = fa_json_text(document, "jwks_uri");
    if (uri == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "the discovery document names no jwks_uri");
    fa_buf_add_text(jwks_uri, uri);
    return fa_buf_check(jwks_uri, "the jwks_uri", err);
}

int
fa_provider_fetch(const struct fa_fetcher *fetcher, const char *issuer, struct fa_buf *jwks,
                  struct fa_error *err)
{
    FA_AUTO_BUF(address, ADDRESS_BYTES);
    FA_AUTO_BUF(document, FA_FETCH_BYTES);
    FA_AUTO_BUF(jwks_uri, ADDRESS_BYTES);

    if (add_address(&address, issuer, err) < 0 ||
        fa_fetch(fetcher, address.data, &document, err) < 0 ||
        read_document(&document, issuer, &jwks_uri, err) < 0)
        return -1;
    return fa_fetch(fetcher, jwks_uri.data != NULL ? jwks_uri.data : "", jwks, err);
}
