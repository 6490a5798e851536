#include "lib/object/row.h"
#include "lib/base/cleanup.h"
#include "lib/base/digest.h"
#include "lib/db/lock.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_LIMIT = 1 << 20 };

/* All rows that name objects, from each table those that `which` tells. */
#define NAMED(which)                                                                               \
    "((SELECT object_key, 1 AS owner, 0 AS intent, 0 AS tombstone, size, sha256 FROM asset"        \
    " " which ") UNION ALL (SELECT object_key, 1, 0, 0, size, sha256 FROM derived_file " which     \
    ") UNION ALL (SELECT object_key, 0, 1, 0, NULL::bigint, NULL::bytea FROM object_intent " which \
    ") UNION ALL (SELECT object_key, 0, 0, 1, NULL::bigint, NULL::bytea FROM "                     \
    "object_tombstone " which ")) AS named"
#define TOGETHER                                                                                   \
    "SELECT object_key, sum(owner) AS owners, sum(intent) > 0 AS intent,"                          \
    " sum(tombstone) > 0 AS tombstone, max(size) AS size,"                                         \
    " max(encode(sha256, 'hex')) AS sha256 FROM "

bool
fa_object_is_unnamed(const struct fa_object_rows *rows)
{
    return rows->owners == 0 && !rows->intent && !rows->tombstone;
}

static enum fa_db_outcome
next(struct fa_rows *page, struct fa_arena *arena, struct fa_object_rows *rows,
     struct fa_error *err)
{
    const char *key = NULL;
    const char *sha256 = NULL;
    enum fa_db_outcome outcome = fa_rows_next(
        page,
        FA_COLUMNS(FA_COLUMN_TEXT("object_key", &key), FA_COLUMN_INT("owners", &rows->owners),
                   FA_COLUMN_BOOL("intent", &rows->intent),
                   FA_COLUMN_BOOL("tombstone", &rows->tombstone),
                   FA_COLUMN_INT("size", &rows->size), FA_COLUMN_TEXT("sha256", &sha256)),
        arena, err);

    if (outcome != FA_DB_ROW)
        return outcome;
    snprintf(rows->key, sizeof rows->key, "%s", key);
    (void)fa_digest_parse(sha256, rows->sha256);
    return FA_DB_ROW;
}

/* --- all of them ------------------------------------------------------------------------------ */

void
fa_object_scan_open(struct fa_object_scan *scan, struct fa_db *db)
{
    *scan = (struct fa_object_scan){.db = db};
    fa_arena_init(&scan->arena, ARENA_LIMIT);
}

void
fa_object_scan_close(struct fa_object_scan *scan)
{
    fa_rows_free(&scan->page);
    fa_arena_free(&scan->arena);
}

static enum fa_db_outcome
read_page(struct fa_object_scan *scan, struct fa_error *err)
{
    /* Each table is read from its index, and no further than the page may need. */
    static const struct fa_statement read = {
        "object_scan",
        TOGETHER NAMED(
            "WHERE object_key > $1 ORDER BY object_key LIMIT 1000") " GROUP BY object_key ORDER BY "
                                                                    "object_key LIMIT 1000"};

    fa_rows_free(&scan->page);
    fa_arena_reset(&scan->arena);
    return fa_db_rows(scan->db, &read, FA_PARAMS(FA_TEXT(scan->after)), &scan->page, err);
}

enum fa_db_outcome
fa_object_scan_next(struct fa_object_scan *scan, struct fa_object_rows *rows_r,
                    struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_NONE;

    if (scan->ended)
        return FA_DB_NONE;
    if (scan->page.result != NULL)
        outcome = next(&scan->page, &scan->arena, rows_r, err);
    if (outcome == FA_DB_NONE) {
        outcome = read_page(scan, err);
        if (outcome == FA_DB_ROW)
            outcome = next(&scan->page, &scan->arena, rows_r, err);
    }
    if (outcome == FA_DB_ROW)
        memcpy(scan->after, rows_r->key, sizeof scan->after);
    scan->ended = outcome == FA_DB_NONE;
    return outcome;
}

int
fa_object_count(struct fa_db *db, int64_t *count_r, struct fa_error *err)
{
    static const struct fa_statement count = {"object_count",
                                              "SELECT (SELECT count(*) FROM asset)"
                                              " + (SELECT count(*) FROM derived_file) AS count"};

    return fa_db_row(db, &count, FA_NO_PARAMS, FA_COLUMNS(FA_COLUMN_INT("count", count_r)), NULL,
                     err) < 0
               ? -1
               : 0;
}

/* --- some of them ----------------------------------------------------------------------------- */

int
fa_object_look(struct fa_db *db, const char *const *keys, size_t count, struct fa_object_rows *rows,
               struct fa_error *err)
{
    static const struct fa_statement look = {
        "object_look",
        TOGETHER NAMED("WHERE object_key = ANY ($1::text[])") " GROUP BY object_key"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows page = {0};
    struct fa_object_rows found = {.owners = 0};
    enum fa_db_outcome outcome =
        fa_db_rows(db, &look, FA_PARAMS(FA_TEXTS(keys, count)), &page, err);

    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct fa_object_rows){.owners = 0};
        snprintf(rows[i].key, sizeof rows[i].key, "%s", keys[i]);
    }
    while (outcome >= 0 && (outcome = next(&page, &arena, &found, err)) == FA_DB_ROW)
        for (size_t i = 0; i < count; i++)
            if (strcmp(rows[i].key, found.key) == 0)
                rows[i] = found;
    return outcome < 0 ? -1 : 0;
}

enum fa_db_outcome
fa_object_owners(struct fa_db *db, const char *key, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement owners = {
        "object_owners",
        "SELECT part_id, basename AS name, false AS derived, size FROM asset WHERE object_key = $1"
        " UNION ALL SELECT part_id, kind, true, size FROM derived_file WHERE object_key = $1"};

    return fa_db_rows(db, &owners, FA_PARAMS(FA_TEXT(key)), rows, err);
}

enum fa_db_outcome
fa_object_next_owner(struct fa_rows *rows, struct fa_arena *arena, struct fa_object_owner *owner,
                     struct fa_error *err)
{
    return fa_rows_next(
        rows,
        FA_COLUMNS(FA_COLUMN_UUID("part_id", &owner->part), FA_COLUMN_TEXT("name", &owner->name),
                   FA_COLUMN_BOOL("derived", &owner->derived), FA_COLUMN_INT("size", &owner->size)),
        arena, err);
}

/* --- repairs ---------------------------------------------------------------------------------- */

enum fa_db_outcome
fa_object_bury_unnamed(struct fa_db *db, const char *key, int64_t grace_s, struct fa_error *err)
{
    static const struct fa_statement bury = {
        "object_bury_unnamed",
        "INSERT INTO object_tombstone (object_key, due_at)"
        " SELECT $1::text, now() + make_interval(secs => $2::bigint)"
        " WHERE NOT EXISTS (SELECT FROM " NAMED("WHERE object_key = $1") ")"
                                                                         " ON CONFLICT DO NOTHING"};

    return fa_db_run(db, &bury, FA_PARAMS(FA_TEXT(key), FA_INT(grace_s)), err);
}

enum fa_db_outcome
fa_object_acquit(struct fa_db *db, const char *key, struct fa_error *err)
{
    static const struct fa_statement acquit = {
        "object_acquit",
        "WITH owned AS (SELECT FROM asset WHERE object_key = $1"
        "  UNION ALL SELECT FROM derived_file WHERE object_key = $1),"
        " tombstones AS (DELETE FROM object_tombstone WHERE object_key = $1"
        "  AND EXISTS (SELECT FROM owned) RETURNING object_key),"
        " intents AS (DELETE FROM object_intent WHERE object_key = $1"
        "  AND EXISTS (SELECT FROM owned) RETURNING object_key)"
        " SELECT object_key FROM tombstones UNION ALL SELECT object_key FROM intents"};

    return fa_db_run(db, &acquit, FA_PARAMS(FA_TEXT(key)), err);
}

/* --- one at a time ---------------------------------------------------------------------------- */

enum fa_db_outcome
fa_object_lock(struct fa_db *db, enum fa_object_lock lock, struct fa_error *err)
{
    static const struct fa_statement take = {
        "object_lock", "SELECT pg_try_advisory_lock(" FA_LOCK_OBJECT ", $1::integer) AS taken"};
    bool taken = false;
    enum fa_db_outcome outcome = fa_db_row(db, &take, FA_PARAMS(FA_INT(lock)),
                                           FA_COLUMNS(FA_COLUMN_BOOL("taken", &taken)), NULL, err);

    return outcome == FA_DB_ROW && !taken ? FA_DB_NONE : outcome;
}

void
fa_object_unlock(struct fa_db *db, enum fa_object_lock lock)
{
    static const struct fa_statement give = {
        "object_unlock", "SELECT pg_advisory_unlock(" FA_LOCK_OBJECT ", $1::integer)"};
    struct fa_error ignored;

    /* A connection that is lost has given it back. */
    (void)!fa_db_run(db, &give, FA_PARAMS(FA_INT(lock)), &ignored);
}
