#include "lib/part/report_source.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/part/cad.h"

#include <json-c/json.h>
#include <string.h>

static const struct fa_statement read_source = {
    "report_source", "SELECT p.name, p.material, p.machine, p.quantity, cad.basename, cad.size,"
                     " (cad.results -> 'cad')::text AS figures, failed.message, failed.user_action,"
                     " picture.object_key AS picture_key,"
                     " to_char(now() AT TIME ZONE $2, 'DD.MM.YYYY HH24:MI ') || $2 AS created,"
                     " (EXTRACT(EPOCH FROM now()) * 1000000)::bigint AS created_us"
                     " FROM part p LEFT JOIN LATERAL" FA_CAD_OF_P "cad ON true"
                     " LEFT JOIN LATERAL (SELECT message, user_action FROM stage s"
                     "  WHERE s.asset_id = cad.asset_id AND s.state = 'failed'"
                     "  AND s.stage <> 'analysis_report' LIMIT 1) failed ON true"
                     " LEFT JOIN derived_file picture ON picture.part_id = p.part_id"
                     "  AND picture.kind = 'thumbnail' WHERE p.part_id = $1"};

static void
read_point(struct json_object *box, const char *name, double point[3])
{
    struct json_object *list = fa_json_member(box, name);

    for (size_t i = 0; i < 3; i++)
        if (json_object_is_type(list, json_type_array) && i < json_object_array_length(list))
            point[i] = json_object_get_double(json_object_array_get_idx(list, i));
}

static int64_t
read_count(struct json_object *object, const char *name)
{
    return json_object_get_int64(fa_json_member(object, name));
}

static void
read_notes(struct json_object *figures, struct fa_arena *arena, struct fa_report_cad *cad)
{
    struct json_object *list = fa_json_member(figures, "notes");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    const char **notes = fa_arena_array(arena, count, sizeof *notes);

    for (size_t i = 0; notes != NULL && i < count; i++) {
        const char *note = fa_json_string(json_object_array_get_idx(list, i));

        if (note != NULL && (note = fa_arena_strdup(arena, note)) != NULL)
            notes[cad->note_count++] = note;
    }
    cad->notes = notes;
}

/* The figures as the CAD job stored them. */
static int
read_figures(const char *text, struct fa_arena *arena, struct fa_report_cad *cad,
             struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *figures = NULL;
    struct json_object *box;
    struct json_object *defects;

    if (fa_json_parse(text, strlen(text), &figures, err) < 0)
        return -1;
    box = fa_json_member(figures, "bounding_box_mm");
    defects = fa_json_member(figures, "defects");
    (void)fa_json_number(figures, "volume_mm3", &cad->volume_mm3);
    (void)fa_json_number(figures, "area_mm2", &cad->area_mm2);
    read_point(box, "min", cad->min_mm);
    read_point(box, "max", cad->max_mm);
    cad->watertight = json_object_get_boolean(fa_json_member(figures, "watertight"));
    cad->shells = read_count(figures, "shells");
    cad->facets = read_count(figures, "facets");
    cad->open_edges = read_count(defects, "open_edges");
    cad->non_manifold_edges = read_count(defects, "non_manifold_edges");
    cad->flipped_edges = read_count(defects, "flipped_edges");
    cad->dropped_facets = read_count(defects, "dropped_facets");
    read_notes(figures, arena, cad);
    return 0;
}

int
fa_report_source_read(struct fa_db *db, const struct fa_uuid *part, const char *time_zone,
                      struct fa_arena *arena, struct fa_report_source *source, struct fa_error *err)
{
    struct fa_report *report = &source->report;
    const char *figures = NULL;
    enum fa_db_outcome outcome;

    *source = (struct fa_report_source){.picture_key = NULL};
    report->part_id = fa_uuid_text(part, source->part_id);
    outcome = fa_db_row(db, &read_source, FA_PARAMS(FA_UUID(part), FA_TEXT(time_zone)),
                        FA_COLUMNS(FA_COLUMN_TEXT("name", &report->part_name),
                                   FA_COLUMN_TEXT("material", &report->material),
                                   FA_COLUMN_TEXT("machine", &report->machine),
                                   FA_COLUMN_INT("quantity", &report->quantity),
                                   FA_COLUMN_TEXT("basename", &report->cad_name),
                                   FA_COLUMN_INT("size", &report->file_size),
                                   FA_COLUMN_TEXT("figures", &figures),
                                   FA_COLUMN_TEXT("message", &report->failure),
                                   FA_COLUMN_TEXT("user_action", &report->failure_action),
                                   FA_COLUMN_TEXT("picture_key", &source->picture_key),
                                   FA_COLUMN_TEXT("created", &report->created),
                                   FA_COLUMN_INT("created_us", &report->created_us)),
                        arena, err);
    if (outcome == FA_DB_NONE)
        return fa_error_set(err, FA_E_NO_PART, "the part is gone");
    if (outcome < 0)
        return -1;
    if (figures == NULL)
        return 0;
    report->cad = &source->cad;
    return read_figures(figures, arena, &source->cad, err);
}
