/* The pool's listening socket. */
#ifndef FA_FCGI_LISTEN_H
#define FA_FCGI_LISTEN_H

#include "lib/base/error.h"
#include "lib/base/options.h"

/* The socket the service manager handed over (LISTEN_FDS), or a new Unix socket at
 * `options->socket`, mode 0660 for `options->socket_group`.  A socket file that nobody listens on
 * is replaced; one that answers is an error.  The descriptor is non-blocking and close-on-exec. */
int fa_listen_open(const struct fa_options *options, struct fa_error *err) FA_MUSTCHECK;

#endif
