/*
 * multipart/form-data (RFC 7578), parsed as it arrives: push parser, constant memory, no copy of
 * file contents.  Where the input is cut into pieces makes no difference to what the sink sees,
 * but for how the data calls are cut.
 */
#ifndef FA_FCGI_MULTIPART_H
#define FA_FCGI_MULTIPART_H

#include "lib/base/error.h"

#include <stddef.h>

enum {
    FA_MULTIPART_BOUNDARY = 70,     /* RFC 2046, 5.1.1 */
    FA_MULTIPART_HEADER = 8 * 1024, /* largest header of a part, in bytes */
    FA_MULTIPART_PARTS = 64
};

/* The header of a part; texts are valid during the begin call only. */
struct fa_multipart_part {
    const char *name;
    const char *filename; /* as the client wrote it, quotes undone; may hold anything; NULL: none */
    size_t filename_length;
};

/* Who takes the parts; each call returns 0, or -1 with `err`, which ends the parsing. */
struct fa_multipart_sink {
    int (*begin)(void *closure, const struct fa_multipart_part *part, struct fa_error *err);
    int (*data)(void *closure, const char *bytes, size_t length, struct fa_error *err);
    int (*end)(void *closure, struct fa_error *err);
};

struct fa_multipart {
    const struct fa_multipart_sink *sink;
    void *closure;
    enum { FA_M_PREAMBLE, FA_M_DELIMITER, FA_M_HEADER, FA_M_BODY, FA_M_EPILOGUE } state;
    char delimiter[4 + FA_MULTIPART_BOUNDARY + 1]; /* CR LF "--" boundary */
    size_t delimiter_length;
    size_t matched; /* bytes of the delimiter that ended the last piece */
    size_t implied; /* bytes of `matched` that stood before the contents and are none of them */
    int parts;
    size_t header_length;
    char header[FA_MULTIPART_HEADER + 1]; /* being collected */
};

/* Prepares the parser for a body of this Content-Type (NULL: none was sent).  FA_E_INPUT, field
 * "body", when it is no multipart/form-data with a boundary. */
int fa_multipart_init(struct fa_multipart *parser, const char *content_type,
                      const struct fa_multipart_sink *sink, void *closure,
                      struct fa_error *err) FA_MUSTCHECK;

/* Takes the next piece of the body. FA_E_INPUT, field "body", when it is malformed. */
int fa_multipart_feed(struct fa_multipart *parser, const char *data, size_t length,
                      struct fa_error *err) FA_MUSTCHECK;

/* After the last piece: FA_E_INPUT when the closing boundary has not come. */
int fa_multipart_finish(const struct fa_multipart *parser, struct fa_error *err) FA_MUSTCHECK;

#endif
