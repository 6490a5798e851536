/*
 * Walks over the directory store's folders, in order and in constant memory.
 *
 * A folder's names come unsorted and may be any number.  So a walk takes the BATCH smallest names
 * beyond its position, sorted, by one pass over the folder, shows them, and makes another pass.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH = 1024, NANOSECONDS = 1000 };

/* One name; a folder's ends in '/', which is how it sorts among keys. */
struct name {
    char text[NAME_MAX + 2];
};

/* The smallest names beyond a position, the largest of them first: a heap. */
struct batch {
    struct name names[BATCH];
    size_t count;
};

static void
close_folder(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static void
swap(struct name *a, struct name *b)
{
    struct name saved = *a;

    *a = *b;
    *b = saved;
}

static void
sift_up(struct batch *batch, size_t at)
{
    while (at > 0 && strcmp(batch->names[at].text, batch->names[(at - 1) / 2].text) > 0) {
        swap(&batch->names[at], &batch->names[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void
sift_down(struct batch *batch)
{
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < batch->count &&
            strcmp(batch->names[child + 1].text, batch->names[child].text) > 0)
            child++;
        if (child >= batch->count || strcmp(batch->names[child].text, batch->names[at].text) <= 0)
            return;
        swap(&batch->names[child], &batch->names[at]);
        at = child;
    }
}

static void
offer(struct batch *batch, const struct name *name)
{
    if (batch->count < BATCH) {
        batch->names[batch->count] = *name;
        sift_up(batch, batch->count++);
    } else if (strcmp(name->text, batch->names[0].text) < 0) {
        batch->names[0] = *name;
        sift_down(batch);
    }
}

static int
compare(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static bool
is_folder(int fd, const struct dirent *entry)
{
    struct stat info;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

/* Fills the batch with the names that come after `after`; -1 with errno. */
static int
read_batch(DIR *folder, const char *after, struct batch *batch)
{
    struct dirent *entry;

    batch->count = 0;
    rewinddir(folder);
    for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
        struct name name;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name.text, sizeof name.text, "%s%s", entry->d_name,
                 is_folder(dirfd(folder), entry) ? "/" : "");
        if (strcmp(name.text, after) > 0)
            offer(batch, &name);
    }
    qsort(batch->names, batch->count, sizeof batch->names[0], compare);
    return errno == 0 ? 0 : -1;
}

/* What is done with each name of a folder, in order; non-zero ends the walk. */
typedef int visit_name(void *closure, int folder, const char *name, struct fa_error *err);

/* Shows the names of the folder `path` that come after `after`.  One that is gone has none. */
static int
walk(int parent, const char *path, const char *after, visit_name *visit, void *closure,
     struct fa_error *err)
{
    FA_AUTO_FREE struct batch *batch = malloc(sizeof *batch);
    FA_CLEANUP(close_folder) DIR *folder = NULL;
    char position[NAME_MAX + 2];
    FA_AUTO_FD fd = openat(parent, path, O_DIRECTORY | O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int result = 0;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (batch == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list the store");
    folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL)
        return fa_error_errno(err, FA_E_STORE, errno, "open the store's folder %s", path);
    (void)fa_steal_fd(&fd);
    snprintf(position, sizeof position, "%s", after);
    do {
        if (read_batch(folder, position, batch) < 0)
            return fa_error_errno(err, FA_E_STORE, errno, "read the store's folder %s", path);
        for (size_t i = 0; result == 0 && i < batch->count; i++)
            result = visit(closure, dirfd(folder), batch->names[i].text, err);
        if (batch->count > 0)
            memcpy(position, batch->names[batch->count - 1].text, sizeof position);
    } while (result == 0 && batch->count == BATCH);
    return result;
}

/* Folders of ours are two hex digits; all others are left alone and shown as one name. */
static bool
is_our_folder(const char *name)
{
    return strlen(name) == 3 && strspn(name, "0123456789abcdef") == 2 && name[2] == '/';
}

/* The name of an object that put_copy has not finished. */
static bool
is_temporary(const char *folder, const char *name)
{
    char key[FA_STORE_KEY];
    size_t length = strlen(name);
    const size_t ending = sizeof FA_DIRECTORY_TEMPORARY - 1;

    if (length != FA_STORE_KEY_LENGTH - 3 + ending ||
        strcmp(name + length - ending, FA_DIRECTORY_TEMPORARY) != 0)
        return false;
    snprintf(key, sizeof key, "%s%.*s", folder, (int)(length - ending), name);
    return fa_store_is_key(key);
}

static int64_t
modified_us(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * FA_SECOND_US + info->st_mtim.tv_nsec / NANOSECONDS;
}

struct listing {
    int root;
    const char *after;
    char folder[4]; /* the one being shown, "ab/"; "" for the root */
    fa_store_visit *visit;
    void *closure;
};

static int
show(struct listing *listing, int folder, const char *name, struct fa_error *err)
{
    char key[sizeof listing->folder + NAME_MAX + 1];
    struct stat info;

    snprintf(key, sizeof key, "%s%s", listing->folder, name);
    if (is_temporary(listing->folder, name) || strcmp(key, listing->after) <= 0)
        return 0;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0
                               : fa_error_errno(err, FA_E_STORE, errno, "look at object %s", key);
    return listing->visit(listing->closure,
                          &(struct fa_store_entry){
                              .key = key,
                              .size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0,
                              .modified_us = modified_us(&info),
                              .foreign = !fa_store_is_key(key) || !S_ISREG(info.st_mode),
                          },
                          err);
}

static int
show_in_folder(void *closure, int folder, const char *name, struct fa_error *err)
{
    return show(closure, folder, name, err);
}

static int
show_in_root(void *closure, int root, const char *name, struct fa_error *err)
{
    struct listing *listing = closure;
    const char *after = "";
    int result;

    if (!is_our_folder(name))
        return show(listing, root, name, err);
    if (strncmp(listing->after, name, 3) == 0)
        after = listing->after + 3;
    else if (strcmp(listing->after, name) > 0)
        return 0;
    snprintf(listing->folder, sizeof listing->folder, "%s", name);
    result = walk(root, name, after, show_in_folder, listing, err);
    listing->folder[0] = '\0';
    return result;
}

int
fa_directory_list(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
                  struct fa_error *err)
{
    struct listing listing = {.root = ((struct fa_directory_store *)store)->root,
                              .after = after,
                              .visit = visit,
                              .closure = closure};

    return walk(listing.root, ".", "", show_in_root, &listing, err);
}

struct sweeping {
    int64_t before_us;
    int64_t *count_r;
    const char *folder;
};

static int
sweep_name(void *closure, int folder, const char *name, struct fa_error *err)
{
    struct sweeping *sweeping = closure;
    struct stat info;

    if (!is_temporary(sweeping->folder, name) ||
        fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode) ||
        modified_us(&info) >= sweeping->before_us)
        return 0;
    if (unlinkat(folder, name, 0) == 0)
        ++*sweeping->count_r;
    else if (errno != ENOENT)
        return fa_error_errno(err, FA_E_STORE, errno, "remove the temporary file %s%s",
                              sweeping->folder, name);
    return 0;
}

static int
sweep_root(void *closure, int root, const char *name, struct fa_error *err)
{
    struct sweeping *sweeping = closure;

    sweeping->folder = name;
    return is_our_folder(name) ? walk(root, name, "", sweep_name, sweeping, err) : 0;
}

int
fa_directory_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r, struct fa_error *err)
{
    struct sweeping sweeping = {.before_us = fa_clock_now_us() - age_s * FA_SECOND_US,
                                .count_r = count_r};

    return walk(((struct fa_directory_store *)store)->root, ".", "", sweep_root, &sweeping, err);
}
