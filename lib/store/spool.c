#include "lib/store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Readable for the group: in the directory store a spooled file becomes the object nginx sends. */
enum { FILE_MODE = 0640, FOLDER_MODE = 02750 };

int
fa_spool_folder(const char *path, struct fa_error *err)
{
    int fd;

    if (mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST) {
        fa_error_errno(err, FA_E_STORE, errno, "create folder %s", path);
        fa_error_action(err, "create it for the service's user, or set FILEAPI_STORE");
        return -1;
    }
    fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fa_error_errno(err, FA_E_STORE, errno, "open folder %s", path);
    return fd;
}

/* Where the file system has no unnamed files, one whose name goes at once. */
static int
open_unnamed(int folder)
{
    char name[64];
    int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    snprintf(name, sizeof name, "spool.%d", (int)getpid());
    fd = openat(folder, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE);
    if (fd >= 0)
        unlinkat(folder, name, 0);
    return fd;
}

int
fa_spool_file(int folder, struct fa_error *err)
{
    int fd = open_unnamed(folder);

    if (fd < 0)
        fa_error_errno(err, FA_E_STORE, errno, "create a spool file");
    return fd;
}
