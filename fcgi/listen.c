#include "fcgi/listen.h"
#include "lib/base/cleanup.h"
#include "lib/base/share_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A full backlog is an immediate 502 in nginx: this queue is the pool's waiting room. */
enum { BACKLOG = 512, FIRST_INHERITED = 3 };

static bool
is_inherited(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");

    return pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
           strtol(count, NULL, 10) >= 1;
}

static bool
answers(const struct sockaddr_un *address)
{
    FA_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

int
fa_listen_open(const struct fa_options *options, struct fa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FA_AUTO_FD fd = -1;

    if (is_inherited()) {
        fcntl(FIRST_INHERITED, F_SETFD, FD_CLOEXEC);
        fcntl(FIRST_INHERITED, F_SETFL, O_NONBLOCK);
        return FIRST_INHERITED;
    }
    if (strlen(options->socket) >= sizeof address.sun_path)
        return fa_error_set(err, FA_E_INTERNAL, "FILEAPI_SOCKET: longer than %zu bytes",
                            sizeof address.sun_path - 1);
    strcpy(address.sun_path, options->socket);
    if (answers(&address))
        return fa_error_set(err, FA_E_INTERNAL, "another pool listens on %s", options->socket);
    unlink(options->socket);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, BACKLOG) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "listen on %s", options->socket);
    if (fa_share_socket(options->socket, options->socket_group, err) < 0)
        return -1;
    return fa_steal_fd(&fd);
}
