#include "lib/object/move.h"
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/object/object.h"
#include "lib/object/walk.h"

#include <stdio.h>
#include <string.h>

/* What the other store has under the key at hand. */
enum there { NOTHING, RIGHT_SIZE, WRONG_SIZE };

/* Removes the fresh copies that no row owns any more. */
static int
ask_again(struct fa_move *self, struct fa_error *err)
{
    const char *keys[FA_MOVE_BATCH];
    FA_AUTO_FREE struct fa_object_rows *rows = calloc(FA_MOVE_BATCH, sizeof *rows);

    if (rows == NULL)
        return fa_error_set(err, FA_E_MEMORY, "move");
    for (size_t i = 0; i < self->fresh_count; i++)
        keys[i] = self->fresh[i];
    if (self->fresh_count > 0 && fa_object_look(self->db, keys, self->fresh_count, rows, err) < 0)
        return -1;
    for (size_t i = 0; i < self->fresh_count; i++) {
        if (rows[i].owners > 0)
            continue;
        if (fa_store_remove(self->to, keys[i], err) < 0)
            return -1;
        self->counts.copied--;
        self->counts.gone++;
    }
    self->fresh_count = 0;
    return 0;
}

static int
remember(struct fa_move *self, const struct fa_object_rows *rows, struct fa_error *err)
{
    self->counts.copied++;
    self->counts.copied_bytes += rows->size;
    memcpy(self->fresh[self->fresh_count++], rows->key, FA_STORE_KEY);
    return self->fresh_count == FA_MOVE_BATCH ? ask_again(self, err) : 0;
}

/* What cannot be moved is told, and the others go on; unless a store is away. */
static int
fail(struct fa_move *self, const struct fa_object_rows *rows, struct fa_error *err)
{
    struct fa_error failure = *err;

    if (fa_store_check(self->from, err) < 0 || fa_store_check(self->to, err) < 0)
        return -1;
    self->counts.failed++;
    self->report(self->closure, rows, failure.detail);
    return 0;
}

/* The object could not be copied.  All the same nothing is wrong when no row owns it any more, or
 * when it is there by now: a service that has changed over stored it. */
static int
excuse(struct fa_move *self, const struct fa_object_rows *rows, enum there there,
       struct fa_error *err)
{
    const char *key = rows->key;
    struct fa_walk_target target = {.key = key};
    struct fa_object_rows now;
    struct fa_error failure = *err;

    if (fa_walk_find(self->to, &target, 1, err) < 0 ||
        fa_object_look(self->db, &key, 1, &now, err) < 0)
        return -1;
    if (now.owners == 0)
        self->counts.gone++;
    else if (there == NOTHING && target.present && target.size == (uint64_t)rows->size)
        self->counts.present++;
    else {
        *err = failure;
        return fail(self, rows, err);
    }
    return 0;
}

/* Whether the bytes of `fd` are the row's. */
static int
compare(int fd, const struct fa_object_rows *rows, struct fa_error *err)
{
    struct fa_object object;

    if (fa_object_measure(fd, &object, err) < 0)
        return -1;
    if (object.size != (uint64_t)rows->size)
        return fa_error_set(err, FA_E_STORE, "it is %llu bytes long, its row says %lld",
                            (unsigned long long)object.size, (long long)rows->size);
    if (memcmp(object.sha256, rows->sha256, sizeof object.sha256) != 0)
        return fa_error_set(err, FA_E_STORE,
                            "its bytes are not those its row tells the SHA-256 of");
    return 0;
}

static int
copy(struct fa_move *self, const struct fa_object_rows *rows, enum there there,
     struct fa_error *err)
{
    FA_AUTO_FD fd = fa_store_get(self->from, rows->key, err);

    if (fd < 0)
        return excuse(self, rows, there, err);
    if (compare(fd, rows, err) < 0)
        return fail(self, rows, err);
    /* A bad copy is replaced only by what has proved to be good. */
    if ((there != NOTHING && fa_store_remove(self->to, rows->key, err) < 0) ||
        fa_store_put(self->to, rows->key, fd, (uint64_t)rows->size, rows->sha256, err) < 0)
        return excuse(self, rows, there, err);
    (void)FA_FAILPOINT("move.copied");
    return remember(self, rows, err);
}

/* The copy that is there is as long as it should be; is it the same? */
static int
verify(struct fa_move *self, const struct fa_object_rows *rows, struct fa_error *err)
{
    FA_AUTO_FD fd = fa_store_get(self->to, rows->key, err);

    if (fd < 0 && err->code == FA_E_NO_FILE)
        return copy(self, rows, NOTHING, err);
    if (fd < 0)
        return fail(self, rows, err);
    if (compare(fd, rows, err) < 0)
        return copy(self, rows, RIGHT_SIZE, err);
    self->counts.present++;
    return 0;
}

static int
move(struct fa_move *self, const struct fa_object_rows *rows, enum there there,
     struct fa_error *err)
{
    self->counts.seen++;
    if (there != RIGHT_SIZE)
        return copy(self, rows, there, err);
    if (self->verify)
        return verify(self, rows, err);
    self->counts.present++;
    return 0;
}

/* Goes on in the walk to the key.  Should the database order keys otherwise than by bytes, the walk
 * is beyond it, and a copy that is refused because one is there is excused. */
static int
look(struct fa_walk *walk, const struct fa_store_entry **entry, const struct fa_object_rows *rows,
     enum there *there_r, struct fa_error *err)
{
    while (*entry != NULL && strcmp((*entry)->key, rows->key) < 0)
        if (fa_walk_next(walk, entry, err) < 0)
            return -1;
    *there_r = NOTHING;
    if (*entry != NULL && strcmp((*entry)->key, rows->key) == 0 && !(*entry)->foreign)
        *there_r = (*entry)->size == (uint64_t)rows->size ? RIGHT_SIZE : WRONG_SIZE;
    return 0;
}

struct sides {
    struct fa_object_scan scan;
    struct fa_walk walk; /* over the other store */
};

static void
open_sides(struct sides *sides, const struct fa_move *self)
{
    fa_object_scan_open(&sides->scan, self->db);
    fa_walk_open(&sides->walk, self->to);
    snprintf(sides->scan.after, sizeof sides->scan.after, "%s", self->after);
    snprintf(sides->walk.after, sizeof sides->walk.after, "%s", self->after);
}

static void
close_sides(struct sides *sides)
{
    fa_object_scan_close(&sides->scan);
    fa_walk_close(&sides->walk);
}

int
fa_move_run(struct fa_move *self, struct fa_error *err)
{
    FA_CLEANUP(close_sides) struct sides sides;
    const struct fa_store_entry *entry;
    struct fa_object_rows rows;
    enum fa_db_outcome outcome;
    enum there there;

    open_sides(&sides, self);
    if (fa_walk_next(&sides.walk, &entry, err) < 0)
        return -1;
    while ((outcome = fa_object_scan_next(&sides.scan, &rows, err)) == FA_DB_ROW) {
        if (self->before[0] != '\0' && strcmp(rows.key, self->before) >= 0)
            break;
        if (rows.owners == 0)
            continue;
        if (look(&sides.walk, &entry, &rows, &there, err) < 0 || move(self, &rows, there, err) < 0)
            return -1;
        if (!self->progress(self->closure, self))
            break;
    }
    return outcome < 0 ? -1 : ask_again(self, err);
}
