#include "fcgi/listen.h"
#include "lib/base/cleanup.h"
#include "lib/base/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

enum { FIRST_INHERITED = 3 };

static bool
is_inherited(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");

    return pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
           strtol(count, NULL, 10) >= 1;
}

static bool
answers(const char *path)
{
    FA_AUTO_FD fd = fa_socket_connect(path);

    return fd >= 0 || errno == EAGAIN;
}

int
fa_listen_open(const struct fa_options *options, struct fa_error *err)
{
    if (is_inherited()) {
        fcntl(FIRST_INHERITED, F_SETFD, FD_CLOEXEC);
        fcntl(FIRST_INHERITED, F_SETFL, O_NONBLOCK);
        return FIRST_INHERITED;
    }
    if (answers(options->socket))
        return fa_error_set(err, FA_E_INTERNAL, "another pool listens on %s", options->socket);
    return fa_socket_listen(options->socket, options->socket_group, err);
}
