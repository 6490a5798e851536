/* The one way to reply with a stored file. */
#ifndef FA_HANDLERS_DOWNLOAD_H
#define FA_HANDLERS_DOWNLOAD_H

#include "handlers/handler.h"
#include "lib/part/file.h"

/*
 * Replies with `file`: 200 by X-Accel-Redirect (nginx sends the bytes and does Range, If-Range and
 * HEAD), or 304 or 412 by RFC 9110 from what the database knows, without touching the store.
 */
int fa_reply_file(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                  const struct fa_file *file, struct fa_error *err);

/* Content-Disposition: attachment by RFC 6266, with an ASCII fallback and filename* by RFC 8187;
 * NULL when memory is short. */
const char *fa_disposition(struct fa_arena *arena, const char *name);

#endif
