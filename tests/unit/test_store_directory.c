/* The directory store: its files, and the ways that differ from one file system to another. */
#include "tests/unit/store_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { MANY = 2500, TEXT = 128 };

static void
make_file(struct rig *rig, const char *name, int64_t age_s)
{
    const char *path = fa_arena_printf(&rig->arena, "%s/%s", rig->folder, name);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0640);
    struct timeval times[2];

    assert_true(fd >= 0);
    close(fd);
    gettimeofday(&times[0], NULL);
    times[0].tv_sec -= age_s;
    times[1] = times[0];
    assert_int_equal(utimes(path, times), 0);
}

static void
make_folder(struct rig *rig, const char *name)
{
    assert_int_equal(mkdir(fa_arena_printf(&rig->arena, "%s/%s", rig->folder, name), 0750), 0);
}

static bool
exists(struct rig *rig, const char *name)
{
    return access(fa_arena_printf(&rig->arena, "%s/%s", rig->folder, name), F_OK) == 0;
}

/* Objects are for the service's user and group alone. */
static void
objects_are_private(void **state)
{
    struct rig *rig = *state;
    char key[FA_STORE_KEY];
    struct stat info;

    umask(022);
    assert_int_equal(rig_put(rig, fa_store_key(key), 10, 1), 0);
    assert_int_equal(stat(fa_arena_printf(&rig->arena, "%s/%s", rig->folder, key), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(info.st_nlink, 1);
}

static bool
has_other_device(const char *path)
{
    struct stat here;
    struct stat there;

    return stat("/tmp", &here) == 0 && stat(path, &there) == 0 && here.st_dev != there.st_dev &&
           access(path, W_OK) == 0;
}

/* A spool on another file system costs a copy, and leaves no temporary file. */
static void
spools_may_lie_elsewhere(void **state)
{
    char spool[] = "/dev/shm/fileapi-spool-XXXXXX";
    struct rig *rig = *state;
    char key[FA_STORE_KEY];

    if (!has_other_device("/dev/shm")) {
        print_message("skipped: /dev/shm is no file system of its own\n");
        skip();
    }
    assert_non_null(mkdtemp(spool));
    rig->options.spool = spool;
    fa_store_close(&rig->store);
    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
    if (rig_put(rig, fa_store_key(key), 3000001, 5) < 0)
        fail_msg("%s", rig->err.detail);
    rig_expect(rig, key, 3000001, 5);
    assert_false(exists(rig, fa_arena_printf(&rig->arena, "%s.new", key)));
    fa_store_close(&rig->store);
    assert_int_equal(rmdir(spool), 0);
}

/* A file with as many names as its file system allows is copied instead. */
static void
copies_outlast_the_link_limit(void **state)
{
    struct rig *rig = *state;
    char from[FA_STORE_KEY];
    char to[FA_STORE_KEY];
    const char *source;
    int links = 0;

    assert_int_equal(rig_put(rig, fa_store_key(from), 1000, 2), 0);
    source = fa_arena_printf(&rig->arena, "%s/%s", rig->folder, from);
    make_folder(rig, "links");
    for (errno = 0; errno == 0 && links < 70000; links++) {
        char name[TEXT];

        snprintf(name, sizeof name, "%s/links/%d", rig->folder, links);
        (void)!link(source, name);
    }
    if (errno != EMLINK) {
        print_message("skipped: this file system has no limit on links below 70000\n");
        skip();
    }
    assert_int_equal(rig_copy(rig, from, fa_store_key(to), 1000, 2), 0);
    rig_expect(rig, to, 1000, 2);
    assert_false(exists(rig, fa_arena_printf(&rig->arena, "%s.new", to)));
}

static int
note(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    char *text = closure;
    size_t length = strlen(text);

    (void)err;
    snprintf(text + length, 1024 - length, "%s%s\n", entry->foreign ? "!" : "", entry->key);
    return 0;
}

/* Names that are no key of ours are shown as such, in their place; unfinished copies are not. */
static void
foreign_names_are_told(void **state)
{
    static const char *const files[] = {
        "ab/0123456789abcdef0123456789abcdef",
        "ab/0123456789abcdef0123456789abcdef.new",
        "ab/0123456789ABCDEF0123456789abcdef",
        "ab/z",
        "ab-file",
        "ac",
        "other/file",
        "zz/0123456789abcdef0123456789abcdef",
    };
    struct rig *rig = *state;
    char text[1024] = "";

    make_folder(rig, "ab");
    make_folder(rig, "other");
    make_folder(rig, "zz");
    for (size_t i = 0; i < FA_COUNT(files); i++)
        make_file(rig, files[i], 0);
    make_folder(rig, "ab/fedcba9876543210fedcba9876543210");
    assert_int_equal(fa_store_list(rig->store, NULL, note, text, &rig->err), 0);
    assert_string_equal(text, "!ab-file\n"
                              "!ab/0123456789ABCDEF0123456789abcdef\n"
                              "ab/0123456789abcdef0123456789abcdef\n"
                              "!ab/fedcba9876543210fedcba9876543210/\n"
                              "!ab/z\n"
                              "!ac\n"
                              "!other/\n"
                              "!zz/\n");
}

static int
count_up(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    char *last = closure;

    (void)err;
    if (strcmp(last, entry->key) >= 0)
        fail_msg("%s after %s", entry->key, last);
    snprintf(last, TEXT, "%s", entry->key);
    return 0;
}

/* A folder with more names than one pass takes is shown whole, each name once. */
static void
large_folders_are_whole(void **state)
{
    struct rig *rig = *state;
    char last[TEXT] = "";

    make_folder(rig, "ab");
    for (unsigned i = 0; i < MANY; i++) {
        char path[TEXT];
        FA_AUTO_FD fd = -1;

        snprintf(path, sizeof path, "%s/ab/%032x", rig->folder, i * 7 % MANY);
        fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0640);
        assert_true(fd >= 0);
    }
    assert_int_equal(fa_store_list(rig->store, NULL, count_up, last, &rig->err), 0);
    assert_string_equal(last, "ab/000000000000000000000000000009c3");
}

/* Sweeping takes the unfinished copies of a certain age, and no other name. */
static void
old_copies_are_swept(void **state)
{
    struct rig *rig = *state;
    int64_t count = -1;

    make_folder(rig, "ab");
    make_file(rig, "ab/0123456789abcdef0123456789abcdef", 1000);
    make_file(rig, "ab/0123456789abcdef0123456789abcdef.new", 1000);
    make_file(rig, "ab/1123456789abcdef0123456789abcdef.new", 10);
    make_file(rig, "ab/notes.new", 1000);
    make_file(rig, "0123456789abcdef0123456789abcdef.new", 1000);
    assert_int_equal(fa_store_sweep(rig->store, 500, &count, &rig->err), 0);
    assert_int_equal(count, 1);
    assert_false(exists(rig, "ab/0123456789abcdef0123456789abcdef.new"));
    assert_true(exists(rig, "ab/0123456789abcdef0123456789abcdef"));
    assert_true(exists(rig, "ab/1123456789abcdef0123456789abcdef.new"));
    assert_true(exists(rig, "ab/notes.new"));
    assert_true(exists(rig, "0123456789abcdef0123456789abcdef.new"));
    assert_int_equal(fa_store_abandon(rig->store, "ab/1123456789abcdef0123456789abcdef", &rig->err),
                     0);
    assert_false(exists(rig, "ab/1123456789abcdef0123456789abcdef.new"));
}

/* nginx finds an object below /_store/, however often it is asked for. */
static void
objects_are_sent_from_their_files(void **state)
{
    struct rig *rig = *state;

    assert_string_equal(fa_store_accel(rig->store, "ab/01", false, &rig->arena, &rig->err),
                        "/_store/ab/01");
    assert_string_equal(fa_store_accel(rig->store, "ab/01", true, &rig->arena, &rig->err),
                        "/_store/ab/01");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open_directory, rig_tear_down)

FA_RUN(TEST(objects_are_private), TEST(spools_may_lie_elsewhere),
       TEST(copies_outlast_the_link_limit), TEST(foreign_names_are_told),
       TEST(large_folders_are_whole), TEST(old_copies_are_swept),
       TEST(objects_are_sent_from_their_files))
