#include "lib/part/listing.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/part/answer.h"
#include "lib/part/cad.h"

enum { ARENA_LIMIT = 4 << 20 };

/* What is told of part `p`; $5 is the time zone. */
#define DETAILS                                                                                    \
    " p.part_id, p.name, p.status, p.quantity, p.material, p.machine, p.rfq_note,"                 \
    " to_char(p.rfq_needed_by, 'YYYY-MM-DD') AS rfq_needed_by,"                                    \
    " to_char(p.created_at AT TIME ZONE $5, 'DD.MM.YYYY HH24:MI') AS created,"                     \
    " to_char(p.updated_at AT TIME ZONE $5, 'DD.MM.YYYY HH24:MI') AS updated,"                     \
    " (SELECT basename FROM" FA_CAD_OF_P "cad) AS basename "

/* One branch of the list: the newest parts that fit, read backwards from the index that starts with
 * the owner or the organization.  $1 cursor, $4 limit, $6 name, $7 status. */
#define NEWEST(condition)                                                                          \
    "(SELECT part_id FROM part WHERE " condition                                                   \
    " AND part_id < COALESCE($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')"                    \
    " AND ($6::text IS NULL"                                                                       \
    "  OR strpos(lower(normalize(name, NFC)), lower(normalize($6, NFC))) > 0)"                     \
    " AND ($7::text IS NULL OR status = $7) ORDER BY part_id DESC LIMIT $4)"

/* The newest of what is the account's own and of what its organizations have. */
#define OWN    NEWEST("owner_id = $2")
#define THEIRS NEWEST("organization_id = mine")

struct details {
    struct fa_uuid part;
    const char *name;
    const char *status;
    const char *basename;
    int64_t quantity;
    const char *material;
    const char *machine;
    const char *rfq_note;
    const char *rfq_needed_by;
    const char *created;
    const char *updated;
};

#define DETAIL_TARGETS(details)                                                                    \
    FA_COLUMN_UUID("part_id", &(details)->part), FA_COLUMN_TEXT("name", &(details)->name),         \
        FA_COLUMN_TEXT("status", &(details)->status),                                              \
        FA_COLUMN_TEXT("basename", &(details)->basename),                                          \
        FA_COLUMN_INT("quantity", &(details)->quantity),                                           \
        FA_COLUMN_TEXT("material", &(details)->material),                                          \
        FA_COLUMN_TEXT("machine", &(details)->machine),                                            \
        FA_COLUMN_TEXT("rfq_note", &(details)->rfq_note),                                          \
        FA_COLUMN_TEXT("rfq_needed_by", &(details)->rfq_needed_by),                                \
        FA_COLUMN_TEXT("created", &(details)->created),                                            \
        FA_COLUMN_TEXT("updated", &(details)->updated)

/* The part without its assets; `list` receives where they go. */
static struct json_object *
build_part(const struct details *details, struct fa_answer_list *list)
{
    struct json_object *object = json_object_new_object();
    char id[FA_UUID_TEXT];

    *list = (struct fa_answer_list){.part = details->part, .assets = json_object_new_object()};
    fa_json_add_text(object, "part_id", fa_uuid_text(&details->part, id));
    fa_json_add_text(object, "name", details->name);
    fa_json_add_text(object, "status", details->status);
    fa_json_add_text(object, "basename", details->basename);
    json_object_object_add(object, "quantity", json_object_new_int64(details->quantity));
    fa_json_add_text(object, "material", details->material);
    fa_json_add_text(object, "machine", details->machine);
    fa_json_add_text(object, "rfq_note", details->rfq_note);
    fa_json_add_text(object, "rfq_needed_by", details->rfq_needed_by);
    fa_json_add_text(object, "created", details->created);
    fa_json_add_text(object, "updated", details->updated);
    json_object_object_add(object, "assets", list->assets);
    return object;
}

/* Moves the rows into `parts`, at most `limit`; returns how many, -1 on failure.  `more` tells
 * whether there was another. */
static int64_t
read_parts(struct fa_rows *rows, int64_t limit, struct json_object *parts,
           struct fa_answer_list *lists, bool *more, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct details details = {.name = NULL};
    enum fa_db_outcome outcome;
    int64_t count = 0;

    while ((outcome = fa_rows_next(rows, FA_COLUMNS(DETAIL_TARGETS(&details)), &arena, err)) ==
               FA_DB_ROW &&
           count < limit)
        json_object_array_add(parts, build_part(&details, &lists[count++]));
    *more = outcome == FA_DB_ROW;
    return outcome < 0 ? -1 : count;
}

struct json_object *
fa_listing_parts(struct fa_db *db, const struct fa_listing *listing, const char *time_zone,
                 struct fa_error *err)
{
    static const struct fa_statement list = {
        "listing_parts",
        "SELECT " DETAILS " FROM part p WHERE p.part_id IN"
        " (SELECT part_id FROM (" OWN " UNION SELECT theirs.part_id FROM unnest($3::uuid[]) AS mine"
        "   CROSS JOIN LATERAL " THEIRS " theirs) readable (part_id)"
        "  ORDER BY part_id DESC LIMIT $4) ORDER BY p.part_id DESC"};
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    const struct fa_access *access = &listing->access;
    struct fa_answer_list lists[FA_ANSWER_PARTS];
    struct json_object *answer;
    struct json_object *parts;
    char cursor[FA_UUID_TEXT];
    int64_t count;
    bool more;

    if (fa_db_rows(
            db, &list,
            FA_PARAMS(FA_UUID(listing->before), FA_UUID(&access->account->id),
                      FA_UUIDS(access->account->organizations, access->account->organization_count),
                      FA_INT(listing->limit + 1), FA_TEXT(time_zone), FA_TEXT(listing->name),
                      FA_TEXT(listing->status)),
            &rows, err) < 0)
        return NULL;
    answer = json_object_new_object();
    parts = json_object_new_array();
    json_object_object_add(answer, "parts", parts);
    count = read_parts(&rows, listing->limit, parts, lists, &more, err);
    if (count < 0 || fa_answer_assets(db, lists, (size_t)count, time_zone, err) < 0) {
        json_object_put(answer);
        return NULL;
    }
    fa_json_add_text(answer, "next", more ? fa_uuid_text(&lists[count - 1].part, cursor) : NULL);
    return answer;
}

struct json_object *
fa_listing_part(struct fa_db *db, const struct fa_access *access, const char *time_zone,
                struct fa_error *err)
{
    static const struct fa_statement read = {"listing_part",
                                             "SELECT " DETAILS ", " FA_ACCESS_COLUMNS
                                             " FROM " FA_ACCESS_FROM " WHERE p.part_id = $1"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_rights rights = {false, false};
    struct details details = {.name = NULL};
    struct fa_answer_list list;
    struct json_object *part;
    enum fa_db_outcome outcome;

    outcome =
        fa_db_row(db, &read, FA_PARAMS(FA_ACCESS_PARAMS(access), FA_TEXT(time_zone)),
                  FA_COLUMNS(FA_ACCESS_TARGETS(&rights), DETAIL_TARGETS(&details)), &arena, err);
    if (fa_access_decide(outcome, &rights, FA_READ, err) < 0)
        return NULL;
    part = build_part(&details, &list);
    if (fa_answer_assets(db, &list, 1, time_zone, err) == 0)
        return part;
    json_object_put(part);
    return NULL;
}
