/* One request from its FastCGI parameters to its answer. */
#ifndef FA_FCGI_SERVE_H
#define FA_FCGI_SERVE_H

#include "handlers/handler.h"

#include <fcgiapp.h>

/* Routes, authenticates, reads the form, calls the handler, writes the reply, logs one line.  True
 * when the request was read to its end. */
bool fa_serve(struct fa_ctx *ctx, struct fa_arena *arena, FCGX_Request *fcgi);

#endif
