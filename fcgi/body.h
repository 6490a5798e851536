/* Inside fcgi only: the body of a request, read to its announced end. */
#ifndef FA_FCGI_BODY_H
#define FA_FCGI_BODY_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>

struct fa_body {
    FCGX_Stream *in;
    int64_t left; /* bytes that have not been read */
};

/* Prepares for what CONTENT_LENGTH announces (NULL: nothing); FA_E_REQUEST when it is no number. */
int fa_body_open(struct fa_body *body, FCGX_Stream *in, const char *content_length,
                 struct fa_error *err) FA_MUSTCHECK;

/* Reads the next bytes; 0 at the end.  FA_E_REQUEST when there are fewer than announced: that is a
 * client that left, or a broken nginx, never a shorter file. */
int fa_body_read(struct fa_body *body, char *buffer, int size, struct fa_error *err) FA_MUSTCHECK;

/* Reads all of a body of at most `limit` bytes; FA_E_TOO_LARGE. */
int fa_body_read_all(struct fa_body *body, int limit, struct fa_arena *arena, const char **text_r,
                     size_t *length_r, struct fa_error *err) FA_MUSTCHECK;

/* Reads and drops what is left: nginx calls an answer that comes before the body was taken a broken
 * upstream.  True when the request's last record was read, so that nothing more can come. */
bool fa_body_discard(struct fa_body *body);

#endif
