/* Parts: listed, read and changed. */
#include "handlers/handler.h"
#include "lib/part/answer.h"
#include "lib/part/change.h"
#include "lib/part/listing.h"

#include <string.h>

enum {
    LIMIT_DEFAULT = 20,
    NAME_MAX_CODES = 225,
    CHOICE_MAX_CODES = 255,
    NOTE_MAX_CODES = 2000,
    QUANTITY_MAX = 1000000
};

static const char *const statuses[] = {"empty", "processing", "ready", "failed", NULL};

const struct fa_field fa_list_fields[] = {
    {.name = "cursor", .type = FA_FIELD_TEXT, .min = FA_UUID_TEXT - 1, .max = FA_UUID_TEXT + 3},
    {.name = "limit", .type = FA_FIELD_NUMBER, .min = 1, .max = FA_ANSWER_PARTS},
    {.name = "name", .type = FA_FIELD_TEXT, .max = CHOICE_MAX_CODES},
    {.name = "status", .type = FA_FIELD_CHOICE, .choices = statuses},
    {.name = NULL},
};

#define NULLABLE_TEXT(field_name, more_flags, most)                                                \
    {                                                                                              \
        .name = (field_name), .type = FA_FIELD_TEXT, .flags = FA_FIELD_NULLABLE | (more_flags),    \
        .min = 1, .max = (most)                                                                    \
    }

const struct fa_field fa_part_fields[] = {
    {.name = "name", .type = FA_FIELD_TEXT, .min = 1, .max = NAME_MAX_CODES},
    {.name = "quantity", .type = FA_FIELD_NUMBER, .min = 1, .max = QUANTITY_MAX},
    NULLABLE_TEXT("material", 0, CHOICE_MAX_CODES),
    NULLABLE_TEXT("machine", 0, CHOICE_MAX_CODES),
    NULLABLE_TEXT("rfq_note", FA_FIELD_LINES, NOTE_MAX_CODES),
    {.name = "rfq_needed_by", .type = FA_FIELD_DATE, .flags = FA_FIELD_NULLABLE},
    {.name = NULL},
};

int
fa_part_list(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
             struct fa_error *err)
{
    const struct fa_value *limit = fa_request_value(request, "limit");
    const char *cursor = fa_request_text(request, "cursor");
    struct fa_uuid before;
    struct fa_listing listing = {
        .access = request->access,
        .before = cursor != NULL ? &before : NULL,
        .limit = limit->given ? limit->number : LIMIT_DEFAULT,
        .name = fa_request_text(request, "name"),
        .status = fa_request_text(request, "status"),
    };

    if (cursor != NULL && !fa_uuid_parse(cursor, strlen(cursor), &before))
        return fa_error_field(err, "cursor", "must be the \"next\" of an answer");
    return fa_reply_json(request, reply,
                         fa_listing_parts(ctx->db, &listing, ctx->options->time_zone, err), err);
}

int
fa_part_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
            struct fa_error *err)
{
    return fa_reply_json(request, reply,
                         fa_listing_part(ctx->db, &request->access, ctx->options->time_zone, err),
                         err);
}

static struct fa_change_text
text_of(const struct fa_request *request, const char *name)
{
    const struct fa_value *value = fa_request_value(request, name);

    return (struct fa_change_text){.given = value->given, .text = value->text};
}

int
fa_part_patch(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    struct fa_change change = {
        .access = request->access,
        .name = fa_request_text(request, "name"),
        .quantity = fa_request_value(request, "quantity")->number,
        .material = text_of(request, "material"),
        .machine = text_of(request, "machine"),
        .rfq_note = text_of(request, "rfq_note"),
        .rfq_needed_by = text_of(request, "rfq_needed_by"),
    };

    if (fa_change_part(ctx->db, &change, err) < 0)
        return -1;
    return fa_part_get(ctx, request, reply, err);
}
