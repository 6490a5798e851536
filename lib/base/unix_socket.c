#include "lib/base/unix_socket.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* A full backlog is an immediate 502 in nginx: this queue is the pool's waiting room. */
enum { SOCKET_MODE = 0660, BACKLOG = 512 };

/* A socket that does not block, and the address for it; -1 with errno. */
static int
make(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address->sun_path, path, strlen(path));
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Makes the socket's file mode 0660 and gives it to the group. */
static int
give(const char *path, const char *group_name, struct fa_error *err)
{
    struct group entry;
    struct group *found = NULL;
    char space[4096];

    if (chmod(path, SOCKET_MODE) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "chmod %s", path);
    if (group_name[0] == '\0')
        return 0;
    if (getgrnam_r(group_name, &entry, space, sizeof space, &found) != 0 || found == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "FILEAPI_SOCKET_GROUP: no group \"%s\"",
                            group_name);
    if (chown(path, (uid_t)-1, found->gr_gid) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "give %s to group %s", path, group_name);
    return 0;
}

int
fa_socket_connect(const char *path)
{
    struct sockaddr_un address;
    FA_AUTO_FD fd = make(path, &address);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return fa_steal_fd(&fd);
}

static bool
answers(const char *path)
{
    FA_AUTO_FD fd = fa_socket_connect(path);

    return fd >= 0 || errno == EAGAIN;
}

int
fa_socket_listen(const char *path, const char *group, struct fa_error *err)
{
    struct sockaddr_un address;
    FA_AUTO_FD fd = -1;

    if (answers(path))
        return fa_error_set(err, FA_E_INTERNAL, "another process listens on %s", path);
    fd = make(path, &address);
    if (fd >= 0)
        unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, BACKLOG) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "listen on %s", path);
    return give(path, group, err) < 0 ? -1 : fa_steal_fd(&fd);
}
