#include "lib/base/share_socket.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { SOCKET_MODE = 0660, BACKLOG = 512 };

int
fa_share_socket(const char *path, const char *group_name, struct fa_error *err)
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
fa_listen_unix(const char *path, const char *group, struct fa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FA_AUTO_FD fd = -1;

    if (strlen(path) >= sizeof address.sun_path)
        return fa_error_set(err, FA_E_INTERNAL, "the path of a socket is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, BACKLOG) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "listen on %s", path);
    if (fa_share_socket(path, group, err) < 0)
        return -1;
    return fa_steal_fd(&fd);
}
