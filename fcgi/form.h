/*
 * A multipart form on its way in: fields are checked by the route's spec, the file goes into the
 * spool and its SHA-256 is made in the same pass.  Constant memory, limits before allocation.
 */
#ifndef FA_FCGI_FORM_H
#define FA_FCGI_FORM_H

#include "fcgi/field.h"
#include "fcgi/multipart.h"

#include <openssl/evp.h>

struct fa_form_reader {
    /* set by the caller */
    struct fa_ctx *ctx;
    struct fa_arena *arena;
    const struct fa_field *fields;
    struct fa_form *form; /* being filled; its file is the caller's to close */
    /* the reader's own */
    struct fa_multipart *multipart;
    EVP_MD_CTX *digest; /* of the file; NULL: none has begun */
    int current;        /* the field whose part is being read, or -1: one that nobody asked for */
    size_t value_length;
    char value[FA_FIELD_VALUE];
};

/* Starts reading; FA_E_INPUT when the content type is no multipart/form-data with a boundary.
 * fa_form_close is needed also after a failure. */
int fa_form_open(struct fa_form_reader *reader, const char *content_type,
                 struct fa_error *err) FA_MUSTCHECK;

/* Takes the next bytes of the body.  FA_E_INPUT names the field for which the form is given up;
 * fields that are merely wrong are collected in `err` and 0 is returned.  FA_E_TOO_LARGE when the
 * file is longer than options->max_upload, FA_E_SPACE when the spool is full. */
int fa_form_feed(struct fa_form_reader *reader, const char *data, size_t length,
                 struct fa_error *err) FA_MUSTCHECK;

/* After the last byte; FA_E_INPUT when the form has not come to its end. */
int fa_form_finish(struct fa_form_reader *reader, struct fa_error *err) FA_MUSTCHECK;

/* Fits FA_CLEANUP. */
void fa_form_close(struct fa_form_reader *reader);

#endif
