/* The server: what it watches, and the loop. */
#ifndef FA_WS_SERVER_H
#define FA_WS_SERVER_H

#include "lib/base/log.h"
#include "lib/base/options.h"

/* Serves until SIGTERM or SIGINT; the process's exit status. */
int fa_server_run(const struct fa_options *options, struct fa_log *log);

#endif
