/* A store to test, of either kind, and what the tests do with it. */
#ifndef FA_TESTS_STORE_RIG_H
#define FA_TESTS_STORE_RIG_H

#include "lib/base/cleanup.h"
#include "lib/store/store.h"
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

struct rig {
    char folder[64]; /* removed with all in it */
    struct fa_options options;
    struct fa_store *store;
    struct fa_arena arena;
    struct fa_error err;
};

/* An empty folder below `parent`, and options that name it. */
static inline struct rig *
rig_new(const char *parent)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    snprintf(rig->folder, sizeof rig->folder, "%s/fileapi-store-XXXXXX", parent);
    assert_non_null(mkdtemp(rig->folder));
    fa_arena_init(&rig->arena, 1 << 20);
    rig->options = (struct fa_options){
        .store = rig->folder, .spool = "", .s3_endpoint = "", .s3_multipart = 128 << 20};
    return rig;
}

static inline void
rig_free(struct rig *rig)
{
    char command[sizeof rig->folder + 8];

    fa_store_close(&rig->store);
    snprintf(command, sizeof command, "rm -rf %s", rig->folder);
    assert_int_equal(system(command), 0);
    fa_arena_free(&rig->arena);
    free(rig);
}

static inline int
rig_open_directory(void **state)
{
    struct rig *rig = rig_new("/tmp");

    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
    *state = rig;
    return 0;
}

static inline int
rig_tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

/* Byte `at` of the content `seed`. */
static inline unsigned char
rig_byte(uint64_t at, unsigned seed)
{
    return (unsigned char)((at * 2654435761U >> 7) + seed + (at >> 13));
}

/* A spool file of `size` bytes and their SHA-256. */
static inline int
rig_spool(struct rig *rig, uint64_t size, unsigned seed, unsigned char sha256[32])
{
    static unsigned char chunk[65536];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int fd = fa_store_spool(rig->store, &rig->err);

    assert_true(fd >= 0);
    assert_int_equal(EVP_DigestInit_ex(digest, EVP_sha256(), NULL), 1);
    for (uint64_t at = 0; at < size;) {
        size_t length = size - at < sizeof chunk ? (size_t)(size - at) : sizeof chunk;

        for (size_t i = 0; i < length; i++)
            chunk[i] = rig_byte(at + i, seed);
        assert_int_equal(write(fd, chunk, length), length);
        assert_int_equal(EVP_DigestUpdate(digest, chunk, length), 1);
        at += length;
    }
    assert_int_equal(EVP_DigestFinal_ex(digest, sha256, NULL), 1);
    EVP_MD_CTX_free(digest);
    return fd;
}

static inline int
rig_put(struct rig *rig, const char *key, uint64_t size, unsigned seed)
{
    unsigned char sha256[32];
    FA_AUTO_FD fd = rig_spool(rig, size, seed, sha256);

    rig->err = (struct fa_error){0};
    return fa_store_put(rig->store, key, fd, size, sha256, &rig->err);
}

/* Copies an object of `size` and `seed`. */
static inline int
rig_copy(struct rig *rig, const char *from, const char *key, uint64_t size, unsigned seed)
{
    unsigned char sha256[32];
    FA_AUTO_FD fd = rig_spool(rig, size, seed, sha256);

    rig->err = (struct fa_error){0};
    return fa_store_copy(rig->store, from, key, size, sha256, &rig->err);
}

/* The object holds exactly the content of `size` and `seed`. */
static inline void
rig_expect(struct rig *rig, const char *key, uint64_t size, unsigned seed)
{
    static unsigned char chunk[65536];
    FA_AUTO_FD fd = fa_store_get(rig->store, key, &rig->err);
    uint64_t at = 0;
    ssize_t got;

    if (fd < 0)
        fail_msg("%s: %s", key, rig->err.detail);
    while ((got = read(fd, chunk, sizeof chunk)) > 0)
        for (ssize_t i = 0; i < got; i++, at++)
            if (chunk[i] != rig_byte(at, seed))
                fail_msg("byte %llu of %s differs", (unsigned long long)at, key);
    assert_int_equal(got, 0);
    assert_int_equal(at, size);
}

static inline void
rig_expect_none(struct rig *rig, const char *key)
{
    rig->err = (struct fa_error){0};
    assert_int_equal(fa_store_get(rig->store, key, &rig->err), -1);
    assert_int_equal(rig->err.code, FA_E_NO_FILE);
}

#endif
