#include "lib/base/share_socket.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKET_MODE = 0660 };

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
