#include "lib/object/collect.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"
#include "lib/object/row.h"

enum {
    BATCH = 100, /* objects between two looks at the database; as in the statement */
    CONDEMN = 1000,
    ARENA_LIMIT = 1 << 20,
    SWEEP_AGE_S = 86400 /* longer than any upload may take */
};

/* A row owns the object of row `t`. */
#define OWNED                                                                                      \
    " (EXISTS (SELECT FROM asset WHERE asset.object_key = t.object_key)"                           \
    " OR EXISTS (SELECT FROM derived_file WHERE derived_file.object_key = t.object_key))"

/* One that is locked is just being owned. */
static const struct fa_statement condemn = {
    "collect_condemn",
    "WITH ended AS MATERIALIZED (SELECT object_key FROM object_intent WHERE deadline < now()"
    "  ORDER BY deadline LIMIT 1000 FOR UPDATE SKIP LOCKED),"
    " gone AS (DELETE FROM object_intent USING ended t"
    "  WHERE object_intent.object_key = t.object_key AND NOT" OWNED " RETURNING t.object_key),"
    " buried AS (INSERT INTO object_tombstone (object_key, due_at, abandoned)"
    "  SELECT object_key, now(), true FROM gone"
    "  ON CONFLICT (object_key) DO UPDATE SET abandoned = true RETURNING object_key)"
    " SELECT count(*) AS count FROM buried"};

/* The limit comes first: so few keys are looked up, and nothing is joined as a whole. */
static const struct fa_statement due = {
    "collect_due",
    "WITH due AS MATERIALIZED (SELECT object_key, abandoned, due_at FROM object_tombstone"
    "  WHERE due_at <= now() ORDER BY due_at LIMIT 100)"
    " SELECT object_key, abandoned," OWNED " AS owned FROM due t ORDER BY due_at"};

static const struct fa_statement forget = {
    "collect_forget", "DELETE FROM object_tombstone WHERE object_key = ANY ($1::text[])"};

/* 10 s, 20 s, 40 s, … an hour. */
static const struct fa_statement postpone = {
    "collect_postpone",
    "UPDATE object_tombstone SET attempts = attempts + 1, error = $2, due_at = now()"
    " + LEAST(interval '1 hour', interval '10 s' * 2 ^ LEAST(attempts, 10)) WHERE object_key = $1"};

static const struct fa_statement hasten = {"collect_hasten",
                                           "UPDATE object_tombstone SET due_at = now()"
                                           " WHERE attempts > 0 AND due_at > now()"};

/* Makes tombstones of the intents past their deadline. */
static int
condemn_abandoned(struct fa_collect *self, struct fa_error *err)
{
    int64_t count;

    do {
        count = 0;
        if (fa_db_row(self->db, &condemn, FA_NO_PARAMS, FA_COLUMNS(FA_COLUMN_INT("count", &count)),
                      NULL, err) < 0)
            return -1;
        self->abandoned += count;
    } while (count == CONDEMN);
    (void)FA_FAILPOINT("collect.condemned");
    return 0;
}

/* The object waits for its next try, and the others go on. */
static int
put_off(struct fa_collect *self, const char *key, const struct fa_error *failure,
        struct fa_error *err)
{
    self->failed++;
    self->failure = *failure;
    return fa_db_run(self->db, &postpone, FA_PARAMS(FA_TEXT(key), FA_TEXT(failure->detail)), err) <
                   0
               ? -1
               : 0;
}

/* A due object, as its tombstone tells. */
struct due {
    const char *key;
    bool abandoned;
    bool owned; /* a fault, and the owner's object */
};

/* 1: the object is gone; 0: it was put off; -1: the cycle is over. */
static int
remove_one(struct fa_collect *self, const struct due *object, struct fa_error *err)
{
    struct fa_error failure;
    int done = -1;

    if (object->owned)
        fa_error_set(&failure, FA_E_STORE, "object %s: a row owns it", object->key);
    else if (object->abandoned)
        done = fa_store_abandon(self->store, object->key, &failure);
    else
        done = fa_store_remove(self->store, object->key, &failure);
    if (done == 0)
        return 1;
    /* Where the store is away that says nothing about the object. */
    if (!object->owned && fa_store_check(self->store, err) < 0)
        return -1;
    return put_off(self, object->key, &failure, err);
}

static bool
in_time(const struct fa_collect *self)
{
    return self->slice_us == 0 || fa_clock_monotonic_us() < self->end_us;
}

struct batch {
    struct fa_rows rows;
    const char *removed[BATCH];
    size_t count;
    int64_t seen;
};

static int
remove_batch(struct fa_collect *self, int64_t limit, struct batch *batch, struct fa_arena *arena,
             struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_NONE;
    struct due object;

    while (batch->seen < limit && in_time(self) &&
           (outcome = fa_rows_next(&batch->rows,
                                   FA_COLUMNS(FA_COLUMN_TEXT("object_key", &object.key),
                                              FA_COLUMN_BOOL("abandoned", &object.abandoned),
                                              FA_COLUMN_BOOL("owned", &object.owned)),
                                   arena, err)) == FA_DB_ROW) {
        int removed = remove_one(self, &object, err);

        if (removed < 0)
            return -1;
        if (removed > 0)
            batch->removed[batch->count++] = object.key;
        batch->seen++;
    }
    return outcome < 0 ? -1 : 0;
}

/* Removes the next due objects, at most `limit`; `any_r` tells whether there were any. */
static int
collect_batch(struct fa_collect *self, int64_t limit, bool *any_r, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct batch batch = {.count = 0};
    struct fa_error ignored;
    int result = -1;

    if (fa_db_rows(self->db, &due, FA_NO_PARAMS, &batch.rows, err) >= 0)
        result = remove_batch(self, limit, &batch, &arena, err);
    fa_rows_free(&batch.rows);
    (void)FA_FAILPOINT("collect.removed");
    self->removed += (int64_t)batch.count;
    *any_r = batch.seen > 0;
    /* What was removed before an error is removed all the same. */
    if (batch.count > 0 &&
        fa_db_run(self->db, &forget, FA_PARAMS(FA_TEXTS(batch.removed, batch.count)),
                  result == 0 ? err : &ignored) < 0)
        return -1;
    return result;
}

static int
collect(struct fa_collect *self, struct fa_error *err)
{
    self->end_us = fa_clock_monotonic_us() + self->slice_us;
    if (condemn_abandoned(self, err) < 0)
        return -1;
    if (self->retry && fa_db_run(self->db, &hasten, FA_NO_PARAMS, err) < 0)
        return -1;
    self->more = true;
    while (self->more && self->removed + self->failed < self->limit && in_time(self))
        if (collect_batch(self, self->limit - self->removed - self->failed, &self->more, err) < 0)
            return -1;
    return self->sweep ? fa_store_sweep(self->store, SWEEP_AGE_S, &self->swept, err) : 0;
}

int
fa_collect_run(struct fa_collect *self, struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_object_lock(self->db, FA_OBJECT_LOCK_COLLECT, err);
    int result;

    self->busy = outcome == FA_DB_NONE;
    self->more = false;
    self->abandoned = self->removed = self->failed = self->swept = 0;
    if (outcome != FA_DB_ROW)
        return outcome < 0 ? -1 : 0;
    result = collect(self, err);
    fa_object_unlock(self->db, FA_OBJECT_LOCK_COLLECT);
    return result;
}

int
fa_collect_count(struct fa_collect *self, struct fa_error *err)
{
    static const struct fa_statement count = {
        "collect_count",
        "SELECT abandoned, abandoned + (SELECT count(*) FROM object_tombstone t"
        "  WHERE (due_at <= now() OR $1 AND attempts > 0) AND NOT" OWNED ") AS removed"
        " FROM (SELECT count(*) AS abandoned FROM object_intent t WHERE deadline < now()"
        "  AND NOT" OWNED ") AS intents"};

    return fa_db_row(self->db, &count, FA_PARAMS(FA_BOOL(self->retry)),
                     FA_COLUMNS(FA_COLUMN_INT("abandoned", &self->abandoned),
                                FA_COLUMN_INT("removed", &self->removed)),
                     NULL, err) < 0
               ? -1
               : 0;
}
