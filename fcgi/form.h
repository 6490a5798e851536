/*
 * A form on its way in: fields are checked by the route's spec, the file goes into the spool and
 * its SHA-256 is made in the same pass.  Constant memory, limits before allocation.
 */
#ifndef FA_FCGI_FORM_H
#define FA_FCGI_FORM_H

#include "fcgi/multipart.h"
#include "handlers/handler.h"

#include <openssl/evp.h>

/* The longest value of a field that is no file, in bytes. */
enum { FA_FORM_VALUE = 255 };

struct fa_form_reader {
    struct fa_ctx *ctx;
    struct fa_arena *arena;
    const struct fa_field *fields;
    struct fa_form *form; /* being filled */
    struct fa_multipart *multipart;
    EVP_MD_CTX *digest; /* of the file */
    unsigned given;     /* mask of fields that have come */
    int current;        /* the field whose part is being read, or -1: one that nobody asked for */
    size_t value_length;
    char value[FA_FORM_VALUE + 1];
};

/* Starts reading by `fields`; FA_E_INPUT when the content type is no multipart/form-data with a
 * boundary.  fa_form_close is needed also after a failure. */
int fa_form_open(struct fa_form_reader *reader, struct fa_ctx *ctx, struct fa_arena *arena,
                 const struct fa_field *fields, const char *content_type,
                 struct fa_error *err) FA_MUSTCHECK;

/* Takes the next bytes of the body.  FA_E_INPUT names fields that are wrong, FA_E_TOO_LARGE when
 * the file is longer than options->max_upload, FA_E_SPACE when the spool is full. */
int fa_form_feed(struct fa_form_reader *reader, const char *data, size_t length,
                 struct fa_error *err) FA_MUSTCHECK;

/* After the last byte: the form is complete and valid, or FA_E_INPUT. */
int fa_form_finish(struct fa_form_reader *reader, struct fa_error *err) FA_MUSTCHECK;

/* Drops the spooled file and everything else; fits FA_CLEANUP. */
void fa_form_close(struct fa_form_reader *reader);

#endif
