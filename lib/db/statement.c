/* Running prepared statements: parameters out, columns in. */
#include "lib/base/hex.h"
#include "lib/db/connection.h"

#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 24 };

/* --- parameters out -------------------------------------------------------------------------- */

/* text[] as PostgreSQL reads it: {"a","b"} with quotes and backslashes escaped. */
static char *
texts_literal(struct fa_arena *arena, const char *const *texts, size_t count)
{
    size_t length = 3;
    char *literal;
    char *out;

    for (size_t i = 0; i < count; i++)
        length += 2 * strlen(texts[i]) + 3;
    literal = out = fa_arena_alloc(arena, length);
    if (literal == NULL)
        return NULL;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        *out++ = '"';
        for (const char *in = texts[i]; *in != '\0'; in++) {
            if (*in == '"' || *in == '\\')
                *out++ = '\\';
            *out++ = *in;
        }
        *out++ = '"';
    }
    *out++ = '}';
    return literal;
}

/* uuid[]: {…,…}; hexadecimal digits need no quotes. */
static char *
uuids_literal(struct fa_arena *arena, const struct fa_uuid *uuids, size_t count)
{
    char *literal = fa_arena_alloc(arena, count * FA_UUID_TEXT + 3);
    char *out = literal;

    if (literal == NULL)
        return NULL;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        fa_uuid_text(&uuids[i], out);
        out += FA_UUID_TEXT - 1;
    }
    *out++ = '}';
    return literal;
}

static char *
bytes_literal(struct fa_arena *arena, const unsigned char *bytes, size_t count)
{
    char *literal = fa_arena_alloc(arena, 2 * count + 3);

    if (literal == NULL)
        return NULL;
    memcpy(literal, "\\x", 3);
    fa_hex_text(bytes, count, literal + 2);
    return literal;
}

/* The parameter in PostgreSQL's text format; false when memory is short. */
static bool
param_text(const struct fa_param *param, struct fa_arena *arena, const char **text_r)
{
    char *uuid;

    *text_r = NULL;
    if (param->pointer == NULL)
        return true;
    switch (param->type) {
    case FA_P_TEXT:
        *text_r = param->pointer;
        break;
    case FA_P_INT:
        *text_r = fa_arena_printf(arena, "%lld", (long long)param->number);
        break;
    case FA_P_BOOL:
        *text_r = param->number != 0 ? "t" : "f";
        break;
    case FA_P_UUID:
        uuid = fa_arena_alloc(arena, FA_UUID_TEXT);
        *text_r = uuid != NULL ? fa_uuid_text(param->pointer, uuid) : NULL;
        break;
    case FA_P_BYTES:
        *text_r = bytes_literal(arena, param->pointer, (size_t)param->number);
        break;
    case FA_P_TEXTS:
        *text_r = texts_literal(arena, param->pointer, (size_t)param->number);
        break;
    case FA_P_UUIDS:
        *text_r = uuids_literal(arena, param->pointer, (size_t)param->number);
        break;
    }
    return *text_r != NULL;
}

/* --- running --------------------------------------------------------------------------------- */

static enum fa_db_outcome
prepare(struct fa_db *db, const struct fa_statement *statement, struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_FAILED;
    PGresult *result;

    for (size_t i = 0; i < db->prepared_count; i++)
        if (db->prepared[i] == statement)
            return FA_DB_NONE;
    if (db->prepared_count == FA_DB_STATEMENTS)
        return fa_db_fail(err, FA_E_INTERNAL, "more than %d statements", FA_DB_STATEMENTS);
    if (!PQsendPrepare(db->conn, statement->name, statement->sql, 0, NULL)) {
        fa_error_set(err, FA_E_DATABASE, "prepare %s: %s", statement->name,
                     PQerrorMessage(db->conn));
        fa_db_drop(db);
        return FA_DB_FAILED;
    }
    result = fa_db_answer(db, statement->name, err);
    if (result != NULL)
        outcome = fa_db_judge(db, result, statement->name, err);
    if (outcome >= 0)
        db->prepared[db->prepared_count++] = statement;
    PQclear(result);
    return outcome;
}

static enum fa_db_outcome
execute(struct fa_db *db, const struct fa_statement *statement, struct fa_params params,
        PGresult **result_r, struct fa_error *err)
{
    const char *values[PARAMS_MAX];
    enum fa_db_outcome outcome;

    *result_r = NULL;
    fa_arena_reset(&db->params);
    if (params.count > PARAMS_MAX)
        return fa_db_fail(err, FA_E_INTERNAL, "%s: too many parameters", statement->name);
    for (int i = 0; i < params.count; i++)
        if (!param_text(&params.list[i], &db->params, &values[i]))
            return fa_db_fail(err, FA_E_MEMORY, "%s: parameter %d", statement->name, i + 1);
    if (fa_db_connect(db, err) < 0)
        return FA_DB_FAILED;
    outcome = prepare(db, statement, err);
    if (outcome < 0)
        return outcome;
    if (!PQsendQueryPrepared(db->conn, statement->name, params.count, values, NULL, NULL, 0)) {
        fa_error_set(err, FA_E_DATABASE, "%s: %s", statement->name, PQerrorMessage(db->conn));
        fa_db_drop(db);
        return FA_DB_FAILED;
    }
    *result_r = fa_db_answer(db, statement->name, err);
    if (*result_r == NULL)
        return FA_DB_FAILED;
    return fa_db_judge(db, *result_r, statement->name, err);
}

/* --- columns in ------------------------------------------------------------------------------ */

static bool
read_column(const PGresult *result, int row, const struct fa_column *column, struct fa_arena *arena)
{
    int index = PQfnumber(result, column->name);
    const char *text;

    if (index < 0)
        return false;
    text = PQgetisnull(result, row, index) ? NULL : PQgetvalue(result, row, index);
    switch (column->type) {
    case FA_C_TEXT:
        *(const char **)column->target = text != NULL ? fa_arena_strdup(arena, text) : NULL;
        return text == NULL || *(const char **)column->target != NULL;
    case FA_C_INT:
        *(int64_t *)column->target = text != NULL ? strtoll(text, NULL, 10) : 0;
        return true;
    case FA_C_BOOL:
        *(bool *)column->target = text != NULL && *text == 't';
        return true;
    case FA_C_UUID:
        memset(column->target, 0, sizeof(struct fa_uuid));
        return text == NULL || fa_uuid_parse(text, strlen(text), column->target);
    }
    return false;
}

static enum fa_db_outcome
read_row(const PGresult *result, int row, struct fa_columns columns, struct fa_arena *arena,
         struct fa_error *err)
{
    for (size_t i = 0; i < columns.count; i++)
        if (!read_column(result, row, &columns.list[i], arena))
            return fa_db_fail(err, FA_E_INTERNAL,
                              "column \"%s\" is missing, malformed, or too large",
                              columns.list[i].name);
    return FA_DB_ROW;
}

enum fa_db_outcome
fa_db_row(struct fa_db *db, const struct fa_statement *statement, struct fa_params params,
          struct fa_columns columns, struct fa_arena *arena, struct fa_error *err)
{
    PGresult *result;
    enum fa_db_outcome outcome = execute(db, statement, params, &result, err);

    if (outcome == FA_DB_ROW && columns.count > 0)
        outcome = read_row(result, 0, columns, arena, err);
    PQclear(result);
    return outcome;
}

enum fa_db_outcome
fa_db_run(struct fa_db *db, const struct fa_statement *statement, struct fa_params params,
          struct fa_error *err)
{
    return fa_db_row(db, statement, params, FA_NO_COLUMNS, NULL, err);
}

enum fa_db_outcome
fa_db_rows(struct fa_db *db, const struct fa_statement *statement, struct fa_params params,
           struct fa_rows *rows, struct fa_error *err)
{
    PGresult *result;
    enum fa_db_outcome outcome = execute(db, statement, params, &result, err);

    *rows = (struct fa_rows){.result = result};
    return outcome;
}

enum fa_db_outcome
fa_rows_next(struct fa_rows *rows, struct fa_columns columns, struct fa_arena *arena,
             struct fa_error *err)
{
    if (rows->result == NULL || rows->next >= PQntuples(rows->result))
        return FA_DB_NONE;
    return read_row(rows->result, rows->next++, columns, arena, err);
}

void
fa_rows_free(struct fa_rows *rows)
{
    PQclear(rows->result);
    *rows = (struct fa_rows){0};
}
