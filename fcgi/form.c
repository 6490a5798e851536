#include "fcgi/form.h"
#include "fcgi/filename.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_CODE_POINTS = 225 };

static int
begin_file(struct fa_form_reader *reader, const struct fa_multipart_part *part,
           struct fa_error *err)
{
    struct fa_form *form = reader->form;
    const char *name;
    size_t length;

    if (part->filename == NULL)
        return fa_error_field(err, "file", "must be a file, not a text field");
    if (fa_filename_check(part->filename, part->filename_length, NAME_CODE_POINTS, &name, &length,
                          err) < 0)
        return -1;
    form->file_name = fa_arena_strndup(reader->arena, name, length);
    if (form->file_name == NULL)
        return fa_error_set(err, FA_E_MEMORY, "file name");
    form->file = fa_store_spool(reader->ctx->store, err);
    if (form->file < 0)
        return -1;
    if (!EVP_DigestInit_ex(reader->digest, EVP_sha256(), NULL))
        return fa_error_set(err, FA_E_MEMORY, "digest");
    return 0;
}

static int
begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;

    reader->current = -1;
    reader->value_length = 0;
    for (int i = 0; reader->fields[i].name != NULL; i++)
        if (strcmp(reader->fields[i].name, part->name) == 0)
            reader->current = i;
    if (reader->current < 0)
        return 0;
    if ((reader->given & 1U << reader->current) != 0)
        return fa_error_field(err, reader->fields[reader->current].name, "must come only once");
    reader->given |= 1U << reader->current;
    if (reader->fields[reader->current].type == FA_FIELD_FILE)
        return begin_file(reader, part, err);
    return 0;
}

static int
write_file(struct fa_form_reader *reader, const char *bytes, size_t length, struct fa_error *err)
{
    struct fa_object *object = &reader->form->object;

    if (length > (uint64_t)reader->ctx->options->max_upload - object->size)
        return fa_error_set(err, FA_E_TOO_LARGE, "file is longer than FILEAPI_MAX_UPLOAD");
    if (!EVP_DigestUpdate(reader->digest, bytes, length))
        return fa_error_set(err, FA_E_MEMORY, "digest");
    object->size += length;
    while (length > 0) {
        ssize_t written = write(reader->form->file, bytes, length);

        if (written < 0 && errno != EINTR)
            return fa_error_errno(err, FA_E_STORE, errno, "write the spool file");
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

static int
data(void *closure, const char *bytes, size_t length, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;
    const struct fa_field *field;

    if (reader->current < 0)
        return 0;
    field = &reader->fields[reader->current];
    if (field->type == FA_FIELD_FILE)
        return write_file(reader, bytes, length, err);
    if (length > FA_FORM_VALUE - reader->value_length)
        return fa_error_field(err, field->name, "longer than %d bytes", FA_FORM_VALUE);
    memcpy(reader->value + reader->value_length, bytes, length);
    reader->value_length += length;
    return 0;
}

static bool
is_choice(const struct fa_field *field, const char *value)
{
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        if (strcmp(*choice, value) == 0)
            return true;
    return false;
}

/* Empty means false. */
static bool
is_flag(const char *value)
{
    return *value == '\0' || strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0;
}

/* Checks a text field's value; wrong ones are collected, so that the answer names them all. */
static int
end(void *closure, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;
    const struct fa_field *field;
    char *value;

    if (reader->current < 0 || reader->fields[reader->current].type == FA_FIELD_FILE)
        return 0;
    field = &reader->fields[reader->current];
    value = fa_arena_strndup(reader->arena, reader->value, reader->value_length);
    if (value == NULL)
        return fa_error_set(err, FA_E_MEMORY, "field");
    reader->form->values[reader->current] = value;
    if (strlen(value) != reader->value_length)
        fa_error_field(err, field->name, "must not hold a NUL");
    else if (field->type == FA_FIELD_BOOL && !is_flag(value))
        fa_error_field(err, field->name, "must be true or false, in any case");
    else if (field->type == FA_FIELD_CHOICE && !is_choice(field, value))
        fa_error_field(err, field->name, "is none of the known values");
    return 0;
}

int
fa_form_open(struct fa_form_reader *reader, struct fa_ctx *ctx, struct fa_arena *arena,
             const struct fa_field *fields, const char *content_type, struct fa_error *err)
{
    static const struct fa_multipart_sink sink = {.begin = begin, .data = data, .end = end};

    *reader = (struct fa_form_reader){.ctx = ctx, .arena = arena, .fields = fields, .current = -1};
    reader->form = fa_arena_alloc(arena, sizeof *reader->form);
    reader->multipart = fa_arena_alloc(arena, sizeof *reader->multipart);
    if (reader->form == NULL || reader->multipart == NULL)
        return fa_error_set(err, FA_E_MEMORY, "form");
    reader->form->file = -1;
    reader->digest = EVP_MD_CTX_new();
    if (reader->digest == NULL)
        return fa_error_set(err, FA_E_MEMORY, "digest");
    return fa_multipart_init(reader->multipart, content_type, &sink, reader, err);
}

int
fa_form_feed(struct fa_form_reader *reader, const char *bytes, size_t length, struct fa_error *err)
{
    return fa_multipart_feed(reader->multipart, bytes, length, err);
}

int
fa_form_finish(struct fa_form_reader *reader, struct fa_error *err)
{
    int result = fa_multipart_finish(reader->multipart, err);

    for (int i = 0; result == 0 && reader->fields[i].name != NULL; i++)
        if (reader->fields[i].required && (reader->given & 1U << i) == 0)
            fa_error_field(err, reader->fields[i].name, "is required");
    if (result < 0 || err->code != FA_OK)
        return -1;
    if (reader->form->file >= 0 &&
        !EVP_DigestFinal_ex(reader->digest, reader->form->object.sha256, NULL))
        return fa_error_set(err, FA_E_MEMORY, "digest");
    return 0;
}

void
fa_form_close(struct fa_form_reader *reader)
{
    if (reader->form != NULL && reader->form->file >= 0)
        close(reader->form->file);
    reader->form = NULL;
    EVP_MD_CTX_free(reader->digest);
    reader->digest = NULL;
}
