/*
 * The directory backend: an object is a file <root>/<key>.
 *
 * A spooled upload is an unnamed file (O_TMPFILE) on the same file system; storing it is fsync,
 * linkat, fsync of the folder.  So there is never a half object under a name, and a crash leaves
 * nothing behind.  Where the spool lies elsewhere, or the file system has no unnamed files, the
 * bytes are copied into one that has a temporary name, then renamed.
 */
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/store/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Readable for the group: nginx sends the files. */
enum { FILE_MODE = 0640, FOLDER_MODE = 02750 };

struct directory_store {
    struct fa_store base;
    int root;  /* descriptor of the objects' folder */
    int spool; /* descriptor of the spool's folder */
};

static struct directory_store *
directory(struct fa_store *store)
{
    return (struct directory_store *)store;
}

static void
close_store(struct fa_store *store)
{
    close(directory(store)->root);
    close(directory(store)->spool);
    free(store);
}

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

static int
spool(struct fa_store *store, struct fa_error *err)
{
    int fd = open_unnamed(directory(store)->spool);

    if (fd < 0)
        fa_error_errno(err, FA_E_STORE, errno, "create a spool file");
    return fd;
}

/* Opens the folder that holds `key`, making it where needed; -1 with errno. */
static int
open_folder(struct directory_store *self, const char *key)
{
    char name[3] = {key[0], key[1], '\0'};
    int fd = openat(self->root, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdirat(self->root, name, FOLDER_MODE) < 0 && errno != EEXIST)
        return -1;
    if (fsync(self->root) < 0)
        return -1;
    return openat(self->root, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

static int
copy_bytes(int from, int to, uint64_t size)
{
    off_t offset = 0;

    while ((uint64_t)offset < size) {
        ssize_t copied = copy_file_range(from, &offset, to, NULL, size - (uint64_t)offset, 0);

        if (copied < 0 && errno == EINTR)
            continue;
        if (copied <= 0) {
            errno = copied == 0 ? EIO : errno;
            return -1;
        }
    }
    return fsync(to);
}

/* The way for files that cannot be linked: a named copy in the target's folder, then rename. */
static int
put_copy(int folder, const char *name, int fd, uint64_t size)
{
    char temporary[FA_STORE_KEY + 8];
    FA_AUTO_FD copy = -1;

    snprintf(temporary, sizeof temporary, "%s.new", name);
    copy = openat(folder, temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, FILE_MODE);
    if (copy < 0)
        return -1;
    if (copy_bytes(fd, copy, size) == 0 && renameat(folder, temporary, folder, name) == 0)
        return 0;
    unlinkat(folder, temporary, 0);
    return -1;
}

static int
put_file(int folder, const char *name, int fd, uint64_t size)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fsync(fd) < 0)
        return -1;
    if (linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != EXDEV && errno != ENOENT)
        return -1;
    return put_copy(folder, name, fd, size);
}

static int
put(struct fa_store *store, const char *key, int fd, uint64_t size, struct fa_error *err)
{
    FA_AUTO_FD folder = open_folder(directory(store), key);
    struct stat info;

    if (folder < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "open the folder of object %s", key);
    if (fstat(fd, &info) < 0 || (uint64_t)info.st_size != size)
        return fa_error_set(err, FA_E_STORE, "object %s: spool holds %lld bytes, not %llu", key,
                            (long long)info.st_size, (unsigned long long)size);
    if (put_file(folder, key + 3, fd, size) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "store object %s", key);
    (void)FA_FAILPOINT("store.linked");
    if (fsync(folder) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "sync the folder of object %s", key);
    return 0;
}

static int
get(struct fa_store *store, const char *key, struct fa_error *err)
{
    int fd = openat(directory(store)->root, key, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fa_error_errno(err, errno == ENOENT ? FA_E_NO_FILE : FA_E_STORE, errno, "open object %s",
                       key);
    return fd;
}

/* Another name for the same bytes: an object never changes, and the last name's removal frees them.
 * Where the file system cannot, a copy. */
static int
copy(struct fa_store *store, const char *from, const char *key, struct fa_error *err)
{
    struct directory_store *self = directory(store);
    FA_AUTO_FD folder = open_folder(self, key);
    FA_AUTO_FD source = -1;
    struct stat info;

    if (folder < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "open the folder of object %s", key);
    if (linkat(self->root, from, folder, key + 3, 0) < 0) {
        if (errno != EXDEV && errno != EMLINK && errno != EPERM && errno != EOPNOTSUPP)
            return fa_error_errno(err, errno == ENOENT ? FA_E_NO_FILE : FA_E_STORE, errno,
                                  "link object %s", from);
        source = get(store, from, err);
        if (source < 0)
            return -1;
        if (fstat(source, &info) < 0 ||
            put_copy(folder, key + 3, source, (uint64_t)info.st_size) < 0)
            return fa_error_errno(err, FA_E_STORE, errno, "copy object %s", from);
    }
    if (fsync(folder) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "sync the folder of object %s", key);
    return 0;
}

static int
remove_object(struct fa_store *store, const char *key, struct fa_error *err)
{
    if (unlinkat(directory(store)->root, key, 0) < 0 && errno != ENOENT)
        return fa_error_errno(err, FA_E_STORE, errno, "remove object %s", key);
    return 0;
}

static const char *
accel(struct fa_store *store, const char *key, struct fa_arena *arena)
{
    (void)store;
    return fa_arena_printf(arena, "/_store/%s", key);
}

static int
check(struct fa_store *store, struct fa_error *err)
{
    int fd = spool(store, err);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int
open_root(const char *path, struct fa_error *err)
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

int
fa_directory_store_open(const struct fa_options *options, struct fa_store **store_r,
                        struct fa_error *err)
{
    static const struct fa_store_backend backend = {
        .close = close_store,
        .spool = spool,
        .put = put,
        .copy = copy,
        .get = get,
        .remove = remove_object,
        .accel = accel,
        .check = check,
    };
    FA_AUTO_FD root = open_root(options->store, err);
    FA_AUTO_FD spool_folder = -1;
    struct directory_store *self;

    if (root < 0)
        return -1;
    spool_folder = open_root(fa_options_spool(options), err);
    if (spool_folder < 0)
        return -1;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return fa_error_set(err, FA_E_MEMORY, "open the store");
    self->base.backend = &backend;
    self->root = fa_steal_fd(&root);
    self->spool = fa_steal_fd(&spool_folder);
    *store_r = &self->base;
    return 0;
}
