/* Unix sockets that nginx, or another service of ours, connects to. */
#ifndef FA_BASE_SHARE_SOCKET_H
#define FA_BASE_SHARE_SOCKET_H

#include "lib/base/error.h"

/* Makes the socket file mode 0660 and gives it to `group` (empty: leaves it in our own). */
int fa_share_socket(const char *path, const char *group, struct fa_error *err) FA_MUSTCHECK;

/* Listens on `path`, in place of whatever is there, and shares it; the descriptor does not block.
 * FA_E_INTERNAL. */
int fa_listen_unix(const char *path, const char *group, struct fa_error *err) FA_MUSTCHECK;

#endif
