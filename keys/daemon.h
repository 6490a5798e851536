/* The loop of fileapi-keys. */
#ifndef FA_KEYS_DAEMON_H
#define FA_KEYS_DAEMON_H

#include "lib/base/log.h"
#include "lib/base/options.h"

/* Keeps FILEAPI_KEYS up to date until SIGTERM or SIGINT; the process's exit status. */
int fa_daemon_run(const struct fa_options *options, const struct fa_log *log);

#endif
