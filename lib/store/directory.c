/*
 * The directory backend: an object is a file <root>/<key>.
 *
 * A spooled upload is an unnamed file (O_TMPFILE) on the same file system; storing it is fsync,
 * linkat, fsync of the folder.  So there is never a half object under a name, and a crash leaves
 * nothing behind.  Where the spool lies elsewhere, or the file system has no unnamed files, the
 * bytes are copied into one that has a temporary name, then renamed.
 */
#include "lib/store/directory.h"
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Readable for the group: nginx sends the files. */
enum { FILE_MODE = 0640, FOLDER_MODE = 02750 };

static struct fa_directory_store *
directory(struct fa_store *store)
{
    return (struct fa_directory_store *)store;
}

static void
close_store(struct fa_store *store)
{
    close(directory(store)->root);
    close(store->spool);
    free(store);
}

/* Opens the folder that holds `key`, making it where needed; -1 with errno. */
static int
open_folder(struct fa_directory_store *self, const char *key)
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

/* Kernels copy from one file system to another by copy_file_range or not, by their version;
 * sendfile always does, but shares no blocks where it could. */
static ssize_t
copy_some(int from, int to, off_t *offset, size_t size)
{
    ssize_t copied = copy_file_range(from, offset, to, NULL, size, 0);

    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
        copied = sendfile(to, from, offset, size);
    return copied;
}

static int
copy_bytes(int from, int to, uint64_t size)
{
    off_t offset = 0;

    while ((uint64_t)offset < size) {
        ssize_t copied = copy_some(from, to, &offset, size - (uint64_t)offset);

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

    snprintf(temporary, sizeof temporary, "%s" FA_DIRECTORY_TEMPORARY, name);
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
put(struct fa_store *store, const char *key, int fd, uint64_t size, const unsigned char *sha256,
    struct fa_error *err)
{
    FA_AUTO_FD folder = open_folder(directory(store), key);
    struct stat info;

    (void)sha256;
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
copy(struct fa_store *store, const char *from, const char *key, uint64_t size,
     const unsigned char *sha256, struct fa_error *err)
{
    struct fa_directory_store *self = directory(store);
    FA_AUTO_FD folder = open_folder(self, key);
    FA_AUTO_FD source = -1;

    (void)sha256;
    if (folder < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "open the folder of object %s", key);
    if (linkat(self->root, from, folder, key + 3, 0) < 0) {
        if (errno != EXDEV && errno != EMLINK && errno != EPERM && errno != EOPNOTSUPP)
            return fa_error_errno(err, errno == ENOENT ? FA_E_NO_FILE : FA_E_STORE, errno,
                                  "link object %s", from);
        source = get(store, from, err);
        if (source < 0)
            return -1;
        if (put_copy(folder, key + 3, source, size) < 0)
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

static int
abandon(struct fa_store *store, const char *key, struct fa_error *err)
{
    char temporary[FA_STORE_KEY + sizeof FA_DIRECTORY_TEMPORARY];

    snprintf(temporary, sizeof temporary, "%s" FA_DIRECTORY_TEMPORARY, key);
    if (remove_object(store, temporary, err) < 0)
        return -1;
    return remove_object(store, key, err);
}

static const char *
accel(struct fa_store *store, const char *key, bool often, struct fa_arena *arena,
      struct fa_error *err)
{
    const char *target = fa_arena_printf(arena, "/_store/%s", key);

    (void)store;
    (void)often;
    if (target == NULL)
        fa_error_set(err, FA_E_MEMORY, "a download's target");
    return target;
}

static int
check(struct fa_store *store, struct fa_error *err)
{
    int fd = fa_spool_file(store->spool, err);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int
fa_directory_store_open(const struct fa_options *options, struct fa_store **store_r,
                        struct fa_error *err)
{
    static const struct fa_store_backend backend = {
        .close = close_store,
        .put = put,
        .copy = copy,
        .get = get,
        .remove = remove_object,
        .abandon = abandon,
        .list = fa_directory_list,
        .sweep = fa_directory_sweep,
        .accel = accel,
        .check = check,
    };
    FA_AUTO_FD root = fa_spool_folder(options->store, err);
    FA_AUTO_FD spool_folder = -1;
    struct fa_directory_store *self;

    if (root < 0)
        return -1;
    spool_folder = fa_spool_folder(fa_options_spool(options), err);
    if (spool_folder < 0)
        return -1;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return fa_error_set(err, FA_E_MEMORY, "open the store");
    self->base.backend = &backend;
    self->root = fa_steal_fd(&root);
    self->base.spool = fa_steal_fd(&spool_folder);
    *store_r = &self->base;
    return 0;
}
