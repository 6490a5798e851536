#include "lib/part/file.h"
#include "lib/part/asset_type.h"
#include "lib/part/cad.h"
#include "lib/part/derived.h"

/* Larger models are sent from the store each time: they would push all else out of nginx's cache.
 */
enum { OFTEN_MAX = 8 << 20 };

#define FILE_COLUMNS                                                                               \
    " f.object_key, encode(f.sha256, 'hex') AS sha256, f.size,"                                    \
    " (EXTRACT(EPOCH FROM f.updated_at) * 1000000)::bigint AS updated_us, "

/* Runs the statement, checks access and existence; leaves the basename as the name. */
static int
find(struct fa_db *db, const struct fa_statement *statement, struct fa_params params,
     struct fa_arena *arena, struct fa_file *file, struct fa_error *err)
{
    struct fa_rights rights = {false, false};
    enum fa_db_outcome outcome;

    file->often = false;
    outcome = fa_db_row(
        db, statement, params,
        FA_COLUMNS(FA_ACCESS_TARGETS(&rights), FA_COLUMN_TEXT("object_key", &file->object_key),
                   FA_COLUMN_TEXT("sha256", &file->sha256), FA_COLUMN_INT("size", &file->size),
                   FA_COLUMN_INT("updated_us", &file->updated_us),
                   FA_COLUMN_TEXT("basename", &file->name)),
        arena, err);

    if (fa_access_decide(outcome, &rights, FA_READ, err) < 0)
        return -1;
    if (file->object_key == NULL)
        return fa_error_set(err, FA_E_NO_FILE, "%s: the part has none", statement->name);
    return 0;
}

int
fa_file_find_cad(struct fa_db *db, const struct fa_access *access, struct fa_arena *arena,
                 struct fa_file *file, struct fa_error *err)
{
    static const struct fa_statement find_cad = {
        "file_find_cad",
        "SELECT " FILE_COLUMNS "f.basename, " FA_ACCESS_COLUMNS " FROM " FA_ACCESS_FROM
        " LEFT JOIN LATERAL" FA_CAD_OF_P "f ON true WHERE p.part_id = $1"};

    if (find(db, &find_cad, FA_PARAMS(FA_ACCESS_PARAMS(access)), arena, file, err) < 0)
        return -1;
    file->media_type = fa_format_of(file->name)->media_type;
    return 0;
}

int
fa_file_find_asset(struct fa_db *db, const struct fa_access *access, const char *basename,
                   struct fa_arena *arena, struct fa_file *file, struct fa_error *err)
{
    static const struct fa_statement find_asset = {
        "file_find_asset",
        "SELECT " FILE_COLUMNS "f.basename, " FA_ACCESS_COLUMNS " FROM " FA_ACCESS_FROM
        " LEFT JOIN asset f ON f.part_id = p.part_id AND f.basename_nfc = normalize($5, NFC)"
        " WHERE p.part_id = $1"};

    if (find(db, &find_asset, FA_PARAMS(FA_ACCESS_PARAMS(access), FA_TEXT(basename)), arena, file,
             err) < 0)
        return -1;
    file->media_type = fa_format_of(file->name)->media_type;
    return 0;
}

int
fa_file_check_quotation(struct fa_db *db, const struct fa_access *access, struct fa_error *err)
{
    static const struct fa_statement check = {
        "file_check_quotation",
        "SELECT EXISTS (SELECT FROM asset a WHERE a.part_id = p.part_id"
        "  AND a.asset_type IN ('cad', 'drawing')) AS any_file, " FA_ACCESS_COLUMNS
        " FROM " FA_ACCESS_FROM " WHERE p.part_id = $1"};
    struct fa_rights rights = {false, false};
    bool any_file = false;
    enum fa_db_outcome outcome = fa_db_row(
        db, &check, FA_PARAMS(FA_ACCESS_PARAMS(access)),
        FA_COLUMNS(FA_ACCESS_TARGETS(&rights), FA_COLUMN_BOOL("any_file", &any_file)), NULL, err);

    if (fa_access_decide(outcome, &rights, FA_READ, err) < 0)
        return -1;
    if (!any_file)
        return fa_error_set(err, FA_E_NO_FILE, "the part has neither CAD nor drawing");
    return 0;
}

static const char *
name_of(const struct fa_derived *derived, const char *basename, struct fa_arena *arena)
{
    if (!derived->after_stem || basename == NULL)
        return derived->name;
    return fa_arena_printf(arena, "%.*s%s", (int)fa_stem_length(basename), basename, derived->name);
}

int
fa_file_find_derived(struct fa_db *db, const struct fa_access *access, const char *kind,
                     struct fa_arena *arena, struct fa_file *file, struct fa_error *err)
{
    static const struct fa_statement find_derived = {
        "file_find_derived",
        "SELECT " FILE_COLUMNS "f.cad_basename AS basename, " FA_ACCESS_COLUMNS
        " FROM " FA_ACCESS_FROM " LEFT JOIN derived_file f ON f.part_id = p.part_id AND f.kind = $5"
        " WHERE p.part_id = $1"};
    const struct fa_derived *derived;

    if (find(db, &find_derived, FA_PARAMS(FA_ACCESS_PARAMS(access), FA_TEXT(kind)), arena, file,
             err) < 0)
        return -1;
    derived = fa_derived_of(kind, file->name);
    if (derived == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "a %s of %s", kind, file->name);
    file->media_type = derived->media_type;
    file->often = derived->often && file->size <= OFTEN_MAX;
    file->name = name_of(derived, file->name, arena);
    if (file->name == NULL)
        return fa_error_set(err, FA_E_MEMORY, "name of the %s", kind);
    return 0;
}
