/* One request from its FastCGI parameters to its answer. */
#ifndef FA_FCGI_SERVE_H
#define FA_FCGI_SERVE_H

#include "handlers/handler.h"

#include <fcgiapp.h>

/* Routes, authenticates, reads the form, calls the handler, sends the reply, logs one line. */
void fa_serve(struct fa_ctx *ctx, struct fa_arena *arena, FCGX_Request *fcgi);

#endif
