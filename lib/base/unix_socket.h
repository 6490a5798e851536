/* Unix sockets by which nginx and our services reach each other; none of them blocks. */
#ifndef FA_BASE_UNIX_SOCKET_H
#define FA_BASE_UNIX_SOCKET_H

#include "lib/base/error.h"

/* Listens on `path`, in place of a socket that nobody listens on any more, with mode 0660 and for
 * `group` (empty: our own).  FA_E_INTERNAL, also when somebody listens there. */
int fa_socket_listen(const char *path, const char *group, struct fa_error *err) FA_MUSTCHECK;

/* Connects to who listens on `path`; -1 with errno, EAGAIN when it has no room for another. */
int fa_socket_connect(const char *path) FA_MUSTCHECK;

#endif
