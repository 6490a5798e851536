#include "lib/replay/replay.h"
#include "lib/base/cleanup.h"
#include "lib/base/digest.h"

#include <string.h>

static int
malformed(struct fa_error *err)
{
    return fa_error_field(err, "Idempotency-Key", "must be 1 to %d visible ASCII characters",
                          FA_REPLAY_KEY);
}

/* The content of a structured-field string, or NULL. */
static const char *
unquote(const char *text, struct fa_arena *arena)
{
    char *out = fa_arena_alloc(arena, strlen(text) + 1);
    size_t length = 0;

    for (text++; out != NULL && *text != '"'; text++) {
        if (*text == '\\' && *++text != '"' && *text != '\\')
            return NULL;
        if (*text < 0x20 || *text > 0x7e)
            return NULL;
        out[length++] = *text;
    }
    return text[1] == '\0' ? out : NULL;
}

int
fa_replay_read_key(const char *header, struct fa_arena *arena, const char **key_r,
                   struct fa_error *err)
{
    bool quoted = *header == '"';
    const char *key = quoted ? unquote(header, arena) : fa_arena_strdup(arena, header);
    size_t length = key != NULL ? strlen(key) : 0;

    if (length == 0 || length > FA_REPLAY_KEY)
        return malformed(err);
    for (size_t i = 0; i < length; i++)
        if (key[i] < (quoted ? 0x20 : 0x21) || key[i] > 0x7e)
            return malformed(err);
    *key_r = key;
    return 0;
}

int
fa_replay_fingerprint(struct fa_replay *replay, const char *const *texts, size_t count,
                      struct fa_error *err)
{
    FA_CLEANUP(fa_digest_free) EVP_MD_CTX *digest = fa_digest_new(EVP_sha256());

    for (size_t i = 0; i < count; i++)
        fa_digest_text(&digest, texts[i]);
    return fa_digest_end(&digest, replay->fingerprint, err);
}

enum fa_db_outcome
fa_replay_find(struct fa_db *db, struct fa_replay *replay, struct fa_arena *arena,
               struct fa_error *err)
{
    static const struct fa_statement find = {
        "replay_find", "SELECT fingerprint = $3 AS same, part_id, body FROM replay"
                       " WHERE account_id = $1 AND key = $2"};
    bool same = false;
    enum fa_db_outcome outcome = fa_db_row(
        db, &find,
        FA_PARAMS(FA_UUID(&replay->account), FA_TEXT(replay->key),
                  FA_BYTES(replay->fingerprint, sizeof replay->fingerprint)),
        FA_COLUMNS(FA_COLUMN_BOOL("same", &same), FA_COLUMN_UUID("part_id", &replay->part),
                   FA_COLUMN_TEXT("body", &replay->body)),
        arena, err);

    replay->found = outcome == FA_DB_ROW && same;
    if (outcome == FA_DB_ROW && !same)
        return (enum fa_db_outcome)fa_error_field(err, "Idempotency-Key",
                                                  "was used for another request");
    return outcome;
}

enum fa_db_outcome
fa_replay_claim(struct fa_db *db, struct fa_replay *replay, struct fa_arena *arena,
                struct fa_error *err)
{
    static const struct fa_statement claim = {
        "replay_claim", "INSERT INTO replay (account_id, key, fingerprint) VALUES ($1, $2, $3)"
                        " ON CONFLICT DO NOTHING"};
    enum fa_db_outcome outcome =
        fa_db_run(db, &claim,
                  FA_PARAMS(FA_UUID(&replay->account), FA_TEXT(replay->key),
                            FA_BYTES(replay->fingerprint, sizeof replay->fingerprint)),
                  err);

    replay->found = false;
    if (outcome < 0)
        return outcome;
    return outcome == FA_DB_ROW ? FA_DB_NONE : fa_replay_find(db, replay, arena, err);
}

enum fa_db_outcome
fa_replay_keep(struct fa_db *db, const struct fa_replay *replay, struct fa_error *err)
{
    static const struct fa_statement keep = {"replay_keep",
                                             "UPDATE replay SET part_id = $3, body = $4"
                                             " WHERE account_id = $1 AND key = $2"};

    return fa_db_run(db, &keep,
                     FA_PARAMS(FA_UUID(&replay->account), FA_TEXT(replay->key),
                               FA_UUID(&replay->part), FA_TEXT(replay->body)),
                     err);
}

int
fa_replay_prune(struct fa_db *db, struct fa_error *err)
{
    static const struct fa_statement prune = {
        "replay_prune",
        "DELETE FROM replay WHERE (account_id, key) IN (SELECT account_id, key FROM replay"
        " WHERE created_at < now() - interval '1 day' LIMIT 5000 FOR UPDATE SKIP LOCKED)"};

    return fa_db_run(db, &prune, FA_NO_PARAMS, err) < 0 ? -1 : 0;
}
